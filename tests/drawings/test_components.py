"""Components render from plain values: no application, no request, no reader."""

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import jinja2
import pytest
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Form, RadioField, StringField
from wtforms.validators import InputRequired

from marketplace import drawings
from tests.conftest import ROOT

TEMPLATES = ROOT / "marketplace" / "templates"
COMPONENTS = sorted(path.stem for path in (TEMPLATES / "components").glob("*.html"))
VOID = {"br", "hr", "img", "input", "link", "meta", "source"}

CALLS = {
    "actionbar": '{% call actionbar("Order", amount="49,800원", label="To pay") %}x{% endcall %}',
    "address": 'address(["Kim Haeun", "", "Seoul"])',
    "badge": 'badge("Halal", "ok", symbol="check")',
    "button": 'button("Cancel", "line small", url="/x") ~ button("Send", name="a", value="1")',
    "card": 'card("/x", "Kopi", "tile", "24,900원", badges=[("GI", "")], share="747원")',
    "chart": '{% call chart("drawing", items=[("f1", "Sales", "")]) %}table{% endcall %}',
    "checkbox": "checkbox(form.agree)",
    "chips": 'chips([{"label": "Halal", "url": "/x", "is_removable": true}], label="Filters")',
    "choice": 'choice("radio", "use", "own", "Own use", box=true, note="Free of duty")',
    "choices": 'choices(form.shipping, notes={"together": "One box"})',
    "cloth": "cloth(500, 212, 23)",
    "coop": 'coop("Nira", "nira", "frond", 4, size="big", stars=4) ~ coop("N", "n", "log", 5)',
    "coop_tile": 'coop_tile("nira", "frond", 4)',
    "copy": 'copy("7C1E", "Copy", "Copied")',
    "crumbs": 'crumbs([("Home", "/")], here="Coffee")',
    "dialog": '{% call dialog("d", "Stop", "/", verb="Yes", safe="No", token="") %}x{% endcall %}',
    "doc_foot": 'doc_foot("Q2D4")',
    "doc_head": '{% call doc_head("Quotation", "Q-26-0142") %}x{% endcall %}',
    "downloads": 'downloads([("CSV", "/x.csv")], label="Download")',
    "empty": 'empty("Your cart is empty", "Look around.", url="/x", action="Look")',
    "entry": 'entry("J-1", "/x", "Sale", "18 Apr", [{"code": "1120", "debit": "5"}], "5")',
    "errsum": "errsum(form)",
    "event": '{% call event("box") %}x{% endcall %}',
    "field": 'field(form.weight, hint="Net", unit="gram", inputmode="numeric")',
    "filter_group": 'filter_group("Kind", "kind", [{"value": "c", "label": "Tea", "count": 64}])',
    "filters": '{% call filters("/x", counter="/y") %}x{% endcall %}',
    "fingerprint": '{% call fingerprint("7C1E", title="Pattern") %}x{% endcall %}',
    "flash": 'flash("Saved.", "ok")',
    "flow": 'flow("svg", [{"label": "In", "top": 2, "rows": [("Sales", "1.0", 1, 2)]}])',
    "form_actions": 'form_actions("Save", back="/x")',
    "hash": 'hash("b71e09c47f2a")',
    "head2": 'head2("New", "new", url="/x", link="All")',
    "icon": 'icon("cart", "Cart")',
    "kv": 'kv([("Members", "412")], lined=true)',
    "landed": 'landed("33,900원", [("Goods", "24,900원")], place="Seoul")',
    "legend": 'legend([("f4", "Cooperative", "22,908원")], column=true)',
    "mark": "mark()",
    "message": '{% call message("Lee", "Busan", "14 Apr", translated_from="id") %}x{% endcall %}',
    "meter": 'meter("Need", "4.5 of 5", 4.5, 5)',
    "mini": 'mini("tile", "Kopi", amount="49,800원", large=true)',
    "motif": 'motif("kawung", 1)',
    "pager": "pager(page, address)",
    "pick": "pick(form.shipping)",
    "price": 'price("24,900원", "per 100 g")',
    "prog": 'prog("Dryer", "/x", "cacao", 6)',
    "province_map": 'province_map({"AC": 12}, urls={"AC": "/x"}, unit="Programs")',
    "qty": 'qty("quantity", 2, label="Quantity", max=9)',
    "quote": 'quote("Quotation 2", "USD 7.49", "USD 17,976.00", live=true)',
    "refund_status": 'refund_status("₩3,001", whole=false)',
    "share": '{% call share("Village share", "2,991원") %}x{% endcall %}',
    "side": 'side([{"label": "Money", "links": [{"label": "Ledger", "url": "/x"}]}], label="Desk")',
    "sign": 'sign("KOTRA") ~ sign("Ministry", "Dewi", signed="17 Apr", seal="KEMENKOP UKM")',
    "stars": "stars(4)",
    "stat": 'stat("Received", "₩2,904", note="since March")',
    "stats": 'stats([{"label": "Received", "value": "₩2,904"}])',
    "status": 'status("waiting", "wait")',
    "step": '{% call step("recipient", "Recipient", "open", [form.weight], focus=true) %}x'
    '{% endcall %}{% call step("customs", "Customs", "done", [form.agree], entered=["P1"]) %}'
    '{% endcall %}{% call step("payment", "Payment", "next", [], coming="Card") %}{% endcall %}',
    "steps": 'steps([("Address", "done", "/x"), ("Customs", "now", "")], label="Steps")',
    "stylesheet": 'stylesheet("card", "chart")',
    "sure": '{% call sure("Refund", verb="Yes", safe="No") %}x{% endcall %}',
    "suggestion": 'suggestion("/x", "tile", "", "Gayo", " beans", "Coffee")',
    "tabbar": 'tabbar([{"label": "Home", "url": "/x", "icon": "home", "count": 3}], label="Menu")',
    "table": '{% call table("Payments", ["Date", ("Won", "n")]) %}<tbody></tbody>{% endcall %}',
    "tabs": 'tabs([{"label": "Journal", "url": "/x", "current": true}], label="Views")',
    "tile": 'tile("coffee", "kopi") ~ tile("coffee", "kopi", photo={"src": "/x", "alt": "Kopi"})',
    "timeline": 'timeline([{"title": "Paid", "state": "done", "note": "18 Apr"}])',
    "to_village": 'to_village("Village share", "747원")',
    "todo": 'todo([{"url": "/x", "symbol": "truck", "title": "3 orders"}], title="To do")',
    "totals": 'totals([("Goods", "99,700원")], sum=("To pay", "111,700원"))',
    "trace": "{% call trace() %}x{% endcall %}",
    "trace_step": 'trace_step("Into four funds", rows=[("Reserve", "149원")])',
    "upload": 'upload("photos", [{"src": "/x", "alt": "Kopi", "key": "1"}])',
}


