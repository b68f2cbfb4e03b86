"""Drawings: numbers and names in, SVG out.

Nothing here reads the database or knows a request. A drawing carries no style attribute and no
color, only classes of `static/css/drawing.css` and `chart.css`; so one drawing serves light, dark
and print, and a strict content policy holds. The same input always gives the same drawing.
Templates reach these functions as `draw`. Amounts come in formatted, or with a function that
formats them; a table or list with the same figures stands near every chart.
"""

from marketplace.drawings.bars import meter, spark, split_bar, swatch
from marketplace.drawings.charts import area, stacked
from marketplace.drawings.cloth import cloth
from marketplace.drawings.dyes import (
    BARK,
    CELADON,
    FAMILY,
    GARDENIA,
    INDIGO,
    LEAF,
    MADDER,
    SAPPAN,
)
from marketplace.drawings.flow import Node, flow
from marketplace.drawings.provincemap import PROVINCES, province_map
from marketplace.drawings.qr import qr
from marketplace.drawings.seals import fingerprint, mark, seal
from marketplace.drawings.tiles import KINDS, MOTIFS, coop_tile, motif_field, product_tile
from marketplace.drawings.typography import hold_dots, small_won

__all__ = [
    "BARK",
    "CELADON",
    "FAMILY",
    "GARDENIA",
    "INDIGO",
    "KINDS",
    "LEAF",
    "MADDER",
    "MOTIFS",
    "PROVINCES",
    "SAPPAN",
    "Node",
    "area",
    "cloth",
    "coop_tile",
    "fingerprint",
    "flow",
    "hold_dots",
    "mark",
    "meter",
    "motif_field",
    "product_tile",
    "province_map",
    "qr",
    "seal",
    "small_won",
    "spark",
    "split_bar",
    "stacked",
    "swatch",
]
