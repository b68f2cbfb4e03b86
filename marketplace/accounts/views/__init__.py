from __future__ import annotations

import marketplace.accounts.views.authenticator  # noqa: F401  (its routes)
from marketplace.accounts.views.reader import front
from marketplace.accounts.views.sign_in import accounts

blueprints = (accounts, front)
