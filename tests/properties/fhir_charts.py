"""Whole charts of made-up patients: what `Maker` makes of each kind, and the rest of what a chart holds."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.properties.fhir_codes import (
    DIAGNOSES,
    EXAMINATIONS,
    OWN,
    ROUTINE,
    TESTS,
    VACCINES,
    Json,
    concept,
    pick,
    unknown,
)
from tests.properties.fhir_patients import TERMINOLOGY, Maker

BASE = "https://ehr.example.org/fhir"


def _state(system: str, code: str) -> Json:
    return {"coding": [{"system": f"{TERMINOLOGY}/{system}", "code": code}]}


def service_order(make: Maker, status: str | None = None) -> Json:
    """A ServiceRequest for a test, an examination or a vaccine."""
    names = make.one_of(TESTS, EXAMINATIONS, VACCINES)
    made: Json = {
        "status": status or make.one_of("active", "active", "completed", "revoked", "draft"),
        "intent": "order",
        "code": concept(make.random, names, "test"),
    }
    if make.chance(0.8):
        made["authoredOn"] = make.when(make.some_day())
    if make.chance(0.4):
        made["occurrenceDateTime"] = make.when(make.some_day())
    return make.filed("ServiceRequest", made)


def condition(make: Maker) -> Json:
    """A diagnosis."""
    verification = make.one_of("confirmed", "confirmed", "provisional", "refuted", "entered-in-error", "unconfirmed")
    made: Json = {"code": concept(make.random, DIAGNOSES, "diagnosis")}
    if verification != "entered-in-error":
        made["clinicalStatus"] = _state("condition-clinical", make.one_of("active", "resolved"))
    if make.chance(0.8):
        made["verificationStatus"] = _state("condition-ver-status", verification)
    if make.chance(0.8):
        made[make.one_of("onsetDateTime", "recordedDate")] = make.when(make.some_day())
    return make.filed("Condition", made)


def allergy(make: Maker) -> Json:
    """An allergy, to the drug more often than not."""
    code = concept(make.random, OWN, "substance") if make.chance(0.7) else unknown("substance")
    made: Json = {"code": code if make.chance(0.9) else {"text": make.one_of("polysorbate 80", "Lemtrada", "peanut")}}
    verification = make.one_of("confirmed", "unconfirmed", "refuted")
    made["clinicalStatus"] = _state("allergyintolerance-clinical", make.one_of("active", "resolved"))
    made["verificationStatus"] = _state("allergyintolerance-verification", verification)
    if make.chance(0.4):
        made["criticality"] = make.one_of("low", "high", "unable-to-assess")
    if make.chance(0.4):
        shown = {"text": make.one_of("Anaphylaxis", "hives")}
        made["reaction"] = [{"manifestation": [shown], "severity": make.one_of("mild", "severe")}]
    if make.chance(0.7):
        made["recordedDate"] = make.when(make.some_day())
    return make.filed("AllergyIntolerance", made)


def immunization(make: Maker) -> Json:
    """A vaccine."""
    status = make.one_of("completed", "completed", "completed", "not-done", "entered-in-error")
    when = {"occurrenceDateTime": make.when(make.some_day())}
    made = {"status": status, "vaccineCode": concept(make.random, VACCINES, "vaccine")}
    return make.filed("Immunization", made | (when if make.chance(0.9) else {"occurrenceString": "as a child"}))


def procedure(make: Maker) -> Json:
    """An examination or an operation."""
    status = make.one_of("completed", "completed", "in-progress", "not-done", "entered-in-error", "unknown")
    made = {"status": status, "code": concept(make.random, (*EXAMINATIONS, "no-cervix"), "procedure")}
    day = make.some_day()
    if make.chance(0.9):
        made |= make.one_of({"performedDateTime": make.when(day)}, {"performedPeriod": make.period(day, 1)})
    return make.filed("Procedure", made)


def encounter(make: Maker) -> Json:
    """A visit."""
    made: Json = {
        "status": make.one_of("finished", "finished", "in-progress", "cancelled"),
        "class": {"system": f"{TERMINOLOGY}/v3-ActCode", "code": "AMB"},
        "period": make.period(make.some_day()),
    }
    if make.chance(0.5):
        made["reasonCode"] = [concept(make.random, EXAMINATIONS, "procedure")]
    return make.filed("Encounter", made)


def appointment(make: Maker) -> Json:
    """An appointment, often about the drug: by its words, its reason or the order behind it."""
    made: Json = {"status": make.one_of("proposed", "booked", "cancelled")}
    start = make.infusion_day()
    made["start"] = f"{start.isoformat()}T09:00:00-05:00"
    made["end"] = f"{start.isoformat()}T14:00:00-05:00"
    about = make.one_of("words", "reason", "order", "nothing")
    if about == "words":
        made["description"] = "LEMTRADA infusion"
    elif about == "reason":
        made["reasonCode"] = [pick(make.random, OWN).concept]
    elif about == "order":
        made["basedOn"] = [{"reference": "ServiceRequest/ser-1"}]
    return make.filed("Appointment", made)


Kind = Callable[[Maker], list[Json]]


def _one(make_one: Callable[[Maker], Json]) -> Kind:
    return lambda make: [make_one(make)]


# What a chart may hold, and how much of it at most.
CONTENT: tuple[tuple[Kind, int], ...] = (
    (_one(Maker.administration), 8),
    (_one(Maker.medication_order), 3),
    (_one(Maker.statement), 2),
    (_one(Maker.dispense), 1),
    (_one(Maker.observation), 8),
    (Maker.panel, 2),
    (_one(service_order), 2),
    (_one(condition), 2),
    (_one(allergy), 1),
    (_one(immunization), 2),
    (_one(procedure), 2),
    (_one(encounter), 1),
)


def chart(make: Maker) -> list[Json]:
    """All of one patient's resources but the Patient, drafts and appointments. One in five holds next to nothing."""
    found: list[Json] = []
    if make.chance(0.65):
        found += make.full_course()
    if make.chance(0.5):
        found += make.follow_up()
    if make.chance(0.4):
        found += _baseline(make)
    scant = make.chance(0.2)
    for made, most in CONTENT:
        for _ in range(make.random.randint(0, 1 if scant else most)):
            found += made(make)
    return found


