from __future__ import annotations

from decimal import Decimal
from itertools import groupby

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from marketplace.admin.views.blueprint import bp, ledger_tabs, readers
from marketplace.drawings import stacked
from marketplace.kernel.money import MINOR_DIGITS, Money
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.models import AccountClass
from marketplace.ledger.queries import (
    Account,
    AccountBalance,
    MonthTurnover,
    account_lines,
    get_account,
    monthly_turnovers,
)
from marketplace.ledger.queries import list_accounts as find_accounts
from marketplace.statements.wording import account_name, class_name, description, kind_name
from marketplace.web.downloads import offer
from marketplace.web.formats import format_money, format_number
from marketplace.web.paging import Page, page_number

SIZE = 50
ORDER = "ALFQIX"
DYES = {
    AccountClass.ASSET: 1,
    AccountClass.LIABILITY: 3,
    AccountClass.FUND: 2,
    AccountClass.EQUITY: 5,
    AccountClass.INCOME: 4,
    AccountClass.EXPENSE: 7,
}


@bp.get("/ledger/accounts/")
@readers
def list_accounts() -> ResponseReturnValue:
    """Every account that was ever used, by class, with its balance."""
    return render_template(
        "admin/list_accounts.html",
        tabs=ledger_tabs(),
        files=offer("accounts"),
        groups=by_class(find_accounts()),
        class_name=class_name,
        account_name=account_name,
    )


@bp.get("/ledger/accounts/<code>")
@readers
def show_account(code: str) -> ResponseReturnValue:
    """The lines of one account with the balance after each. An unknown one is a 404."""
    account = get_account(code)
    number = page_number()
    stretch = account_lines(account, offset=(number - 1) * SIZE, limit=SIZE)
    months = monthly_turnovers(account.code, account.currency, until=today_in_seoul(now()))
    return render_template(
        "admin/show_account.html",
        account=account,
        title=account_name(account.path) or account.path,
        stretch=stretch,
        page=Page(stretch.lines, stretch.count, number, SIZE),
        page_url=lambda page: url_for(".show_account", code=code, page=page),
        files=offer("account", code=code),
        months=months,
        chart=_draw(account, months),
        class_name=class_name,
        kind_name=kind_name,
        description=description,
    )


def by_class(rows: list[AccountBalance]) -> list[tuple[str, list[AccountBalance]]]:
    """Accounts in the order of a balance sheet, then income and expenses."""
    ordered = sorted(rows, key=lambda row: ORDER.index(row.account.account_class))
    return [
        (letter, list(group))
        for letter, group in groupby(ordered, key=lambda row: str(row.account.account_class))
    ]


def _draw(account: Account, months: list[MonthTurnover]) -> Markup:
    """What came onto the side on which this account grows, month by month."""
    grows_by_debit = account.natural(Money(1, account.currency)).minor > 0
    sides = [month.debit if grows_by_debit else month.credit for month in months]
    top = max(sides, key=lambda side: side.minor)
    thousand = 1000 * 10 ** MINOR_DIGITS[account.currency]
    title = _("Credits per month, at most %(amount)s.", amount=format_money(top))
    if grows_by_debit:
        title = _("Debits per month, at most %(amount)s.", amount=format_money(top))
    return stacked(
        [
            (str(month.starts_on.month), [side.minor])
            for month, side in zip(months, sides, strict=True)
        ],
        (DYES[account.account_class],),
        title,
        lambda minor: format_number(round(Decimal(minor) / thousand, 1)),
        width=360,
        height=180,
    )
