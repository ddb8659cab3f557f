"""A site's own codes: FHIR ConceptMaps (R4 and R5 shapes) that say which code of the label a local code stands for.

Pure: a name and bytes in, local codes out. A local code counts when the map says that it means the same as a code of
the label, or something narrower; everything else is left out and counted, so that the site can be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

# R4: the target is ... than the source. A wider target means that the local code is a narrower thing of the same kind.
_FITTING_R4 = frozenset({"equal", "equivalent", "wider", "subsumes"})
_FITTING_R5 = frozenset({"equivalent", "source-is-narrower-than-target"})
_R4 = _FITTING_R4 | {"relatedto", "narrower", "specializes", "inexact", "unmatched", "disjoint"}
_R5 = _FITTING_R5 | {"related-to", "source-is-broader-than-target", "not-related-to"}
_MOST_PROBLEMS = 20

ConceptsOf = Callable[[str, str], frozenset[str]]


class CodeMapError(Exception):
    """A code map that cannot be used; the message names file, place and what to write instead."""


class LocalCode(NamedTuple):
    """A code of the site: its system URI, and the value sets of the label it belongs to."""

    system: str
    code: str
    concepts: frozenset[str]


class MapLine(NamedTuple):
    """One element and one of its targets. `equivalence`: what the target is to the local code, in the words of R4."""

    place: str
    system: str
    code: str
    target_system: str
    target: str
    fits: bool
    equivalence: str


class CodeMap(NamedTuple):
    """The local codes of one map, and how many lines were left out: another meaning, or a target the label lacks.

    `lines`: those that count.
    """

    codes: tuple[LocalCode, ...]
    unfit: int
    unknown: int
    lines: tuple[MapLine, ...] = ()


def read_code_map(name: str, body: bytes, concepts_of: ConceptsOf) -> CodeMap:
    """The local codes of one ConceptMap. `concepts_of` answers which value sets a (system URI, code) belongs to.

    CodeMapError when it is no ConceptMap, when a line is not well formed, when a local code is one of the label's with
    another meaning, or when nothing of the map applies.
    """
    problems: list[str] = []
    found: dict[tuple[str, str], frozenset[str]] = {}
    counting: list[MapLine] = []
    unfit = unknown = 0
    for line in _lines(_decoded(name, body), problems):
        if not line.fits:
            unfit += 1
            continue
        concepts = concepts_of(line.target_system, line.target)
        if not concepts:
            unknown += 1
            continue
        own = concepts_of(line.system, line.code)
        if own and own != concepts:
            problems.append(
                f"{line.place}: {line.code} is a code of the label with another meaning; take it out of the map"
            )
        key = (line.system, line.code)
        found[key] = found.get(key, frozenset()) | concepts
        counting.append(line)
    if problems:
        raise CodeMapError(f"{name}: " + "; ".join(problems[:_MOST_PROBLEMS]))
    if not found:
        msg = f"{name}: no line of the map leads to a code of the label ({unknown} unknown targets, {unfit} that mean"
        raise CodeMapError(f"{msg} something else); check group.target and element.target.code")
    return CodeMap(tuple(LocalCode(*key, concepts) for key, concepts in found.items()), unfit, unknown, tuple(counting))


def _decoded(name: str, body: bytes) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodeMapError(f"{name}: is not JSON ({error}); a FHIR ConceptMap in JSON is expected") from None
    if not isinstance(found, dict) or found.get("resourceType") != "ConceptMap":
        kind = found.get("resourceType") if isinstance(found, dict) else None
        raise CodeMapError(f"{name}: is no ConceptMap (resourceType {kind!r}); a FHIR ConceptMap in JSON is expected")
    if not isinstance(found.get("group"), list) or not found["group"]:
        raise CodeMapError(f"{name}: has no group; write group[0] with source, target and element")
    return found


def _lines(concept_map: Mapping[str, Any], problems: list[str]) -> Iterator[MapLine]:
    for number, group in enumerate(concept_map["group"]):
        place = f"group[{number}]"
        if not isinstance(group, dict):
            problems.append(f"{place} is no object")
            continue
        source, target = _system(group, "source", place, problems), _system(group, "target", place, problems)
        elements = group.get("element")
        if not isinstance(elements, list) or not elements:
            problems.append(f"{place}.element is missing; list the local codes there")
            continue
        if source and target:
            for index, element in enumerate(elements):
                yield from _element(element, f"{place}.element[{index}]", (source, target), problems)


def _system(group: Mapping[str, Any], name: str, place: str, problems: list[str]) -> str:
    """The URI of a code system, without a version."""
    written = group.get(name)
    if isinstance(written, str) and written.strip():
        return written.partition("|")[0]
    problems.append(f"{place}.{name} is missing; write the URI of the code system")
    return ""


def _element(element: object, place: str, systems: tuple[str, str], problems: list[str]) -> Iterator[MapLine]:
    code = element.get("code") if isinstance(element, dict) else None
    if not isinstance(element, dict) or not isinstance(code, str) or not code.strip():
        problems.append(f"{place}.code is missing; write the local code")
        return
    targets = element.get("target") or []
    for index, target in enumerate(targets if isinstance(targets, list) else [targets]):
        where = f"{place}.target[{index}]"
        meant = target.get("code") if isinstance(target, dict) else None
        if not isinstance(target, dict) or not isinstance(meant, str) or not meant.strip():
            if isinstance(target, dict) and target.get("equivalence") in ("unmatched", "disjoint"):
                continue  # says that there is no target
            problems.append(f"{where}.code is missing; write the code it stands for")
            continue
        fits = _fits(target, where, problems)
        if fits is not None:
            is_whole = fits and not target.get("dependsOn")  # what holds under a condition only does not hold
            yield MapLine(where, systems[0], code.strip(), systems[1], meant.strip(), is_whole, _in_r4(target))


def _fits(target: Mapping[str, Any], place: str, problems: list[str]) -> bool | None:
    """Whether the local code means the same as the target, or something narrower."""
    older, newer = target.get("equivalence"), target.get("relationship")
    if isinstance(older, str) and older in _R4:
        return older in _FITTING_R4
    if isinstance(newer, str) and newer in _R5:
        return newer in _FITTING_R5
    written = older if older is not None else newer
    problems.append(f'{place}: equivalence {written!r} is unknown; write "equivalent" when both codes mean the same')
    return None


def _in_r4(target: Mapping[str, Any]) -> str:
    """The equivalence of R4 that says what a fitting line says; R5 calls the wider target's source the narrower."""
    older = target.get("equivalence")
    if isinstance(older, str):
        return older
    return "wider" if target.get("relationship") == "source-is-narrower-than-target" else "equivalent"