def _baseline(make: Maker) -> list[Json]:
    """Everything but the skin examination within the month before the first infusion."""
    return [make.observation((name,), make.day(-25, -1)) for name in ROUTINE]


def patient(random: Random, name: str = "p1", prefix: str = "") -> list[Json]:
    """A Patient with a chart."""
    make = Maker(random, name, prefix)
    return [make.person(), *chart(make)]


def drafts(random: Random, as_of: str, name: str = "p1") -> list[Json]:
    """What is being ordered on that day: drafts, the first of them for the drug more often than not."""
    make = Maker(random, name, "draft-")
    first = make.medication_order("draft")
    if make.chance(0.8):
        first.pop("contained", None)
        first.pop("medicationReference", None)
        first["medicationCodeableConcept"] = pick(random, ("lemtrada",)).concept
    found = [first, *(make.medication_order("draft") for _ in range(random.randint(0, 2)))]
    found += [service_order(make, "draft") for _ in range(random.randint(0, 1))]
    for one in found:
        if "authoredOn" in one:
            one["authoredOn"] = as_of[:10]
    return found


def appointments(random: Random, name: str = "p1") -> list[Json]:
    """What is being booked."""
    make = Maker(random, name, "booked-")
    return [appointment(make) for _ in range(random.randint(1, 2))]


def as_of(random: Random) -> str:
    """A moment to judge from: during the first course, soon after, or years later; an instant or a date."""
    make = Maker(random)
    day = make.one_of(make.day(-30, 10), make.day(3, 40), make.day(20, 120), make.day(366, 420), make.day(400, 2000))
    return make.instant(day).replace("Z", "+00:00") if make.chance(0.6) else day.isoformat()


def bundle(resources: list[Json]) -> Json:
    """A collection Bundle, each resource under the address of its server."""
    entries = [{"fullUrl": f"{BASE}/{one['resourceType']}/{one['id']}", "resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}
