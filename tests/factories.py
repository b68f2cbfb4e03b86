"""Things of the trade for tests. Each function makes one thing, flushed, with sane defaults."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from marketplace.accounts.models import (
    Organization,
    OrganizationKind,
    OrganizationMembership,
    Role,
    RoleGrant,
    User,
)
from marketplace.catalog.models import Product, ProductState, ProductText, TextStatus, Variant
from marketplace.cooperatives.models import (
    Cooperative,
    CooperativeState,
    MemberRole,
    Membership,
)
from marketplace.kernel.db import db
from marketplace.kernel.money import Money, rupiah
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.drafts import Line, NewEntry
from marketplace.ledger.operations import post
from marketplace.reference.models import HsCode, Province, Regency
from marketplace.trade.models import ExportProfile

NOON = datetime(2026, 4, 18, 3, 0, tzinfo=UTC)

_numbers = count(1)


def saved(row):
    db.session.add(row)
    db.session.flush()
    return row


def a_user(name: str = "Kim Jisu", *, roles: tuple[Role, ...] = (), locale: str = "ko") -> User:
    number = next(_numbers)
    return saved(
        User(
            email=f"user{number}@example.com",
            name=name,
            password_hash="!",
            locale=locale,
            created_at=NOON,
            roles=[RoleGrant(role=role, granted_at=NOON) for role in roles],
        )
    )


def an_organization(kind: OrganizationKind = OrganizationKind.KOTRA) -> Organization:
    number = next(_numbers)
    return saved(
        Organization(
            slug=f"organization-{number}",
            name=f"Organization {number}",
            name_ko=f"기관 {number}",
            kind=kind,
            country="KR",
            created_at=NOON,
        )
    )


def a_partner(organization: Organization, name: str = "Lee Seoyeon", *, locale: str = "ko") -> User:
    """A person who acts for `organization`."""
    user = a_user(name, locale=locale)
    saved(OrganizationMembership(user_id=user.id, organization_id=organization.id, joined_at=NOON))
    db.session.expire(user, ["organizations"])
    return user


def a_regency(code: str = "11.04", *, name: str = "Aceh Tengah") -> Regency:
    """The regency `code`, its province made with it; the same row when asked for again."""
    if found := db.session.get(Regency, code):
        return found
    province = code.partition(".")[0]
    if db.session.get(Province, province) is None:
        saved(
            Province(
                code=province,
                letters=f"P{province}",
                name_id=f"Provinsi {province}",
                name_en=f"Province {province}",
                name_ko=f"{province}주",
                iso=f"ID-{province}",
                island_group="Sumatera",
                timezone="Asia/Jakarta",
                population=1_000_000,
            )
        )
    return saved(Regency(code=code, province_code=province, kind="kabupaten", name=name))


def an_hs_code(code: str = "090111", *, description: str = "Coffee, not roasted") -> HsCode:
    """The subheading `code` with its chapter; the same row when asked for again."""
    if found := db.session.get(HsCode, code):
        return found
    chapter = code[:2]
    if len(code) > 2 and db.session.get(HsCode, chapter) is None:
        saved(
            HsCode(
                code=chapter,
                level=2,
                section="II",
                description_en=f"Chapter {chapter}",
                description_id=f"Bab {chapter}",
            )
        )
    return saved(
        HsCode(
            code=code,
            level=len(code),
            parent=chapter if len(code) > 2 else None,
            section="II",
            description_en=description,
            description_id="",
        )
    )


def a_cooperative(
    name: str = "Koperasi Tani Contoh",
    *,
    slug: str = "",
    regency: Regency | None = None,
    state: CooperativeState = CooperativeState.OPEN,
) -> Cooperative:
    number = next(_numbers)
    return saved(
        Cooperative(
            slug=slug or f"koperasi-{number}",
            name=name,
            kind="KSU",
            regency_code=(regency or a_regency()).code,
            members=412,
            women=239,
            story_id="Kami menanam kopi.",
            story_ko="커피를 기릅니다.",
            story_en="We grow coffee.",
            motif="coffee",
            dye=4,
            state=state,
            created_at=NOON,
        )
    )


def a_member(
    cooperative: Cooperative,
    role: MemberRole = MemberRole.CHAIR,
    *,
    name: str = "Sri Wahyuni",
    locale: str = "id",
) -> User:
    """A person who works for `cooperative`."""
    user = a_user(name, locale=locale)
    saved(Membership(user_id=user.id, cooperative_id=cooperative.id, role=role, joined_at=NOON))
    return user


def a_product(
    cooperative: Cooperative | None = None,
    *,
    name: str = "Kopi Arabika Gayo",
    slug: str = "",
    category: str = "coffee",
    hs6: str = "090111",
    price: Money | None = None,
    weight_grams: int = 250,
    stock: int = 20,
    published: bool = True,
) -> Product:
    """Goods with a name in the maker's language only, one variant, and `stock` pieces."""
    number = next(_numbers)
    price = price or rupiah(100_000)
    product = saved(
        Product(
            slug=slug or f"product-{number}",
            cooperative_id=(cooperative or a_cooperative()).id,
            category=category,
            hs6=an_hs_code(hs6).code,
            original_locale="id",
            state=ProductState.PUBLISHED if published else ProductState.DRAFT,
            created_at=NOON,
            published_at=NOON if published else None,
            changed_at=NOON,
        )
    )
    saved(
        ProductText(
            product_id=product.id,
            locale="id",
            name=name,
            story="Ditanam di ketinggian 1.400 meter.",
            status=TextStatus.ORIGINAL,
        )
    )
    saved(
        Variant(
            product_id=product.id,
            price_minor=price.minor,
            currency=price.currency,
            weight_grams=weight_grams,
            stock=stock,
        )
    )
    return product


def an_export_profile(
    product: Product | None = None,
    *,
    moq: int = 600,
    price_breaks: tuple[tuple[int, int], ...] = ((600, 740), (3000, 710), (9000, 685)),
) -> ExportProfile:
    """An offer for export; `price_breaks` are pairs of quantity and USD cents a kilogram."""
    return saved(
        ExportProfile(
            product_id=(product or a_product()).id,
            unit="kg",
            moq=moq,
            price_breaks=[list(step) for step in price_breaks],
            lowest_price_minor=price_breaks[-1][1],
            incoterm="FOB",
            place="Belawan",
            lead_time_days=30,
            capacity_per_month=20_000,
            packing="Karung goni 60 kg",
            shelf_life_months=12,
        )
    )


def a_posting(lines: dict[str, Money], *, kind: str = "opening", **more) -> int:
    """A booked entry of `lines` (account path to amount, debit positive); its id."""
    facts = {"idem_key": f"posting:{next(_numbers)}", "occurred_at": NOON, "memo": "Opening"}
    facts |= {"effective_on": today_in_seoul(NOON)} | more
    booked = [Line(path, amount) for path, amount in lines.items()]
    return post(NewEntry(kind=kind, lines=booked, **facts))


def a_fund_of(amount: Money, path: str = "funds:village:programs") -> int:
    """`amount` in the fund at `path`, backed by the bank; the id of its entry."""
    return a_posting({"assets:bank-trust": amount, path: -amount})
