"""From the case tables (tests/labels/<label>/<requirement>.toml) to timelines, without any FHIR in between.

How to write a case stands in tests/labels/README.md. A table cannot say null: "none" stands for it.
"""

from __future__ import annotations

import calendar
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from cds_service.core.assessment import Assessment
from cds_service.core.case import Case
from cds_service.core.dates import AsOf, When, on_day
from cds_service.core.evaluate import Verdict, evaluate
from cds_service.core.hooks import PATIENT_VIEW
from cds_service.core.indicators import ACTIONABLE_STATUSES, indicator, speaks
from cds_service.core.label import Label
from cds_service.core.timeline import (
    Administration,
    AllergyFact,
    Appointment,
    ConditionFact,
    Dose,
    DrugOrder,
    Exposure,
    Gap,
    Measured,
    Mention,
    Outcome,
    Person,
    Result,
    Route,
    ServiceOrder,
    Source,
    Timeline,
    Vaccination,
)
from tests.labels.more_facts import earlier_dose, earlier_order, earlier_statement, visit

TABLES = Path(__file__).parent / "lemtrada_us"
ZONE = "-05:00"  # where nothing else is said
FIRST_COURSE_DAYS, LATER_COURSE_DAYS = 5, 3  # what `courses` writes: the numbers of the label are under test

