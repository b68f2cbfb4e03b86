from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.catalog import operations
from marketplace.catalog.errors import (
    ProductChanged,
    ProductIncomplete,
    StockChanged,
    StockIsHeld,
    TooManyPhotos,
)
from marketplace.catalog.forms import ProductForm, plain
from marketplace.catalog.models import PendingPhoto, Product, ProductState, TextStatus
from marketplace.catalog.operations import Text
from marketplace.catalog.photo_files import remove_files
from marketplace.catalog.queries import (
    get_product_of,
    list_pending_photos,
    list_products_of,
    prices_at,
)
from marketplace.catalog.views.blueprints import catalog_desk
from marketplace.catalog.views.editing import (
    MOST_SLOTS,
    CodeChoice,
    code_names,
    find_code,
    keep_photos,
    preview,
    shown_photos,
    take_away,
    typical_codes,
)
from marketplace.catalog.views.steps import Progress
from marketplace.catalog.words import category_name
from marketplace.cooperatives.access import member
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import transaction
from marketplace.kernel.money import rupiah
from marketplace.kernel.time import now
from marketplace.reference.models import HsCode
from marketplace.web.formats import format_money, format_number
from marketplace.web.forms import render_form

LONGEST_SHOWN = 200


class Saved(NamedTuple):
    """`is_known`: the page for a new product had made it when it was sent before."""

    product: Product
    is_known: bool


@catalog_desk.get("")
@member("products.view")
def list_products(cooperative: Cooperative) -> ResponseReturnValue:
    return render_template(
        "catalog/desk/list_products.html",
        cooperative=cooperative,
        products=list_products_of(cooperative),
    )


@catalog_desk.route("/new", methods=["GET", "POST"])
@member("products.edit")
def new_product(cooperative: Cooperative) -> ResponseReturnValue:
    return _answer(cooperative, None, ProductForm())


@catalog_desk.route("/<slug>", methods=["GET", "POST"])
@member("products.edit")
def edit_product(cooperative: Cooperative, slug: str) -> ResponseReturnValue:
    product = get_product_of(cooperative, slug)
    return _answer(cooperative, product, ProductForm(data=_values_of(product)))


@catalog_desk.post("/<slug>/withdrawal")
@member("products.edit")
def withdraw_product(cooperative: Cooperative, slug: str) -> ResponseReturnValue:
    product = get_product_of(cooperative, slug)
    with transaction():
        operations.withdraw_product(product, now())
    flash(_("Withdrawn. Buyers no longer see it; orders already placed go on."), "ok")
    return redirect(url_for(".edit_product", cooperative=cooperative.slug, slug=slug))


def _answer(
    cooperative: Cooperative, product: Product | None, form: ProductForm
) -> ResponseReturnValue:
    """Photos are kept first, whatever else the form says; then it is checked and saved."""
    at = now()
    is_search = request.form.get("action") == "find"
    if is_search:
        form.hs6.data = plain(request.form.get("hs6"))
    slug = product.slug if product else None
    kept = list_pending_photos(cooperative, form.kept_keys())
    code = find_code(form.hs6.data) if form.hs6.data else CodeChoice(None, [])
    if request.method == "GET":
        _note_what_is_seen(form, product)
    elif "remove" in request.form:
        take_away(request.form["remove"], product, kept)
    elif is_search:
        _take_photos(cooperative, product, form, kept)
    elif _is_right(cooperative, product, form, kept, code) and (
        saved := _save(cooperative, product, form, kept, code, at=at)
    ):
        return _after(cooperative, saved, form, code)
    return _page(cooperative, slug, form, [photo.key for photo in kept], code, at=at)


def _note_what_is_seen(form: ProductForm, product: Product | None) -> None:
    """A form that comes back after a late sign-in has seen what it saw then."""
    form.form_key.data = form.form_key.data or secrets.token_hex(12)
    form.seen_stock.data = form.seen_stock.data or str(product.variants[0].stock if product else 0)
    if product and not form.seen_words.data:
        form.see(operations.traces_now(product))


