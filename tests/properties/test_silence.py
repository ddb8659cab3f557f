"""The one invariant: silence only after every applicable check ran on complete data.

Any call, with any of its prefetch keys at fault in any way, against the same call with all of them.
"""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from functools import partial
from random import Random
from typing import Any

from cds_service.core.case import Treatment
from cds_service.core.evaluate import Verdict
from cds_service.core.indicators import speaks
from cds_service.fhir.dates import read_as_of
from fhir_fixtures.hook_requests import AT_DISCHARGE, PREFETCH
from tests.properties import fhir_charts
from tests.properties.fhir_answers import CHART_HOOKS, HOOKS, Answer, assert_none, call, request, searchset
from tests.properties.fhir_changes import moment_later
from tests.properties.fhir_codes import ENGINE, Json, pick
from tests.properties.fhir_damage import outcome
from tests.properties.fhir_patients import Maker
from tests.properties.scale import seeds

KINDS = PREFETCH | AT_DISCHARGE
GONE = object()  # the key is not sent


def _failed_entry(value: Any) -> Any:
    """A page of which the server says that something went wrong."""
    made = _listed(value)
    made["entry"] = [*made.get("entry", []), {"resource": outcome("error"), "search": {"mode": "outcome"}}]
    return made


def _half(value: Any) -> Any:
    """The first page: half of it, and where the rest is."""
    made = _listed(value)
    entries = made.get("entry", [])
    link = {"relation": "next", "url": "https://ehr.example.org/fhir?page=2"}
    return made | {"entry": entries[: len(entries) // 2], "link": [*made.get("link", []), link]}


def _fewer(value: Any) -> Any:
    """Fewer entries than the server says it found."""
    made = _listed(value)
    found = made.get("entry", [])
    return made | {"entry": found[: len(found) // 2], "total": len(found) + 1}


def _never_asked(value: Any) -> Any:
    """The answer to a query whose token was never filled in."""
    link = {"relation": "self", "url": "https://ehr.example.org/fhir/Observation?patient={{context.patientId}}"}
    return {**_listed(value), "entry": [], "link": [link]}


def _of_another(value: Any) -> Any:
    """The answer to a query about somebody else."""
    link = {"relation": "self", "url": "https://ehr.example.org/fhir/Observation?patient=p2"}
    return {**_listed(value), "entry": [], "link": [link]}


def _listed(value: Any) -> Json:
    """A list of resources; a Patient alone becomes one."""
    is_list = isinstance(value, dict) and value.get("resourceType") == "Bundle"
    return deepcopy(value) if is_list else searchset("Patient", [value] if value else [])


# What may come instead of the value of a key; none of it says that there is nothing.
FAULTS: dict[str, Any] = {
    "absent": lambda _: GONE,
    "outcome": lambda _: outcome("error"),
    "fatal outcome": lambda _: outcome("fatal"),
    "outcome among entries": _failed_entry,
    "next page": _half,
    "fewer than found": _fewer,
    "never asked": _never_asked,
    "of another patient": _of_another,
    "another type": lambda _: {"resourceType": "Basic", "id": "b1"},
    "no resource": lambda _: {"error": "timeout"},
    "text": lambda _: "timeout",
    "number": lambda _: 503,
    "array": lambda _: [],
    "entry is no array": lambda value: {**_listed(value), "entry": "x"},
    "entry is null": lambda value: {**_listed(value), "entry": [None]},
    "resource is no object": lambda value: {**_listed(value), "entry": [{"resource": "x"}]},
    "empty objects": lambda value: {**_listed(value), "entry": [{"resource": {}}]},
    "refused part": lambda value: {**_listed(value), "entry": [{"response": {"status": "401 Unauthorized"}}]},
}


def broken(body: Json, faults: list[tuple[str, str]]) -> Json:
    """The call with these keys at fault."""
    changed = deepcopy(body)
    for key, fault in faults:
        made = FAULTS[fault](changed["prefetch"].get(key))
        if made is GONE:
            del changed["prefetch"][key]
        else:
            changed["prefetch"][key] = made
    return changed


def some_faults(random: Random, hook: str) -> list[tuple[str, str]]:
    """One to three keys of a call at fault, seldom all of them."""
    keys = [key for key in KINDS if key in PREFETCH or hook == "encounter-discharge"]
    chosen = random.sample(keys, random.choice((1, 1, 1, 2, 3, len(keys))))
    return [(key, random.choice(list(FAULTS))) for key in chosen]


def test_silence_means_that_every_check_ran_on_complete_data() -> None:
    """No cards with a key at fault: then there were none with all the data, and nothing became cannot-tell.

    Of patients the drug is known of from what did arrive; the test below asks about the others.
    """
    seen: Counter[str] = Counter()
    for seed, random in seeds("silence", 100, 20_000):
        own, as_of, hook = fhir_charts.patient(random), fhir_charts.as_of(random), random.choice(HOOKS)
        body = request(hook, own, fhir_charts.drafts(random, as_of), fhir_charts.appointments(random))
        whole = call(body, hook, as_of)
        if whole.status == 200 and _is_concerned(whole):
            problem = partial(_false_silence, whole=whole, body=body, hook=hook, as_of=as_of, known=True)
            assert_none(seed, some_faults(random, hook), problem)
            seen["silent" if whole.is_silent else "speaking"] += 1
    assert set(seen) == {"silent", "speaking"}


def _is_concerned(whole: Answer) -> bool:
    """Any sign of the drug, in the chart or in what is ordered."""
    if whole.verdict is None:
        return False
    case = whole.verdict.case
    return case.treatment is not Treatment.NONE or case.plan is not None or bool(case.doubtful_orders)


def _false_silence(
    faults: list[tuple[str, str]], whole: Answer, body: Json, hook: str, as_of: str, *, known: bool
) -> str | None:
    answer = call(broken(body, faults), hook, as_of)
    if answer.status == 412:
        return None if hook in CHART_HOOKS else f"{hook} refused: {answer.body}"
    if answer.status != 200:
        return f"{hook} answered {answer.status}: {answer.body}"
    if not answer.is_silent or _is_concerned(answer) is not known:
        return None
    if not whole.is_silent:
        said = [card["summary"] for card in whole.body["cards"]]
        return f"{hook}, as of {as_of}: silent, but with all the data: {said}\n{body}"
    doubts = _unknown(answer.verdict, hook, as_of) - _unknown(whole.verdict, hook, as_of)
    return f"{hook}, as of {as_of}: silent about {sorted(doubts, key=str)}\n{body}" if doubts else None


def _unknown(verdict: Verdict | None, hook: str, as_of: str) -> set[tuple[str, int | None, int | None]]:
    """What cannot be told, of all this hook speaks of."""
    if verdict is None or (hook == "appointment-book" and (verdict.case.plan is None or not verdict.case.plan.booked)):
        return set()
    if verdict.case.deceased and hook not in CHART_HOOKS:
        return set()  # an order for a deceased patient is not judged
    label, moment, at_infusion = ENGINE.bundle.label, read_as_of(as_of), verdict.case.at_infusion
    return {
        (item.requirement, item.course, item.day)
        for item in verdict.assessments
        if item.status == "cannot-tell" and speaks(label, item, hook, moment, at_infusion=at_infusion)
    }


def pick_drug(random: Random) -> Json:
    """The drug itself, as the medication of a resource; it comes before a reference to another."""
    return {"medicationCodeableConcept": pick(random, ("lemtrada",)).concept}


def test_an_order_being_signed_is_judged_whatever_day_it_bears() -> None:
    """A draft of the drug in the call is never passed over in silence, also when it is dated ahead."""
    for seed, random in seeds("dated ahead", 20, 500):
        as_of = fhir_charts.as_of(random)
        draft = fhir_charts.drafts(random, as_of)[0]
        draft |= pick_drug(random)
        draft["authoredOn"] = moment_later(as_of[:8] + "01", random.randint(0, 2))
        answer = call(request("order-sign", [Maker(random).person()], [draft], []), "order-sign", as_of)
        deceased = answer.verdict is not None and answer.verdict.case.deceased
        assert deceased or not answer.is_silent, f"seed {seed}: as of {as_of}: {draft}"


def test_null_and_an_empty_list_say_the_same() -> None:
    """Both mean that there is nothing: the same answer, and no doubt about it."""
    for seed, random in seeds("null", 30, 2_000):
        own, as_of, hook = fhir_charts.patient(random), fhir_charts.as_of(random), random.choice(HOOKS)
        body = request(hook, own, fhir_charts.drafts(random, as_of), fhir_charts.appointments(random))
        nulls, empties = deepcopy(body), deepcopy(body)
        for key in random.sample([key for key in body["prefetch"] if key != "patient"], 3):
            nulls["prefetch"][key], empties["prefetch"][key] = None, searchset(KINDS[key], [])
        one, other = call(nulls, hook, as_of), call(empties, hook, as_of)
        assert (one.status, one.body) == (other.status, other.body), f"seed {seed}"


def test_a_key_at_fault_only_makes_answers_doubtful() -> None:
    """Of what is still asked, every answer is what it was with all the data, or cannot-tell.

    Without administrations other questions are asked, and without the Patient's sex the HPV test is asked of everybody.
    """
    for seed, random in seeds("doubt", 40, 10_000):
        own, as_of, hook = fhir_charts.patient(random), fhir_charts.as_of(random), random.choice(HOOKS)
        body = request(hook, own, fhir_charts.drafts(random, as_of), fhir_charts.appointments(random))
        whole = call(body, hook, as_of)
        if whole.verdict is not None:
            faults = [fault for fault in some_faults(random, hook) if fault[0] not in ("administrations", "patient")]
            assert_none(seed, faults, partial(_wrong_answer, whole=whole.verdict, body=body, hook=hook, as_of=as_of))


def _wrong_answer(faults: list[tuple[str, str]], whole: Verdict, body: Json, hook: str, as_of: str) -> str | None:
    answer = call(broken(body, faults), hook, as_of)
    if answer.verdict is None:
        return f"{hook} answered {answer.status} and judged nothing: {answer.body}"
    known = {(item.requirement, item.course, item.day): item for item in whole.assessments}
    for other in answer.verdict.assessments:
        one = known.get((other.requirement, other.course, other.day), other)
        if other.status not in (one.status, "cannot-tell"):
            return f"{hook}, as of {as_of}: {one}\nbecame {other}\n{body}"
    return None
