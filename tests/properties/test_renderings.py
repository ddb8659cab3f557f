"""The same facts written another way give the same report and the same cards: R4, R4B, R5, references, medications."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from random import Random

import pytest
from fhir.resources.bundle import Bundle as R5Bundle
from fhir.resources.R4B.bundle import Bundle as R4BBundle

from fhir_fixtures import load_story, story_names
from fhir_fixtures.renderings import (
    to_r5,
    with_absolute_references,
    with_contained_medication,
    with_referenced_medication,
    with_uuids,
)
from tests.properties import fhir_charts
from tests.properties.fhir_answers import HOOKS, assert_none, call, plain, report, request
from tests.properties.fhir_charts import bundle
from tests.properties.fhir_codes import Json
from tests.properties.scale import IS_LONG, seeds
from tests.properties.test_reports import charted, difference

Rendering = Callable[[Json], Json]


def in_r4b(found: Json) -> Json:
    """As a program writes it that knows R4B."""
    return _written(R4BBundle.model_validate(found).model_dump_json())


def in_valid_r5(found: Json) -> Json:
    """As a program writes it that knows R5: what is not R5 would fail here."""
    return _written(R5Bundle.model_validate(to_r5(found)).model_dump_json())


def _written(text: str) -> Json:
    made: Json = json.loads(text)
    return made


RENDERINGS: dict[str, Rendering] = {
    "R5": to_r5,
    "absolute references": with_absolute_references,
    "urn:uuid": with_uuids,
    "referenced medication": with_referenced_medication,
    "contained medication": with_contained_medication,
    "R5, referenced medication": lambda found: to_r5(with_referenced_medication(found)),
    "R5, contained medication": lambda found: to_r5(with_contained_medication(found)),
    "R5, referenced medication, absolute": lambda found: with_absolute_references(
        to_r5(with_referenced_medication(found))
    ),
    "R5, referenced medication, urn:uuid": lambda found: with_uuids(to_r5(with_referenced_medication(found))),
}
WRITERS: dict[str, Rendering] = {"R4B": in_r4b, "valid R5": in_valid_r5}


def _told(found: Json, as_of: str, rendering: Rendering) -> str | None:
    return difference(plain(report(found, as_of)), plain(report(rendering(found), as_of)))


@pytest.mark.parametrize("name", story_names())
def test_a_story_written_another_way_has_the_same_report(name: str) -> None:
    """Every story, in every rendering: the same assessments on the same evidence, the same resources unused."""
    story = load_story(name)
    for way, rendering in RENDERINGS.items():
        assert _told(story.bundle, story.as_of, rendering) is None, way


@pytest.mark.parametrize("name", story_names() if IS_LONG else story_names()[::8])
def test_a_story_written_by_another_program_has_the_same_report(name: str) -> None:
    """The models of R4B and of R5 accept the rendering, and what they write reads the same."""
    story = load_story(name)
    is_r5 = to_r5(story.bundle) == story.bundle
    for way, rendering in WRITERS.items():
        if way != "R4B" or not is_r5:
            assert _told(story.bundle, story.as_of, rendering) is None, way


def expressible(random: Random, as_of: str) -> list[Json]:
    """A chart R5 has words for: it lacks one for a drug on the list that was never taken."""
    return [one for one in charted(random, as_of) if one.get("status") != "not-taken"]


def test_a_made_up_patient_written_another_way_has_the_same_report() -> None:
    """The same of random patients, drafts and open orders included."""
    for seed, random in seeds("renderings", 15, 3_000):
        as_of = fhir_charts.as_of(random)
        own = expressible(random, as_of)
        for way, rendering in RENDERINGS.items():
            assert_none(seed, own, partial(_rendered, as_of=as_of, way=way, rendering=rendering))


def test_a_made_up_patient_written_by_another_program_has_the_same_report() -> None:
    """The same of what the models of R4B and R5 write."""
    for seed, random in seeds("writers", 4, 500):
        as_of = fhir_charts.as_of(random)
        own = expressible(random, as_of)
        for way, rendering in WRITERS.items():
            assert_none(seed, own, partial(_rendered, as_of=as_of, way=way, rendering=rendering))


def _rendered(own: list[Json], as_of: str, way: str, rendering: Rendering) -> str | None:
    found = _told(bundle(own), as_of, rendering)
    return f"{way}, as of {as_of}: {found}" if found else None


def test_hooks_say_the_same_of_a_patient_written_another_way() -> None:
    """A prefetch in R5, with absolute references, with medications by reference: the same cards to the letter."""
    ways = [way for way in RENDERINGS if "urn:uuid" not in way]  # a call names its patient by id
    for seed, random in seeds("rendered calls", 12, 2_000):
        as_of, hook = fhir_charts.as_of(random), random.choice(HOOKS)
        own = expressible(random, as_of)
        drafts, booked = fhir_charts.drafts(random, as_of), fhir_charts.appointments(random)
        for way in ways:
            problem = partial(_called, drafts=drafts, booked=booked, hook=hook, as_of=as_of, way=way)
            assert_none(seed, own, problem)


def _called(own: list[Json], drafts: list[Json], booked: list[Json], hook: str, as_of: str, way: str) -> str | None:
    before = call(request(hook, own, drafts, booked), hook, as_of)
    in_context = [_rewritten(found, way.replace("referenced", "contained")) for found in (drafts, booked)]
    after = call(request(hook, _rewritten(own, way), *in_context), hook, as_of)
    if (before.status, before.body) == (after.status, after.body):
        return None
    return f"{hook}, {way}, as of {as_of}: {before.body} became {after.body}"


def _rewritten(resources: list[Json], way: str) -> list[Json]:
    rendering = next(RENDERINGS[name] for name in (way, way.removesuffix(", absolute")) if name in RENDERINGS)
    return [entry["resource"] for entry in rendering(bundle(resources))["entry"]]


def test_every_way_changes_something() -> None:
    """A rendering that left everything as it was would prove nothing."""
    own = bundle(fhir_charts.patient(Random(7)))
    assert [way for way, rendering in RENDERINGS.items() if rendering(own) == own] == []
