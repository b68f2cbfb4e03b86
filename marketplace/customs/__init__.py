"""What a parcel to Korea costs beyond its goods: freight, duty, VAT, limits. Rules are dated rows."""
