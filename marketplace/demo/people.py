"""The demo's sign-ins and organizations. All of them are made up."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from marketplace.accounts.models import OrganizationKind, Role, User
from marketplace.accounts.operations import (
    create_organization,
    create_user,
    grant_role,
    join_organization,
)
from marketplace.accounts.queries import (
    find_organization,
    find_user_by_email,
    get_organization,
    get_user_by_email,
)
from marketplace.cooperatives.models import Cooperative, MemberRole
from marketplace.cooperatives.operations import add_member
from marketplace.kernel.db import db

DOMAIN = "demo.lumbung.example"
COOPERATIVE = "KSU Jatirogo"
ORGANIZATIONS = (
    ("kotra-jakarta", "KOTRA Jakarta (demo)", "코트라 자카르타 (데모)", OrganizationKind.KOTRA),
    ("hanbit-foods", "Hanbit Foods (demo)", "한빛식품 (데모)", OrganizationKind.SPONSOR),
    ("saebyeok-bank", "Saebyeok Bank (demo)", "새벽은행 (데모)", OrganizationKind.SPONSOR),
    (
        "nuri-energy",
        "Nuri Energy (demo)",
        "누리에너지 (데모)",
        OrganizationKind.SPONSOR,
    ),
)
PEOPLE = (
    ("buyer", "김지수", "ko"),
    ("coop", "Siti Rahayu", "id"),
    ("kotra", "Park Minjun", "en"),
    ("admin1", "Dewi Lestari", "en"),
    ("admin2", "Lee Seoyeon", "en"),
    ("auditor", "Andi Pratama", "en"),
)
MORE_BUYERS = ("이서준", "박하은", "최도윤", "정예린", "강민재", "윤서아", "한지호")


def load_people(password: str, at: datetime) -> None:
    """Write people, organizations and rights that are not there yet."""
    users = {name: _user(name, full, locale, password, at) for name, full, locale in PEOPLE}
    for number, full in enumerate(MORE_BUYERS, 2):
        _user(f"buyer{number}", full, "ko", password, at)
    for slug, name, name_ko, kind in ORGANIZATIONS:
        if find_organization(slug) is None:
            create_organization(slug, name, name_ko=name_ko, kind=kind, country="KR", at=at)
    for name, role in (("admin1", Role.ADMIN), ("admin2", Role.ADMIN), ("auditor", Role.AUDITOR)):
        grant_role(users[name], role, by=None, at=at)
    join_organization(users["kotra"], get_organization("kotra-jakarta"), at=at)


def load_membership(at: datetime) -> None:
    """Let the demo's secretary work for a pilot cooperative, as its chair."""
    cooperative = db.session.scalars(
        select(Cooperative).where(Cooperative.name == COOPERATIVE)
    ).one()
    add_member(cooperative, demo_user("coop"), MemberRole.CHAIR, at=at)


def demo_user(name: str) -> User:
    return get_user_by_email(f"{name}@{DOMAIN}")


def demo_buyers() -> list[User]:
    return [demo_user("buyer")] + [demo_user(f"buyer{n}") for n in range(2, len(MORE_BUYERS) + 2)]


def _user(name: str, full: str, locale: str, password: str, at: datetime) -> User:
    email = f"{name}@{DOMAIN}"
    return find_user_by_email(email) or create_user(email, full, password, locale=locale, at=at)
