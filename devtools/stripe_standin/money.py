"""Currencies, limits, exchange rates and fees.

Rates and fees are illustrative constants: they make the numbers behave like
real ones (a fee is taken, KRW settles in another currency), not equal them.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

ZERO_DECIMAL = frozenset(
    [
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "ugx",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    ]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
SYMBOLS = {"usd": "$", "krw": "₩", "eur": "€", "gbp": "£", "jpy": "¥", "idr": "Rp", "sgd": "S$"}

# one major unit in US dollars
RATES = {
    "usd": "1",
    "eur": "1.08",
    "gbp": "1.27",
    "sgd": "0.74",
    "jpy": "0.0067",
    "krw": "0.00072",
    "idr": "0.000062",
    "aud": "0.66",
    "hkd": "0.128",
    "cad": "0.73",
    "cny": "0.139",
    "myr": "0.225",
    "thb": "0.029",
    "php": "0.0175",
    "vnd": "0.000039",
    "inr": "0.0119",
    "twd": "0.031",
    "chf": "1.12",
    "nzd": "0.6",
    "sek": "0.095",
    "nok": "0.094",
    "dkk": "0.145",
    "mxn": "0.055",
    "brl": "0.18",
    "isk": "0.0072",
    "huf": "0.0027",
    "kwd": "3.25",
    "bhd": "2.65",
}

KOREAN_METHODS = ("kr_card", "kakao_pay", "naver_pay", "payco", "samsung_pay")
# payment method -> currencies it can present
METHOD_CURRENCIES = {m: ("krw",) for m in KOREAN_METHODS}
METHOD_MAXIMUM = {"samsung_pay": 2_000_000}
METHOD_MINIMUM = {m: 100 for m in KOREAN_METHODS}


def decimals(currency):
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def known(currency):
    return currency in RATES or currency in ZERO_DECIMAL or currency in THREE_DECIMAL


def major(amount, currency):
    return Decimal(amount).scaleb(-decimals(currency))


def show(amount, currency):
    places = decimals(currency)
    text = "{:,.{p}f}".format(major(amount, currency), p=places)
    if currency in SYMBOLS:
        return SYMBOLS[currency] + text
    return f"{text} {currency.upper()}"


def rate(source, target):
    if source == target:
        return Decimal(1)
    one = Decimal(RATES.get(source, "1")) / Decimal(RATES.get(target, "1"))
    return one.quantize(Decimal("1e-8"), ROUND_HALF_UP)


def convert(amount, source, target):
    if source == target:
        return amount
    value = major(amount, source) * rate(source, target)
    return int(value.scaleb(decimals(target)).quantize(Decimal(1), ROUND_HALF_UP))


def minimum(currency):
    """About half a US dollar, rounded up to a round figure."""
    if currency == "krw":
        return 100
    table = {
        "usd": 50,
        "eur": 50,
        "gbp": 30,
        "sgd": 50,
        "jpy": 50,
        "aud": 50,
        "cad": 50,
        "hkd": 400,
    }
    if currency in table:
        return table[currency]
    return max(1, convert(50, "usd", currency))


def maximum(currency):
    return 999_999_999_999 if currency == "idr" else 99_999_999


class Fees:
    def __init__(
        self,
        country="US",
        settlement="usd",
        percent="2.9",
        fixed=30,
        international="1.5",
        conversion="1",
        dispute=1500,
    ):
        self.country, self.settlement = country, settlement
        self.percent, self.fixed = Decimal(percent), fixed
        self.international, self.conversion = Decimal(international), Decimal(conversion)
        self.dispute = dispute

    def charge(self, amount, presented, card_country):
        """(amount, fee, details, exchange rate) in the settlement currency."""
        settled = convert(amount, presented, self.settlement)
        percent = self.percent
        if card_country != self.country:
            percent += self.international
        if presented != self.settlement:
            percent += self.conversion
        fixed = convert(self.fixed, "usd", self.settlement)
        fee = int((Decimal(settled) * percent / 100).quantize(Decimal(1), ROUND_HALF_UP)) + fixed
        fee = min(fee, settled)
        details = [
            {
                "amount": fee,
                "application": None,
                "currency": self.settlement,
                "description": "Stripe processing fees",
                "type": "stripe_fee",
            }
        ]
        exchange = None if presented == self.settlement else float(rate(presented, self.settlement))
        return settled, fee, details, exchange
