"""Pledges of made-up companies, and village programs signed and paid by the two admins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.accounts.queries import get_organization
from marketplace.cooperatives.models import Cooperative
from marketplace.demo.people import demo_user
from marketplace.demo.year import Event, Year
from marketplace.kernel.db import db
from marketplace.kernel.money import Money, won
from marketplace.reference.models import District, Village
from marketplace.reinvestment.errors import FundExhausted
from marketplace.reinvestment.models import Pledge, Program, ProgramTheme
from marketplace.reinvestment.operations import (
    Proposal,
    add_evidence,
    approve_program,
    finish_program,
    make_pledge,
    propose_disbursement,
    propose_program,
    receive_pledge,
    release_disbursement,
    settle_disbursement,
)
from marketplace.sealing import read_seal_key, seal_at_once

PROGRAMS = 30
UNSIGNED = 2


@dataclass(frozen=True)
class Theme:
    """What a program of one kind asks for; amounts in thousand won."""

    title: dict[str, str]
    problem: str
    plan: str
    budget: tuple[tuple[str, int], ...]


THEMES = {
    ProgramTheme.TRAINING: Theme(
        {
            "id": "Pelatihan mutu dan pengemasan di {place}",
            "ko": "{place} 품질·포장 교육",
            "en": "Quality and packing training in {place}",
        },
        "Mutu tiap kelompok masih berbeda, sehingga sebagian barang dikembalikan pembeli.",
        "Tiga hari pelatihan dengan praktik, satu kunjungan pendampingan setiap bulan.",
        (("Pelatih dan bahan praktik", 620), ("Konsumsi dan tempat", 180), ("Pendampingan", 240)),
    ),
    ProgramTheme.TOOLS: Theme(
        {
            "id": "Rumah pengering bersama di {place}",
            "ko": "{place} 공동 건조장",
            "en": "A shared drying house in {place}",
        },
        "Saat musim hujan hasil panen tidak kering dan harganya turun.",
        "Membangun rumah pengering surya yang dipakai bergilir oleh kelompok.",
        (("Rangka dan atap", 1450), ("Para-para dan kipas", 620), ("Upah tukang", 540)),
    ),
    ProgramTheme.QUALITY: Theme(
        {
            "id": "Uji laboratorium dan sertifikasi di {place}",
            "ko": "{place} 검사와 인증 취득",
            "en": "Laboratory tests and certification in {place}",
        },
        "Pembeli meminta hasil uji, tetapi biaya laboratorium terlalu besar untuk satu kelompok.",
        "Uji tiga lot, pendampingan dokumen, dan pendaftaran sertifikat.",
        (("Biaya laboratorium", 780), ("Pendampingan dokumen", 320), ("Pendaftaran", 210)),
    ),
    ProgramTheme.PACKAGING: Theme(
        {
            "id": "Kemasan ekspor untuk {place}",
            "ko": "{place} 수출용 포장",
            "en": "Export packaging for {place}",
        },
        "Kemasan lama sobek di perjalanan dan labelnya belum berbahasa Korea.",
        "Merancang kemasan dan label bersama desainer muda, mencetak lot pertama.",
        (("Rancangan", 420), ("Cetak lot pertama", 860), ("Mesin segel", 390)),
    ),
    ProgramTheme.PROMOTION: Theme(
        {
            "id": "Foto, cerita, dan pameran untuk {place}",
            "ko": "{place} 사진·이야기·전시",
            "en": "Photos, stories and a fair for {place}",
        },
        "Barangnya baik tetapi belum dikenal di luar kabupaten.",
        "Membuat foto dan cerita produk, ikut satu pameran di Seoul.",
        (("Foto dan terjemahan", 380), ("Keikutsertaan pameran", 940)),
    ),
    ProgramTheme.YOUTH: Theme(
        {
            "id": "Pemuda desa {place} belajar menjual daring",
            "ko": "{place} 청년 온라인 판매 교육",
            "en": "Young people of {place} learn to sell online",
        },
        "Anak muda pindah ke kota karena belum melihat pekerjaan di desa.",
        "Enam minggu belajar foto, layanan pembeli, dan pencatatan; dua mentor dari Korea.",
        (("Honor mentor", 460), ("Ponsel bersama", 380), ("Kuota data", 90)),
    ),
}
SHOWN = {
    ProgramTheme.TRAINING: "Pelatihan berjalan; daftar hadir dan kuitansi sudah diperiksa.",
    ProgramTheme.TOOLS: "Bahan sudah tiba; kuitansi toko dan berita acara sudah diperiksa.",
    ProgramTheme.QUALITY: "Lot diuji; hasil laboratorium dan kuitansi sudah diperiksa.",
    ProgramTheme.PACKAGING: "Cetakan diterima; contoh kemasan dan kuitansi sudah diperiksa.",
    ProgramTheme.PROMOTION: "Foto selesai; kontrak dan kuitansi sudah diperiksa.",
    ProgramTheme.YOUTH: "Kelas berjalan; daftar hadir dan kuitansi sudah diperiksa.",
}
PLEDGES = (
    ("hanbit-foods", 40_000_000, "Mutu dan keamanan pangan di desa", None, (10, 130)),
    ("saebyeok-bank", 24_000_000, "Pemuda desa dan penjualan daring", ProgramTheme.YOUTH, (40,)),
    ("nuri-energy", 30_000_000, "Rumah pengering dan alat hemat energi", None, (75, 240)),
)


def plan_pledges(year: Year) -> None:
    """Three sponsors promise; two of them have sent half so far, one everything in two parts."""
    for slug, amount, purpose, theme, days in PLEDGES:
        year.plan(
            year.first_day + timedelta(days=5),
            _pledge(year, slug, won(amount), purpose, theme, days),
        )


def _pledge(
    year: Year,
    slug: str,
    amount: Money,
    purpose: str,
    theme: ProgramTheme | None,
    days: tuple[int, ...],
) -> Event:
    def happen(at: datetime) -> None:
        pledge = make_pledge(
            get_organization(slug),
            amount,
            purpose=purpose,
            theme=theme,
            by=demo_user("admin1").id,
            at=at,
            is_demo=True,
        )
        for part, later in enumerate(days, 1):
            year.plan(at + timedelta(days=later), _receive(pledge, won(amount.minor // 2), part))

    return happen


def _receive(pledge: Pledge, amount: Money, part: int) -> Event:
    def happen(at: datetime) -> None:
        reference = f"DEMO-{pledge.number}-{part}"
        receive_pledge(pledge, amount, reference=reference, by=demo_user("admin1").id, at=at)

    return happen


def plan_programs(year: Year) -> None:
    """Thirty proposals over the year, one village each; the last two wait for a signature."""
    admins = (demo_user("admin1"), demo_user("admin2"))
    span = year.until - year.first_day - timedelta(days=100)
    for number, (village, cooperative) in enumerate(_villages()):
        theme = list(THEMES)[number % len(THEMES)]
        if number >= PROGRAMS - UNSIGNED:
            moment = year.until - timedelta(days=3 * (PROGRAMS - number))
        else:
            moment = year.first_day + timedelta(days=90) + span * number / PROGRAMS
        year.plan(moment, _propose(year, number, theme, village, cooperative, admins[number % 2]))


def _villages() -> Iterator[tuple[Village, Cooperative]]:
    """One village in each of thirty regencies that have a cooperative, spread over the country."""
    cooperatives = db.session.scalars(select(Cooperative).order_by(Cooperative.regency_code)).all()
    step = len(cooperatives) // PROGRAMS
    for cooperative in cooperatives[: step * PROGRAMS : step]:
        village = db.session.scalars(
            select(Village)
            .join(District, District.code == Village.district_code)
            .where(District.regency_code == cooperative.regency_code)
            .order_by(Village.kind, Village.code)
            .limit(1)
        ).one()
        yield village, cooperative


def _propose(
    year: Year,
    number: int,
    theme: ProgramTheme,
    village: Village,
    cooperative: Cooperative,
    admin: User,
) -> Event:
    def happen(at: datetime) -> None:
        words = THEMES[theme]
        program = propose_program(
            Proposal(
                village_code=village.code,
                title=words.title["id"].format(place=village.name),
                title_ko=words.title["ko"].format(place=village.name),
                title_en=words.title["en"].format(place=village.name),
                theme=theme,
                problem=words.problem,
                plan=words.plan,
                budget=[(text, won(amount * 1000)) for text, amount in words.budget],
                cooperative_id=cooperative.id,
            ),
            by=admin.id,
            at=at,
            is_demo=True,
        )
        if number < PROGRAMS - UNSIGNED:
            year.plan(at + timedelta(days=6), _approve(year, program, _other(admin)))

    return happen


def _other(admin: User) -> User:
    return demo_user("admin2" if admin.email.startswith("admin1") else "admin1")


def _approve(year: Year, program: Program, by: User) -> Event:
    def happen(at: datetime) -> None:
        # Only what is sealed is spent, and no worker runs here.
        seal_at_once(read_seal_key(current_app.config["LUMBUNG"]))
        try:
            approve_program(program, by=by.id, body_sha256=program.body_sha256, at=at)
        except FundExhausted:
            year.plan(at + timedelta(days=30), _approve(year, program, by))
            return
        half = won(program.asked_minor // 2)
        rest = program.asked - half
        year.plan(at + timedelta(days=8), _pay(year, program, half, "Tahap pertama", by))
        year.plan(at + timedelta(days=60), _pay(year, program, rest, "Tahap kedua", by))
        year.plan(at + timedelta(days=95), _finish(program, by))

    return happen


def _pay(year: Year, program: Program, amount: Money, purpose: str, by: User) -> Event:
    def happen(at: datetime) -> None:
        disbursement = propose_disbursement(program, amount, purpose=purpose, by=by.id, at=at)

        def release(later: datetime) -> None:
            release_disbursement(disbursement, by=_other(by).id, at=later)

        def settle(later: datetime) -> None:
            reference = f"DEMO-{disbursement.number}"
            settle_disbursement(disbursement, reference=reference, by=by.id, at=later)

        def show(later: datetime) -> None:
            add_evidence(disbursement, SHOWN[program.theme], photo_key=None, by=by.id, at=later)

        year.plan(at + timedelta(days=2), release)
        year.plan(at + timedelta(days=4), settle)
        year.plan(at + timedelta(days=20), show)

    return happen


def _finish(program: Program, by: User) -> Event:
    def happen(at: datetime) -> None:
        finish_program(program, by=by.id, at=at)

    return happen
