"""Facts of the case tables about visits and about other drugs for the disease; `case_tables` puts them in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cds_service.core.dates import When
from cds_service.core.timeline import Administration, DrugOrder, Exposure, Mention, Visit

EARLIER_DRUGS = {
    "natalizumab": ("ms-natalizumab",),
    "fingolimod": ("ms-fingolimod",),
    "Avonex": ("ms-interferon-beta-1a",),
    "Rebif": ("ms-interferon-beta-1a",),
    "Plegridy": ("ms-peginterferon-beta-1a",),
    "interferon beta-1a or peginterferon": ("ms-interferon-beta-1a", "ms-peginterferon-beta-1a"),
    "ocrelizumab": ("ms-ocrelizumab",),
    "methotrexate": ("immunosuppressant",),
    "tacrolimus ointment": ("immunosuppressant-not-systemic",),
    "prednisone": ("prednisone",),
    "ibuprofen": (),
    "an unverified code": ("ms-drug-unclear",),
    "natalizumab by an unverified code": ("ms-natalizumab", "ms-drug-unclear"),
}
EXPOSURES = {"completed": Exposure.GIVEN, "not-done": Exposure.NONE, "unknown": Exposure.UNKNOWN}
Maybe = Callable[[Mapping[str, Any], str], When | None]


def visit(number: int, item: Mapping[str, Any], maybe: Maybe) -> Visit:
    """Over unless it is written as open."""
    return Visit(
        f"Encounter/{number}",
        maybe(item, "starts"),
        maybe(item, "ends"),
        open=item.get("open", False),
        unsure=item.get("unsure", False),
    )


def earlier_statement(number: int, item: Mapping[str, Any], maybe: Maybe) -> Mention:
    """On the medication list unless it was dispensed; completed unless a status is written."""
    return Mention(
        f"Medication{'Dispense' if item.get('as') == 'dispense' else 'Statement'}/earlier-{number}",
        frozenset(EARLIER_DRUGS[item["drug"]]),
        by_text=False,
        when=maybe(item, "on"),
        ends=maybe(item, "ends"),
        closed=item.get("status", "completed") == "completed",
        dispensed=item.get("as") == "dispense",
        unsure=item.get("status") == "unknown",
        asserted_only=item.get("asserted_only", False),
    )


def earlier_order(number: int, item: Mapping[str, Any], maybe: Maybe) -> DrugOrder:
    """Completed unless a status is written."""
    status = item.get("status", "completed")
    return DrugOrder(
        reference=f"MedicationRequest/earlier-{number}",
        concepts=frozenset(EARLIER_DRUGS[item["drug"]]),
        by_text=False,
        draft=status == "draft",
        active=status == "active",
        starts=maybe(item, "starts"),
        ends=maybe(item, "ends"),
        written=maybe(item, "on"),
        days=None,
        day_count=None,
        daily_dose=None,
        route=None,
        completed=status == "completed",
        unsure=status == "unknown",
    )


def earlier_dose(number: int, item: Mapping[str, Any], maybe: Maybe) -> Administration:
    """Given unless another status is written."""
    return Administration(
        reference=f"MedicationAdministration/earlier-{number}",
        concepts=frozenset(EARLIER_DRUGS[item["drug"]]),
        by_text=False,
        exposure=EXPOSURES[item.get("status", "completed")],
        start=maybe(item, "on"),
        end=None,
        dose=None,
        route=None,
        request=None,
        identifiers=frozenset(),
        last_updated=None,
    )
