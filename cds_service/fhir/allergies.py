"""Allergies and intolerances: to what, how grave, how sure. What an entry denies is no allergy.

Source: the requirement on hypersensitivity (docs/labels). Knows no label.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cds_service.core.timeline import AllergyFact
from cds_service.fhir.codes import NO_CONCEPTS, CodeIndex
from cds_service.fhir.dates import DateReader
from cds_service.fhir.plain import as_list, codes_of, concepts_in, plain
from cds_service.fhir.record import Chart, Shelf, is_code, reference_of
from cds_service.fhir.structs import CodeableConcept, Resource

_REFUTED = frozenset({"refuted", "entered-in-error"})
_UNSURE = frozenset({"unconfirmed", "presumed", "provisional"})
_RESOLVED = frozenset({"resolved", "inactive"})
_HIGH = frozenset({"high", "CRITH"})
_SNOMED = "http://snomed.info/sct"
_GRAVE_CODES = frozenset({"39579001", "41291007", "4386001"})  # anaphylaxis, angioedema, bronchospasm
_GRAVE_WORDS = re.compile(r"anaphyla|angio-?o?edema|bronchospasm", re.IGNORECASE)
_CLAUSE_ENDS = re.compile(r"[;,.()\[\]\n]+")
_DENIAL = re.compile(r"\b(?:no|not|never|denie[sd]|deny|without|negative|nil)\b", re.IGNORECASE)
_EXCEPTION = re.compile(r"\b(?:except|excluding|besides|but|other than|apart from)\b", re.IGNORECASE)
_MOST_TEXT = 500


class AllergyReader:
    """Reads allergies of one record. `shelf` is asked for only when a manifestation is referred to."""

    def __init__(self, index: CodeIndex, dates: DateReader, shelf: Callable[[], Shelf]) -> None:
        self._index, self._dates, self._shelf = index, dates, shelf

    def allergy(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File an allergy to a substance the label knows, by code or by name, unless it is refuted or denied."""
        concepts, is_denied = self._substances(resource)
        reference = reference_of(resource, full_url)
        verification = codes_of(resource.verificationStatus) | codes_of(resource.status)
        if not concepts:
            is_odd = resource.code is not None and not isinstance(resource.code, CodeableConcept)
            if is_odd and not verification & _REFUTED:
                chart.drop(reference, "unreadable", self._index.own)
            return
        if verification & _REFUTED:
            if "entered-in-error" in verification:
                chart.drop(reference, "entered-in-error")
            return
        text = resource.recordedDate or resource.onsetDateTime
        is_grave = is_code(resource.criticality, _HIGH) or any(
            self._is_grave(reaction, resource) for reaction in _reactions(resource)
        )
        chart.allergies.append(
            AllergyFact(
                reference,
                concepts,
                self._dates.read(text) if text else None,
                grave=is_grave,
                unsure=is_denied or bool(verification & _UNSURE),
                resolved=bool(codes_of(resource.clinicalStatus) & _RESOLVED),
            )
        )

    def concepts(self, resource: Resource) -> frozenset[str]:
        """Concepts of the substances an allergy is to."""
        return self._substances(resource)[0]

    def _substances(self, resource: Resource) -> tuple[frozenset[str], bool]:
        """Concepts of the substances, and whether the words deny what a code says."""
        written = [resource.code] if isinstance(resource.code, CodeableConcept) else []
        if isinstance(resource.code, str):
            written = [CodeableConcept(text=resource.code)]
        for reaction in _reactions(resource):
            written += concepts_in(reaction.get("substance"))
        found, is_denied = NO_CONCEPTS, False
        for concept in written:
            texts = [concept.text, *(coding.display for coding in concept.coding or ())]
            coded = self._index.coded(concept)
            named = self._index.named(affirmed(text) for text in texts if text)
            is_denied = is_denied or bool(coded and not named and self._index.named(texts))
            found |= coded | named
        return found, is_denied

    def _is_grave(self, reaction: dict[str, Any], holder: Resource) -> bool:
        """Anaphylaxis, angioedema, bronchospasm, or a severe reaction."""
        if reaction.get("severity") == "severe":
            return True
        described = reaction.get("description")
        texts = [described if isinstance(described, str) else None]
        for concept in self._manifestations(reaction, holder):
            texts.append(concept.text)
            for coding in concept.coding or ():
                if coding.system == _SNOMED and coding.code in _GRAVE_CODES:
                    return True
                texts.append(coding.display)
        return any(_GRAVE_WORDS.search(affirmed(text)) for text in texts if text)

    def _manifestations(self, reaction: dict[str, Any], holder: Resource) -> list[CodeableConcept]:
        """As concepts (R4), or as references that hold one or point at the observation (R5)."""
        written = reaction.get("manifestation")
        found = concepts_in(written)
        for item in as_list(written):
            reference = item.get("reference") if isinstance(item, dict) else None
            if not isinstance(reference, dict):
                continue
            display, link = reference.get("display"), reference.get("reference")
            if isinstance(display, str):
                found.append(CodeableConcept(text=display))
            observed = self._shelf().find(link, holder) if isinstance(link, str) else None
            if observed is not None and isinstance(observed.code, CodeableConcept):
                found.append(observed.code)
        return found


def affirmed(text: str) -> str:
    """What a text affirms: clause by clause, what stands before a denial, or is excepted from it."""
    kept = []
    for clause in _CLAUSE_ENDS.split(text[:_MOST_TEXT]):
        denial = _DENIAL.search(clause)
        if denial is None:
            kept.append(clause)
            continue
        kept.append(clause[: denial.start()])
        exception = _EXCEPTION.search(clause, denial.end())
        kept.append(clause[exception.end() :] if exception is not None else "")
    return "; ".join(kept)


def _reactions(resource: Resource) -> list[dict[str, Any]]:
    return [item for item in as_list(plain(resource.reaction)) if isinstance(item, dict)]
