"""What must not change the report of a Bundle, and what may change it in one direction only."""

from __future__ import annotations

import re
from functools import partial
from random import Random
from typing import Any

from cds_service.core.label import Baseline, Recurring
from tests.properties import fhir_charts
from tests.properties.fhir_answers import assert_none, place, plain, report, reports, without_unused
from tests.properties.fhir_changes import YEARS, future_chart, mixed, moment_later, result, years_later
from tests.properties.fhir_charts import bundle
from tests.properties.fhir_codes import ENGINE, Json
from tests.properties.fhir_damage import any_chart
from tests.properties.fhir_patients import Maker
from tests.properties.scale import seeds

LABEL = ENGINE.bundle.label
TESTS = {item.id: item.rule.test for item in LABEL.requirements if isinstance(item.rule, Baseline | Recurring)}
RANK = {"not-applicable": 0, "met": 0, "due": 1, "cannot-tell": 2, "overdue": 3, "missing": 4, "violated": 4}
_PLACE = re.compile(r"entry\[\d+\](?:\.resource)?")


def difference(before: Json, after: Json) -> str | None:
    """The first thing two reports say differently."""
    if before == after:
        return None
    rows = [found["assessments"] for found in (before, after)]
    for one, other in zip(*rows, strict=False):
        if one != other:
            return f"before: {one}\nafter: {other}"
    told = {name: (before.get(name), after.get(name)) for name in before if before.get(name) != after.get(name)}
    return f"they differ: {told}"


def charted(random: Random, as_of: str) -> list[Json]:
    """A valid chart, at times with an open order."""
    drafted = fhir_charts.drafts(random, as_of) if random.random() < 0.3 else []
    return [*fhir_charts.patient(random), *drafted]


# --- order ------------------------------------------------------------------------------------------------------------


def test_the_order_of_entries_changes_nothing() -> None:
    """However the resources of a Bundle are listed, each patient's report is the same."""
    for seed, random in seeds("order", 50, 5_000):
        as_of = fhir_charts.as_of(random)
        assert_none(seed, bundle(charted(random, as_of))["entry"], partial(_mixed_up, as_of=as_of, seed=seed))


def test_the_order_of_entries_changes_nothing_for_a_patient_of_any_kind() -> None:
    """Nor does it where they are damaged, of several people, or there twice."""
    for seed, random in seeds("any order", 50, 5_000):
        entries = any_chart(random)
        assert_none(seed, entries, partial(_mixed_up, as_of=fhir_charts.as_of(random), seed=seed))


def _mixed_up(entries: list[Any], as_of: str, seed: int) -> str | None:
    other = mixed(Random(seed), entries)
    before, after = (
        [_placeless(plain(found)) for found in reports({"resourceType": "Bundle", "entry": listed}, as_of)]
        for listed in (entries, other)
    )
    if len(before) != len(after):
        return f"{len(before)} reports became {len(after)}"
    found = next(filter(None, map(difference, before, after)), None)
    return f"as of {as_of}, listed as {[entries.index(item) for item in other]}: {found}" if found else None


def _placeless(found: Json) -> Json:
    """The report without the places of resources that have no other name."""
    rows = [
        {**row, "evidence": sorted(_PLACE.sub("entry", name) for name in row["evidence"])}
        for row in found["assessments"]
    ]
    unused = sorted((_without_place(reference), why) for reference, why in found["unused"])
    name = found["patient"]
    return {**found, "assessments": rows, "unused": unused, "patient": name and _without_place(name)}


def _without_place(reference: str) -> str:
    return _PLACE.sub("entry", reference)


# --- strangers --------------------------------------------------------------------------------------------------------


def test_resources_of_people_without_a_patient_are_named_and_change_nothing() -> None:
    """With a Patient in the Bundle, what names somebody who is not there is unused and no more (section 7)."""
    for seed, random in seeds("strangers", 50, 5_000):
        as_of = fhir_charts.as_of(random)
        own = charted(random, as_of)
        foreign = fhir_charts.chart(Maker(random, "stranger", "foreign-"))
        assert_none(seed, foreign, partial(_strangers_tell, own=own, as_of=as_of, seed=seed))


