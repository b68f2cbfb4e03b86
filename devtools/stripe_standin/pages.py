"""The few HTML pages that stand for Stripe's hosted ones, in Korean, Indonesian and English.

No page carries a script, and the one stylesheet is allowed by its hash. The
names of the buttons are stable: tests press them by name.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape

from . import money
from .catalog import BEHAVIOUR_BY_LAST4
from .words import WORDS

STYLE = """
:root { color-scheme: light; }
*, ::before, ::after { box-sizing: border-box; }
body {
  margin: 0; background: #f2f5f1; color: #16222c;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans",
    "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", sans-serif;
}
:lang(ko) { line-height: 1.65; word-break: keep-all; }
.mark { background: #1f4672; color: #fff; padding: .75rem 1rem; text-align: center; }
.mark strong { display: block; }
main { max-width: 30rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.3; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 .5rem; }
section {
  background: #fff; border: 1px solid #cbd5ce; border-radius: 6px;
  padding: 1rem; margin: 0 0 1rem;
}
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
.error { border-inline-start: 4px solid #a23126; padding-inline-start: .75rem; color: #a23126; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .5rem 0; border-block-end: 1px solid #cbd5ce; vertical-align: top; }
th { font-weight: 400; text-align: start; overflow-wrap: anywhere; }
td { padding-inline-start: 1rem; text-align: end; white-space: nowrap; }
tfoot th, tfoot td { font-weight: 700; font-size: 1.25rem; border: 0; padding-block-end: 0; }
label { display: block; margin: 0 0 .25rem; }
input, select, button {
  display: block; width: 100%; min-height: 3rem; padding: .5rem .75rem;
  font: inherit; color: inherit; background: #fff; border: 1px solid #6f7e78; border-radius: 6px;
}
select { margin: 0 0 .75rem; }
button { margin: .5rem 0 0; cursor: pointer; overflow-wrap: anywhere; }
.pay { background: #1f4672; border-color: #1f4672; color: #fff; font-weight: 700; }
.pay:hover { background: #153355; }
.card { border-block-end: 1px solid #cbd5ce; padding-block-end: 1rem; margin-block-end: 1rem; }
.card:last-child { border: 0; padding: 0; margin: 0; }
a { color: #1f4672; }
:focus-visible { outline: 3px solid #1f4672; outline-offset: 2px; }
"""
STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


def words(locale, accepted=""):
    """(language, its words): the session's locale first, then the browser's languages."""
    for tag in [locale or "", *(part.split(";")[0].strip() for part in accepted.split(","))]:
        if tag.lower()[:2] in WORDS:
            return tag.lower()[:2], WORDS[tag.lower()[:2]]
    return "en", WORDS["en"]


def page(language, heading, body):
    w = WORDS[language]
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(heading)} – {w["test"]}</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body>
<header class="mark"><strong>{w["test"]}</strong> {w["no_money"]}</header>
<main>
<h1>{escape(heading)}</h1>
{body}
</main>
</body>
</html>
"""


def pay_page(session, items, token, seller, accepted="", error=None):
    language, w = words(session["locale"], accepted)
    heading = w["heading"].format(seller=seller)
    if session["status"] != "open":
        closed = w["closed:complete" if session["status"] == "complete" else "closed:expired"]
        return page(language, heading, f"<p>{closed}</p>{back_link(session, w)}")
    kinds = session["payment_method_types"]
    body = f"""{refusal(error, w)}
<section aria-labelledby="order">
<h2 id="order">{w["order"]}</h2>
{order_table(session, items, w)}
</section>
<form method="post" action="/c/pay/{escape(session["id"])}">
<input type="hidden" name="token" value="{escape(token)}">
<section>
<label for="email">{w["email"]}</label>
<input type="email" id="email" name="email" autocomplete="email"
 value="{escape(session["customer_email"] or "buyer@example.test")}">
</section>
<section aria-labelledby="methods">
<h2 id="methods">{w["methods"]}</h2>
{card_fields(w) if "card" in kinds else ""}
{"".join(pay_button(kind, w) for kind in kinds if kind != "card")}
</section>
<section aria-labelledby="endings">
<h2 id="endings">{w["endings"]}</h2>
<label for="method">{w["method"]}</label>
<select id="method" name="method">{method_options(kinds, w)}</select>
{"".join(button(name, w[name]) for name in endings(session))}
</section>
</form>"""
    return page(language, heading, body)


def endings(session):
    return (
        ("fail", "async", "cancel", "expire")
        if session["cancel_url"]
        else ("fail", "async", "expire")
    )


def refusal(error, w):
    if not error:
        return ""
    return (
        f'<p class="error" role="alert">{w["failed"]} {w["again"]} '
        f'<span lang="en">{escape(error["message"])}</span></p>'
    )


def order_table(session, items, w):
    def row(label, amount):
        shown = escape(money.show(amount, session["currency"]))
        return f'<tr><th scope="row">{escape(label)}</th><td>{shown}</td></tr>'

    rows = [row(f"{i['description']} × {i['quantity']}", i["amount_total"]) for i in items]
    if session["shipping_cost"]:
        rows.append(row(w["shipping"], session["shipping_cost"]["amount_total"]))
    total = row(w["total"], session["amount_total"])
    return f"<table><tbody>{''.join(rows)}</tbody><tfoot>{total}</tfoot></table>"


def card_fields(w):
    options = "".join(
        f'<option value="{last4}">•••• {last4} – {w[behaviour]}</option>'
        for last4, behaviour in BEHAVIOUR_BY_LAST4.items()
    )
    return f"""<div class="card">
<label for="card">{w["card"]}</label>
<select id="card" name="card">{options}</select>
{pay_button("card", w)}
</div>"""


def pay_button(kind, w):
    return button(f"pay:{kind}", w.get(f"pay:{kind}", kind), "pay")


def method_options(kinds, w):
    return "".join(
        f'<option value="{escape(kind)}">{escape(w.get(f"method:{kind}", kind))}</option>'
        for kind in kinds
    )


def button(action, label, look=""):
    return (
        f'<button class="{look}" name="action" value="{escape(action)}">{escape(label)}</button>\n'
    )


def back_link(session, w):
    if not session["cancel_url"]:
        return ""
    return f'<p><a href="{escape(session["cancel_url"])}">{w["back"]}</a></p>'


def choice_page(seller, subject, action, token, choices, accepted=""):
    """A page with two ends: the first of `choices` is the main button."""
    language, w = words(None, accepted)
    question = w["choice:redirect" if choices[0] == "allow" else "choice:onboard"]
    buttons = button(choices[0], w[choices[0]], "pay") + button(choices[1], w[choices[1]])
    body = f"""<p>{escape(seller)} – {escape(subject)}</p>
<form method="post" action="{escape(action)}">
<input type="hidden" name="token" value="{escape(token)}">
{buttons}
</form>"""
    return page(language, question, body)


def message_page(name, accepted="", **facts):
    language, w = words(None, accepted)
    return page(language, w[name], f"<p>{escape(w[f'{name}:text'].format(**facts))}</p>")
