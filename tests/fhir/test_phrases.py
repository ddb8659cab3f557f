"""Words around a name: which texts are the diagnosis and nothing else, and which orders ask for the drug itself."""

import pytest

from cds_service.fhir.phrases import asks_to_give, names_wholly

NAMES = ("hiv", "aids", "human immunodeficiency virus", "acquired immune deficiency syndrome")


def is_diagnosis(text: str) -> bool:
    padded = "".join(letter if letter.isalpha() else " " for letter in text.casefold())
    return any(f" {name} " in f" {' '.join(padded.split())} " for name in NAMES)


def is_drug(text: str) -> bool:
    return any(name in text.casefold() for name in ("lemtrada", "alemtuzumab"))


@pytest.mark.parametrize(
    "text",
    [
        "HIV",
        "AIDS",
        "HIV infection",
        "HIV disease",
        "HIV-1 infection",
        "HIV/AIDS",
        "HIV positive",
        "Positive HIV test",
        "Asymptomatic HIV infection, with status",
        "HIV infection (disorder)",
        "Human immunodeficiency virus [HIV] disease",
        "Acquired immune deficiency syndrome (AIDS)",
        "HIV disease stage 3 (AIDS)",
        "HIV infection on ART",
        "History of HIV",
        "Human immunodeficiency virus infection complicating pregnancy",
    ],
)
def test_a_text_that_is_wholly_the_diagnosis(text: str) -> None:
    assert names_wholly(text, is_diagnosis)


@pytest.mark.parametrize(
    "text",
    [
        "family history of HIV",
        "FH: HIV disease",
        "HIV screening",
        "Screening for HIV infection",
        "HIV test",
        "HIV negative",
        "HIV test negative",
        "No HIV infection",
        "HIV infection ruled out",
        "Rule out HIV",
        "exposure to HIV",
        "HIV exposure, occupational",
        "Contact with HIV positive person",
        "fear of HIV",
        "High risk for HIV infection",
        "HIV counseling",
        "HIV pre-exposure prophylaxis",
        "Partner HIV positive",
        "Possible HIV infection",
        "HIV status unknown",
        "HIV vaccine trial",
        "Hearing aids",
        "Uses walking aids",
        "infection",
        "positive",
        "",
        "HIV " + "infection " * 40,
    ],
)
def test_a_text_that_says_something_else_as_well(text: str) -> None:
    assert not names_wholly(text, is_diagnosis)


@pytest.mark.parametrize(
    "text",
    [
        "LEMTRADA",
        "LEMTRADA infusion",
        "Lemtrada (alemtuzumab)",
        "Infusion of alemtuzumab",
        "Injection, alemtuzumab, 1 mg",
        "Alemtuzumab 12 mg IV daily x 5 days",
        "Administer Lemtrada per protocol",
        "LEMTRADA course 2",
        "Lemtrada infusion, day 1; monitor vital signs",
        "LEMTRADA infusion with monitoring",
        "LEMTRADA 12 mg IV after premedication",
        "LEMTRADA infusion no. 3",
    ],
)
def test_an_order_for_the_drug_itself(text: str) -> None:
    assert asks_to_give(text, is_drug)


@pytest.mark.parametrize(
    "text",
    [
        "Neurology visit about alemtuzumab",
        "Consult: start LEMTRADA infusion?",
        "Labs before LEMTRADA infusion",
        "Pre-LEMTRADA infusion checklist",
        "CBC (alemtuzumab monitoring)",
        "MRI after LEMTRADA infusion",
        "LEMTRADA REMS enrollment",
        "LEMTRADA education",
        "Prior authorization for Lemtrada",
        "Lemtrada infusion reaction",
        "Discontinue Lemtrada infusion",
        "saline infusion",
        "",
    ],
)
def test_an_order_that_only_speaks_of_the_drug(text: str) -> None:
    assert not asks_to_give(text, is_drug)
