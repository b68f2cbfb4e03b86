"""Payouts to cooperatives, and the lots that say which won their rupiah stand for.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_lots()
    _create_batches()
    _create_payouts()
    _fill_lots()


def _create_lots() -> None:
    op.create_table(
        "owed_lots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cooperative_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=24), nullable=False),
        sa.Column("parcel_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("book_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cooperative_id"],
            ["cooperatives.id"],
            name=op.f("fk_owed_lots_cooperative_id_cooperatives"),
        ),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["parcels.id"], name=op.f("fk_owed_lots_parcel_id_parcels")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owed_lots")),
        sa.UniqueConstraint("entry_id", "side", name=op.f("uq_owed_lots_entry_id_side")),
    )
    op.create_index(op.f("ix_owed_lots_cooperative_id"), "owed_lots", ["cooperative_id"])
    op.create_table(
        "owed_lot_uses",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("book_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["owed_lots.id"], name=op.f("fk_owed_lot_uses_lot_id_owed_lots")
        ),
        sa.PrimaryKeyConstraint("entry_id", "lot_id", name=op.f("pk_owed_lot_uses")),
    )
    op.create_index(op.f("ix_owed_lot_uses_lot_id"), "owed_lot_uses", ["lot_id"])


def _create_batches() -> None:
    op.create_table(
        "payout_batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.Column("form_key", sa.String(), nullable=True),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by", sa.Integer(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("canceled_by", sa.Integer(), nullable=True),
        sa.Column("canceled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "released_by IS NULL OR released_by <> proposed_by",
            name=op.f("ck_payout_batches_four_eyes"),
        ),
        sa.CheckConstraint(
            "released_by IS NULL OR canceled_by IS NULL", name=op.f("ck_payout_batches_one_end")
        ),
        *_to_users("payout_batches", "proposed_by", "released_by", "canceled_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_batches")),
        sa.UniqueConstraint("number", name=op.f("uq_payout_batches_number")),
        sa.UniqueConstraint("form_key", name=op.f("uq_payout_batches_form_key")),
    )


def _create_payouts() -> None:
    op.create_table(
        "payouts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("cooperative_id", sa.Integer(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("netted_minor", sa.BigInteger(), nullable=False),
        sa.Column("bank_code", sa.String(), nullable=True),
        sa.Column("account_number", sa.LargeBinary(), nullable=True),
        sa.Column("holder", sa.LargeBinary(), nullable=True),
        sa.Column("book_minor", sa.BigInteger(), nullable=True),
        sa.Column("netting_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("settled_by", sa.Integer(), nullable=True),
        sa.Column("bank_reference", sa.String(), nullable=True),
        sa.Column("paid_minor", sa.BigInteger(), nullable=True),
        sa.Column("fee_minor", sa.BigInteger(), nullable=True),
        sa.Column("settlement_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejected_by", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("rejection_entry_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "minor > 0 AND minor % 100 = 0", name=op.f("ck_payouts_whole_rupiah")
        ),
        sa.CheckConstraint("netted_minor >= 0", name=op.f("ck_payouts_netted")),
        sa.CheckConstraint(
            "settled_on IS NULL OR rejected_at IS NULL", name=op.f("ck_payouts_one_end")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["payout_batches.id"], name=op.f("fk_payouts_batch_id_payout_batches")
        ),
        sa.ForeignKeyConstraint(
            ["cooperative_id"],
            ["cooperatives.id"],
            name=op.f("fk_payouts_cooperative_id_cooperatives"),
        ),
        *_to_users("payouts", "settled_by", "rejected_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
        sa.UniqueConstraint(
            "batch_id", "cooperative_id", name=op.f("uq_payouts_batch_id_cooperative_id")
        ),
        sa.UniqueConstraint("number", name=op.f("uq_payouts_number")),
    )
    op.create_index(op.f("ix_payouts_cooperative_id"), "payouts", ["cooperative_id"])


def _to_users(table: str, *columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], ["users.id"], name=op.f(f"fk_{table}_{column}_users"))
        for column in columns
    ]


def _fill_lots() -> None:
    """Nothing was paid out before: a lot is what booked refunds left of a released parcel."""
    op.execute(
        """
        INSERT INTO owed_lots (cooperative_id, side, parcel_id, entry_id, minor, book_minor)
        SELECT parcels.cooperative_id, 'payable', parcels.id, ledger_entries.id,
            splits.owed_minor - coalesce(taken.owed_minor, 0),
            splits.minor - coalesce(taken.minor, 0)
        FROM parcels
        JOIN ledger_entries ON ledger_entries.idem_key = 'release:' || parcels.number
        JOIN order_splits AS splits
            ON splits.parcel_id = parcels.id AND splits.part = 'cooperative'
        LEFT JOIN (
            SELECT refund_parts.split_id, sum(refund_parts.minor) AS minor,
                sum(refund_parts.owed_minor) AS owed_minor
            FROM refund_parts
            JOIN order_refunds ON order_refunds.id = refund_parts.refund_id
            WHERE order_refunds.entry_id IS NOT NULL
            GROUP BY refund_parts.split_id
        ) AS taken ON taken.split_id = splits.id
        WHERE splits.owed_minor > coalesce(taken.owed_minor, 0)
        ORDER BY ledger_entries.id
        """
    )


def downgrade() -> None:
    for table in ("payouts", "payout_batches", "owed_lot_uses", "owed_lots"):
        op.drop_table(table)
