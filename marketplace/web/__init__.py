"""Flask tools for the rooms that have views: access, errors, forms, language, security."""
