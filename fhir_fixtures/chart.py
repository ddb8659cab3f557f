"""One patient's chart while it is being written: gives ids, subjects and ``meta``, and knows whole episodes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from fhir_fixtures import builder, codes, labs
from fhir_fixtures.builder import INTRAVENOUS, ORAL, SUBCUTANEOUS, Regimen, Resource
from fhir_fixtures.clock import EASTERN, at, back_from, days_from, later
from fhir_fixtures.codes import Code

_PATIENT_IS_CALLED = {"AllergyIntolerance": "patient", "Immunization": "patient"}
_NO_SUBJECT = frozenset({"Appointment", "Medication", "OperationOutcome", "Patient"})
_WHEN = (
    "issued",
    "effectiveDateTime",
    "authoredOn",
    "performedDateTime",
    "whenHandedOver",
    "recordedDate",
    "occurrenceDateTime",
)
PREMEDICATED = (1, 2, 3)


@dataclass(frozen=True)
class Hours:
    """When things happen on an infusion day."""

    infusion: str = "09:00"
    steroid: str = "08:00"
    arrival: str = "07:30"


CLINIC = Hours()


class Chart:
    """The record of one synthetic patient. Everything random in it comes from the story's number."""

    def __init__(self, number: int, gender: str, born: date, zone: str = EASTERN) -> None:
        self.number = number
        self.gender = gender
        self.zone = zone
        self.id = f"s{number:02d}"
        self.reference = f"Patient/{self.id}"
        self.resources: list[Resource] = []
        self.drafts: list[Resource] = []
        self._counts: Counter[str] = Counter()
        self._random = random.Random(1000 + number)
        self.resources.append(builder.patient(number, gender, born) | {"id": self.id})

    # ------------------------------------------------------------------------------------------------------ filing
    def add(self, kind: str, resource: Resource, *, draft: bool = False, bare: bool = False) -> str:
        """File a resource under the next id of its kind and return its reference; ``bare`` without ``meta``."""
        self._counts[kind] += 1
        resource["id"] = f"{self.id}-{kind}-{self._counts[kind]}"
        made = resource["resourceType"]
        if made not in _NO_SUBJECT:
            resource[_PATIENT_IS_CALLED.get(made, "subject")] = {"reference": self.reference}
        if not (draft or bare or kind.endswith("-part") or made in _NO_SUBJECT):
            resource["meta"] = {"lastUpdated": _updated(resource, self.zone)}
        (self.drafts if draft else self.resources).append(resource)
        return f"{made}/{resource['id']}"

    def draft(self, kind: str, resource: Resource) -> str:
        """An order that is still on the prescriber's screen."""
        return self.add(kind, resource, draft=True)

    def at(self, day: date, time: str) -> str:
        """A dateTime in the clinic's time zone."""
        return at(day, time, self.zone)

    def chance(self) -> float:
        """The next seeded number from 0 to 1."""
        return self._random.random()

    # --------------------------------------------------------------------------------------------------- laboratory
    def lab(self, kind: str, part: labs.Range, when: str, *, status: str = "final") -> str:
        """A single number."""
        made = labs.measured(part, when, self.chance(), status=status)
        return self.add(kind, made)

    def panel(self, kind: str, code: Code, parts: Iterable[labs.Range], when: str, *, members: bool) -> str:
        """A panel whose numbers are Observations of their own (``hasMember``) or components."""
        made = labs.observation(code, when)
        made["identifier"] = labs.lab_identifier(f"{self.id.upper()}-{kind.upper()}-{self._counts[kind] + 1:03d}")
        if members:
            filed = [self.add(f"{kind}-part", labs.member(part, when, self.chance())) for part in parts]
            made["hasMember"] = [{"reference": reference} for reference in filed]
        else:
            made["performer"] = [{"display": "Example Hospital Laboratory"}]
            made["component"] = [labs.component(part, self.chance()) for part in parts]
        return self.add(kind, made)

    def monthly_labs(self, day: date, *, members: bool = False, differential: bool = True) -> None:
        """CBC, serum creatinine and urinalysis of one morning; with ``members`` as a full metabolic panel."""
        when = self.at(day, "07:45")
        if differential:
            parts = (*labs.CBC_PARTS, labs.NEUTROPHIL_PART)
            self.panel("cbc", codes.CBC_DIFF, parts, when, members=members)
        else:
            self.panel("cbc", codes.CBC_PLAIN, labs.CBC_PARTS, when, members=members)
        if members:
            self.metabolic_panel(day)
        else:
            self.lab("creatinine", labs.CREATININE_PART, when)
        self.panel("urinalysis", codes.URINALYSIS, labs.URINE_PARTS, when, members=members)

    def metabolic_panel(self, day: date) -> None:
        """Creatinine, ALT, AST and bilirubin (and glucose, which nobody here asks for) as members."""
        parts = (labs.CREATININE_PART, *labs.LIVER_PARTS, labs.GLUCOSE_PART)
        self.panel("cmp", codes.CMP, parts, self.at(day, "07:45"), members=True)

    def tsh(self, *days: date) -> None:
        """TSH on each of these mornings."""
        for day in days:
            self.lab("tsh", labs.TSH_PART, self.at(day, "07:45"))

    def upcr(self, day: date) -> None:
        """A urine protein/creatinine ratio."""
        self.lab("upcr", labs.UPCR_PART, self.at(day, "07:50"))

    def monitoring(self, last: date, *, since: date, tsh: Iterable[date] = (), differential: bool = True) -> None:
        """Monthly tests every 28 days up to ``last`` and later than ``since``; liver tests every third time."""
        draws = back_from(last, 28, since)
        for place, day in enumerate(reversed(draws)):
            self.monthly_labs(day, differential=differential)
            if place % 3 == 0:
                self.metabolic_panel(day)
        self.tsh(*tsh)

    # ------------------------------------------------------------------------------------------ before the first day
    def history(self, day1: date) -> None:
        """Relapsing-remitting MS under two earlier drugs, no allergies, vaccines given long ago."""
        onset = day1 - timedelta(days=2200)
        self.add("condition", builder.condition(codes.RRMS, codes.RRMS_SNOMED, onset=onset))
        self.add("condition", builder.condition(codes.MS_OLD, onset=onset, clinical="inactive"))
        self.add("condition", builder.condition(codes.MIGRAINE, onset=onset + timedelta(days=400)))
        began = day1 - timedelta(days=1900)
        ended = began + timedelta(days=700)
        first = Regimen(codes.GLATIRAMER, 40, SUBCUTANEOUS, began, ended, "40 mg under the skin three times a week")
        self.add("order", builder.medication_request(first, status="completed", authored=began.isoformat()))
        began, ended = ended + timedelta(days=30), day1 - timedelta(days=60)
        self.add(
            "statement",
            builder.statement(
                codes.DIMETHYL_FUMARATE, status="completed", start=began, end=ended, text="dimethyl fumarate 240 mg"
            ),
        )
        self.add("allergy", builder.no_known_allergies(onset))
        self.add("vaccine", builder.immunization(codes.INFLUENZA_INACTIVATED, day1 - timedelta(days=120)))
        self.add("vaccine", builder.immunization(codes.ZOSTER_RECOMBINANT, day1 - timedelta(days=200)))

    def baseline(self, day1: date, *, upcr: bool = True) -> None:
        """Everything asked for before the first infusion, fourteen days before it."""
        day = day1 - timedelta(days=14)
        when = self.at(day, "07:45")
        self.monthly_labs(day, members=True)
        self.tsh(day)
        if upcr:
            self.upcr(day)
        self.add("vzv", labs.qualitative(codes.VZV_IGG, when, positive=True))
        for kind, code in (
            ("igra", codes.IGRA),
            ("hbsag", codes.HBSAG),
            ("anti-hbc", codes.ANTI_HBC),
            ("anti-hcv", codes.ANTI_HCV),
        ):
            self.add(kind, labs.qualitative(code, when, positive=False))
        if self.gender == "female":
            self.hpv(day)
        self.add("skin", builder.skin_exam(self.at(day - timedelta(days=7), "10:30")))

    def hpv(self, day: date) -> None:
        """An HPV test without a finding."""
        self.add("hpv", labs.qualitative(codes.HPV, self.at(day, "11:00"), positive=False))

    # ------------------------------------------------------------------------------------------------------ a course
    def lemtrada_order(self, first: date, days: int) -> str:
        """The finished order behind a course."""
        authored = self.at(first - timedelta(days=10), "11:20")
        return self.add(
            "lemtrada-order",
            builder.medication_request(lemtrada(first, days), status="completed", authored=authored),
        )

    def infusions(
        self,
        days: Iterable[date],
        order: str | None = None,
        *,
        hours: Hours = CLINIC,
        medication: Resource | None = None,
        dose: Resource | None = None,
    ) -> None:
        """LEMTRADA on these days, each within a visit that ends more than two hours after the pump stopped."""
        for day in days:
            made = builder.infusion(day, start=hours.infusion, zone=self.zone, medication=medication, dose=dose)
            if order:
                made["request"] = {"reference": order}
            if medication is None and self.chance() < 0.5:
                made["medicationCodeableConcept"]["coding"] += [
                    codes.coding(codes.LEMTRADA_NDC),
                    codes.coding(codes.local("drug", "ALEM12", "Lemtrada 12 mg infusion")),
                ]
            self.add("infusion", made)
            left = later(hours.infusion, 365)
            self.add("visit", builder.encounter(day, hours.arrival, left, self.zone))

    def steroids(self, days: list[date], numbers: Collection[int] = PREMEDICATED, *, hours: Hours = CLINIC) -> None:
        """Methylprednisolone 1,000 mg on the infusion days of these numbers."""
        for number in sorted(numbers):
            if number <= len(days):
                self.add("steroid", builder.steroid(days[number - 1], hours.steroid, zone=self.zone))

    def antiviral(self, start: date, stop: date | None = None) -> None:
        """Valacyclovir; with ``stop`` finished, and a sufficient CD4 count taken a week before."""
        status = "completed" if stop else "active"
        authored = self.at(start - timedelta(days=10), "11:25")
        regimen = valacyclovir(start, stop)
        order = self.add("antiviral", builder.medication_request(regimen, status=status, authored=authored))
        handed = builder.dispense(codes.VALACYCLOVIR, self.at(start - timedelta(days=3), "16:40"), 180)
        handed["authorizingPrescription"] = [{"reference": order}]
        self.add("dispense", handed)
        if stop:
            self.lab("cd4", labs.CD4_PART, self.at(stop - timedelta(days=7), "08:05"))

    def course(
        self,
        first: date,
        days: int,
        *,
        steroid_days: Collection[int] = PREMEDICATED,
        hours: Hours = CLINIC,
        antiviral_until: date | None = None,
    ) -> list[date]:
        """A whole course on consecutive days with order, premedication and prophylaxis."""
        dates = days_from(first, days)
        self.infusions(dates, self.lemtrada_order(first, days), hours=hours)
        self.steroids(dates, steroid_days, hours=hours)
        self.antiviral(first, antiviral_until)
        return dates

    def treated(
        self, first: date, *, steroid_days: Collection[int] = PREMEDICATED, antiviral_until: date | None = None
    ) -> list[date]:
        """History, baseline and a first course of five days: the usual patient."""
        self.history(first)
        self.baseline(first)
        dates = self.course(first, 5, steroid_days=steroid_days, antiviral_until=antiviral_until)
        self.noise(first)
        return dates

    # --------------------------------------------------------------------------------------------------------- noise
    def noise(self, day: date) -> None:
        """What every chart also holds: vital signs, lipids, other drugs, a report, an order, slips of the pen."""
        before = day - timedelta(days=21)
        vitals = labs.observation(codes.BLOOD_PRESSURE, self.at(before, "13:10"), category="vital-signs")
        vitals["component"] = [
            labs.component(part, self.chance()) for part in (labs.SYSTOLIC_PART, labs.DIASTOLIC_PART)
        ]
        self.add("vitals", vitals)
        self.lab("pulse", labs.HEART_RATE_PART, self.at(before, "13:12"))
        self.lab("lipids", labs.CHOLESTEROL_PART, self.at(before, "07:40"))
        self.lab("glucose", labs.GLUCOSE_PART, self.at(before, "07:40"), status="entered-in-error")
        self.lab("glucose", labs.GLUCOSE_PART, self.at(before + timedelta(days=1), "07:40"), status="preliminary")
        drug = (
            (codes.GABAPENTIN, 300, "300 mg at night")
            if self.chance() < 0.5
            else (codes.CHOLECALCIFEROL, 0.025, "daily")
        )
        regimen = Regimen(drug[0], drug[1], ORAL, before, None, drug[2])
        self.add("order", builder.medication_request(regimen, status="active", authored=self.at(before, "13:30")))
        self.add("comfort", builder.oral_dose(codes.ACETAMINOPHEN, self.at(before, "13:40"), 650))
        self.add("imaging", builder.imaging_report(self.at(before - timedelta(days=10), "15:20")))
        follow_up = codes.local("imaging", "MRB", "MRI brain with and without contrast")
        self.add("imaging-order", builder.service_request(follow_up, authored=self.at(before, "13:35")))