def _strangers_tell(foreign: list[Json], own: list[Json], as_of: str, seed: int) -> str | None:
    before = report(bundle(own), as_of)
    after = report(bundle(mixed(Random(seed), [*own, *foreign])), as_of)
    found = difference(without_unused(before), without_unused(after))
    if found is not None:
        return found
    named = {(item["reference"], item["why"]) for item in after["unused"]}
    expected = {(f"{one['resourceType']}/{one['id']}", "wrong-patient") for one in foreign}
    known = {(item["reference"], item["why"]) for item in before["unused"]}
    return None if named == expected | known else f"unused: {named ^ (expected | known)}"


def test_another_patient_in_the_bundle_changes_nothing() -> None:
    """Two patients in one Bundle are judged as if each had been sent alone."""
    for seed, random in seeds("two patients", 40, 4_000):
        as_of = fhir_charts.as_of(random)
        own, other = charted(random, as_of), fhir_charts.patient(random, "p2", "other-")
        apart = [plain(report(bundle(one), as_of)) for one in (own, other)]
        together = [plain(found) for found in reports(bundle(mixed(random, [*own, *other])), as_of)]
        assert together == apart, f"seed {seed}"


# --- time -------------------------------------------------------------------------------------------------------------


def test_the_future_of_a_record_changes_nothing() -> None:
    """Resources dated after `as_of` are named as `future`, and the report is what it was without them."""
    for seed, random in seeds("future", 50, 5_000):
        as_of = fhir_charts.as_of(random)
        own = charted(random, as_of)
        assert_none(seed, future_chart(random, as_of), partial(_future_tells, own=own, as_of=as_of))


def _future_tells(later: list[Json], own: list[Json], as_of: str) -> str | None:
    before, after = (without_unused(report(bundle(found), as_of)) for found in (own, [*own, *later]))
    found = difference(before, after)
    return f"as of {as_of}: {found}" if found else None


def test_28_years_later_the_report_is_28_years_later() -> None:
    """The same calendar again: every date of the record and of the question moved moves every date of the answer."""
    for seed, random in seeds("years", 40, 4_000):
        as_of = fhir_charts.as_of(random)
        own = charted(random, as_of)
        assert_none(seed, own, partial(_years_tell, as_of=as_of))


def _years_tell(own: list[Json], as_of: str) -> str | None:
    before = plain(years_later(report(bundle(own), as_of)))
    after = plain(report(bundle(years_later(own)), moment_later(as_of)))
    found = difference(before, after)
    return f"as of {as_of} and {YEARS} years later: {found}" if found else None


# --- one more result --------------------------------------------------------------------------------------------------


def test_one_more_acceptable_result_never_makes_a_report_worse() -> None:
    """A test done once more, whenever, leaves its requirement as good as it was, or better."""
    for seed, random in seeds("one more", 60, 6_000):
        as_of = fhir_charts.as_of(random)
        own = charted(random, as_of)
        requirement = random.choice(sorted(TESTS))
        make = Maker(random)
        when = make.when(make.some_day())
        test = TESTS[requirement]
        fewest: frozenset[str] = min(test.any_of, key=len, default=frozenset())
        names = sorted(fewest) or [concept for _, concept in test.members]
        more = [result(concept, when, random.randrange(30)) for concept in names]
        assert_none(seed, own, partial(_worse, more=more, as_of=as_of, requirement=requirement))


def _worse(own: list[Json], more: list[Json], as_of: str, requirement: str) -> str | None:
    before, after = (
        [row for row in report(bundle(found), as_of)["assessments"] if row["requirement"] == requirement]
        for found in (own, [*own, *more])
    )
    if list(map(place, before)) != list(map(place, after)):
        return f"other rows: {before}, {after}"
    worse = [
        (one, other) for one, other in zip(before, after, strict=True) if RANK[one["status"]] < RANK[other["status"]]
    ]
    return f"as of {as_of}, with {more}: {worse[0]}" if worse else None
