"""The counted pieces of variants: locked, changed in memory, written in one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Executable, bindparam, select, update

from marketplace.catalog.errors import OutOfStock
from marketplace.catalog.index import index_products
from marketplace.catalog.models import Product, ProductState, ProductText, Reservation, Variant
from marketplace.catalog.operations.version import raise_catalog_version
from marketplace.catalog.policies import FEW_LEFT
from marketplace.kernel.errors import NotFound
from marketplace.kernel.rows import run

_COUNTS = (
    select(Variant.id, Variant.product_id, Variant.stock, Variant.held, Product.state)
    .join(Product, Product.id == Variant.product_id)
    .order_by(Variant.id)
    .with_for_update(of=Variant)
)
_OF_IDS = _COUNTS.where(Variant.id.in_(bindparam("ids", expanding=True)))
_OF_REFERENCE = _COUNTS.where(
    Variant.id.in_(
        select(Reservation.variant_id).where(Reservation.reference == bindparam("reference"))
    )
)
_WRITE = (
    update(Variant)
    .where(Variant.id == bindparam("variant"))
    .values(stock=bindparam("pieces"), held=bindparam("held_pieces"))
)
_NAME = (
    select(ProductText.name)
    .join(Product, Product.id == ProductText.product_id)
    .where(Product.id == bindparam("product"), ProductText.locale == Product.original_locale)
)


@dataclass(eq=False)
class Count:
    """The pieces of one variant; `before` is what could be had when they were locked."""

    variant_id: int
    product_id: int
    stock: int
    held: int
    state: ProductState
    before: int = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.available

    @property
    def available(self) -> int:
        return self.stock - self.held


Counts = dict[int, Count]


def lock_counts(variant_ids: Collection[int]) -> Counts:
    """The pieces of these variants by id, locked until the transaction ends. Raises NotFound."""
    counts = _read(_OF_IDS, {"ids": sorted(variant_ids)})
    if len(counts) != len(set(variant_ids)):
        raise NotFound
    return counts


def lock_counts_held(reference: str) -> Counts:
    """The pieces of all variants that were ever held for `reference`, locked."""
    return _read(_OF_REFERENCE, {"reference": reference})


def require_available(wanted: Mapping[Count, int]) -> None:
    """Raise OutOfStock for the first of `{count: quantity}` that cannot be had."""
    for count, quantity in wanted.items():
        available = count.available if count.state is ProductState.PUBLISHED else 0
        if quantity > available:
            name = run(_NAME, {"product": count.product_id}).scalar_one()
            raise OutOfStock(variant_id=count.variant_id, name=name, available=available)


def write_counts(counts: Collection[Count]) -> None:
    """Write the changed pieces.

    Pages become stale when few are left, and the index follows when the last one goes.
    """
    if not counts:
        return
    run(
        _WRITE,
        [
            {"variant": count.variant_id, "pieces": count.stock, "held_pieces": count.held}
            for count in counts
        ],
    )
    seen = [
        count
        for count in counts
        if count.state is not ProductState.DRAFT
        and min(count.available, FEW_LEFT + 1) != min(count.before, FEW_LEFT + 1)
    ]
    if seen:
        index_products(
            {count.product_id for count in seen if (count.available > 0) != (count.before > 0)}
        )
        raise_catalog_version()


def _read(statement: Executable, asked: dict[str, object]) -> Counts:
    return {
        row.id: Count(row.id, row.product_id, row.stock, row.held, row.state)
        for row in run(statement, asked)
    }
