"""Signed notes as others write and read them."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from marketplace.ledger.errors import KeyUnreadable, NoteUnreadable
from marketplace.ledger.notes import (
    WITNESS,
    Checkpoint,
    Note,
    new_signer,
    read_note,
    read_signer,
    read_verifier,
)
from marketplace.ledger.public.verify import are_signed, is_signed
from tests.ledger.sealing import SIGNER, WITNESS_SIGNER

# The example of Go's package golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
HEAD = Checkpoint("lumbung.example/ledger", 7, b"\x01" * 32)

# RFC 8032, 7.1: public key, message, signature.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
        "b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
        "1d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
        "c6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


def test_keys_are_written_as_others_write_them():
    assert read_signer(GO_PRIVATE).verifier.text == GO_KEY
    assert read_signer(GO_PRIVATE).text == GO_PRIVATE
    assert read_verifier(GO_KEY).text == GO_KEY


@pytest.mark.parametrize(
    "text", ["", "a", GO_PRIVATE[:-4], GO_PRIVATE.replace("c74f", "c74e"), GO_KEY + "!"]
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(KeyUnreadable):
        read_signer(text)
    if text != GO_PRIVATE:
        with pytest.raises(KeyUnreadable):
            read_verifier(text)


@pytest.mark.parametrize("name", ["", "two words", "a+b"])
def test_a_key_has_a_plain_name(name):
    with pytest.raises(KeyUnreadable):
        new_signer(name)


def test_a_note_is_read_as_it_was_written():
    note = Note(HEAD, (SIGNER.sign(HEAD), WITNESS_SIGNER.cosign(HEAD, unix_time=1_776_481_200)))

    assert read_note(note.text) == note
    assert note.text.startswith("lumbung.example/ledger\n7\nAQEB")
    assert note.signed_by(SIGNER.verifier)
    assert note.signed_by(WITNESS_SIGNER.verifier)
    assert not note.signed_by(new_signer("lumbung.example/ledger").verifier)
    assert not note.signed_by(new_signer("other.example", WITNESS).verifier)


@pytest.mark.parametrize("old", ["\n7\n", "AQEB", "ledger\n7", "\n— lumbung.example/ledger "])
def test_a_changed_note_is_not_signed(old):
    text = Note(HEAD, (SIGNER.sign(HEAD),)).text
    changed = text.replace(old, old.replace("7", "8").replace("AQEB", "BQEB").replace("g", "G"))

    assert not read_note(changed).signed_by(SIGNER.verifier)


@pytest.mark.parametrize(
    "text",
    ["", "a\n1\n", "a\n01\nAQ==\n\n", "a\n1\nAQ==\n\n— a AAAA\n", "a\nx\nAQ==\n\n— a AAAA\n"],
)
def test_what_is_no_head_is_refused(text):
    with pytest.raises(NoteUnreadable):
        read_note(text)


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_the_verifier_accepts_known_signatures(public, message, signature):
    known = [bytes.fromhex(text) for text in (public, message, signature)]

    public, message, signature = known
    assert is_signed(*known)
    assert are_signed(public, [(message, signature)])
    assert not is_signed(public, message + b".", signature)
    assert not are_signed(public, [(message + b".", signature)])


@given(st.binary(max_size=80), st.integers(0, 511))
def test_the_verifier_refuses_every_changed_bit(message, bit):
    signer = read_signer(GO_PRIVATE)
    signature = bytearray(signer._sign(message))
    public = signer.verifier.public

    assert is_signed(public, message, bytes(signature))
    signature[bit // 8] ^= 1 << bit % 8
    assert not is_signed(public, message, bytes(signature))


def test_the_verifier_refuses_a_second_writing_of_a_signature():
    order = 2**252 + 27742317777372353535851937790883648493
    signer = read_signer(GO_PRIVATE)
    signature = signer._sign(b"")
    other = int.from_bytes(signature[32:], "little") + order

    assert not is_signed(signer.verifier.public, b"", signature[:32] + other.to_bytes(32, "little"))


@pytest.mark.parametrize("wrong", [0, 1, 40, 99])
def test_one_wrong_signature_among_many_is_noticed(wrong):
    private = Ed25519PrivateKey.from_private_bytes(SIGNER.seed)
    signed = [(b"%d" % number, private.sign(b"%d" % number)) for number in range(100)]
    public = SIGNER.verifier.public
    assert are_signed(public, signed)
    signed[wrong] = (b"other", signed[wrong][1])

    assert not are_signed(public, signed)
