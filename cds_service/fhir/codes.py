"""From codings and texts to concepts (value-set ids): an index built once per label, asked per resource.

Value sets arrive as arguments; nothing here knows a drug or a test.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cds_service.fhir.structs import CodeableConcept

NO_CONCEPTS: frozenset[str] = frozenset()


class CodeEntry(NamedTuple):
    """One code of a value set: every URI of its system, and whether it stands for everything below it."""

    concept: str
    systems: tuple[str, ...]
    code: str
    hierarchical: bool


class CodeIndex:
    """Answers which concepts a CodeableConcept carries.

    `names`: words of each concept, matched as whole words in texts and displays when no coding matched. `numeric`:
    concepts whose result must be a number. `member_panels` / `counting_panels`: concepts that are panels.
    """

    def __init__(
        self,
        entries: Iterable[CodeEntry],
        names: Mapping[str, tuple[str, ...]],
        *,
        numeric: frozenset[str] = NO_CONCEPTS,
        member_panels: frozenset[str] = NO_CONCEPTS,
        counting_panels: frozenset[str] = NO_CONCEPTS,
    ) -> None:
        self.exact: dict[str, dict[str, frozenset[str]]] = {}
        self._below: dict[str, dict[str, frozenset[str]]] = {}
        for entry in entries:
            for system in entry.systems:
                by_code = self.exact.setdefault(system, {})
                by_code[entry.code] = by_code.get(entry.code, NO_CONCEPTS) | {entry.concept}
                if entry.hierarchical:
                    below = self._below.setdefault(system, {})
                    below[entry.code] = below.get(entry.code, NO_CONCEPTS) | {entry.concept}
        self.numeric = numeric
        self.member_panels = member_panels
        self.panels = member_panels | counting_panels
        self._concept_of_name = {name.lower(): concept for concept, words in names.items() for name in words}
        ordered = sorted(self._concept_of_name, key=len, reverse=True)
        self._names = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, ordered))})(?![\w-])", re.IGNORECASE)
        self._any_name = bool(ordered)

    def coded(self, concept: CodeableConcept | str | None) -> frozenset[str]:
        """Concepts by code alone: any matching coding decides."""
        if concept is None or concept.__class__ is str:
            return NO_CONCEPTS
        codings = concept.coding  # type: ignore[union-attr]  # a str was answered above
        if not codings:
            return NO_CONCEPTS
        found = NO_CONCEPTS
        for coding in codings:
            by_code = self.exact.get(coding.system)  # type: ignore[arg-type]  # None is simply not a key
            if by_code is None:
                continue
            hit = by_code.get(coding.code)  # type: ignore[arg-type]  # None is simply not a key
            if hit is None and coding.system in self._below and coding.code:
                hit = self._ancestor(coding.system, coding.code)
            if hit is not None:
                found = hit if not found else found | hit
        return found

    def _ancestor(self, system: str, code: str) -> frozenset[str] | None:
        """The longest listed code this one stands below: in ICD-10-CM a leaf's prefix is its parent."""
        below = self._below[system]
        for length in range(len(code) - 1, 2, -1):
            if (hit := below.get(code[:length].rstrip("."))) is not None:
                return hit
        return None

    def named(self, texts: Iterable[str | None]) -> frozenset[str]:
        """Concepts by name: the longest name found in any of the texts."""
        if not self._any_name:
            return NO_CONCEPTS
        hits = [match.group(0).lower() for text in texts if text for match in self._names.finditer(text)]
        if not hits:
            return NO_CONCEPTS
        return frozenset({self._concept_of_name[hit] for hit in hits})

    def drug(self, concept: CodeableConcept | None, display: str | None = None) -> tuple[frozenset[str], bool]:
        """Concepts of a medication, and whether only its name matched."""
        found = self.coded(concept)
        if found:
            return found, False
        texts = [display]
        if concept is not None:
            texts.append(concept.text)
            texts += [coding.display for coding in concept.coding or ()]
        found = self.named(texts)
        return found, bool(found)
