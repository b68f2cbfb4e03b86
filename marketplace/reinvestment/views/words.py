"""Themes, states and people of programs in the reader's words, and how they look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from marketplace.accounts.models import User
from marketplace.kernel.money import Money, won
from marketplace.ledger.queries import Entry
from marketplace.reinvestment.models import Program, ProgramState, ProgramTheme
from marketplace.reinvestment.queries import ProgramRow
from marketplace.statements.wording import account_name

DYES = {ProgramTheme.TRAINING: 7, ProgramTheme.YOUTH: 6}
MOTIFS = {
    ProgramTheme.TRAINING: "lattice",
    ProgramTheme.TOOLS: "log",
    ProgramTheme.QUALITY: "drop",
    ProgramTheme.PACKAGING: "weave",
    ProgramTheme.PROMOTION: "kawung",
    ProgramTheme.YOUTH: "ikat",
}
FUND_DYES = {
    "funds:village:programs": 2,
    "funds:village:training": 7,
    "funds:village:youth": 6,
    "funds:refund-reserve": 5,
}
MAIN_LINES = {"disbursement": "expenses:grants:", "pledge_received": "assets:bank-trust"}
LOOKS = {
    ProgramState.PROPOSED: "wait",
    ProgramState.APPROVED: "",
    ProgramState.RUNNING: "",
    ProgramState.DONE: "ok",
    ProgramState.REJECTED: "plain",
}


@dataclass(frozen=True)
class Signature:
    """Who signed, for which house, and when; the text on the seal."""

    name: str
    institution: str
    seal: str
    at: datetime | None


def theme_name(theme: ProgramTheme) -> str:
    names: dict[ProgramTheme, str] = {
        ProgramTheme.TRAINING: _("Training"),
        ProgramTheme.TOOLS: _("Tools and buildings"),
        ProgramTheme.QUALITY: _("Quality and certificates"),
        ProgramTheme.PACKAGING: _("Packaging and design"),
        ProgramTheme.PROMOTION: _("Promotion and new markets"),
        ProgramTheme.YOUTH: _("Young people"),
    }
    return names[theme]


def state_name(state: ProgramState) -> str:
    names: dict[ProgramState, str] = {
        ProgramState.PROPOSED: _("under review"),
        ProgramState.APPROVED: _("approved"),
        ProgramState.RUNNING: _("running"),
        ProgramState.DONE: _("finished"),
        ProgramState.REJECTED: _("refused"),
    }
    return names[state]


def fund_name(fund: str) -> str:
    """A fund as buyers and sponsors know it."""
    if fund.startswith("funds:csr:"):
        return str(_("Company pledge %(number)s", number=fund.split(":")[2]))
    return account_name(fund) or fund


def amount_of(entry: Entry) -> Money:
    """What an entry is about; some kinds pass the same money on twice."""
    main = MAIN_LINES.get(entry.kind, "")
    return won(
        sum(
            line.amount.minor
            for line in entry.postings
            if line.debit and line.amount.currency == "KRW" and line.path.startswith(main)
        )
    )


def fund_dye(fund: str) -> int:
    return FUND_DYES.get(fund, 1)


def dye_of(theme: ProgramTheme) -> int:
    return DYES.get(theme, 4)


def look_of(program: Program | ProgramRow) -> tuple[str, int]:
    """Motif and dye: of the theme, so that a program looks the same everywhere."""
    return MOTIFS[program.theme], dye_of(program.theme)


def signature(user: User | None, at: datetime | None) -> Signature:
    organization = user.organizations[0].organization if user and user.organizations else None
    institution = organization.name if organization else _("Administration of Lumbung")
    seal = organization.name.split()[0] if organization else "LUMBUNG"
    return Signature(user.name if user else "", str(institution), seal.upper(), at)
