"""What a bank is told to pay: a table for Indonesian banks, and ISO 20022 for the others.

Rule: ISO 20022 pain.001.001.09, CustomerCreditTransferInitiationV09.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from marketplace.cooperatives.policies import BANKS
from marketplace.kernel.config import Sender
from marketplace.kernel.money import Money
from marketplace.kernel.time import JAKARTA
from marketplace.orders.models import Payout

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
COLUMNS = (
    "No",
    "Kode Bank",
    "BIC",
    "Nomor Rekening",
    "Nama Penerima",
    "Mata Uang",
    "Jumlah",
    "Referensi",
    "Berita",
)


def as_csv(payouts: Sequence[Payout]) -> str:
    """One line for each payout, amounts in whole rupiah."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for place, payout in enumerate(payouts, 1):
        bank = BANKS[payout.bank_code or ""]
        writer.writerow(
            [
                place,
                bank.code,
                bank.bic,
                payout.account_number,
                bank_text(payout.holder or ""),
                "IDR",
                payout.minor // 100,
                payout.number,
                f"Lumbung {payout.number}",
            ]
        )
    return text.getvalue()


def as_pain001(
    batch_number: str, payouts: Sequence[Payout], sender: Sender, *, released_at: datetime
) -> bytes:
    """The batch as a credit transfer initiation; the same batch gives the same bytes."""
    whole = _amount(Money(sum(payout.minor for payout in payouts), "IDR"))
    document = ET.Element("Document", xmlns=NAMESPACE)
    root = ET.SubElement(document, "CstmrCdtTrfInitn")
    header = _put(
        root,
        "GrpHdr",
        MsgId=batch_number,
        CreDtTm=released_at.astimezone(JAKARTA).isoformat(timespec="seconds"),
        NbOfTxs=str(len(payouts)),
        CtrlSum=whole,
    )
    _put(header, "InitgPty", Nm=bank_text(sender.name))
    payment = _put(
        root,
        "PmtInf",
        PmtInfId=batch_number,
        PmtMtd="TRF",
        NbOfTxs=str(len(payouts)),
        CtrlSum=whole,
    )
    _put(_put(payment, "ReqdExctnDt"), Dt=released_at.astimezone(JAKARTA).date().isoformat())
    _put(payment, "Dbtr", Nm=bank_text(sender.name))
    _account(payment, "DbtrAcct", sender.number)
    _agent(payment, "DbtrAgt", sender.bic)
    for payout in payouts:
        _transfer(payment, payout)
    ET.indent(document)
    text: bytes = ET.tostring(document, encoding="utf-8", xml_declaration=True)
    return text


def bank_text(text: str) -> str:
    """Only signs that every bank takes, and none that a table program reads as a formula."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9 /?:().,'+-]", " ", plain).lstrip(" =+-@").strip()[:70]


def _transfer(payment: ET.Element, payout: Payout) -> None:
    transfer = _put(payment, "CdtTrfTxInf")
    _put(_put(transfer, "PmtId"), EndToEndId=payout.number)
    amount = _put(_put(transfer, "Amt"), "InstdAmt")
    amount.set("Ccy", "IDR")
    amount.text = _amount(payout.amount)
    _agent(transfer, "CdtrAgt", BANKS[payout.bank_code or ""].bic)
    _put(transfer, "Cdtr", Nm=bank_text(payout.holder or ""))
    _account(transfer, "CdtrAcct", payout.account_number or "")
    _put(_put(transfer, "RmtInf"), Ustrd=f"Lumbung {payout.number}")


def _agent(parent: ET.Element, name: str, bic: str) -> None:
    _put(_put(_put(parent, name), "FinInstnId"), BICFI=bic)


def _account(parent: ET.Element, name: str, number: str) -> None:
    """Indonesian accounts have no IBAN."""
    _put(_put(_put(_put(parent, name), "Id"), "Othr"), Id=number)


def _put(parent: ET.Element, name: str = "", **texts: str) -> ET.Element:
    """Add `name` to `parent` (or nothing), and elements with text into it."""
    element = ET.SubElement(parent, name) if name else parent
    for child, text in texts.items():
        ET.SubElement(element, child).text = text
    return element


def _amount(money: Money) -> str:
    return f"{money.major:.2f}"
