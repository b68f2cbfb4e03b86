import re
from pathlib import Path

ROOMS = Path(__file__).resolve().parents[2] / "marketplace"
TABLES = (
    r"(ledger_(entries|entry_proposals|postings|accounts|account_controls|periods|period_changes|audits|leaves"
    r"|tile_roots|heads|cosignatures|decisions)|split_polic(ies|y_proposals))"
)
MODELS = (
    r"(Ledger(Entry|EntryProposal|Posting|Account|AccountControl|Period|PeriodChange|Audit|Leaf|TileRoot|Head"
    r"|Cosignature|Decision)|SplitPolicy(Proposal)?)"
)
WRITING = re.compile(
    rf"(INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE)\s+(TABLE\s+)?{TABLES}\b"
    rf"|\b(insert|update|delete)\(\s*{MODELS}\b"
    rf"|(?<!class )\b{MODELS}\(",
    re.IGNORECASE,
)


def writers() -> list[str]:
    """Modules outside the room that would write its tables."""
    return [
        str(module.relative_to(ROOMS))
        for module in sorted(ROOMS.rglob("*.py"))
        if module.relative_to(ROOMS).parts[0] not in {"ledger", "migrations"}
        and WRITING.search(module.read_text())
    ]


def test_only_the_ledger_writes_its_tables():
    assert writers() == []


def test_the_scan_would_notice():
    assert WRITING.search("insert(LedgerPosting)")
    assert WRITING.search('text("UPDATE ledger_entries SET memo = 1")')
    assert WRITING.search("db.session.add(LedgerEntry(id=1))")
    assert not WRITING.search("select(LedgerPosting.amount)")
    assert not WRITING.search("class LedgerEntry(Model)")
