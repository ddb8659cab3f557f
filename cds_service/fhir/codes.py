"""From codings and texts to concepts (value-set ids): an index built once per label, asked per resource.

Value sets arrive as arguments; nothing here knows a drug or a test.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from cds_service.fhir.structs import CodeableConcept

_GAP = r"[\s_-]+"
_GAPS = re.compile(_GAP)
_LETTER = r"[^\W\d_]"
_WORDS = re.compile(rf"{_LETTER}+|\d+")
_LONGEST_NAME = 200  # what a client writes is never kept at any length
_MOST_NAMES = 4096
_SHORTEST_PREFIX = 2  # an ICD-10 category has three characters, ten categories share two
NO_CONCEPTS: frozenset[str] = frozenset()
# Systems of diagnoses: what carries such a code may stand in a Condition.
DIAGNOSES = ("http://hl7.org/fhir/sid/icd-10-cm", "urn:oid:2.16.840.1.113883.6.90")


_NO_VALUES: Mapping[str, tuple[str, str | None]] = MappingProxyType({})


class CodeEntry(NamedTuple):
    """One code of a value set: every URI of its system, and whether it stands for everything below it."""

    concept: str
    systems: tuple[str, ...]
    code: str
    hierarchical: bool


class Special(NamedTuple):
    """Concepts that are read in a way of their own.

    `values`: concepts whose value matters, with what is read of it ("count" in a UCUM unit, or "outcome").
    `name_decides`: drugs whose written name decides. `examinations`: concepts that the reason of a finished visit shows
    as done. `own`: concepts of the label's own drug. `other`: of another product of its ingredient.
    """

    values: Mapping[str, tuple[str, str | None]] = _NO_VALUES
    name_decides: frozenset[str] = NO_CONCEPTS
    examinations: frozenset[str] = NO_CONCEPTS
    own: frozenset[str] = NO_CONCEPTS
    other: frozenset[str] = NO_CONCEPTS


class CodeIndex:
    """Answers which concepts a CodeableConcept carries.

    `names`: words of each concept, matched in texts and displays when no coding matched, never within a longer word;
    the words of a name may be parted by spaces, hyphens or underscores. `numeric`: concepts whose result must be a
    number. `member_panels` / `counting_panels`: concepts that are panels.
    """

    def __init__(
        self,
        entries: Iterable[CodeEntry],
        names: Mapping[str, tuple[str, ...]],
        *,
        numeric: frozenset[str] = NO_CONCEPTS,
        member_panels: frozenset[str] = NO_CONCEPTS,
        counting_panels: frozenset[str] = NO_CONCEPTS,
        special: Special | None = None,
    ) -> None:
        self.exact: dict[str, dict[str, frozenset[str]]] = {}
        self._below: dict[str, dict[str, frozenset[str]]] = {}
        self._concepts_of: dict[tuple[str, ...], frozenset[str]] = {}
        self._forms_of: dict[str, frozenset[str]] = {}
        for entry in entries:
            for system in entry.systems:
                by_code = self.exact.setdefault(system, {})
                by_code[entry.code] = by_code.get(entry.code, NO_CONCEPTS) | {entry.concept}
                if entry.hierarchical:
                    below, code = self._below.setdefault(system, {}), _undotted(entry.code)
                    below[code] = below.get(code, NO_CONCEPTS) | {entry.concept}
        self.numeric = numeric
        known = special or Special()
        self.values, self.name_decides = known.values, known.name_decides
        self.examinations, self.own, self.other = known.examinations, known.own, known.other
        self.member_panels = member_panels
        self.panels = member_panels | counting_panels
        self._concept_of_name = {_folded(name): concept for concept, words in names.items() for name in words}
        ordered = sorted(self._concept_of_name, key=len, reverse=True)
        patterns = "|".join(_GAP.join(map(re.escape, name.split())) for name in ordered)
        self._names = re.compile(rf"(?<!{_LETTER})(?:{patterns})(?!{_LETTER})", re.IGNORECASE)
        self._any_name = bool(ordered)
        self._first_words = frozenset({word for name in ordered for word in _WORDS.findall(name)[:1]})
        # Names repeat from chart to chart: remembered, a vaccine or an allergy takes a tenth of the time.
        self._in_short_text = lru_cache(maxsize=_MOST_NAMES)(self._in_text)

    def alias(self, system: str, others: Iterable[str]) -> None:
        """Let other URIs stand for a system."""
        for known in (self.exact, self._below):
            if system in known:
                for other in others:
                    known.setdefault(other, known[system])
        self._forms_of.clear()

    def coded(self, concept: CodeableConcept | str | list[Any] | None) -> frozenset[str]:
        """Concepts by code alone: any matching coding decides."""
        if concept.__class__ is not CodeableConcept:
            return NO_CONCEPTS
        codings = concept.coding
        if not codings:
            return self.coded(concept.concept) if concept.concept is not None else NO_CONCEPTS
        found = NO_CONCEPTS
        for coding in codings:
            by_code = self.exact.get(coding.system)  # type: ignore[arg-type]  # None is simply not a key
            if by_code is None:
                continue
            hit = by_code.get(coding.code)  # type: ignore[arg-type]  # None is simply not a key
            if hit is None and coding.system in self._below and coding.code:
                hit = self._ancestor(coding.system, _undotted(coding.code))
            if hit is not None:
                found = hit if not found else found | hit
        return found

    def of_systems(self, uris: tuple[str, ...]) -> frozenset[str]:
        """Every concept that has a code of one of these systems; asked for every record, so remembered."""
        found = self._concepts_of.get(uris)
        if found is None:
            sets = (concepts for uri in uris for concepts in self.exact.get(uri, {}).values())
            found = self._concepts_of[uris] = NO_CONCEPTS.union(*sets)
        return found

    def forms_of(self, uri: str) -> frozenset[str]:
        """Every URI that stands for this system; asked for every record, so remembered."""
        found = self._forms_of.get(uri)
        if found is None:
            known = self.exact.get(uri)
            found = frozenset({uri, *(other for other, codes in self.exact.items() if codes is known)})
            self._forms_of[uri] = found
        return found

    def _ancestor(self, system: str, code: str) -> frozenset[str] | None:
        """The longest listed code this one is, or stands below: in ICD-10-CM a leaf's prefix is its parent."""
        below = self._below[system]
        for length in range(len(code), _SHORTEST_PREFIX - 1, -1):
            if (hit := below.get(code[:length])) is not None:
                return hit
        return None

    def named(self, texts: Iterable[str | None]) -> frozenset[str]:
        """Concepts by name: at each place the longest name found, in any of the texts."""
        found = NO_CONCEPTS
        for text in texts:
            if text:
                hits = self._in_short_text(text) if len(text) <= _LONGEST_NAME else self._in_text(text)
                found = hits if not found else found | hits
        return found

    def _in_text(self, text: str) -> frozenset[str]:
        if not self._any_name:
            return NO_CONCEPTS
        # most texts hold no first word of a name; telling that takes a twentieth of the search's time
        if self._first_words.isdisjoint(_WORDS.findall(text.casefold())):
            return NO_CONCEPTS
        hits = [_folded(match.group(0)) for match in self._names.finditer(text)]
        if not hits:
            return NO_CONCEPTS
        # A few letters (a dotted capital I) match without being the same letter in lower case.
        return frozenset({self._concept_of_name[hit] for hit in hits if hit in self._concept_of_name})

    def drug(self, concept: CodeableConcept | None, display: str | None = None) -> tuple[frozenset[str], bool]:
        """Concepts of a medication, and whether only its name matched."""
        coded = self.coded(concept)
        if coded and not coded <= self.name_decides:
            return coded, False
        texts = [display]
        if concept is not None:
            texts.append(concept.text)
            texts += [coding.display for coding in concept.coding or ()]
        found = self.named(texts)
        return coded | found, bool(found)


def _undotted(code: str) -> str:
    """An ICD-10 code as charts without dots write it."""
    return code.replace(".", "").upper()


def _folded(name: str) -> str:
    """A name as it is looked up: lower case, one space for whatever parts its words."""
    return _GAPS.sub(" ", name.casefold())
