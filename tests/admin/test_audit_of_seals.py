"""I13 and I14: the daily audit reads all that was sealed again, and what the public reads."""

from dataclasses import replace
from datetime import timedelta
from zipfile import ZipFile

import pytest

from marketplace.bundles import current_bundle, find_bundle
from marketplace.kernel.db import transaction
from marketplace.kernel.money import won
from marketplace.kernel.time import now
from marketplace.ledger.notes import Checkpoint, Note
from marketplace.ledger.operations import post, reverse
from marketplace.ledger.operations.sealing import seal_entries
from marketplace.ledger.queries import entries_about
from marketplace.ledger.queries.audits import run_checks
from marketplace.seal_checks import SEALED_WITHIN
from marketplace.sealing import head_file, read_seal_key
from tests.admin.test_decisions import send
from tests.admin.test_home import text_of
from tests.ledger.drafts import TODAY, a_draft
from tests.ledger.sealing import SIGNER, sell
from tests.ledger.tampering import tamper
from tests.openbook.conftest import seal_with, sealed, unseal

__all__ = ["sealed"]

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def config(app):
    return app.config["LUMBUNG"]


def looked_at(at=None) -> dict[str, int]:
    """Rows, by what was checked."""
    seals = [result for result in run_checks(at or now()) if result.rule in ("I13", "I14")]
    return {result.name: result.rows for result in seals}


def broken(at=None) -> dict[str, list[str]]:
    """The rules of seals that do not hold, each with its breaches."""
    found: dict[str, list[str]] = {}
    for result in run_checks(at or now()):
        if result.count and result.rule in ("I13", "I14"):
            found.setdefault(result.rule, []).extend(
                breach.message % breach.facts for breach in result.breaches
            )
    return found


def test_sealed_books_and_their_public_copy_are_read_again(sealed):
    assert looked_at() == {
        "Signed heads and what is under them": 9,
        "What waits for its seal": 9,
        "Balances in the public copy": 9,
    }
    assert broken() == {}


def test_without_a_seal_there_is_nothing_to_look_at(app):
    unseal()

    assert set(looked_at().values()) == {0}
    assert broken() == {}
    said = app.test_cli_runner().invoke(args=["ledger", "audit"])
    assert "Balances in the public copy" in said.output
    assert said.output.count("nothing to look at") >= 3


def test_without_a_key_there_is_nothing_to_look_at(app, sealed, config, monkeypatch, tmp_path):
    without = replace(config, demo=False, ledger_key="", instance=tmp_path)
    monkeypatch.setitem(app.config, "LUMBUNG", without)

    assert set(looked_at().values()) == {0}
    assert broken() == {}


def test_a_changed_entry_is_named_by_its_number(sealed, world):
    (sale,) = entries_about("order", world.waiting.number)
    tamper("UPDATE ledger_entries SET memo = memo || '.' WHERE id = :id", id=sale.id)

    assert f"Entry {sale.number} is not what was sealed." in broken()["I13"]


def test_a_log_that_was_cut_off_is_noticed_by_the_head_beside_it(sealed, config):
    last, signer = head_file(config), read_seal_key(config)
    last.write_text(sealed.note)
    try:
        assert broken() == {}
        longer = Checkpoint(signer.name, sealed.size + 1, sealed.root)
        last.write_text(Note(longer, (signer.sign(longer),)).text)
        assert broken() == {
            "I13": [f"A head of {sealed.size + 1} leaves was seen that the ledger does not have."]
        }
        last.write_text("no head")
        assert broken() == {"I13": ["The head that was written down last cannot be read."]}
        foreign = Checkpoint(SIGNER.name, sealed.size, sealed.root)
        last.write_text(Note(foreign, (SIGNER.sign(foreign),)).text)
        assert broken() == {"I13": ["The head that was written down last cannot be read."]}
    finally:
        last.unlink()


def test_an_entry_that_nobody_seals_is_named_after_an_hour(sealed):
    (entry_id,) = sell()

    assert broken() == {}
    assert broken(now() + SEALED_WITHIN) == {
        "I13": ["1 entries or decisions wait for their seal for more than an hour."]
    }
    assert entry_id in {
        breach.entry_id
        for result in run_checks(now() + SEALED_WITHIN)
        for breach in result.breaches
    }


def test_a_bundle_is_made_where_none_is_published_and_then_the_published_one_is_read(
    app, sealed, config
):
    assert broken() == {}
    published = find_bundle(config)
    assert published.size == sealed.size
    sell()
    seal_with(app)

    assert looked_at()["Balances in the public copy"] == sealed.size
    assert find_bundle(config) == published


def test_a_balance_that_the_public_copy_does_not_give_is_named(sealed, config):
    current_bundle(config)
    tamper(
        "UPDATE ledger_postings SET amount = amount * 2 WHERE account_id ="
        " (SELECT id FROM ledger_accounts WHERE code = 'assets:bank-trust:krw')"
    )

    (breach,) = [
        breach for result in run_checks(now()) if result.rule == "I14" for breach in result.breaches
    ]
    assert breach.facts == {
        "account": "assets:bank-trust:krw",
        "public": won(10_000),
        "ours": won(20_000),
    }


def test_a_mistake_that_was_reversed_is_none_any_more(app, sealed, config):
    with transaction():
        mistake = post(
            a_draft({"expenses:fx": won(9_000_000), "assets:bank-trust": won(-9_000_000)})
        )
    seal_with(app)
    old = current_bundle(config, oldest=timedelta(0))

    (said,) = broken()["I14"]
    assert "The funds hold KRW" in said
    assert "minor units" not in said

    with transaction():
        reverse(mistake, occurred_at=now(), effective_on=TODAY, memo="Counted twice")
    seal_with(app)

    assert broken() == {}
    assert find_bundle(config).size > old.size


def test_a_public_copy_that_was_changed_is_noticed(sealed, config):
    bundle = current_bundle(config)
    with ZipFile(bundle.path) as old:
        files = {name: old.read(name) for name in old.namelist()}
    files["leaves.jsonl"] = files["leaves.jsonl"].replace(b'"sale"', b'"Sale"', 1)
    with ZipFile(bundle.path, "w") as new:
        for name, content in files.items():
            new.writestr(name, content)

    assert broken() == {
        "I14": [
            "The checker of the public copy says: “The leaves are not those that were sealed:"
            " their root is another.”",
            "The checker of the public copy says: “The head of 7 leaves does not fit the history.”",
        ]
    }
    bundle.path.write_text("no bundle")
    assert broken() == {"I14": ["The public copy of the books cannot be read."]}


def test_heads_of_another_key_are_not_ours(sealed):
    sell()
    tamper("DELETE FROM ledger_heads")
    tamper("DELETE FROM ledger_leaves")
    with transaction():
        seal_entries(SIGNER, at=now())

    assert "The head of 10 leaves is not signed by our key." in broken()["I13"]


def test_the_page_says_what_was_looked_at(sealed, first):
    text = text_of(send(first, "/en/admin/ledger/audit/"))

    assert "I13 Published seals still fit the history. Signed heads" in text
    assert "No part of the house checks this yet" not in text
