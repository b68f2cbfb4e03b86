"""Statements of banks as files, for tests."""

from __future__ import annotations

from datetime import date, timedelta

from marketplace.kernel.time import now, today_in_seoul

OWN, TRUST = "10012345678901", "10098765432109"


def today() -> date:
    return today_in_seoul(now())


def a_csv(*lines, account=OWN, currency="KRW", opening=1_000_000, off=0, on=None) -> bytes:
    """Lines are (amount, reference, text) of a day, today; the last balance is wrong by `off`."""
    rows = ["account,currency,date,amount,balance,reference,text"]
    balance = opening
    for number, (amount, reference, text) in enumerate(lines, start=1):
        balance += amount
        shown = balance + (off if number == len(lines) else 0)
        rows.append(f'{account},{currency},{on or today()},{amount},{shown},{reference},"{text}"')
    return "\n".join(rows).encode()


def a_camt(*lines, account=OWN, currency="KRW", opening=1_000_000, closing=None, head="") -> bytes:
    entries = "".join(
        f"<Ntry><Amt Ccy='{currency}'>{abs(amount)}</Amt>"
        f"<CdtDbtInd>{'CRDT' if amount > 0 else 'DBIT'}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{today()}</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{text}</EndToEndId></Refs></TxDtls></NtryDtls>"
        "</Ntry>"
        for amount, reference, text in lines
    )
    pending = (
        f"<Ntry><Amt Ccy='{currency}'>5</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts>"
        f"<BookgDt><Dt>{today() + timedelta(days=1)}</Dt></BookgDt></Ntry>"
    )
    if closing is None:
        closing = opening + sum(amount for amount, _, _ in lines)
    balances = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='{currency}'>{abs(minor)}"
        f"</Amt><CdtDbtInd>{'DBIT' if minor < 0 else 'CRDT'}</CdtDbtInd></Bal>"
        for code, minor in (("OPBD", opening), ("CLBD", closing))
    )
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>{head}"
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt><Stmt>"
        f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>{currency}</Ccy></Acct>"
        f"{balances}{entries}{pending}</Stmt></BkToCstmrStmt></Document>"
    ).encode()
