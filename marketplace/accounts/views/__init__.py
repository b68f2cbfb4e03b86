from __future__ import annotations

from marketplace.accounts.views.reader import front
from marketplace.accounts.views.sign_in import accounts

blueprints = (accounts, front)
