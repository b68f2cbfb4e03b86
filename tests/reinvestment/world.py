"""Villages, funds and proposals for tests."""

from __future__ import annotations

from itertools import count
from time import sleep

from flask import current_app

from marketplace.accounts.models import OrganizationKind, Role
from marketplace.kernel.db import db
from marketplace.kernel.money import Money, won
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.drafts import Line, NewEntry
from marketplace.ledger.operations import post
from marketplace.ledger.policies import SHARE_FUNDS
from marketplace.reference.models import District, Village
from marketplace.reinvestment.models import Pledge, Program, ProgramTheme
from marketplace.reinvestment.operations import (
    Proposal,
    approve_program,
    make_pledge,
    propose_disbursement,
    propose_program,
    receive_pledge,
    release_disbursement,
)
from marketplace.sealing import read_seal_key, seal_at_once
from tests.factories import NOON, a_regency, a_user, an_organization, saved

_numbers = count(1)


def an_admin(name: str = "Dewi Lestari"):
    return a_user(name, roles=(Role.ADMIN,), locale="en")


def an_auditor(name: str = "Andi Pratama"):
    return a_user(name, roles=(Role.AUDITOR,), locale="en")


def a_village(
    code: str = "11.04.01.2001", *, name: str = "Kute Lintang", regency: str = ""
) -> Village:
    """The village `code`, everything above it made with it; the same row when asked for again."""
    if found := db.session.get(Village, code):
        return found
    a_regency(code[:5], name=regency or "Aceh Tengah")
    if db.session.get(District, code[:8]) is None:
        saved(District(code=code[:8], regency_code=code[:5], name="Linge"))
    return saved(
        Village(code=code, district_code=code[:8], kind="desa", name=name, postcode="24563")
    )


def a_share(amount: int, fund: str = "programs", *, order: str = "", at=NOON) -> int:
    """A released sale whose whole share went to one fund: the entry is a lot."""
    order = order or f"L-{next(_numbers)}"
    # Ids of one millisecond come in any order; lots are told apart by their ids.
    sleep(0.002)
    return post(
        NewEntry(
            kind="release",
            idem_key=f"release:{order}:{next(_numbers)}",
            occurred_at=at,
            effective_on=today_in_seoul(at),
            memo=f"Parcel {order} released",
            lines=[
                Line("assets:stripe", won(amount)),
                Line(SHARE_FUNDS[fund], won(-amount)),
            ],
            ref_kind="order",
            ref_id=order,
        )
    )


def a_proposal(
    asked: int = 4_000_000,
    *,
    theme: ProgramTheme = ProgramTheme.TOOLS,
    village: str = "11.04.01.2001",
    title: str = "Rumah pengering kopi",
    **more,
) -> Proposal:
    return Proposal(
        village_code=a_village(village).code,
        title=title,
        title_ko="커피 건조실",
        title_en="Coffee dryer house",
        theme=theme,
        problem="Hujan membasahi kopi di terpal.",
        plan="Dua rumah pengering dengan atap UV.",
        budget=[("Rangka dan atap", won(asked - 1)), ("Angkutan", won(1))],
        **more,
    )


def a_program(asked: int = 4_000_000, *, by=None, at=NOON, **more) -> Program:
    """A proposal that waits for its second signature."""
    return propose_program(a_proposal(asked, **more), by=(by or an_admin()).id, at=at)


def sealed_books() -> None:
    """Seal what is booked, as the worker does within seconds: only that is spent."""
    seal_at_once(read_seal_key(current_app.config["LUMBUNG"]))


def approved(program: Program, *, by=None, at=NOON) -> Program:
    sealed_books()
    approve_program(
        program, by=(by or an_admin("Lee Seoyeon")).id, body_sha256=program.body_sha256, at=at
    )
    return program


def paid(program: Program, amount: int, *, at=NOON):
    """A disbursement, proposed and released by two people."""
    disbursement = propose_disbursement(
        program, won(amount), purpose="Tahap 1", by=an_admin().id, at=at
    )
    release_disbursement(disbursement, by=an_admin("Lee Seoyeon").id, at=at)
    return disbursement


def a_pledge(amount: int = 30_000_000, *, received: int = 0, at=NOON, **more) -> Pledge:
    pledge = make_pledge(
        more.pop("organization", None) or an_organization(OrganizationKind.SPONSOR),
        won(amount),
        purpose="Air dan energi",
        by=an_admin().id,
        at=at,
        **more,
    )
    if received:
        receive_pledge(
            pledge, won(received), reference=f"KRW-{next(_numbers)}", by=an_admin().id, at=at
        )
    return pledge


def minors(entry) -> dict[str, int]:
    return {posting.path: posting.amount.minor for posting in entry.postings}


def krw(amount: int) -> Money:
    return won(amount)


def sign_in(client, user) -> None:
    """Let the browser be `user`."""
    with client.session_transaction() as session:
        session["_user_id"] = user.get_id()
        session["_fresh"] = True
