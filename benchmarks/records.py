"""Synthetic patients with as many Observations as asked for, the same for the same seed.

The treated one is well managed under LEMTRADA: two earlier drugs, two courses with premedication and antiviral, every
baseline test and screening, vaccines in time, a skin examination and an HPV test a year, a full panel a month with its
reports. Only the monthly tests are ten days late, so that a report has findings and a call has a card. The rest is what
a hospital has besides. The other one has five hundred administrations and never had the drug.
"""

import random
from datetime import date, timedelta
from typing import Final

from benchmarks import observations as made_of
from benchmarks import shapes
from benchmarks.shapes import INTRAVENOUS, Json, at, compact, entry, searchset
from benchmarks.treatment import COURSES, HOSPITAL_DRUGS, administration, background, patient, treatment

PATIENT: Final = shapes.PATIENT
SIZES: Final = (60, 600, 2_000, 10_000)
AS_OF: Final = "2026-11-22"
NOON: Final = "2026-11-22T12:00:00-05:00"
BASELINE: Final = date(2024, 2, 20)
SCREENED: Final = date(2024, 1, 16)
LAST_PANEL: Final = date(2026, 10, 12)
LAST_VISIT: Final = date(2026, 11, 20)
HPV_TESTS: Final = (date(2024, 2, 20), date(2025, 3, 3), date(2026, 3, 10))
MOST_PANELS: Final = 33  # one a month
HOOK_INSTANCE: Final = "4f0e0a5e-7f0c-4a1e-9d5e-0d5d3b1c2a3f"
KEYS: Final = {
    "administrations": "MedicationAdministration",
    "observations": "Observation",
    "reports": "DiagnosticReport",
    "medications": "MedicationRequest",
    "statements": "MedicationStatement",
    "dispenses": "MedicationDispense",
    "orders": "ServiceRequest",
    "conditions": "Condition",
    "allergies": "AllergyIntolerance",
    "immunizations": "Immunization",
    "procedures": "Procedure",
}


def bundle(observations: int, seed: int = 0, *, evenly: bool = False) -> bytes:
    """The treated patient's record as one collection Bundle, as a server would send it: compact JSON."""
    return compact(
        {
            "resourceType": "Bundle",
            "id": f"bench-{observations}",
            "type": "collection",
            "timestamp": "2026-11-22T06:00:00.000-05:00",
            "entry": [entry(r) for r in resources(observations, seed, evenly=evenly)],
        }
    )


def prefetch(observations: int, seed: int = 0) -> Json:
    """The same record as the prefetch of a CDS Hooks request: one searchset for each kind of resource."""
    return _prefetch(resources(observations, seed))


def patient_view(observations: int, seed: int = 0) -> bytes:
    """The body of a call when the treated patient's chart is opened."""
    return _patient_view(prefetch(observations, seed))


def unrelated_view(administrations: int = 500, seed: int = 0) -> bytes:
    """The body of the commonest call: a hospital patient who was given many drugs, none of them this one."""
    rng = random.Random(f"{seed}/unrelated/{administrations}")
    made = [patient("1951-02-03"), *background(rng)]
    made += (made_of.everyday(at(LAST_VISIT - timedelta(days=n), rng), rng) for n in range(20))
    for number in range(administrations):
        start = at(LAST_VISIT - timedelta(days=number // 20), rng)
        drug, dose = rng.choice(HOSPITAL_DRUGS), rng.choice((5, 20, 40, 1_000))
        made.append(administration(rng, drug, (start, timedelta(minutes=30)), dose, INTRAVENOUS))
    return _patient_view(_prefetch(tuple(made)))


def resources(observations: int, seed: int = 0, *, evenly: bool = False) -> tuple[Json, ...]:
    """The treated patient's record with exactly so many Observations, in order of time.

    A small record is a recent one: it has the baseline and the latest panels. A large one has at most one panel a
    month, and more of everything else; `evenly`: more panels too, so that the share of tests asked for stays the same.
    """
    rng = random.Random(f"{seed}/{observations}")
    panels = max(2, observations // (2 * len(made_of.MONITORING)))
    panels = panels if evenly else min(MOST_PANELS, panels)
    results: list[Json] = []
    reports: list[Json] = []
    for day in _panel_days(panels):
        found, gathered = made_of.monitoring_visit(at(day, rng), rng)
        results += found
        reports += gathered
    results += (made_of.laboratory(at(c.antiviral_until - timedelta(days=8), rng), rng, made_of.CD4) for c in COURSES)
    results += (made_of.not_detected(at(day, rng), rng, made_of.HPV) for day in HPV_TESTS)
    results.append(made_of.detected(at(SCREENED, rng), rng, made_of.VZV))
    results += (made_of.not_detected(at(SCREENED, rng), rng, test) for test in made_of.ABSENT)
    if len(results) > observations:
        raise ValueError(f"{observations} Observations are fewer than one well-managed patient needs ({len(results)})")
    span = (LAST_VISIT - BASELINE).days
    while len(results) < observations:
        results.append(made_of.everyday(at(BASELINE + timedelta(days=rng.randint(0, span)), rng), rng))
    results.sort(key=lambda o: (o["effectiveDateTime"], o["id"]))
    return (patient(), *treatment(rng), *background(rng), *results, *reports)


def _panel_days(panels: int) -> list[date]:
    """The baseline, then the others counted back from the latest, a month apart or as far as there is room."""
    apart = min(30.0, (LAST_PANEL - BASELINE).days / panels)
    return [BASELINE, *(LAST_PANEL - timedelta(days=int(apart * n)) for n in range(panels - 1))]


def _prefetch(found: tuple[Json, ...]) -> Json:
    sets = {key: searchset(kind, [r for r in found if r["resourceType"] == kind]) for key, kind in KEYS.items()}
    return {"patient": found[0], **sets}


def _patient_view(sets: Json) -> bytes:
    return compact(
        {
            "hook": "patient-view",
            "hookInstance": HOOK_INSTANCE,
            "context": {"patientId": PATIENT, "userId": "Practitioner/neurologist-1"},
            "prefetch": sets,
        }
    )
