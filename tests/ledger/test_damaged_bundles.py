"""What cannot be read is said in one sentence that names the file, and never approved."""

import json
import zipfile

import pytest

from tests.ledger.sealing import SIGNER, a_bundle, check, rewritten, seal, sell

KEY = SIGNER.verifier.text
FILES = ["key.txt", "checkpoint", "leaves.jsonl", "checkpoints.jsonl", "accounts.jsonl"]
FILES += ["balances.json"]
LINES = ["checkpoints.jsonl", "accounts.jsonl"]
DAMAGES = {
    "cut": lambda content: content[: len(content) // 2],
    "emptied": lambda content: b"",
    "other signs": lambda content: b"\xff\xfe" + content,
    "a list": lambda content: b"[1, null]\n",
    "a number": lambda content: b"7\n",
    "nothing said": lambda content: b"{}\n",
    "too deep": lambda content: b'{"balances":' + b"[" * 100_000 + b"\n",
}


@pytest.fixture
def bundle(database, tmp_path):
    sell(2)
    seal()
    return a_bundle(tmp_path / "bundle.zip")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_no_damage_is_approved_or_answered_in_the_words_of_python(bundle, capsys, name, damage):
    code, said = check(capsys, rewritten(bundle, name, DAMAGES[damage]))

    assert code in {1, 2}
    assert "All is right" not in said
    last = said.splitlines()[-1]
    assert last.strip().endswith(".")
    if code == 2:
        assert last.startswith("ERROR  The check could not be made.")
    for word in ("Error:", "Traceback", "'str'", "NoneType", "Expecting", "codec", "indices"):
        assert word not in said


@pytest.mark.parametrize(
    "amount", ["1940.4", "false", "null", "1e999", '"1940.4"', '"+1940"', '"01940"']
)
def test_a_balance_is_a_whole_number_as_it_is_written_or_none(bundle, capsys, amount):
    def change(content):
        assert b'"-1940"' in content
        return content.replace(b'"-1940"', amount.encode())

    code, said = check(capsys, rewritten(bundle, "balances.json", change), "--key", KEY)

    assert code == 2
    assert "balances.json is not written as in a bundle." in said


@pytest.mark.parametrize(
    ("place", "what"), [(6, b"\x01"), (8, b"\x63")], ids=["encrypted", "packed in another way"]
)
def test_a_zip_that_claims_what_it_is_not_is_damaged(bundle, capsys, place, what):
    content = bytearray(bundle.read_bytes())
    for sign, further in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        start = content.find(sign)
        while start >= 0:
            content[start + place + further] = what[0]
            start = content.find(sign, start + 4)
    bundle.write_bytes(content)

    code, said = check(capsys, bundle, "--key", KEY)

    assert code == 2
    assert "is damaged. Download the bundle again." in said


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_taken_out_is_named(bundle, tmp_path, capsys, name):
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(other, "w") as new:
        for item in old.namelist():
            if item != name:
                new.writestr(item, old.read(item))

    code, said = check(capsys, other)

    assert code == 2
    assert f"The bundle has no {name}." in said


@pytest.mark.parametrize("name", LINES)
def test_the_line_that_cannot_be_read_is_named(bundle, capsys, name):
    def forget_a_field(content):
        lines = content.splitlines(keepends=True)
        row = json.loads(lines[-1])
        del row["note" if "note" in row else "code"]
        return b"".join([*lines[:-1], json.dumps(row).encode(), b"\n"])

    code, said = check(capsys, rewritten(bundle, name, forget_a_field), "--key", KEY)

    assert code == 2
    with zipfile.ZipFile(bundle) as opened:
        last = len(opened.read(name).splitlines())
    assert f"Line {last} of {name} is not written as in a bundle." in said


def test_a_bundle_that_was_damaged_on_its_way_is_to_be_downloaded_again(bundle, capsys):
    content = bytearray(bundle.read_bytes())
    place = content.find(b"leaves.jsonl") + 100
    content[place] ^= 255
    bundle.write_bytes(content)

    code, said = check(capsys, bundle, "--key", KEY)

    assert code == 2
    assert "leaves.jsonl is damaged. Download the bundle again." in said


def test_what_cannot_be_checked_is_no_approval(bundle, tmp_path, capsys):
    text, signs = tmp_path / "text", tmp_path / "signs"
    text.write_text("no bundle")
    signs.write_bytes(b"\xff\xfe")

    for words, says in (
        ([text], f"{text} is damaged. Download the bundle again."),
        ([tmp_path / "none.zip"], "There is no file"),
        ([tmp_path], "cannot be read"),
        ([bundle, "--key", "none"], "This is no key: none."),
        ([bundle, "--last-head", text], "This is no signed head."),
        ([bundle, "--last-head", signs], f"{signs} is not written as"),
    ):
        code, said = check(capsys, *words)
        assert code == 2
        assert says in said
