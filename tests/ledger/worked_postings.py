"""Facts of one order as the books tell them: two coffees at Rp 472,000, at 11.80 rupiah a won.

Goods 100,000 won, of which 80 % go to the cooperative, 10 % are the fee and 10 % the village's
share; shipping 12,000 won. `after` is what chosen accounts hold once the entry is booked.
"""

from marketplace.kernel.money import Money, rupiah, won

TRADING = "equity:trading:idr-krw"
HELD = "liabilities:coop:gayo:held"
PAYABLE = "liabilities:coop:gayo:payable"

Story = tuple[str, list[tuple[str, Money]], dict[str, Money]]

WORKED: list[Story] = [
    (
        "A: the buyer has paid",
        [
            ("assets:stripe", won(112_000)),
            (TRADING, won(-80_000)),
            ("liabilities:deferred-fee", won(-10_000)),
            ("funds:village:held", won(-10_000)),
            ("liabilities:shipping", won(-12_000)),
            (TRADING, rupiah(944_000)),
            (HELD, rupiah(-944_000)),
        ],
        {"assets:stripe:krw": won(112_000), f"{HELD}:idr": rupiah(-944_000)},
    ),
    (
        "A: Stripe took its fee",
        [("expenses:stripe-fee", won(4_032)), ("assets:stripe", won(-4_032))],
        {"assets:stripe:krw": won(107_968), "expenses:stripe-fee:krw": won(4_032)},
    ),
    (
        "B: one coffee is refunded before its release",
        [
            ("assets:stripe", won(-50_000)),
            (TRADING, won(40_000)),
            ("liabilities:deferred-fee", won(5_000)),
            ("funds:village:held", won(5_000)),
            (TRADING, rupiah(-472_000)),
            (HELD, rupiah(472_000)),
        ],
        {"assets:stripe:krw": won(57_968), "funds:village:held:krw": won(-5_000)},
    ),
    (
        "C: the carrier sent its invoice",
        [
            ("liabilities:shipping", won(12_000)),
            ("assets:bank", won(-11_400)),
            ("income:shipping-variance", won(-600)),
        ],
        {"liabilities:shipping:krw": won(0)},
    ),
    (
        "D: the rest is released",
        [
            (HELD, rupiah(472_000)),
            (PAYABLE, rupiah(-472_000)),
            ("liabilities:deferred-fee", won(5_000)),
            ("income:platform-fee", won(-5_000)),
            ("funds:village:held", won(5_000)),
            ("funds:village:programs", won(-5_000)),
        ],
        {
            f"{HELD}:idr": rupiah(0),
            f"{PAYABLE}:idr": rupiah(-472_000),
            "liabilities:deferred-fee:krw": won(0),
            "funds:village:held:krw": won(0),
            "funds:village:programs:krw": won(-5_000),
        },
    ),
    (
        "E: the payout is sent",
        [(PAYABLE, rupiah(472_000)), ("assets:payout-transit", rupiah(-472_000))],
        {f"{PAYABLE}:idr": rupiah(0)},
    ),
    (
        "E: the payout arrived at 11.60",
        [
            ("assets:payout-transit", rupiah(472_000)),
            (TRADING, rupiah(-472_000)),
            (TRADING, won(40_000)),
            ("expenses:fx", won(690)),
            ("expenses:bank-fee", won(2_500)),
            ("assets:bank", won(-43_190)),
        ],
        {
            f"{TRADING}:krw": won(0),
            f"{TRADING}:idr": rupiah(0),
            "assets:payout-transit:idr": rupiah(0),
            "assets:bank:krw": won(-54_590),
        },
    ),
]