class CheckoutForm(Form):
    weight = StringField("Weight", [InputRequired("Give the net weight, for example 200.")])
    shipping = RadioField("Shipping", choices=["together", "apart"])
    agree = BooleanField("I agree", [InputRequired("Please agree.")])


class Balance(HTMLParser):
    """Notices elements that are never closed, or closed in the wrong order."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.wrong = []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def templates():
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.install_null_translations(newstyle=True)
    env.globals.update(draw=drawings, static_url=lambda name: f"/static/{name}")
    return env


@pytest.fixture
def render(templates):
    form = CheckoutForm(MultiDict({"sent": "1"}))
    form.validate()
    page = SimpleNamespace(number=2, last=35, near=lambda: [1, 2, 3, None, 35])

    def render(name, call=""):
        call = call or CALLS[name]
        call = call if call.startswith("{%") else f"{{{{ {call} }}}}"
        source = f'{{% from "components/{name}.html" import {name} %}}{call}'
        return templates.from_string(source).render(form=form, page=page, address="?page={}".format)

    return render


@pytest.mark.parametrize("name", COMPONENTS)
def test_file_and_macro_share_the_name_and_the_comment_on_top_shows_a_call(name):
    source = (TEMPLATES / "components" / f"{name}.html").read_text()

    assert re.match(r"{# (call )?" + name + r"\(|{# {% block styles %}", source)
    assert re.findall(r"{%-? macro (\w+)\(", source) == [name]


@pytest.mark.parametrize("name", COMPONENTS)
def test_what_a_component_opens_it_closes(render, name):
    balance = Balance()
    balance.feed(render(name))

    assert balance.wrong == balance.open == []


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_takes_values_never_the_request_or_the_reader(name):
    source = (TEMPLATES / "components" / f"{name}.html").read_text()
    code = re.sub(r"{#.*?#}", "", source, flags=re.DOTALL)

    assert not re.search(r"\b(request|session|current_user|g|config|url_for)\b[.(]", code)


def test_a_refused_field_is_tied_to_its_error_and_its_hint(render):
    html = render("field")

    assert 'aria-describedby="weight-error-1 weight-hint"' in html
    assert 'aria-invalid="true"' in html
    assert 'class="field is-bad"' in html


def test_the_summary_links_to_each_field_and_is_absent_from_a_good_form(render, templates):
    assert 'href="#weight"' in render("errsum")
    assert 'href="#agree"' in render("errsum")

    fresh = templates.from_string(
        '{% from "components/errsum.html" import errsum %}{{ errsum(f) }}'
    )
    assert fresh.render(f=CheckoutForm()).strip() == ""


def test_what_people_write_is_escaped(render):
    html = render("card", 'card("/x", "<b>Kopi</b>", "", "1원", orig="<i>")')

    assert "&lt;b&gt;Kopi&lt;/b&gt;" in html
    assert "<i>" not in html


def test_a_pager_of_one_page_is_nothing(render):
    assert render("pager", "pager(none, none)").strip() == ""
    assert 'rel="next"' in render("pager", 'pager(none, none, next="/x?after=9")')


def test_a_place_not_yet_signed_has_no_seal(render):
    assert 'class="seal"' not in render("sign", 'sign("KOTRA", "Kim Jiho")')
    assert 'class="seal"' in render("sign", 'sign("KOTRA", "Kim Jiho", signed="17 Apr")')
