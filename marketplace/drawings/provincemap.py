"""Tile map of the 38 provinces (division of 2022), keyed by the letters of ISO 3166-2:ID."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup, escape

from marketplace.drawings.svg import drawing, spoken

SIDE = 48
COLUMNS, ROWS = 19, 8

PROVINCES = {
    "AC": (0, 0, "Aceh"),
    "SU": (1, 1, "Sumatera Utara"),
    "KR": (3, 1, "Kepulauan Riau"),
    "SB": (1, 2, "Sumatera Barat"),
    "RI": (2, 2, "Riau"),
    "JA": (2, 3, "Jambi"),
    "BB": (4, 3, "Kepulauan Bangka Belitung"),
    "BE": (2, 4, "Bengkulu"),
    "SS": (3, 4, "Sumatera Selatan"),
    "LA": (3, 5, "Lampung"),
    "JK": (5, 5, "DKI Jakarta"),
    "BT": (4, 6, "Banten"),
    "JB": (5, 6, "Jawa Barat"),
    "JT": (6, 6, "Jawa Tengah"),
    "YO": (6, 7, "DI Yogyakarta"),
    "JI": (7, 6, "Jawa Timur"),
    "BA": (8, 6, "Bali"),
    "NB": (9, 6, "Nusa Tenggara Barat"),
    "NT": (10, 6, "Nusa Tenggara Timur"),
    "KB": (6, 2, "Kalimantan Barat"),
    "KT": (7, 2, "Kalimantan Tengah"),
    "KS": (8, 2, "Kalimantan Selatan"),
    "KI": (8, 1, "Kalimantan Timur"),
    "KU": (8, 0, "Kalimantan Utara"),
    "SA": (12, 1, "Sulawesi Utara"),
    "GO": (11, 1, "Gorontalo"),
    "ST": (10, 2, "Sulawesi Tengah"),
    "SR": (10, 3, "Sulawesi Barat"),
    "SN": (10, 4, "Sulawesi Selatan"),
    "SG": (11, 4, "Sulawesi Tenggara"),
    "MU": (14, 1, "Maluku Utara"),
    "MA": (14, 3, "Maluku"),
    "PD": (15, 2, "Papua Barat Daya"),
    "PB": (16, 2, "Papua Barat"),
    "PT": (17, 2, "Papua Tengah"),
    "PA": (18, 2, "Papua"),
    "PE": (18, 3, "Papua Pegunungan"),
    "PS": (18, 4, "Papua Selatan"),
}


def province_map(
    values: Mapping[str, int], title: str, *, names: Mapping[str, str] | None = None
) -> Markup:
    """Draw one tile for each province with its number, in five steps of one dye.

    `values` and `names` are keyed by the two letters ("ID-AC" is "AC"); missing names are
    Indonesian. The number stands in each tile, so color is never the only sign.
    """
    most = max(values.values(), default=1)
    names = names or {}
    body = "".join(
        _province(code, names.get(code, name), (column, row), values.get(code, 0), most)
        for code, (column, row, name) in PROVINCES.items()
    )
    return drawing("pmap", COLUMNS * SIDE, ROWS * SIDE, body, spoken(title))


def _province(code: str, name: str, place: tuple[int, int], value: int, most: int) -> str:
    step = 0 if value <= 0 else min(5, 1 + 5 * (value - 1) // max(most, 1))
    x, y = place[0] * SIDE, place[1] * SIDE
    return (
        f'<g class="pv{step}"><title>{escape(name)}: {value}</title>'
        f'<rect x="{x + 1.5}" y="{y + 1.5}" width="{SIDE - 3}" height="{SIDE - 3}"/>'
        f'<text x="{x + 7}" y="{y + 18}" class="pc">{code}</text>'
        f'<text x="{x + SIDE - 7}" y="{y + SIDE - 9}" class="pn">{value}</text></g>'
    )
