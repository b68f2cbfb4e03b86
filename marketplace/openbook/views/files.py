"""What strangers' programs download to check the books: heads, tiles, the bundle, the checker.

Rule: c2sp.org/tlog-tiles; `/ledger` is the log's address.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256

from flask import Blueprint, Response, current_app, jsonify, request, send_file
from flask.typing import ResponseReturnValue

from marketplace.bundles import current_bundle, find_bundle
from marketplace.kernel.config import Config, ConfigError
from marketplace.kernel.ids import normalize_code
from marketplace.ledger.errors import NotSealed
from marketplace.ledger.merkle import TILE_WIDTH
from marketplace.ledger.queries.sealing import (
    checkpoint,
    entry_tile,
    prove_entries,
    prove_growth,
    tile,
)
from marketplace.ledger.queries.sealing_bundle import VERIFIER
from marketplace.openbook.queries import find_receipt
from marketplace.openbook.views.blueprint import codes_limit
from marketplace.web.access import public
from marketplace.web.security import limiter

files = Blueprint("ledger_files", __name__, url_prefix="/!ledger")

FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_WHILE = "public, max-age=3600"
ASK_FIRST = "public, no-cache"
TILE = re.compile(r"(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x\d{3}/){0,4}\d{3})(?:\.p/(\d{1,3}))?")


@files.get("/checkpoint")
@public
@limiter.limit("120/minute")
def show_checkpoint() -> ResponseReturnValue:
    return _text(checkpoint().encode())


@files.get("/checkpoint/<int:size>")
@public
@limiter.limit("120/minute")
def show_old_checkpoint(size: int) -> ResponseReturnValue:
    """An earlier head: what somebody may have seen then."""
    if size >= 1 << 63:
        raise NotSealed
    return _text(checkpoint(size).encode())


@files.get("/consistency/<int:old>/<int:new>.json")
@public
@limiter.limit("120/minute")
def show_consistency(old: int, new: int) -> ResponseReturnValue:
    """That the head of `new` entries keeps all of the head of `old`. Rule: RFC 9162, 2.1.4."""
    if not 0 < old <= new < 1 << 63:
        raise NotSealed
    response = jsonify(
        old=checkpoint(old),
        new=checkpoint(new),
        proof=[b64encode(hash_).decode() for hash_ in prove_growth(old, new)],
    )
    response.headers["Cache-Control"] = FOR_A_WHILE
    return response


@files.get("/tile/<path:address>")
@public
@limiter.limit("1200/minute")
def show_tile(address: str) -> ResponseReturnValue:
    """Hashes by `<level>/<place>`, leaves by `entries/<place>`, `.p/<width>` for a part."""
    found = TILE.fullmatch(address)
    if found is None:
        raise NotSealed
    level, place = found.group(1), int(re.sub(r"\D", "", found.group(2)))
    width = int(found.group(3) or TILE_WIDTH)
    is_part = found.group(3) is not None
    # One tile has one address.
    if found.group(2) != place_text(place) or (is_part and not 0 < width < TILE_WIDTH):
        raise NotSealed
    if level == "entries":
        content = entry_tile(place, width=width)
    else:
        content = tile(int(level), place, width=width)
    response = Response(content, mimetype="application/octet-stream")
    # What was sealed stays; a part is not asked for any more once the tile is full.
    response.headers["Cache-Control"] = FOR_A_WHILE if is_part else FOR_EVER
    return response


@files.get("/bundle.zip")
@public
@limiter.limit("10/minute")
def download_bundle() -> ResponseReturnValue:
    config: Config = current_app.config["LUMBUNG"]
    try:
        bundle = current_bundle(config)
    except ConfigError:
        raise NotSealed from None
    response = send_file(
        bundle.path,
        mimetype="application/zip",
        as_attachment=True,
        download_name="bundle.zip",
        etag=bundle.path.stem,
        conditional=True,
    )
    response.headers["Cache-Control"] = ASK_FIRST
    return response


@files.get("/r/<code>/proof.json")
@public
@codes_limit
def download_proof(code: str) -> ResponseReturnValue:
    """That the sealed entries of an order are in the log, up to the head of the bundle."""
    written = normalize_code(code[:60])
    receipt = find_receipt(written) if written else None
    if receipt is None or not receipt.places:
        raise NotSealed
    last = max(place.number for place in receipt.places.values())
    bundle = find_bundle(current_app.config["LUMBUNG"])
    size = bundle.size if bundle is not None and bundle.size >= last else None
    response = jsonify(prove_entries(receipt.places.keys(), size=size))
    response.headers["Content-Disposition"] = "attachment; filename=proof.json"
    # A code is a key, as on the receipt's page.
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@files.get("/verify.py")
@public
@limiter.limit("60/minute")
def show_verifier() -> ResponseReturnValue:
    return _text(VERIFIER.read_bytes())


@cache
def verifier_sha256() -> str:
    return sha256(VERIFIER.read_bytes()).hexdigest()


def place_text(place: int) -> str:
    """The number of a tile in its address: 1234067 is x001/x234/067."""
    digits = str(place)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    return "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])


def _text(content: bytes) -> ResponseReturnValue:
    response = Response(content, mimetype="text/plain")
    response.set_etag(sha256(content).hexdigest()[:32])
    response.headers["Cache-Control"] = ASK_FIRST
    return response.make_conditional(request)