def lemtrada(first: date, days: int, dose: float = 12) -> Regimen:
    """The order of one course."""
    last = first + timedelta(days=days - 1)
    return Regimen(codes.LEMTRADA, dose, INTRAVENOUS, first, last, f"{dose:g} mg IV over 4 hours, daily", count=days)


def methylprednisolone(first: date) -> Regimen:
    """Premedication for the first three days of a course."""
    last = first + timedelta(days=2)
    text = "1,000 mg IV before each LEMTRADA infusion, days 1 to 3"
    return Regimen(codes.METHYLPREDNISOLONE, 1000, INTRAVENOUS, first, last, text, count=3)


def valacyclovir(first: date, last: date | None) -> Regimen:
    """Herpes prophylaxis."""
    return Regimen(codes.VALACYCLOVIR, 500, ORAL, first, last, "500 mg by mouth twice a day", per_day=2)


def _updated(resource: Resource, zone: str) -> str:
    """A moment at which a feed would have written the resource: when it happened, or five o'clock that day."""
    for key in ("effectivePeriod", "period"):
        if key in resource:
            moments = resource[key]
            return _instant(moments.get("end") or moments["start"], zone)
    return _instant(next(resource[key] for key in _WHEN if key in resource), zone)


def _instant(moment: str, zone: str) -> str:
    return moment if "T" in moment else at(date.fromisoformat(moment), "17:00", zone)
