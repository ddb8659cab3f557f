"""Made-up patients as FHIR R4 resources: any mixture of infusions, drugs, orders, results, diagnoses around a course.

What is made here is valid R4 (held by a test); `fhir_damage` spoils it. Everything comes from one generator of random
numbers, so that a seed gives the same patient every time.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import TypeVar

from tests.properties.fhir_codes import (
    ANTIVIRALS,
    DRUG_NAMES,
    ODD_STEROIDS,
    OWN,
    PANELS,
    ROUTINE,
    SNOMED,
    STEROIDS,
    TESTS,
    UCUM,
    VACCINES,
    Json,
    concept,
    pick,
)

T = TypeVar("T")
DAY_ONE = date(2024, 3, 4)
OFFSETS = ("-05:00", "-05:00", "-05:00", "-08:00", "+00:00", "Z", "+12:00")
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
ROUTES = (
    (SNOMED, "47625008"),
    (SNOMED, "26643006"),
    (SNOMED, "78421000"),
    (SNOMED, "6064005"),
)
_SUBJECT_IS_CALLED = {"AllergyIntolerance": "patient", "Immunization": "patient"}


class Maker:
    """Makes the resources of one patient. `patient`: the id all of them name."""

    def __init__(self, random: Random, patient: str = "p1", prefix: str = "") -> None:
        self.random, self.patient, self.prefix = random, patient, prefix
        self._counts: Counter[str] = Counter()

    def chance(self, share: float) -> bool:
        """True that often."""
        return self.random.random() < share

    def one_of(self, *values: T) -> T:
        """One of these, all alike."""
        return self.random.choice(values)

    def filed(self, kind: str, content: Json) -> Json:
        """A resource with id and subject, and sometimes the rest of what servers add."""
        self._counts[kind] += 1
        made = {"resourceType": kind, "id": f"{self.prefix}{kind[:3].lower()}-{self._counts[kind]}", **content}
        if kind == "Appointment":
            made["participant"] = [{"actor": {"reference": f"Patient/{self.patient}"}, "status": "accepted"}]
        elif kind != "Medication":
            made[_SUBJECT_IS_CALLED.get(kind, "subject")] = {"reference": f"Patient/{self.patient}"}
        if self.chance(0.2):
            made["meta"] = {"lastUpdated": self.instant(self.day(0, 400))}
        return made

    # --- times ------------------------------------------------------------------------------------------------------

    def day(self, least: int, most: int) -> date:
        """A day so many days around the first infusion day."""
        return DAY_ONE + timedelta(days=self.random.randint(least, most))

    def infusion_day(self) -> date:
        """A day on which infusions are likely: a first course, a second one, or some day."""
        return self.one_of(self.day(0, 5), self.day(0, 6), self.day(355, 380), self.day(-30, 1500))

    def instant(self, day: date) -> str:
        """A time of that day, with its offset."""
        hour = self.one_of(0, 7, 8, 9, 9, 10, 13, 23)
        return f"{day.isoformat()}T{hour:02}:{self.one_of('00', '30')}:00{self.one_of(*OFFSETS)}"

    def when(self, day: date) -> str:
        """That day as charts write it: mostly to the minute, often as a date, seldom only the month or the year."""
        share = self.random.random()
        if share < 0.7:
            return self.instant(day)
        text = day.isoformat()
        return text if share < 0.93 else text[:7] if share < 0.99 else text[:4]

    def some_day(self) -> date:
        """Any day that may matter: before the baseline, during the course, years later."""
        return self.one_of(self.day(-45, 10), self.day(-45, 10), self.day(-400, 1600), self.day(10, 120))

    def period(self, day: date, hours: int = 4, *, length: int = 0) -> Json:
        """A period from that day on, sometimes open."""
        if length:
            made = {"start": day.isoformat(), "end": (day + timedelta(days=length)).isoformat()}
        else:
            start = self.one_of(8, 9, 9, 10)
            offset = self.one_of(*OFFSETS)
            made = {
                "start": f"{day.isoformat()}T{start:02}:00:00{offset}",
                "end": f"{day.isoformat()}T{start + hours:02}:00:00{offset}",
            }
        if self.chance(0.15):
            del made["end"]
        return made

    # --- the person -------------------------------------------------------------------------------------------------

    def person(self) -> Json:
        """The Patient."""
        made: Json = {"resourceType": "Patient", "id": self.patient, "gender": self.one_of("female", "male", "other")}
        if self.chance(0.8):
            made["birthDate"] = self.one_of("1988-06-03", "1988-06", "1988", "2010-02-28")
        if self.chance(0.04):
            made["deceasedDateTime"] = self.when(self.some_day())
        elif self.chance(0.1):
            made["deceasedBoolean"] = self.chance(0.2)
        return made

    # --- drugs ------------------------------------------------------------------------------------------------------

    def drug(self, names: tuple[str, ...]) -> Json:
        """The medication fields of a resource: by code, by name, as a mixture of its own."""
        if self.chance(0.08):
            return {"medicationCodeableConcept": {"text": self.one_of(*DRUG_NAMES)}}
        if self.chance(0.9):
            return {"medicationCodeableConcept": concept(self.random, names, "drug")}
        ingredient: Json = {"itemCodeableConcept": concept(self.random, names, "drug")}
        if self.chance(0.7):
            amount, bag = self.quantity(self.one_of(12, 12, 1000), "mg"), self.quantity(100, "mL")
            ingredient["strength"] = {"numerator": amount, "denominator": bag}
        inner = {"resourceType": "Medication", "id": "inner", "code": {"text": "mixture"}, "ingredient": [ingredient]}
        return {"contained": [inner], "medicationReference": {"reference": "#inner"}}

    def quantity(self, value: float, unit: str) -> Json:
        """An amount, mostly in UCUM."""
        made: Json = {"value": value, "unit": unit}
        return made | ({"system": UCUM, "code": unit} if self.chance(0.9) else {})

    def route(self) -> Json:
        """A route of administration, mostly the first."""
        system, code = ROUTES[0] if self.chance(0.75) else self.one_of(*ROUTES)
        return {"coding": [{"system": system, "code": code}]}

    def administration(self) -> Json:
        """Something given: the drug, a steroid, an antiviral, or anything else."""
        kind = self.one_of("own", "own", "own", "steroid", "steroid", "antiviral")
        names = {"own": ("lemtrada", "lemtrada", "lemtrada", *OWN), "steroid": (*STEROIDS, *ODD_STEROIDS)}
        mg = {"own": (12, 12, 12, 6, 11.4, 12.61, 30), "steroid": (1000, 950, 949.9, 500, 1250, 187.5)}
        day = self.infusion_day()
        time = {"effectivePeriod": self.period(day)} if self.chance(0.5) else {"effectiveDateTime": self.when(day)}
        dosage: Json = {"text": "as ordered"}
        if self.chance(0.9):
            dosage["dose"] = self.quantity(self.one_of(*mg.get(kind, (500,))), "mg")
        if self.chance(0.8):
            dosage["route"] = self.route()
        made = {
            "status": self.one_of(*["completed"] * 8, "in-progress", "stopped", "on-hold", "not-done", "unknown"),
            **self.drug(names.get(kind, ANTIVIRALS)),
            **time,
            "dosage": dosage,
        }
        if self.chance(0.1):
            made["identifier"] = [{"system": "urn:example:feed", "value": self.one_of("a", "b", "c")}]
        if self.chance(0.2):
            made["request"] = {"reference": "MedicationRequest/med-1"}
        return self.filed("MedicationAdministration", made)

    def full_course(self) -> list[Json]:
        """A course as it should be: steroids, then the drug, day after day."""
        first = self.one_of(DAY_ONE, DAY_ONE, self.day(366, 380))
        found = []
        for number in range(self.one_of(3, 5, 5)):
            day = (first + timedelta(days=number)).isoformat()
            for names, start, hours, mg in ((("lemtrada",), 9, 4, 12), (("methylprednisolone",), 8, 1, 1000)):
                made = {
                    "status": "completed",
                    "medicationCodeableConcept": pick(self.random, names).concept,
                    "effectivePeriod": {
                        "start": f"{day}T{start:02}:00:00-05:00",
                        "end": f"{day}T{start + hours:02}:00:00-05:00",
                    },
                    "dosage": {"dose": self.quantity(mg, "mg"), "route": self.route()},
                }
                found.append(self.filed("MedicationAdministration", made))
        return found

    def medication_order(self, status: str | None = None) -> Json:
        """A MedicationRequest; `status` where it must be a draft."""
        names = self.one_of(("lemtrada", *OWN), ("lemtrada",), STEROIDS, ANTIVIRALS, ANTIVIRALS, VACCINES)
        day = self.infusion_day()
        repeat: Json = {}
        if self.chance(0.7):
            repeat["boundsPeriod"] = self.period(day, length=self.one_of(1, 2, 4, 70, 200))
        elif self.chance(0.3):
            repeat["boundsDuration"] = {"value": 70, "unit": "d", "system": UCUM, "code": "d"}
        if self.chance(0.5):
            repeat |= {"frequency": self.one_of(1, 1, 2), "period": 1, "periodUnit": "d"}
        timing: Json = {"repeat": repeat} if repeat else {}
        if self.chance(0.2):
            timing["event"] = [(day + timedelta(days=n)).isoformat() for n in range(self.one_of(1, 3, 5))]
        dosage: Json = {"text": "as directed"} | ({"timing": timing} if timing else {})
        if self.chance(0.8):
            dosage["doseAndRate"] = [{"doseQuantity": self.quantity(self.one_of(12, 12, 24, 500, 1000), "mg")}]
        if self.chance(0.7):
            dosage["route"] = self.route()
        made: Json = {
            "status": status or self.one_of("active", "active", "active", "completed", "stopped", "cancelled"),
            "intent": "order",
            **self.drug(names),
            "dosageInstruction": [dosage],
        }
        if self.chance(0.9):
            made["authoredOn"] = self.when(day - timedelta(days=self.one_of(0, 3, 40)))
        if self.chance(0.2):
            supply = {"value": 30, "unit": "d", "system": UCUM, "code": "d"}
            made["dispenseRequest"] = {"expectedSupplyDuration": supply, "numberOfRepeatsAllowed": 2}
        return self.filed("MedicationRequest", made)

    def statement(self) -> Json:
        """A MedicationStatement."""
        made: Json = {
            "status": self.one_of("active", "completed", "stopped", "not-taken", "entered-in-error", "unknown"),
            **self.drug(self.one_of(("lemtrada", *OWN), ANTIVIRALS, ANTIVIRALS)),
        }
        if self.chance(0.8):
            made["effectivePeriod"] = self.period(self.infusion_day(), length=self.one_of(4, 100))
        return self.filed("MedicationStatement", made)

    def dispense(self) -> Json:
        """A MedicationDispense."""
        made = {
            "status": self.one_of("completed", "completed", "cancelled", "entered-in-error"),
            **self.drug(self.one_of(("lemtrada", *OWN), ANTIVIRALS, STEROIDS)),
            "whenHandedOver": self.instant(self.infusion_day()),
        }
        return self.filed("MedicationDispense", made)

    # --- results ----------------------------------------------------------------------------------------------------

    def observation(self, names: tuple[str, ...] = TESTS, day: date | None = None) -> Json:
        """One result."""
        when = self.when(day or self.some_day())
        made: Json = {"status": self.status(), "code": concept(self.random, names, "test")}
        made |= self.one_of({"effectiveDateTime": when}, {"effectiveDateTime": when}, {"effectiveDateTime": when}, {})
        if "effectiveDateTime" not in made:
            time = self.instant(day or self.some_day())
            made |= self.one_of({"effectivePeriod": {"start": when}}, {"issued": time}, {"effectiveInstant": time}, {})
        return self.filed("Observation", made | self.value())

    def status(self) -> str:
        """A status of a result."""
        odd = ("amended", "corrected", "preliminary", "registered", "cancelled", "entered-in-error", "unknown")
        return "final" if self.chance(0.8) else self.one_of(*odd)

    def value(self) -> Json:
        """A value, or why there is none."""
        words = self.one_of("Positive", "Negative", "None seen", "0-2", "Reactive", "Indeterminate")
        cells = {"value": self.one_of(150, 200, 260.5), "unit": "cells/uL", "system": UCUM, "code": "{cells}/uL"}
        coded = {"coding": [{"system": SNOMED, "code": self.one_of("10828004", "260385009", "82334004")}]}
        return self.one_of(
            {"valueQuantity": self.quantity(self.one_of(0, 1.2, 40), "mg/dL")},
            {"valueQuantity": self.quantity(1.2, "mg/dL")},
            {"valueQuantity": cells},
            {"valueString": words},
            {"valueCodeableConcept": coded},
            {"valueInteger": 3},
            {"dataAbsentReason": {"text": "not performed"}} if self.chance(0.3) else {"valueString": words},
        )

    def panel(self) -> list[Json]:
        """A panel with members, components, or as a report with results; now and then one member is not there."""
        day = self.some_day()
        members = [self.observation(ROUTINE, day) for _ in range(self.random.randint(1, 4))]
        links = [{"reference": f"Observation/{member['id']}"} for member in members]
        if self.chance(0.1):
            members.pop()
        head = {
            "status": self.status(),
            "code": concept(self.random, PANELS, "test"),
            "effectiveDateTime": self.when(day),
        }
        if self.chance(0.4):
            return [*members, self.filed("DiagnosticReport", head | {"result": links})]
        if self.chance(0.5):
            return [*members, self.filed("Observation", head | {"hasMember": links})]
        parts = [{"code": concept(self.random, ROUTINE, "test"), **self.value()} for _ in range(3)]
        return [self.filed("Observation", head | {"component": parts})]

    def follow_up(self) -> list[Json]:
        """Routine results at regular distances, as a patient who is looked after has."""
        first, every = self.one_of(-10, 20), self.one_of(28, 30, 90)
        names = self.random.sample(ROUTINE, self.random.randint(2, len(ROUTINE)))
        found = []
        for number in range(self.random.randint(1, 5)):
            time = f"{(DAY_ONE + timedelta(days=first + number * every)).isoformat()}T07:30:00-05:00"
            for name in names:
                made = {"status": "final", "code": pick(self.random, (name,)).concept, "effectiveDateTime": time}
                found.append(self.filed("Observation", made | {"valueQuantity": self.quantity(1.5, "mg/dL")}))
        return found
