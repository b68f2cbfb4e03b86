"""What staff and the public read of programs, funds and pledges."""

from __future__ import annotations

from marketplace.reinvestment.queries.funds import (
    allocated_by_fund,
    committed_of,
    free_for,
    free_in,
    paid_of,
)
from marketplace.reinvestment.queries.payments import (
    Payment,
    count_waiting_disbursements,
    find_settled,
    get_disbursement,
    list_disbursements,
    list_payments,
    list_waiting_disbursements,
    waiting_of,
)
from marketplace.reinvestment.queries.places import (
    VillagePlace,
    find_place,
    find_places,
    list_cooperatives_in,
    list_villages_by_district,
    search_places,
)
from marketplace.reinvestment.queries.pledges import (
    PledgeRow,
    get_pledge,
    list_pledges,
    list_sponsors,
    received_of,
)
from marketplace.reinvestment.queries.programs import (
    ProgramFacts,
    ProgramRow,
    count_by_state,
    get_program,
    get_public_program,
    list_facts,
    list_programs,
    list_programs_of_village,
)
from marketplace.reinvestment.queries.spending import (
    PaidPart,
    Source,
    list_sources,
    paid_parts,
)
from marketplace.reinvestment.queries.trace import (
    Backing,
    LotShare,
    ShareTrace,
    backing_of,
    list_uses,
    trace_order,
)

__all__ = [
    "Backing",
    "LotShare",
    "PaidPart",
    "Payment",
    "PledgeRow",
    "ProgramFacts",
    "ProgramRow",
    "ShareTrace",
    "Source",
    "VillagePlace",
    "allocated_by_fund",
    "backing_of",
    "committed_of",
    "count_by_state",
    "count_waiting_disbursements",
    "find_place",
    "find_places",
    "find_settled",
    "free_for",
    "free_in",
    "get_disbursement",
    "get_pledge",
    "get_program",
    "get_public_program",
    "list_cooperatives_in",
    "list_disbursements",
    "list_facts",
    "list_payments",
    "list_pledges",
    "list_programs",
    "list_programs_of_village",
    "list_sources",
    "list_sponsors",
    "list_uses",
    "list_villages_by_district",
    "list_waiting_disbursements",
    "paid_of",
    "paid_parts",
    "received_of",
    "search_places",
    "trace_order",
    "waiting_of",
]
