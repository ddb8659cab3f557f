"""What a requirement's rule makes use of: value sets and how each counts, tests, suggested orders, shadowed sentences.

Works on any rule: it walks the fields, so that a new kind of requirement needs nothing here but, perhaps, a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from cds_service.core.label import Requirement, Test
from cds_service.labels import LabelBundle

# How a value set in a field of a rule is used, in words. A field that is missing here is called by its own name.
_WORDS = {
    "agents": "counts",
    "amounts": "its number wants a person",
    "any_of": "counts",
    "concepts": "counts",
    "conditions": "diagnosis that is looked for",
    "confirming": "positive: confirmed",
    "counted": "the count asked for",
    "depot": "does not count",
    "diagnoses": "diagnosis that decides",
    "drug": "is this product",
    "drugs": "drug that is looked for",
    "early": "too early",
    "ended_by": "ends it",
    "established": "settles that it is not too early",
    "events": "event that is looked for",
    "excipients": "allergy to it decides",
    "grave": "weighs most",
    "history": "history of it answers for the test",
    "indicated": "indicated",
    "live": "live viral vaccine",
    "long_acting": "counts longer",
    "members": "counts as a part",
    "no_vaccine": "is no vaccine",
    "ordered_as": "an open order of it: already ordered",
    "other_diagnosis": "diagnosis of the other product's use",
    "other_product": "is the other product",
    "others": "counts for some days",
    "outside": "outside the indication",
    "own_diagnosis": "diagnosis of this product's use",
    "recent": "weighs most while recent",
    "screening": "positive: wants confirmation",
    "settled_by": "settles a finding",
    "signs": "decides nothing alone",
    "substances": "allergy to it decides",
    "tests": "test that decides",
    "unclear": "decides nothing alone",
    "unless": "makes it moot",
    "unspecified": "product not told: dose or diagnosis decides",
    "untold": "decides nothing alone",
    "vaccines": "answers for the test",
    "wrong": "looks alike, does not count",
}
_NAMED = "concept"  # a part with a name of its own: used as the field it stands in says
_NO_SETS = frozenset({"id", "name", "order"})  # fields whose texts are no value sets, whatever they say


def set_uses(rule: object, bundle: LabelBundle) -> dict[str, list[str]]:
    """Value sets a rule (or another part of the label) names -> how it uses them; then those kept apart from them."""
    found: dict[str, list[str]] = {}
    for field, text in _texts(rule, ""):
        if text in bundle.value_sets:
            words = _WORDS.get(field, field.replace("_", " "))
            if words not in found.setdefault(text, []):
                found[text].append(words)
    for value_set in bundle.value_sets.values():
        if value_set.look_alike_of in found and value_set.id not in found:
            found[value_set.id] = ["looks alike, kept apart"]
    return found


def asked_tests(value: object) -> Iterator[Test]:
    """The tests a rule asks for."""
    if isinstance(value, Test):
        yield value
        return
    for _, part in _parts(value, ""):
        yield from asked_tests(part)


def orders_of(value: object) -> Iterator[tuple[str, str, str]]:
    """What a rule suggests nothing is ordered: (system URI, code, display)."""
    for name, part in _parts(value, ""):
        if name == "order" and isinstance(part, tuple):
            yield part
        else:
            yield from orders_of(part)


def what_counts(test: Test, bundle: LabelBundle) -> str:
    """What counts as a test, in one sentence."""
    if test.members:
        return f"{' and '.join(name for name, _ in test.members)}, not necessarily of the same day"
    ways = [" + ".join(sorted(bundle.value_sets[name].title for name in way)) for way in test.any_of]
    return "; or ".join(f"{way} of the same day" if " + " in way else way for way in ways)


def sentences_of(requirement: Requirement, bundle: LabelBundle) -> dict[str, str]:
    """Key -> template: the requirement's own, and those of its kind that its own do not shadow."""
    own = bundle.wording.messages.get(requirement.id, {})
    kind = bundle.wording.messages.get(requirement.kind, {})
    return {**own, **{key: text for key, text in kind.items() if not _is_shadowed(key, own)}}


def _is_shadowed(key: str, own: Mapping[str, str]) -> bool:
    parts = key.split(".")
    return any(".".join(parts[:length]) in own for length in range(1, len(parts) + 1))


def _texts(value: object, field: str) -> Iterator[tuple[str, str]]:
    if field in _NO_SETS:
        return
    if isinstance(value, str):
        yield field, value
    for name, part in _parts(value, field):
        yield from _texts(part, name)


def _parts(value: object, field: str) -> Iterator[tuple[str, object]]:
    """What a value consists of, each part with the name of its field; nothing worked out from other fields."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        for name, part in zip(value._fields, value, strict=True):
            yield (field if name == _NAMED else name), part
    elif is_dataclass(value) and not isinstance(value, type):
        for part in fields(value):
            if part.init:
                yield part.name, getattr(value, part.name)
    elif isinstance(value, frozenset):
        yield from ((field, part) for part in sorted(value))
    elif isinstance(value, tuple):
        yield from ((field, part) for part in value)