def _is_right(
    cooperative: Cooperative,
    product: Product | None,
    form: ProductForm,
    kept: list[PendingPhoto],
    code: CodeChoice,
) -> bool:
    """Check the form; good photos join `kept` even where something else is wrong."""
    form.is_draft = _stays_draft(product)
    is_right = bool(form.validate())
    _take_photos(cooperative, product, form, kept)
    if form.hs6.data and code.chosen is None:
        form.hs6.errors = [
            *form.hs6.errors,
            _("Choose one of the codes below.")
            if code.offers
            else _("There is no such HS code. Write six digits, or what the goods are."),
        ]
    return is_right and not form.is_refused


def _stays_draft(product: Product | None) -> bool:
    """Whether what comes of the form may lack something: goods once shown never do."""
    is_draft = product is None or product.state is ProductState.DRAFT
    return is_draft and request.form.get("action") != "publish"


def _take_photos(
    cooperative: Cooperative,
    product: Product | None,
    form: ProductForm,
    kept: list[PendingPhoto],
) -> None:
    """Add the pictures that came with the form to `kept`; say why others cannot be used."""
    files = [file for file in form.photos.data or [] if file and file.filename]
    taken = len(kept) + (len(product.photos) if product else 0)
    good, refused = keep_photos(cooperative, files, taken=taken, at=now())
    kept += good
    form.photos.errors = [*form.photos.errors, *refused]


def _save(
    cooperative: Cooperative,
    product: Product | None,
    form: ProductForm,
    kept: Sequence[PendingPhoto],
    code: CodeChoice,
    *,
    at: datetime,
) -> Saved | None:
    """Write the product, or show beside the field why not."""
    known = product
    try:
        with transaction():
            known = product or _written_before(cooperative, form)
            seen = form.traces if product else _seen_when_new(known, form)
            saved = _write(cooperative, known, form, code.chosen, seen=seen, at=at)
            unused = [
                photo.key
                for photo in kept
                if operations.use_pending_photo(saved, photo, at) is None
            ]
            if request.form.get("action") == "publish":
                operations.publish_product(saved, at)
    except ProductChanged as error:
        _show_change(cooperative, known, form, error)
        return None
    except StockIsHeld as error:
        form.refuse("stock", error)
        return None
    except StockChanged as error:
        form.refuse("stock", error)
        form.seen_stock.data = str((form.seen or 0) + error.change)
        return None
    except TooManyPhotos as error:
        form.refuse("photos", error)
        return None
    except ProductIncomplete as error:
        for name in error.missing:
            form.refuse("weight_grams" if name == "weight" else name, error)
        return None
    for key in unused:
        remove_files(key)
    return Saved(saved, is_known=product is None and known is not None)


def _show_change(
    cooperative: Cooperative, product: Product | None, form: ProductForm, error: ProductChanged
) -> None:
    """Say beside each field what stands there now; sent once more, the form replaces it."""
    if product is None:
        return
    product = get_product_of(cooperative, product.slug)
    form.refuse_whole(error)
    values = _values_of(product)
    for name in error.fields:
        now_there = _shown(name, values[name])
        field = form[name]
        field.errors = [
            *field.errors,
            _("Changed meanwhile. Now it says: %(text)s", text=now_there),
        ]
    form.see(operations.traces_now(product))


def _shown(name: str, value: object) -> str:
    """A field's value as a sentence can name it."""
    if value in (None, ""):
        return str(_("nothing"))
    if name == "category":
        return category_name(str(value))
    if name == "price" and isinstance(value, int):
        return format_money(rupiah(value))
    text = format_number(value) if isinstance(value, int) else str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _written_before(cooperative: Cooperative, form: ProductForm) -> Product | None:
    """What the page for a new product made when it was sent before: a double tap, or Back."""
    if not form.form_key.data:
        return None
    known = operations.find_written_by(cooperative, form.form_key.data)
    return get_product_of(cooperative, known.slug) if known else None


