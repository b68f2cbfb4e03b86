"""Imported before the application: what only developers install is not found, as in production.

The log would load `rich` wherever it is.
"""

import sys

sys.modules["rich"] = None  # type: ignore[assignment]
