"""Other people's resources in a prefetch list: never evidence, always named, and only absence becomes doubtful."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from random import Random
from typing import Any

from cds_service.advice.services import sources_asked
from cds_service.core.assessment import Assessment
from cds_service.core.evaluate import Verdict
from fhir_fixtures.hook_requests import PREFETCH
from tests.properties import fhir_charts
from tests.properties.fhir_answers import CHART_HOOKS, HOOKS, Answer, assert_none, call, request
from tests.properties.fhir_charts import BASE
from tests.properties.fhir_codes import ENGINE, Json
from tests.properties.fhir_patients import Maker
from tests.properties.scale import seeds

KEY_OF = {kind: key for key, kind in PREFETCH.items() if key != "patient"}
SUBJECTS = (
    "Patient/p2",
    f"{BASE}/Patient/p2",
    "Patient/p2/_history/1",
    "Patient/p11",
    "Patient/P1",
    "https://elsewhere.example.org/fhir/Patient/p2",
)


def strangers(random: Random, hook: str) -> list[tuple[str, Json]]:
    """(prefetch key, entry) of some resources of other people, in the list of their type or in another asked for."""
    asked = {source.value for source in sources_asked(ENGINE.bundle.label, hook)}
    make = Maker(random, "p2", random.choice(("foreign-", "foreign-", "")))
    charted = fhir_charts.chart(make) or [make.observation()]
    found = []
    for one in random.sample(charted, min(len(charted), random.choice((1, 1, 2, 6)))):
        if KEY_OF.get(one["resourceType"]) not in asked:
            continue  # what nobody asked for is not looked at
        name = "patient" if "patient" in one else "subject"
        one[name] = {"reference": random.choice(SUBJECTS)}
        key = KEY_OF[one["resourceType"]]
        if random.random() < 0.1:
            key = random.choice(sorted(asked & set(KEY_OF.values())))
        entry: Json = {"resource": one, "search": {"mode": random.choice(("match", "include"))}}
        if random.random() < 0.2:
            page = {"resourceType": "Bundle", "type": "searchset", "entry": [entry]}
            entry = {"resource": page}
        found.append((key, entry))
    return found


def _inside(entry: Json) -> Json:
    """The resource of an entry, or of the page in it."""
    one: Json = entry["resource"]
    return _inside(one["entry"][0]) if one["resourceType"] == "Bundle" else one


def injected(body: Json, foreign: list[tuple[str, Json]], random: Random) -> Json:
    """The call with these entries among the others."""
    changed = deepcopy(body)
    for key, entry in foreign:
        entries = changed["prefetch"][key].setdefault("entry", [])
        # A list with nothing but resources of other types answers another query: that is a matter of its own.
        if not any(one["resource"]["resourceType"] == PREFETCH[key] for one in entries):
            entries = changed["prefetch"][KEY_OF[_inside(entry)["resourceType"]]].setdefault("entry", [])
        entries.insert(random.randint(0, len(entries)), entry)
    return changed


def test_other_peoples_resources_never_leak_and_only_make_absence_doubtful() -> None:
    """Before and after: every answer stays, or becomes cannot-tell because it rests on what a mixed-up list lacks."""
    judged = 0
    for seed, random in seeds("foreign", 80, 20_000):
        own, as_of, hook = fhir_charts.patient(random), fhir_charts.as_of(random), random.choice(HOOKS)
        body = request(hook, own, fhir_charts.drafts(random, as_of), fhir_charts.appointments(random))
        before = call(body, hook, as_of)
        if before.status == 200:
            problem = partial(_leak, before=before, body=body, hook=hook, as_of=as_of, seed=seed)
            assert_none(seed, strangers(random, hook), problem)
            judged += before.verdict is not None
    assert judged  # else nothing was shown


def _leak(foreign: list[tuple[str, Json]], before: Answer, body: Json, hook: str, as_of: str, seed: int) -> str | None:
    after = call(injected(body, foreign, Random(seed)), hook, as_of)
    if before.verdict is None:
        return None if after == before else f"{hook}: {after.body}"
    if after.status == 412 and hook in CHART_HOOKS:
        return None if _administrations_are_foreign(foreign) else f"{hook} refused: {after.body}"
    if after.verdict is None:
        return f"{hook}: {after.body}"
    if before.body["cards"] and not after.body["cards"]:
        return f"{hook} fell silent"
    unnamed = set(_named_by(foreign)) - _wrong_patients(after.verdict)
    if unnamed:
        return f"not named in unused: {sorted(unnamed)}"
    return next(_changes(before.verdict, after.verdict), None)


def _named_by(foreign: list[tuple[str, Json]]) -> Iterator[str]:
    for _, entry in foreign:
        one = _inside(entry)
        yield f"{one['resourceType']}/{one['id']}"


def _wrong_patients(verdict: Verdict) -> set[str]:
    return {item.reference for item in verdict.case.timeline.unused if item.why == "wrong-patient"}


def _administrations_are_foreign(foreign: list[tuple[str, Json]]) -> bool:
    return any(_inside(entry)["resourceType"] == "MedicationAdministration" for _, entry in foreign)


def _changes(before: Verdict, after: Verdict) -> Iterator[str]:
    """What changed that must not."""
    if len(before.assessments) != len(after.assessments):
        yield f"{len(before.assessments)} assessments became {len(after.assessments)}"
    for one, other in zip(before.assessments, after.assessments, strict=False):
        if _plain(one) == _plain(other):
            continue
        doubtful = other.status == "cannot-tell" and other.reason in ("foreign-data", "partial")
        if not doubtful or not one.rests_on:
            yield f"{one} became {other}"


def _plain(item: Assessment) -> dict[str, Any]:
    return {**item._asdict(), "facts": dict(item.facts), "evidence": sorted(item.evidence)}


def test_a_list_of_nobody_else_changes_nothing() -> None:
    """The same call again, its lists mixed up: the comparison above sees no difference where there is none."""
    for seed, random in seeds("again", 20, 1_000):
        own, as_of, hook = fhir_charts.patient(random), fhir_charts.as_of(random), random.choice(HOOKS)
        body = request(hook, own, fhir_charts.drafts(random, as_of), fhir_charts.appointments(random))
        other = deepcopy(body)
        for key in KEY_OF.values():
            random.shuffle(other["prefetch"][key].get("entry", []))
        before, after = call(body, hook, as_of), call(other, hook, as_of)
        assert before.status == after.status, f"seed {seed}"
        if before.verdict is not None and after.verdict is not None:
            assert list(_changes(before.verdict, after.verdict)) == [], f"seed {seed}"
