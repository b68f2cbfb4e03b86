"""Seven dyes both countries know; drawings use their numbers, the theme gives the colors."""

from __future__ import annotations

INDIGO, GARDENIA, MADDER, LEAF, BARK, SAPPAN, CELADON = range(1, 8)

# Dyes that lie well beside each other, the first one leading.
FAMILY = {
    INDIGO: (INDIGO, CELADON, LEAF, GARDENIA),
    GARDENIA: (GARDENIA, BARK, CELADON, LEAF),
    MADDER: (MADDER, SAPPAN, GARDENIA, BARK),
    LEAF: (LEAF, CELADON, GARDENIA, BARK),
    BARK: (BARK, GARDENIA, MADDER, CELADON),
    SAPPAN: (SAPPAN, MADDER, INDIGO, BARK),
    CELADON: (CELADON, INDIGO, LEAF, GARDENIA),
}
