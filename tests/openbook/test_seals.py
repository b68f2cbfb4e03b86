import hashlib
import json
import os
import re
import time
from base64 import b64decode
from datetime import timedelta
from itertools import combinations_with_replacement
from zipfile import ZipFile

import pytest

from marketplace import bundles
from marketplace.bundles import current_bundle, find_bundle, publish_bundle
from marketplace.ledger.merkle import is_consistent, leaf_hash, root_of
from marketplace.ledger.notes import read_note
from marketplace.ledger.public import verify
from marketplace.ledger.queries.sealing_bundle import VERIFIER
from marketplace.openbook.views.files import place_text
from marketplace.sealing import find_public_key
from tests.openbook.conftest import LATER, seal_with, unseal
from tests.reinvestment.world import paid

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def config(app):
    return app.config["LUMBUNG"]


def text_of(response):
    text = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", response.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


def download(client):
    with client.get("/ledger/bundle.zip") as answer:
        return answer.data


def a_year_old(bundle):
    os.utime(bundle.path, (time.time() - 31_536_000,) * 2)


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
def test_the_page_shows_the_seal_its_key_and_the_sum_of_the_checker(client, sealed, config, lang):
    page = client.get(f"/{lang}/ledger").get_data(as_text=True)

    hex_ = sealed.root.hex()
    assert " ".join(hex_[start : start + 4] for start in range(0, 64, 4)) in page
    assert find_public_key(config).text in page.replace("&#43;", "+")
    assert hashlib.sha256(VERIFIER.read_bytes()).hexdigest()[:4] in page
    for address in ("/ledger/bundle.zip", "/ledger/verify.py", f"/{lang}/ledger/heads"):
        assert f'href="{address}"' in page


def test_a_new_seal_is_on_the_page_at_once(client, app, sealed, world):
    client.get("/en/ledger")
    paid(world.program, 800, at=LATER)
    unsealed = text_of(client.get("/en/ledger"))

    head = seal_with(app)

    assert f"Entries and decisions in this seal: {sealed.size}." in unsealed
    assert f"Entries and decisions in this seal: {head.size}." in text_of(client.get("/en/ledger"))


def test_before_the_first_seal_the_page_says_so(client):
    unseal()

    assert "Nothing is sealed yet" in text_of(client.get("/en/ledger"))
    assert "Nothing is sealed yet" in text_of(client.get("/en/ledger/heads"))
    for name in ("checkpoint", "tile/0/000.p/1", "bundle.zip"):
        assert client.get(f"/ledger/{name}").status_code == 404


def test_all_heads_are_listed_newest_first(client, app, sealed, world):
    paid(world.program, 800, at=LATER)
    newest = seal_with(app)

    page = client.get("/ko/ledger/heads").get_data(as_text=True)

    sizes = re.findall(r"/ledger/checkpoint/(\d+)", page)
    # The first one was made before the program was signed.
    assert sizes == [str(newest.size), str(sealed.size), "7"]
    old = client.get(f"/ledger/checkpoint/{sealed.size}").get_data(as_text=True)
    assert old == sealed.note


def test_the_checkpoint_is_the_newest_signed_head(client, sealed, config):
    answer = client.get("/ledger/checkpoint")

    note = read_note(answer.get_data(as_text=True))
    assert note.signed_by(find_public_key(config))
    assert note.checkpoint.size == sealed.size
    assert answer.content_type == "text/plain; charset=utf-8"


def test_any_two_heads_are_proven_to_hang_together(client, app, sealed, world):
    heads = [sealed]
    for _ in range(3):
        paid(world.program, 8, at=LATER)
        heads.append(seal_with(app))

    for old, new in combinations_with_replacement(heads, 2):
        said = client.get(f"/ledger/consistency/{old.size}/{new.size}.json").json
        proof = [b64decode(hash_) for hash_ in said["proof"]]
        assert is_consistent(old.size, old.root, new.size, new.root, proof)
        assert (said["old"], said["new"]) == (old.note, new.note)


@pytest.mark.parametrize("pair", ["0/1", "2/1", "1/9223372036854775808", "1/2"])
def test_only_heads_that_were_signed_are_compared(client, sealed, pair):
    assert client.get(f"/ledger/consistency/{pair}.json").status_code == 404


def test_tiles_give_the_root(client, sealed):
    width = f".p/{sealed.size}"

    hashes = client.get(f"/ledger/tile/0/000{width}").data
    leaves = client.get(f"/ledger/tile/entries/000{width}").data

    parts = [hashes[start : start + 32] for start in range(0, len(hashes), 32)]
    assert root_of(parts) == sealed.root
    assert leaf_hash(leaves[2 : 2 + int.from_bytes(leaves[:2], "big")]) == parts[0]


