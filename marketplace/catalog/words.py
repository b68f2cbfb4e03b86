"""What the catalog's codes are called, in the reader's language."""

from __future__ import annotations

from flask_babel import gettext

from marketplace.kernel.errors import N_

CATEGORIES = {
    "coffee": N_("Coffee"),
    "tea": N_("Tea"),
    "cocoa": N_("Cocoa"),
    "spice": N_("Spices"),
    "sugar": N_("Palm sugar"),
    "honey": N_("Honey"),
    "salt": N_("Salt"),
    "snack": N_("Snacks"),
    "staple": N_("Rice, sago and flour"),
    "nut": N_("Nuts"),
    "fruit": N_("Fruit"),
    "seafood": N_("Seafood"),
    "beverage": N_("Drinks"),
    "condiment": N_("Sambal and sauces"),
    "herbal": N_("Herbal goods"),
    "extract": N_("Resins and extracts"),
    "oil": N_("Oils"),
    "essential-oil": N_("Essential oils"),
    "cosmetic": N_("Cosmetics"),
    "textile": N_("Batik and textiles"),
    "wickerwork": N_("Rattan and wicker"),
    "wood": N_("Woodwork"),
    "furniture": N_("Furniture"),
    "pottery": N_("Pottery"),
    "leather": N_("Leather"),
    "jewellery": N_("Jewelry"),
    "instrument": N_("Musical instruments"),
    "craft": N_("Other crafts"),
    "charcoal": N_("Charcoal"),
}
CERTIFICATES = {
    "halal": N_("Halal"),
    "svlk": N_("SVLK"),
    "organic": N_("Organic"),
    "gi": N_("GI"),
    "pirt": N_("P-IRT"),
    "bpom": N_("BPOM"),
}
CERTIFICATES_IN_FULL = {
    "halal": N_("Halal (BPJPH)"),
    "svlk": N_("SVLK legal timber"),
    "organic": N_("Organic farming"),
    "gi": N_("Geographical indication (GI)"),
    "pirt": N_("Home industry food (P-IRT)"),
    "bpom": N_("Food and drug agency (BPOM)"),
}
ISLANDS = {
    "sumatra": N_("Sumatra"),
    "java": N_("Java"),
    "bali-and-nusa-tenggara": N_("Bali and Nusa Tenggara"),
    "kalimantan": N_("Kalimantan"),
    "sulawesi": N_("Sulawesi"),
    "maluku": N_("Maluku"),
    "papua": N_("Papua"),
}
STATES = {
    "draft": N_("Draft"),
    "published": N_("In the shop"),
    "withdrawn": N_("Withdrawn"),
}


def category_name(category: str) -> str:
    return str(gettext(CATEGORIES.get(category, category)))


def certificate_name(kind: str) -> str:
    return str(gettext(CERTIFICATES.get(kind, kind)))


def certificate_in_full(kind: str) -> str:
    return str(gettext(CERTIFICATES_IN_FULL.get(kind, kind)))


def island_name(slug: str) -> str:
    return str(gettext(ISLANDS.get(slug, slug)))


def state_name(state: str) -> str:
    return str(gettext(STATES[state]))