def _seen_when_new(known: Product | None, form: ProductForm) -> Mapping[str, str] | None:
    """The page for a new product has seen nothing of what was changed after it made the product."""
    if form.traces or known is None or known.changed_at == known.created_at:
        return form.traces
    return {}


def _write(
    cooperative: Cooperative,
    product: Product | None,
    form: ProductForm,
    code: HsCode | None,
    *,
    seen: Mapping[str, str] | None,
    at: datetime,
) -> Product:
    facts = {
        "category": form.category.data,
        "hs6": code.code if code else None,
        "price": form.money,
        "weight_grams": form.weight_grams.number,
    }
    words = Text(form.name.data, form.story.data or "", TextStatus.ORIGINAL)
    stock = form.stock.number or 0
    if product is None:
        return operations.create_product(
            cooperative,
            **facts,
            texts={"id": words},
            stock=stock,
            at=at,
            by=current_user.id,
            form_key=form.form_key.data or None,
        )
    texts = {row.locale: Text(row.name, row.story, row.status) for row in product.texts}
    variant = product.variants[0]
    operations.edit_product(
        product, **facts, texts=texts | {product.original_locale: words}, at=at, seen=seen
    )
    operations.count_stock(
        variant,
        stock,
        seen=form.seen,
        form_key=form.form_key.data or secrets.token_hex(12),
        by=current_user.id,
        at=at,
    )
    return product


def _after(
    cooperative: Cooperative, saved: Saved, form: ProductForm, code: CodeChoice
) -> ResponseReturnValue:
    if request.form.get("action") == "publish":
        flash(_("“%(name)s” is in the shop.", name=form.name.data), "ok")
        return redirect(url_for(".list_products", cooperative=cooperative.slug))
    if saved.is_known:
        flash(_("This product was saved before. What you wrote now is saved too."), "ok")
    else:
        flash(_("Saved."), "ok")
    goes_on = request.form.get("action") == "next"
    place = Progress(form, code.chosen).next_place if goes_on else None
    return redirect(
        url_for(
            ".edit_product", cooperative=cooperative.slug, slug=saved.product.slug, _anchor=place
        )
    )


def _page(
    cooperative: Cooperative,
    slug: str | None,
    form: ProductForm,
    keys: Sequence[str],
    code: CodeChoice,
    *,
    at: datetime,
) -> ResponseReturnValue:
    """Read anew what stands in the database: a refusal has rolled the rows back."""
    product = get_product_of(cooperative, slug) if slug else None
    kept = list_pending_photos(cooperative, keys)
    form.kept.data = ",".join(photo.key for photo in kept)
    prices = prices_at(at)
    photos = shown_photos(product, kept)
    typical = typical_codes()
    return render_form(
        "catalog/desk/edit_product.html",
        form,
        cooperative=cooperative,
        product=product,
        progress=Progress(form, code.chosen),
        photos=photos,
        slots=max(MOST_SLOTS, len(photos) + 1),
        code=code,
        typical_codes=typical,
        code_names=code_names([*typical, *code.offers]),
        prices=prices,
        parts=prices.divided(form.money or rupiah(0)),
        won=prices.won(form.money) if form.money else None,
        korean=next((row for row in product.texts if row.locale == "ko"), None)
        if product
        else None,
        card=preview(
            cooperative,
            form,
            product,
            prices=prices,
            photo=photos[0]["key"] if photos else None,
        ),
    )


def _values_of(product: Product) -> dict[str, object]:
    original = next(row for row in product.texts if row.locale == product.original_locale)
    variant = product.variants[0]
    is_draft = product.state is ProductState.DRAFT
    return {
        "name": original.name,
        "story": original.story,
        "category": product.category,
        "hs6": product.hs6,
        "price": variant.price.minor // 100 if variant.price else None,
        "weight_grams": variant.weight_grams,
        # Nobody may have counted a draft's goods yet; so none is asked about again.
        "stock": None if is_draft and variant.stock == 0 else variant.stock,
    }