@pytest.mark.parametrize(
    "address",
    [
        "0/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/x000/001.p/1",
        "0/x999/x999/x999/x999/x999/999",
        "64/000",
        "00/000",
        "-1/000",
        "0/1",
        "entries/001",
        "secrets/000",
    ],
)
def test_a_tile_that_is_not_there_is_refused_in_words_of_programs(client, sealed, address):
    answer = client.get(f"/ledger/tile/{address}")

    assert answer.status_code == 404
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


def test_full_tiles_are_kept_for_ever(client, sealed, world, app):
    for _ in range(256 - sealed.size):
        paid(world.program, 1, at=LATER)
    seal_with(app)

    full, part = client.get("/ledger/tile/0/000"), client.get("/ledger/tile/0/000.p/7")

    assert len(full.data) == 256 * 32
    assert full.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "immutable" not in part.headers["Cache-Control"]
    assert client.get("/ledger/tile/1/000.p/1").status_code == 200


@pytest.mark.parametrize(
    ("place", "text"), [(0, "000"), (67, "067"), (1000, "x001/000"), (1234067, "x001/x234/067")]
)
def test_places_are_written_in_threes(place, text):
    assert place_text(place) == text


def test_the_downloaded_checker_accepts_the_downloaded_bundle(client, sealed, tmp_path, capsys):
    checker = client.get("/ledger/verify.py")
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(download(client))

    assert checker.data == VERIFIER.read_bytes()
    assert checker.content_type == "text/plain; charset=utf-8"
    assert verify.main([str(bundle)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", ["checkpoint", "verify.py", "bundle.zip", "tile/0/000.p/2"])
def test_pages_of_all_origins_may_read_what_is_downloaded(client, sealed, name):
    answer = client.get(f"/ledger/{name}", headers={"Origin": "https://other.example"})

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    answer.close()


@pytest.mark.parametrize("name", ["checkpoint", "verify.py", "bundle.zip"])
def test_what_did_not_change_is_not_sent_again(client, sealed, name):
    with client.get(f"/ledger/{name}") as first:
        etag = first.headers["ETag"]

    with client.get(f"/ledger/{name}", headers={"If-None-Match": etag}) as again:
        assert again.status_code == 304


def test_a_bundle_is_made_once(client, sealed, config):
    first = download(client)
    made_at = find_bundle(config).path.stat().st_mtime_ns

    assert [download(client), download(client)] == [first, first]
    assert find_bundle(config).path.stat().st_mtime_ns == made_at


def test_the_worker_makes_the_bundle_of_a_new_head(app, sealed, world, config):
    assert publish_bundle() == 1
    assert publish_bundle() == 0
    paid(world.program, 800, at=LATER)
    head = seal_with(app)

    assert find_bundle(config).size == sealed.size
    assert publish_bundle() == 1
    assert find_bundle(config).size == head.size
    assert json.loads(ZipFile(find_bundle(config).path).read("balances.json"))["size"] == str(
        head.size
    )


def test_who_asks_makes_a_bundle_only_when_the_last_one_is_old(app, sealed, world, config):
    first = current_bundle(config)
    paid(world.program, 800, at=LATER)
    head = seal_with(app)

    fresh = current_bundle(config)
    a_year_old(first)

    assert fresh == first
    assert current_bundle(config).size == head.size


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("ko", "묶음 파일에는 분개와 결정 <n>건이"),
        ("id", "sekarang memuat <n> catatan dan keputusan"),
        ("en", "now holds <n> entries"),
    ],
)
def test_pages_say_how_far_the_bundle_goes(client, sealed, world, config, lang, words):
    words = words.replace("<n>", str(sealed.size))
    addresses = ("ledger", "ledger/heads", f"r/{world.delivered.receipt_code}")
    assert words not in client.get(f"/{lang}/r/{world.delivered.receipt_code}").text
    current_bundle(config)

    for address in addresses:
        assert words in client.get(f"/{lang}/{address}").text


def test_a_bundle_of_another_history_is_not_given(config, sealed):
    bundle = current_bundle(config)
    foreign = bundle.path.with_name(f"{bundle.size + 1}-{'0' * 64}.zip")
    foreign.write_bytes(bundle.path.read_bytes())

    assert current_bundle(config) == bundle


def test_only_one_at_a_time_makes_a_bundle(app, sealed, world, config):
    first = current_bundle(config)
    paid(world.program, 800, at=LATER)
    seal_with(app)

    with bundles._only_maker(config, waits=True):
        meanwhile = current_bundle(config, oldest=timedelta(0))

    assert meanwhile == first


def test_the_card_costs_few_questions(client, sealed, statements):
    statements.clear()
    client.get("/en/ledger")
    assert len(statements) <= 14, "\n\n".join(statements)

    statements.clear()
    client.get("/en/ledger/heads")
    assert len(statements) <= 3

    statements.clear()
    client.get("/en/ledger/heads")
    assert len(statements) <= 1
