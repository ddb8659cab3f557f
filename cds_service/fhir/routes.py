"""Routes of administration, as far as requirements tell them apart, from codes or common words."""

from __future__ import annotations

import re

from cds_service.core.timeline import Route
from cds_service.fhir.structs import CodeableConcept

_CODES = {
    ("http://snomed.info/sct", "47625008"): Route.INTRAVENOUS,
    ("http://snomed.info/sct", "26643006"): Route.ORAL,
    ("http://snomed.info/sct", "78421000"): Route.INTRAMUSCULAR,
    ("http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration", "IV"): Route.INTRAVENOUS,
    ("http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration", "IVINJ"): Route.INTRAVENOUS,
    ("http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration", "IVPUSH"): Route.INTRAVENOUS,
    ("http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration", "IVINFUS"): Route.INTRAVENOUS,
    ("http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration", "PO"): Route.ORAL,
    ("http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration", "IM"): Route.INTRAMUSCULAR,
    ("http://ncimeta.nci.nih.gov", "C38276"): Route.INTRAVENOUS,
    ("http://ncimeta.nci.nih.gov", "C38288"): Route.ORAL,
    ("http://ncimeta.nci.nih.gov", "C28161"): Route.INTRAMUSCULAR,
}
_WORDS = (
    (re.compile(r"\b(?:intravenous\w*|i\.?v\.?|ivpb)(?![\w.])", re.IGNORECASE), Route.INTRAVENOUS),
    (re.compile(r"\b(?:oral\w*|by mouth|p\.?o\.?)(?![\w.])", re.IGNORECASE), Route.ORAL),
    (re.compile(r"\b(?:intramuscular\w*|i\.?m\.?)(?![\w.])", re.IGNORECASE), Route.INTRAMUSCULAR),
)


def read_route(concept: CodeableConcept | None) -> Route | None:
    """The route; None when none is stated, `other` when it is stated and none of those told apart."""
    if concept is None:
        return None
    texts = [concept.text]
    for coding in concept.coding or ():
        route = _CODES.get((coding.system or "", coding.code or ""))
        if route is not None:
            return route
        texts += [coding.display, coding.code]
    written = [text for text in texts if text]
    for text in written:
        for pattern, route in _WORDS:
            if pattern.search(text):
                return route
    return Route.OTHER if written else None
