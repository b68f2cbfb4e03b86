from __future__ import annotations

import marketplace.reinvestment.views.admin_evidence
import marketplace.reinvestment.views.admin_pledges
import marketplace.reinvestment.views.admin_programs
import marketplace.reinvestment.views.admin_proposals
import marketplace.reinvestment.views.admin_shares
import marketplace.reinvestment.views.downloads
import marketplace.reinvestment.views.public  # noqa: F401  (their routes)
from marketplace.reinvestment.views.blueprint import admin, public

blueprints = (public, admin)
