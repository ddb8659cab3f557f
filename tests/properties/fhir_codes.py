"""The codes made-up FHIR patients are written with: every row of the label, and codes the label does not know."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from cds_service.engine import Engine
from cds_service.labels.value_sets import SYSTEMS

Json = dict[str, Any]
ENGINE = Engine.load()
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
LOCAL = "https://ehr.example.org/codes"


class Row(NamedTuple):
    """One code of the label."""

    value_set: str
    systems: tuple[str, ...]
    code: str
    display: str

    @property
    def coding(self) -> Json:
        """As a Coding of the usual system."""
        return {"system": self.systems[0], "code": self.code, "display": self.display}

    @property
    def concept(self) -> Json:
        """As a CodeableConcept of this coding alone."""
        return {"coding": [self.coding]}


ROWS = tuple(Row(code.value_set, SYSTEMS[code.system], code.code, code.display) for code in ENGINE.bundle.codes)
BY_SET = {name: tuple(row for row in ROWS if row.value_set == name) for name in {row.value_set for row in ROWS}}

STEROIDS = ("methylprednisolone", "prednisone", "prednisolone", "dexamethasone", "hydrocortisone", "betamethasone")
ODD_STEROIDS = ("methylprednisolone-form-unclear", "corticosteroid-depot")
ANTIVIRALS = ("herpes-antiviral", "other-antiviral", "topical-antiviral")
OWN = ("lemtrada", "alemtuzumab-unspecified", "campath")
VACCINES = (
    *("live-viral-vaccine", "live-viral-vaccine-unclear", "vaccine-not-live-viral", "no-vaccine"),
    *("varicella-vaccine", "tuberculin-test"),
)
DIAGNOSES = (
    *("multiple-sclerosis", "b-cll", "hiv-infection", "hiv-look-alikes", "no-cervix", "cervix-remains"),
    *("varicella-history", "varicella", "tb-screening-unclear", "latent-tb-history", "viral-hepatitis-chronic"),
)
EXAMINATIONS = ("skin-exam", "skin-exam-look-alikes", "skin-exam-referral")
PANELS = tuple(name for name, item in ENGINE.bundle.value_sets.items() if item.panel is not None and name in BY_SET)
TESTS = tuple(
    sorted(set(BY_SET) - {*STEROIDS, *ODD_STEROIDS, *ANTIVIRALS, *OWN, *VACCINES, *DIAGNOSES, *EXAMINATIONS, *PANELS})
)
# What a follow-up is made of, so that made-up patients are often well looked after.
ROUTINE = (
    "tsh", "serum-creatinine", "urine-protein-creatinine-ratio", "alt", "ast", "total-bilirubin", "urine-cell-counts",
    "leukocytes", "platelets", "hemoglobin-or-hematocrit", "differential", "cd4-count",
)  # fmt: skip
DRUG_NAMES = ("LEMTRADA 12 mg IV", "alemtuzumab", "Campath 30 mg", "Solu-Medrol 1 g IV", "valacyclovir 500 mg tablet")
UNKNOWN = {
    "drug": ("http://www.nlm.nih.gov/research/umls/rxnorm", "25480", "gabapentin"),
    "test": (LOINC, "2951-2", "Sodium [Moles/volume] in Serum or Plasma"),
    "diagnosis": ("http://hl7.org/fhir/sid/icd-10-cm", "E11.9", "Type 2 diabetes mellitus without complications"),
    "vaccine": ("http://hl7.org/fhir/sid/cvx", "9999", "a vaccine nobody lists"),
    "procedure": (SNOMED, "138875005", "SNOMED CT Concept"),
    "substance": (SNOMED, "227493005", "Cashew nuts"),
}


def pick(random: Random, names: tuple[str, ...]) -> Row:
    """A code of one of these value sets, each value set as likely as the others."""
    return random.choice(BY_SET[random.choice(names)])


def unknown(kind: str) -> Json:
    """A concept the label does not know."""
    system, code, display = UNKNOWN[kind]
    return {"coding": [{"system": system, "code": code, "display": display}]}


def concept(random: Random, names: tuple[str, ...], other: str) -> Json:
    """A concept of one of these value sets, written in one of the usual ways; now and then one nobody knows."""
    if random.random() < 0.1:
        return unknown(other)
    row = pick(random, names)
    system = row.systems[0] if random.random() < 0.9 else random.choice(row.systems)
    coding: Json = {"system": system, "code": row.code}
    if random.random() < 0.5:
        coding["display"] = row.display
    codings = [coding]
    if random.random() < 0.2:
        codings.insert(random.randrange(2), {"system": LOCAL, "code": "X-1", "display": "local name"})
    made: Json = {"coding": codings}
    if random.random() < 0.2:
        made["text"] = row.display
    return made
