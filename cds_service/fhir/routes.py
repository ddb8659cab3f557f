"""Routes of administration, as far as requirements tell them apart, from codes or common words."""

from __future__ import annotations

import re

from cds_service.core.timeline import Route
from cds_service.fhir.structs import CodeableConcept

_SNOMED = ("http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96")
_HL7 = ("http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration", "urn:oid:2.16.840.1.113883.5.112")
_NCI = ("http://ncimeta.nci.nih.gov", "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl")
_EDQM = ("http://standardterms.edqm.eu",)
_LISTED = (
    (_SNOMED, Route.INTRAVENOUS, ("47625008", "418114005", "419993007")),
    (_SNOMED, Route.ORAL, ("26643006",)),
    (_SNOMED, Route.INTRAMUSCULAR, ("78421000",)),
    (_HL7, Route.INTRAVENOUS, ("IV", "IVINJ", "IVINJBOL", "IVPUSH", "IVINFUS", "IVC")),
    (_HL7, Route.ORAL, ("PO",)),
    (_HL7, Route.INTRAMUSCULAR, ("IM",)),
    (_NCI, Route.INTRAVENOUS, ("C38276",)),
    (_NCI, Route.ORAL, ("C38288",)),
    (_NCI, Route.INTRAMUSCULAR, ("C28161",)),
    (_EDQM, Route.INTRAVENOUS, ("20045000",)),
    (_EDQM, Route.ORAL, ("20053000",)),
    (_EDQM, Route.INTRAMUSCULAR, ("20035000",)),
)
_CODES = {(system, code): route for systems, route, codes in _LISTED for system in systems for code in codes}
_SYSTEMS = frozenset(system for system, _ in _CODES)
_WORDS = (
    (re.compile(r"\b(?:intra-?venous\w*|i\.?v\.?|ivpb)(?![\w.])", re.IGNORECASE), Route.INTRAVENOUS),
    (re.compile(r"\b(?:oral\w*|by mouth|p\.?o\.?)(?![\w.])", re.IGNORECASE), Route.ORAL),
    (re.compile(r"\b(?:intra-?muscular\w*|i\.?m\.?)(?![\w.])", re.IGNORECASE), Route.INTRAMUSCULAR),
)


def read_route(concept: CodeableConcept | None) -> Route | None:
    """The route; `other` when it is stated and none of those told apart.

    None when nothing is stated that can be read: a code without words, of a system not listed here, says no route.
    """
    if concept is None:
        return None
    written, codes = [concept.text], []
    is_known_system = False
    for coding in concept.coding or ():
        route = _CODES.get((coding.system or "", coding.code or ""))
        if route is not None:
            return route
        is_known_system = is_known_system or coding.system in _SYSTEMS
        written.append(coding.display)
        codes.append(coding.code)
    for text in (*written, *codes):
        if not text:
            continue
        for pattern, route in _WORDS:
            if pattern.search(text):
                return route
    return Route.OTHER if is_known_system or any(text and text.strip() for text in written) else None
