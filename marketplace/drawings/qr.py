"""A text that a phone's camera reads."""

from __future__ import annotations

import segno
from markupsafe import Markup

from marketplace.drawings.svg import drawing, spoken

BORDER = 4
"""Empty modules around the code, as ISO/IEC 18004 asks for."""


def qr(text: str, label: str) -> Markup:
    """The QR code of `text`, dark on light in every scheme, since not all cameras read it else."""
    rows = list(segno.make(text, error="m", micro=False).matrix_iter(border=BORDER))
    dark = "".join(
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    body = f'<rect width="{len(rows)}" height="{len(rows)}"/><path d="{dark}"/>'
    return drawing("qr", len(rows), len(rows), body, spoken(label))