STATUSES = {
    "completed": Exposure.GIVEN,
    "in-progress": Exposure.STARTED,
    "stopped": Exposure.STARTED,
    "on-hold": Exposure.STARTED,
    "not-done": Exposure.NONE,
    "entered-in-error": Exposure.NONE,
    "unknown": Exposure.UNKNOWN,
}
DRUGS = {
    "lemtrada": ("lemtrada",),
    "alemtuzumab": ("alemtuzumab-unspecified",),
    "campath": ("campath",),
    "lemtrada and campath": ("lemtrada", "campath"),
    "unresolved": (),
    "isoniazid": ("tb-treatment",),
}
TESTS = {
    "tsh": "tsh",
    "free T4": "tsh-look-alikes",
    "creatinine": "serum-creatinine",
    "urine creatinine": "creatinine-look-alikes",
    "upcr": "urine-protein-creatinine-ratio",
    "albumin/creatinine ratio": "upcr-look-alikes",
    "cbc": "cbc-with-differential-panel",
    "cbc without differential": "cbc-look-alikes",
    "leukocytes": "leukocytes",
    "platelets": "platelets",
    "hemoglobin": "hemoglobin-or-hematocrit",
    "neutrophils": "differential",
    "urinalysis": "urinalysis-with-microscopy-panel",
    "urine red cells": "urine-cell-counts",
    "dipstick": "urinalysis-look-alikes",
    "ALT": "alt",
    "AST": "ast",
    "bilirubin": "total-bilirubin",
    "direct bilirubin": "liver-look-alikes",
    "liver panel": "liver-panels",
    "skin exam": "skin-exam",
    "dermatology referral": "skin-exam-referral",
    "skin findings": "skin-exam-look-alikes",
    "HPV": "hpv-test",
    "Pap smear": "hpv-look-alikes",
    "CD4 count": "cd4-count",
    "CD4 percentage": "cd4-look-alikes",
    "HIV screen": "hiv-screening",
    "HIV confirmation": "hiv-confirmatory",
    "HIV RNA": "hiv-viral-load",
    "HIV RNA by an unclear code": "hiv-viral-load-unclear",
    "VZV IgG": "vzv-igg",
    "VZV IgM": "vzv-look-alikes",
    "varicella history asked": "varicella-history",
    "IGRA": "tb-igra",
    "IGRA control": "igra-controls",
    "IGRA by an unclear code": "tb-screening-unclear",
    "tuberculosis visit": "tb-screening-visit",
    "hepatitis B": "hepatitis-b-test",
    "hepatitis C": "hepatitis-c-test",
    "hepatitis B surface antibody": "hepatitis-look-alikes",
    "pregnancy test": "pregnancy-test",
    "hCG": "pregnancy-test-amount",
}
DIAGNOSES = {
    "MS": "multiple-sclerosis",
    "relapsing MS": "multiple-sclerosis-relapsing",
    "progressive MS": "multiple-sclerosis-outside",
    "CIS": "clinically-isolated-syndrome",
    "demyelination": "demyelination-unclear",
    "neuromyelitis optica": "multiple-sclerosis-look-alikes",
    "CLL": "b-cll",
    "HIV": "hiv-infection",
    "HIV exposure": "hiv-look-alikes",
    "no cervix": "no-cervix",
    "cervix remains": "cervix-remains",
    "history of chickenpox": "varicella-history",
    "chickenpox": "varicella",
    "latent tuberculosis": "tb-screening-unclear",
    "latent tuberculosis in the past": "latent-tb-history",
    "tuberculosis visit": "tb-screening-visit",
    "chronic hepatitis B": "viral-hepatitis-chronic",
    "sepsis": "sepsis",
    "sepsis by an unverified code": "sepsis-unclear",
    "tuberculosis by an unverified code": "tuberculosis-unclear",
    "tuberculosis": "active-tuberculosis",
    "listeriosis": "listeriosis",
    "PML": "pml",
    "zoster": "zoster",
    "infection": "infection",
    "warts": "infection-chronic",
    "stroke": "stroke",
    "dissection": "arterial-dissection",
    "myocardial infarction": "myocardial-infarction",
    "lung hemorrhage": "lung-hemorrhage",
    "ITP": "itp",
    "TTP": "ttp",
    "HLH": "hlh",
    "anti-GBM disease": "anti-gbm",
    "autoimmune hepatitis": "autoimmune-hepatitis",
    "Still's disease": "adult-onset-stills-disease",
    "microangiopathy after transplant": "ttp-look-alikes",
    "encephalitis": "encephalitis-unclear",
    "malignancy": "malignancy",
    "thyroid disorder": "thyroid-disorder",
    "pregnancy": "pregnancy",
    "delivery": "pregnancy-ended",
}
ANTIVIRALS = {
    "valacyclovir": ("herpes-antiviral",),
    "acyclovir ointment": ("topical-antiviral",),
    "valganciclovir": ("other-antiviral",),
    "valacyclovir by an unverified code": ("herpes-antiviral", "other-antiviral"),
}
VACCINES = {
    "influenza": (),
    "MMR": ("live-viral-vaccine",),
    "Ebola": ("live-viral-vaccine-unclear",),
    "recombinant zoster": ("vaccine-not-live-viral",),
    "tuberculin": ("tuberculin-test",),
    "varicella": ("varicella-vaccine",),
}
ALLERGENS = {"alemtuzumab": "alemtuzumab-unspecified", "lemtrada": "lemtrada", "campath": "campath"}
ALLERGENS |= {"polysorbate 80": "excipient", "peanut": "peanut"}
CASE_FIELDS = frozenset(
    {
        *("name", "as_of", "courses", "infusions", "steroids", "orders", "test_orders", "mentions", "conditions"),
        *("results", "gaps", "expect", "quiet", "antivirals", "vaccines", "vaccine_orders", "allergies", "person"),
        *("appointments", "hook", "visits", "earlier_drugs"),
    }
)
_MONTH_TEXT = len("2026-03")


@dataclass(frozen=True)
class TableCase:
    """One case of a table, its timeline built once."""

    requirement: str
    name: str
    timeline: Timeline
    as_of: AsOf
    expect: tuple[Mapping[str, Any], ...]
    quiet: bool
    hook: str | None = None

    @property
    def id(self) -> str:
        return f"{self.requirement}: {self.name}"


def load_tables(folder: Path = TABLES) -> list[TableCase]:
    """Every case of every table of a label."""
    return [case for path in sorted(folder.glob("*.toml")) for case in _cases(path)]


def _cases(path: Path) -> Iterator[TableCase]:
    table = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    usual = table.get("usual", {})
    for raw in table["case"]:
        unknown = set(raw) - CASE_FIELDS
        if unknown:
            raise ValueError(f"{path.name}, {raw.get('name')!r}: unknown fields {sorted(unknown)}")
        facts = {**usual, **raw}
        yield TableCase(
            requirement=path.stem,
            name=raw["name"],
            timeline=build(facts),
            as_of=read_as_of(facts["as_of"]),
            expect=tuple(raw["expect"]),
            quiet=facts.get("quiet", False),
            hook=facts.get("hook"),
        )


