"""Codes of authenticator apps, by the examples of their rule."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.kernel.totp import find_step, key_uri, new_secret

# RFC 6238, appendix B, for SHA-1; the last six of its eight digits.
SECRET = base64.b32encode(b"12345678901234567890").decode()
EXAMPLES = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.mark.parametrize(("seconds", "code"), EXAMPLES)
def test_codes_are_those_of_the_rule(seconds, code):
    assert find_step(SECRET, code, datetime.fromtimestamp(seconds, UTC)) == seconds // 30


@pytest.mark.parametrize(("late", "fits"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(late, fits):
    at = datetime.fromtimestamp(1111111111, UTC)

    found = find_step(SECRET, "050471", at + timedelta(seconds=late))

    assert found == (1111111111 // 30 if fits else None)


def test_secrets_are_long_and_never_the_same():
    assert len(base64.b32decode(new_secret())) == 20
    assert new_secret() != new_secret()
    uri = key_uri(SECRET, "a@b.c")
    assert uri == f"otpauth://totp/Lumbung:a%40b.c?secret={SECRET}&issuer=Lumbung"
