"""What a payment did: shown by the staff, seen by everybody, taken back when it has to be."""

import io
from pathlib import Path

import pytest

from marketplace.catalog import photo_files
from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.reinvestment.errors import EnoughEvidence, NotReleased
from marketplace.reinvestment.models import Evidence
from marketplace.reinvestment.operations import (
    add_evidence,
    propose_disbursement,
    withdraw_evidence,
)
from marketplace.reinvestment.operations.evidence import MOST_EVIDENCE
from marketplace.reinvestment.queries import evidence_of
from tests.factories import NOON
from tests.reinvestment.world import (
    a_program,
    a_share,
    an_admin,
    an_auditor,
    approved,
    paid,
    sign_in,
)

PHOTO = Path(__file__).parent.parent / "catalog" / "photos" / "coffee_cup_exif6_gps.jpg"

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def media(tmp_path, monkeypatch):
    monkeypatch.setattr(photo_files, "_folder", [tmp_path])
    return tmp_path


@pytest.fixture
def program():
    a_share(9_000_000)
    return approved(a_program(4_000_000))


@pytest.fixture
def payment(program):
    return paid(program, 1_000)


@pytest.fixture
def admin(client):
    person = an_admin("Park Minseo")
    sign_in(client, person)
    return person


def address_of(program, payment):
    return f"/en/admin/programs/{program.number}/disbursements/{payment.number}/evidence"


def send(client, program, payment, note="Rangka berdiri", file=None, key="k1"):
    fields = {"note": note, "form_key": key}
    if file is not None:
        fields["photo"] = (io.BytesIO(file), "bukti.jpg")
    prefixed = {f"{payment.number}-evidence-{name}": value for name, value in fields.items()}
    return client.post(
        address_of(program, payment), data=prefixed, content_type="multipart/form-data"
    )


def files_in(media):
    return [path for path in media.rglob("*") if path.is_file()]


def only():
    return db.session.query(Evidence).one()


def test_words_and_a_photo_are_shown_to_everybody(client, admin, program, payment, media):
    assert send(client, program, payment, file=PHOTO.read_bytes()).status_code == 302

    page = client.get(f"/en/programs/{program.slug}").get_data(as_text=True)

    key = only().photo_key
    assert "Rangka berdiri" in page
    assert f"/media/{key[:2]}/{key}-640.webp" in page
    with client.get(f"/media/{key[:2]}/{key}-1280.webp") as photo:
        assert photo.status_code == 200


def test_words_alone_are_enough(client, admin, program, payment, media):
    send(client, program, payment)

    assert (only().note, only().photo_key) == ("Rangka berdiri", None)


@pytest.mark.parametrize(
    ("note", "file", "said"),
    [
        ("", PHOTO.read_bytes(), "Write what it shows."),
        ("Rangka", b"%PDF-1.7 not a photo", "not a photo that can be read"),
        ("Rangka", PHOTO.read_bytes()[:4_000], "This photo is incomplete"),
    ],
)
def test_what_cannot_be_shown_is_said_and_nothing_is_kept(
    client, admin, program, payment, media, note, file, said
):
    answer = send(client, program, payment, note=note, file=file)

    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert db.session.query(Evidence).count() == 0
    assert files_in(media) == []


def test_a_second_tap_adds_nothing(client, admin, program, payment, media):
    send(client, program, payment, file=PHOTO.read_bytes())
    before = files_in(media)

    assert send(client, program, payment, file=PHOTO.read_bytes()).status_code == 302

    assert only().photo_key
    assert files_in(media) == before


def test_what_was_not_paid_has_no_evidence(client, admin, program, media):
    waiting = propose_disbursement(program, won(500), purpose="Tahap 2", by=an_admin().id, at=NOON)

    answer = send(client, program, waiting, file=PHOTO.read_bytes())

    assert answer.status_code == 422
    assert files_in(media) == []
    with pytest.raises(NotReleased):
        add_evidence(waiting, "Rangka", photo_key=None, by=admin.id, at=NOON)


def test_there_is_an_end_to_it(payment):
    by = an_admin().id
    pieces = [
        add_evidence(payment, "Foto", photo_key=None, by=by, at=NOON) for _ in range(MOST_EVIDENCE)
    ]

    with pytest.raises(EnoughEvidence):
        add_evidence(payment, "Foto", photo_key=None, by=by, at=NOON)

    withdraw_evidence(pieces[0], by=by, at=NOON)
    add_evidence(payment, "Foto", photo_key=None, by=by, at=NOON)
    assert len(evidence_of([payment.id])[payment.id]) == MOST_EVIDENCE


def test_taken_back_only_the_staff_read_it_and_the_photo_is_gone(
    client, admin, program, payment, media
):
    send(client, program, payment, file=PHOTO.read_bytes())
    address = f"{address_of(program, payment)}/{only().id}/withdrawal"

    assert client.post(address).status_code == 302
    assert client.post(address).status_code == 302

    assert files_in(media) == []
    staff = client.get(f"/en/admin/programs/{program.number}").get_data(as_text=True)
    assert "Rangka berdiri" in staff
    assert "taken back on" in staff
    assert "Rangka berdiri" not in client.get(f"/en/programs/{program.slug}").get_data(as_text=True)


def test_another_payments_evidence_does_not_exist(client, admin, program, payment):
    piece = add_evidence(payment, "Foto", photo_key=None, by=admin.id, at=NOON)
    other = paid(program, 500)

    answer = client.post(f"{address_of(program, other)}/{piece.id}/withdrawal")

    assert answer.status_code == 404
    assert only().withdrawn_by is None


def test_an_auditor_reads_it_and_changes_nothing(client, program, payment, media):
    piece = add_evidence(payment, "Foto", photo_key=None, by=an_admin().id, at=NOON)
    sign_in(client, an_auditor())

    page = client.get(f"/en/admin/programs/{program.number}").get_data(as_text=True)

    assert "Foto" in page
    assert "Add evidence" not in page
    assert "Take back" not in page
    assert send(client, program, payment).status_code == 403
    withdrawal = f"{address_of(program, payment)}/{piece.id}/withdrawal"
    assert client.post(withdrawal).status_code == 403
    assert only().withdrawn_by is None
