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

WORDS = {
    "en": {
        "test": "Test page",
        "no_money": "No real money moves here. This page stands for Stripe’s while testing.",
        "heading": "Pay {seller}",
        "order": "Your order",
        "shipping": "Shipping",
        "total": "Total",
        "email": "Email",
        "methods": "Payment methods",
        "pay:card": "Pay with test card",
        "pay:kr_card": "Pay with Korean card",
        "pay:kakao_pay": "Pay with Kakao Pay",
        "pay:naver_pay": "Pay with Naver Pay",
        "pay:payco": "Pay with PAYCO",
        "pay:samsung_pay": "Pay with Samsung Pay",
        "card": "Test card number",
        "endings": "Other endings",
        "method": "Method for these endings",
        "method:card": "Card",
        "method:kr_card": "Korean card",
        "method:kakao_pay": "Kakao Pay",
        "method:naver_pay": "Naver Pay",
        "method:payco": "PAYCO",
        "method:samsung_pay": "Samsung Pay",
        "fail": "End with a failed payment",
        "async": "End with a delayed payment",
        "expire": "Expire this page",
        "cancel": "Cancel and return to the shop",
        "failed": "The payment failed.",
        "again": "You can try again.",
        "closed:complete": "This payment is complete.",
        "closed:expired": "This payment page has expired.",
        "back": "Return to the shop",
        "choice:redirect": "Authorize this payment?",
        "choice:onboard": "Register this account for payouts",
        "allow": "Authorize",
        "refuse": "Refuse",
        "finish": "Finish onboarding",
        "later": "Leave unfinished",
        "home": "Stripe stand-in",
        "home:text": "API {version}. Nothing here moves real money.",
        "not_found": "Not found",
        "not_found:text": "There is no page at this address.",
        "stale": "This form is out of date",
        "stale:text": "Go back, load the page again and repeat the step.",
        "done": "Done",
        "done:text": "You can close this page.",
        "succeed": "succeeds",
        "card_declined": "declined",
        "insufficient_funds": "insufficient funds",
        "expired_card": "expired card",
        "processing_error": "processing error",
        "authenticate": "succeeds after authentication",
        "bypass_pending": "succeeds, money available at once",
        "dispute": "succeeds, then disputed",
        "refund_fail": "succeeds, refund fails",
        "refund_pending": "succeeds, refund pending",
    },
    "ko": {
        "test": "시험 페이지",
        "no_money": "실제 돈은 오가지 않습니다. 시험할 때 Stripe 결제 페이지를 대신합니다.",
        "heading": "{seller} 결제",
        "order": "주문 내용",
        "shipping": "배송비",
        "total": "합계",
        "email": "이메일",
        "methods": "결제 수단",
        "pay:card": "시험 카드로 결제",
        "pay:kr_card": "한국 카드로 결제",
        "pay:kakao_pay": "카카오페이로 결제",
        "pay:naver_pay": "네이버페이로 결제",
        "pay:payco": "페이코로 결제",
        "pay:samsung_pay": "삼성페이로 결제",
        "card": "시험 카드 번호",
        "endings": "다른 결말",
        "method": "아래 결말에 쓸 수단",
        "method:card": "카드",
        "method:kr_card": "한국 카드",
        "method:kakao_pay": "카카오페이",
        "method:naver_pay": "네이버페이",
        "method:payco": "페이코",
        "method:samsung_pay": "삼성페이",
        "fail": "결제 실패로 끝내기",
        "async": "결제 지연으로 끝내기",
        "expire": "이 페이지 만료시키기",
        "cancel": "취소하고 상점으로 돌아가기",
        "failed": "결제에 실패했습니다.",
        "again": "다시 시도할 수 있습니다.",
        "closed:complete": "결제를 마친 페이지입니다.",
        "closed:expired": "만료되어 닫힌 결제 페이지입니다.",
        "back": "상점으로 돌아가기",
        "choice:redirect": "이 결제를 승인하시겠습니까?",
        "choice:onboard": "정산 계정 등록",
        "allow": "승인",
        "refuse": "거절",
        "finish": "등록 마치기",
        "later": "나중에 하기",
        "home": "Stripe 대역",
        "home:text": "API {version}. 여기서는 실제 돈이 오가지 않습니다.",
        "not_found": "페이지를 찾을 수 없습니다",
        "not_found:text": "이 주소에는 페이지가 없습니다.",
        "stale": "오래된 양식입니다",
        "stale:text": "앞 페이지로 돌아가 새로 연 다음 다시 시도해 주세요.",
        "done": "완료",
        "done:text": "이 페이지를 닫아도 됩니다.",
        "succeed": "승인",
        "card_declined": "거절",
        "insufficient_funds": "잔액 부족",
        "expired_card": "유효 기간 지남",
        "processing_error": "처리 오류",
        "authenticate": "인증 후 승인",
        "bypass_pending": "승인, 대금 즉시 사용 가능",
        "dispute": "승인 후 이의 제기",
        "refund_fail": "승인, 환불 실패",
        "refund_pending": "승인, 환불 대기",
    },
    "id": {
        "test": "Halaman uji",
        "no_money": "Tidak ada uang sungguhan. Halaman ini menggantikan halaman Stripe saat menguji.",
        "heading": "Bayar ke {seller}",
        "order": "Pesanan Anda",
        "shipping": "Ongkos kirim",
        "total": "Total",
        "email": "Email",
        "methods": "Metode pembayaran",
        "pay:card": "Bayar dengan kartu uji",
        "pay:kr_card": "Bayar dengan kartu Korea",
        "pay:kakao_pay": "Bayar dengan Kakao Pay",
        "pay:naver_pay": "Bayar dengan Naver Pay",
        "pay:payco": "Bayar dengan PAYCO",
        "pay:samsung_pay": "Bayar dengan Samsung Pay",
        "card": "Nomor kartu uji",
        "endings": "Akhir yang lain",
        "method": "Metode untuk akhir berikut",
        "method:card": "Kartu",
        "method:kr_card": "Kartu Korea",
        "method:kakao_pay": "Kakao Pay",
        "method:naver_pay": "Naver Pay",
        "method:payco": "PAYCO",
        "method:samsung_pay": "Samsung Pay",
        "fail": "Akhiri dengan pembayaran gagal",
        "async": "Akhiri dengan pembayaran tertunda",
        "expire": "Tutup halaman ini",
        "cancel": "Batalkan dan kembali ke toko",
        "failed": "Pembayaran gagal.",
        "again": "Anda dapat mencoba lagi.",
        "closed:complete": "Pembayaran ini sudah selesai.",
        "closed:expired": "Halaman pembayaran ini sudah ditutup.",
        "back": "Kembali ke toko",
        "choice:redirect": "Setujui pembayaran ini?",
        "choice:onboard": "Daftarkan akun ini untuk pencairan",
        "allow": "Setujui",
        "refuse": "Tolak",
        "finish": "Selesaikan pendaftaran",
        "later": "Biarkan dulu",
        "home": "Pengganti Stripe",
        "home:text": "API {version}. Tidak ada uang sungguhan di sini.",
        "not_found": "Tidak ditemukan",
        "not_found:text": "Tidak ada halaman di alamat ini.",
        "stale": "Formulir ini sudah usang",
        "stale:text": "Kembalilah, muat ulang halaman, lalu ulangi langkahnya.",
        "done": "Selesai",
        "done:text": "Anda dapat menutup halaman ini.",
        "succeed": "berhasil",
        "card_declined": "ditolak",
        "insufficient_funds": "saldo kurang",
        "expired_card": "kartu kedaluwarsa",
        "processing_error": "galat pemrosesan",
        "authenticate": "berhasil setelah autentikasi",
        "bypass_pending": "berhasil, dana langsung tersedia",
        "dispute": "berhasil, lalu disengketakan",
        "refund_fail": "berhasil, pengembalian gagal",
        "refund_pending": "berhasil, pengembalian tertunda",
    },
}
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