# --- reading one case -------------------------------------------------------------------------------------------------


def read_as_of(written: date | datetime) -> AsOf:
    """A day, or a moment with an offset."""
    return AsOf(written.date(), written) if isinstance(written, datetime) else AsOf(written)


def when(written: date | datetime | str, at: time | None = None, zone: str = ZONE) -> When:
    """A day, a moment, a day with a time beside it, or text such as "2026-03" or "2026"."""
    if isinstance(written, datetime):
        return When(written.date(), written.date(), written)
    if isinstance(written, date):
        instant = datetime.fromisoformat(f"{written.isoformat()}T{at.isoformat()}{zone}") if at is not None else None
        return When(written, written, instant)
    if len(written) == _MONTH_TEXT:
        year, month = int(written[:4]), int(written[5:])
        return When(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
    return When(date(int(written), 1, 1), date(int(written), 12, 31))


def build(facts: Mapping[str, Any]) -> Timeline:
    """The timeline of a case."""
    infusions = [*_course_days(facts.get("courses", [])), *facts.get("infusions", [])]
    given = [_infusion(n, item) for n, item in enumerate(infusions, start=1)]
    given += [_steroid(n, item) for n, item in enumerate(facts.get("steroids", []), start=1)]
    results, pending, unread = _results(facts.get("results", {}))
    antivirals = list(enumerate(facts.get("antivirals", []), start=1))
    given += [_antiviral_dose(n, day, item) for n, item in antivirals for day in item.get("given", [])]
    earlier = list(enumerate(facts.get("earlier_drugs", []), start=1))
    given += [earlier_dose(n, item, _maybe) for n, item in earlier if item.get("as") == "given"]
    return Timeline(
        patient="Patient/case",
        administrations=tuple(given),
        drug_orders=(
            *(_order(n, item) for n, item in enumerate(facts.get("orders", []), start=1)),
            *(_antiviral_order(n, item) for n, item in antivirals if item.get("as", "order") == "order"),
            *(earlier_order(n, item, _maybe) for n, item in earlier if item.get("as") == "order"),
            *(
                _vaccine_drug_order(n, item)
                for n, item in enumerate(facts.get("vaccine_orders", []), start=1)
                if item.get("as", "medication") == "medication"
            ),
        ),
        mentions=(
            *(
                Mention(f"MedicationStatement/{n}", frozenset(DRUGS[name]), by_text=False)
                for n, name in enumerate(facts.get("mentions", []), start=1)
            ),
            *(_antiviral_statement(n, item) for n, item in antivirals if item.get("as", "order") == "statement"),
            *(earlier_statement(n, item, _maybe) for n, item in earlier if item.get("as") not in ("order", "given")),
        ),
        results=results,
        pending=pending,
        unread=unread,
        measured=_measured(facts.get("results", {})),
        service_orders=(
            *(
                ServiceOrder(f"ServiceRequest/{name}-{n}", frozenset({TESTS[name]}), when(day))
                for name, days in facts.get("test_orders", {}).items()
                for n, day in enumerate(days, start=1)
            ),
            *(
                _vaccine_service_order(n, item)
                for n, item in enumerate(facts.get("vaccine_orders", []), start=1)
                if item.get("as") == "service"
            ),
        ),
        conditions=tuple(_condition(item) for item in facts.get("conditions", [])),
        allergies=tuple(_allergy(n, item) for n, item in enumerate(facts.get("allergies", []), start=1)),
        vaccinations=tuple(
            Vaccination(
                f"Immunization/{n}",
                frozenset(VACCINES[item["vaccine"]]),
                _maybe(item, "on"),
                unsure=item.get("unsure", False),
                untold=item.get("untold", False),
            )
            for n, item in enumerate(facts.get("vaccines", []), start=1)
        ),
        appointments=tuple(
            Appointment(f"Appointment/{n}", item.get("about_drug", True), _maybe(item, "starts"))
            for n, item in enumerate(facts.get("appointments", []), start=1)
        ),
        visits=tuple(visit(n, item, _maybe) for n, item in enumerate(facts.get("visits", []), start=1)),
        person=_person(facts["person"]) if "person" in facts else None,
        gaps={Source(name): Gap(why) for name, why in facts.get("gaps", {}).items()},
    )


def _course_days(starts: list[date]) -> list[date]:
    return [
        start + timedelta(days=offset)
        for number, start in enumerate(starts)
        for offset in range(LATER_COURSE_DAYS if number else FIRST_COURSE_DAYS)
    ]


def _times(item: Mapping[str, Any], start: time, end: time | None) -> tuple[When | None, When | None]:
    day, zone = item.get("on"), item.get("zone", ZONE)
    if day is None:
        return None, None
    if item.get("untimed") or isinstance(day, str):
        return when(day), None
    until = item.get("end", end)
    return when(day, item.get("start", start), zone), when(day, until, zone) if until is not None else None


def _dose(item: Mapping[str, Any], usual: Decimal) -> Dose | None:
    if item.get("dose") == "absent":
        return None
    if item.get("dose") == "unreadable":
        return Dose(None)
    if "mL" in item:
        return Dose(None, Decimal(item["mL"]))
    return Dose(Decimal(item.get("mg", usual)))


def _administration(reference: str, concepts: tuple[str, ...], item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "reference": item.get("reference", reference),
        "concepts": frozenset(concepts),
        "by_text": item.get("by_text", False),
        "exposure": STATUSES["unknown" if item.get("unreadable") else item.get("status", "completed")],
        "request": item.get("request"),
        "identifiers": frozenset({item["identifier"]}) if "identifier" in item else frozenset(),
        "last_updated": item.get("updated"),
        "why_not": "unreadable" if item.get("unreadable") else None if "on" in item else "no-date",
    }


def _infusion(number: int, written: date | Mapping[str, Any]) -> Administration:
    """A day alone: 12 mg of LEMTRADA from 09:00 to 13:00, completed."""
    item: Mapping[str, Any] = {"on": written} if isinstance(written, date) else written
    start, end = _times(item, time(9), time(13))
    drug = DRUGS[item.get("drug", "lemtrada")]
    route = item.get("route", "intravenous")
    return Administration(
        **_administration(f"MedicationAdministration/infusion-{number}", drug, item),
        start=start,
        end=end,
        dose=_dose(item, Decimal(12)),
        route=None if route == "none" else Route(route),
    )


def _steroid(number: int, written: date | Mapping[str, Any]) -> Administration:
    """A day alone: 1,000 mg of methylprednisolone into a vein from 08:00, completed."""
    item: Mapping[str, Any] = {"on": written} if isinstance(written, date) else written
    start, end = _times(item, time(8), None)
    drug = item.get("drug", "methylprednisolone")
    route = item.get("route", "intravenous")
    return Administration(
        **_administration(f"MedicationAdministration/steroid-{number}", (drug,), item),
        start=start,
        end=end,
        dose=_dose(item, Decimal(1000)),
        route=None if route == "none" else Route(route),
    )


def _order(number: int, item: Mapping[str, Any]) -> DrugOrder:
    """Draft unless a status is written; LEMTRADA 12 mg a day unless another drug is."""
    drug = item.get("drug", "lemtrada")
    status = item.get("status", "draft")
    days = item.get("days")
    route = item.get("route")
    return DrugOrder(
        reference=f"MedicationRequest/{drug}-{number}".replace(" ", "-"),
        concepts=frozenset(DRUGS.get(drug, (drug,))),
        by_text=False,
        draft=status == "draft",
        active=status == "active",
        starts=when(item["starts"]) if "starts" in item else None,
        ends=when(item["ends"]) if "ends" in item else None,
        written=when(item["written"]) if "written" in item else None,
        days=frozenset(days) if isinstance(days, list) else None,
        day_count=days if isinstance(days, int) else None,
        daily_dose=_dose(item, Decimal(12) if drug in DRUGS else Decimal(1000)),
        route=Route(route) if route is not None else None,
    )


def _maybe(item: Mapping[str, Any], name: str) -> When | None:
    return when(item[name]) if name in item else None


def _route(item: Mapping[str, Any]) -> Route | None:
    return Route(item["route"]) if "route" in item else None


def _antiviral_order(number: int, item: Mapping[str, Any]) -> DrugOrder:
    """Active unless a status is written; `until` is the last day planned."""
    status = item.get("status", "active")
    return DrugOrder(
        reference=f"MedicationRequest/antiviral-{number}",
        concepts=frozenset(ANTIVIRALS[item.get("drug", "valacyclovir")]),
        by_text=item.get("by_text", False),
        draft=status == "draft",
        active=status == "active",
        starts=_maybe(item, "starts"),
        ends=_maybe(item, "until"),
        written=_maybe(item, "written"),
        days=None,
        day_count=None,
        daily_dose=None,
        route=_route(item),
        completed=status == "completed",
        unsure=status == "unknown",
        runs_until=_maybe(item, "until"),
    )


def _antiviral_statement(number: int, item: Mapping[str, Any]) -> Mention:
    status = item.get("status", "active")
    return Mention(
        f"MedicationStatement/antiviral-{number}",
        frozenset(ANTIVIRALS[item.get("drug", "valacyclovir")]),
        by_text=False,
        when=_maybe(item, "starts"),
        ends=_maybe(item, "until"),
        closed=status in ("stopped", "completed"),
        route=_route(item),
        unsure=status == "unknown",
        asserted_only=item.get("asserted_only", False),
    )


def _antiviral_dose(number: int, day: date, item: Mapping[str, Any]) -> Administration:
    drug = ANTIVIRALS[item.get("drug", "valacyclovir")]
    return Administration(
        **_administration(f"MedicationAdministration/antiviral-{number}-{day}", drug, {**item, "on": day}),
        start=when(day),
        end=None,
        dose=None,
        route=_route(item),
    )


def _vaccine_drug_order(number: int, item: Mapping[str, Any]) -> DrugOrder:
    """Draft unless a status is written."""
    status = item.get("status", "draft")
    return DrugOrder(
        reference=f"MedicationRequest/vaccine-{number}",
        concepts=frozenset(VACCINES[item["vaccine"]]),
        by_text=False,
        draft=status == "draft",
        active=status == "active",
        starts=_maybe(item, "starts"),
        ends=None,
        written=_maybe(item, "written"),
        days=None,
        day_count=None,
        daily_dose=None,
        route=None,
    )


def _vaccine_service_order(number: int, item: Mapping[str, Any]) -> ServiceOrder:
    return ServiceOrder(
        f"ServiceRequest/vaccine-{number}",
        frozenset(VACCINES[item["vaccine"]]),
        _maybe(item, "starts"),
        _maybe(item, "written"),
        draft=item.get("status", "draft") == "draft",
    )


def _condition(written: str | Mapping[str, Any]) -> ConditionFact:
    item: Mapping[str, Any] = {"of": written} if isinstance(written, str) else written
    name = item["of"]
    return ConditionFact(
        f"Condition/{name}",
        frozenset({DIAGNOSES[name]}),
        _maybe(item, "on"),
        unsure=item.get("unsure", False),
        onset=_maybe(item, "onset"),
        ended=_maybe(item, "ended"),
        active=item.get("active", True),
    )


def _allergy(number: int, item: Mapping[str, Any]) -> AllergyFact:
    return AllergyFact(
        f"AllergyIntolerance/{number}",
        frozenset({ALLERGENS[item["to"]]}),
        _maybe(item, "on"),
        grave=item.get("grave", False),
        unsure=item.get("unsure", False),
        resolved=item.get("resolved", False),
    )


def _person(item: Mapping[str, Any]) -> Person:
    return Person(item.get("gender"), _maybe(item, "born"), item.get("deceased", "died" in item), _maybe(item, "died"))


def _measured(written: Mapping[str, list[Any]]) -> dict[str, tuple[Measured, ...]]:
    """Results written with a `count` or with what was `found`."""
    book: dict[str, list[Measured]] = defaultdict(list)
    for name, found in written.items():
        for number, item in enumerate(found, start=1):
            if not isinstance(item, Mapping) or not {"count", "found"} & set(item):
                continue
            amount = Decimal(item["count"]) if item.get("count", "unreadable") != "unreadable" else None
            outcome = Outcome(item["found"]) if item.get("found", "unreadable") != "unreadable" else None
            at = when(item["on"], item.get("at"))
            book[TESTS[name]].append(Measured(at, f"Observation/{TESTS[name]}-{number}", amount, outcome))
    return {concept: tuple(found) for concept, found in book.items()}


Book = dict[str, tuple[Result, ...]]


def _results(written: Mapping[str, list[Any]]) -> tuple[Book, Book, dict[str, tuple[str, ...]]]:
    final: dict[str, list[Result]] = defaultdict(list)
    pending: dict[str, list[Result]] = defaultdict(list)
    unread: dict[str, list[str]] = defaultdict(list)
    for name, found in written.items():
        concept = TESTS[name]
        for number, entry in enumerate(found, start=1):
            item = entry if isinstance(entry, Mapping) else {"on": entry}
            reference = f"Observation/{concept}-{number}"
            if item.get("unreadable"):
                unread[concept].append(reference)
                continue
            book = pending if item.get("preliminary") else final
            book[concept].append(Result(when(item["on"], item.get("at")), reference, item.get("issued_only", False)))
    return (
        {concept: tuple(found) for concept, found in final.items()},
        {concept: tuple(found) for concept, found in pending.items()},
        {concept: tuple(found) for concept, found in unread.items()},
    )


# --- comparing --------------------------------------------------------------------------------------------------------


def judge(label: Label, case: TableCase) -> Verdict:
    return evaluate(label, case.timeline, case.as_of, case.hook)


def shown(label: Label, case: Case, item: Assessment) -> dict[str, Any]:
    """An assessment as a table writes it. `ordering`: at order-sign; `chart`: at patient-view.

    `on_chart`: patient-view speaks of it at all. `asks_mg`: the dose the message names as required.
    `lapsed`: the tests it names as past their date when follow-up ended.
    """
    return {
        "status": item.status.value,
        "reason": item.reason.value if item.reason is not None else None,
        "note": ",".join(note.value for note in item.notes) or None,
        "course": item.course,
        "day": item.day,
        "due": item.due,
        "daysOverdue": item.days_overdue,
        "lastDone": item.last_done,
        "indicator": indicator(label, item, None, case.as_of),
        "ordering": indicator(label, item, "order-sign", case.as_of),
        "at_hook": indicator(label, item, case.hook, case.as_of, at_infusion=case.at_infusion),
        "chart": indicator(label, item, PATIENT_VIEW, case.as_of),
        "lapsed": item.facts.get("lapsed"),
        "asks_mg": item.facts.get("required"),
        "on_chart": speaks(label, item, PATIENT_VIEW, case.as_of),
        "evidence": sorted(reference.split("/", 1)[1] for reference in item.evidence),
    }


def mismatches(label: Label, case: TableCase, verdict: Verdict) -> list[str]:
    """What differs from what the case expects; nothing when all is as written."""
    wrong = [f"failed inside: {name}: {error!r}" for name, error in verdict.failures]
    rows = [shown(label, verdict.case, item) for item in verdict.assessments if item.requirement == case.requirement]
    if not rows:
        return [*wrong, "no assessment at all"]
    for expected in case.expect:
        wanted = {key: None if value == "none" else value for key, value in expected.items()}
        if not any(all(row[key] == value for key, value in wanted.items()) for row in rows):
            wrong.append(f"expected {wanted}, got {rows}")
    numbered = any("course" in expected for expected in case.expect)
    if not numbered and len(rows) != len(case.expect):
        wrong.append(f"expected {len(case.expect)} assessments, got {len(rows)}: {rows}")
    if case.quiet:
        wrong += [f"not quiet: {item.requirement} {item.status}" for item in loud(label, verdict)]
    return wrong


def loud(label: Label, verdict: Verdict) -> list[Assessment]:
    """What someone should look at, by the plain report."""
    acted = [item for item in verdict.assessments if item.status in ACTIONABLE_STATUSES]
    return [item for item in acted if indicator(label, item, None, verdict.case.as_of) is not None]


__all__ = ["TABLES", "TableCase", "build", "judge", "load_tables", "loud", "mismatches", "on_day", "shown", "when"]
