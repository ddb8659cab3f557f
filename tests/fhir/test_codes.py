"""Codes and names to concepts: systems, prefixes of ICD-10, several codings, names that only look alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.engine import Engine
from cds_service.fhir.codes import CodeEntry, CodeIndex
from cds_service.fhir.structs import CodeableConcept, Coding
from cds_service.labels.value_sets import SYSTEMS
from tests.fhir.made import ICD10, LOINC, RXNORM

INDEX = Engine.load().reader.index
BUNDLE = Engine.load().bundle


def coded(*codings: tuple[str | None, str | None]) -> set[str]:
    return set(INDEX.coded(CodeableConcept([Coding(system, code) for system, code in codings])))


def test_every_code_of_the_label_is_found_under_every_uri_of_its_system() -> None:
    for code in BUNDLE.codes:
        for system in SYSTEMS[code.system]:
            assert code.value_set in coded((system, code.code)), (system, code.code)


@pytest.mark.parametrize(
    "system", ["http://loinc.org", "urn:oid:2.16.840.1.113883.6.1"], ids=["by address", "by object identifier"]
)
def test_systems_by_either_name(system: str) -> None:
    assert coded((system, "3016-3")) == {"tsh"}


@pytest.mark.parametrize(
    "codings",
    [
        [(None, "3016-3")],
        [("http://loinc.org", None)],
        [("http://example.org/lab", "3016-3")],
        [("LOINC", "3016-3")],
        [("http://loinc.org", "3016-30")],
        [],
    ],
)
def test_a_code_without_its_system_is_none(codings: list[tuple[str | None, str | None]]) -> None:
    assert coded(*codings) == set()


def test_any_matching_coding_decides() -> None:
    assert coded(("urn:local", "TSH"), (LOINC, "3016-3")) == {"tsh"}
    assert coded((LOINC, "3016-3"), ("urn:local", "TSH")) == {"tsh"}
    assert coded((RXNORM, "1594660"), (RXNORM, "284679")) == {"lemtrada", "campath"}


@pytest.mark.parametrize("concept", [None, "3016-3", [], [{"code": "3016-3"}], CodeableConcept(), CodeableConcept([])])
def test_what_is_no_concept_carries_none(concept: CodeableConcept | str | list[object] | None) -> None:
    assert INDEX.coded(concept) == frozenset()


@pytest.mark.parametrize(
    "code, expected",
    [
        ("G35", {"multiple-sclerosis"}),
        ("G35.B1", {"multiple-sclerosis-outside"}),
        ("G35.B19", {"multiple-sclerosis-outside"}),
        ("G35B1", {"multiple-sclerosis-outside"}),
        ("g35.a", {"multiple-sclerosis-relapsing"}),
        ("G35.C", {"multiple-sclerosis"}),
        ("G35.C0", {"multiple-sclerosis"}),
        ("G35.C1", {"multiple-sclerosis-relapsing"}),
        ("G35.C2", {"multiple-sclerosis-outside"}),
        ("G35.D", {"multiple-sclerosis"}),
        ("G36.0", {"multiple-sclerosis-look-alikes"}),
        ("G37.81", {"multiple-sclerosis-look-alikes"}),
        ("G37.8", {"demyelination-unclear"}),
        ("G37.89", {"demyelination-unclear"}),
        ("G37.9", {"demyelination-unclear"}),
        ("G350", {"multiple-sclerosis"}),
        ("C91.1", {"b-cll"}),
        ("C91.10", {"b-cll"}),
        ("C9110", {"b-cll"}),
        ("C91.1999", {"b-cll"}),
        ("C91", {"malignancy"}),
        ("C91.0", {"malignancy"}),
        ("C9", {"malignancy"}),
        ("C", set()),
        ("G3", set()),
        ("G36", set()),
        ("", set()),
    ],
)
def test_an_icd_code_is_matched_with_everything_below_it(code: str, expected: set[str]) -> None:
    assert coded((ICD10, code)) == expected


def test_the_longest_prefix_decides() -> None:
    entries = [
        CodeEntry(name, (ICD10,), code, hierarchical=True) for name, code in (("stroke", "I63"), ("other", "I63.9"))
    ]
    index = CodeIndex(entries, {})
    found = {c: index.coded(CodeableConcept([Coding(ICD10, c)])) for c in ("I63", "I63.5", "I63.9", "I63.90", "I63.99")}
    assert found == {
        "I63": {"stroke"},
        "I63.5": {"stroke"},
        "I63.9": {"other"},
        "I63.90": {"other"},
        "I63.99": {"other"},
    }


def test_other_systems_have_no_prefixes() -> None:
    assert coded((LOINC, "3016-3.1")) == set()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Lemtrada", {"alemtuzumab-unspecified"}),
        ("ALEMTUZUMAB 12 MG/1.2 ML IV SOLN", {"alemtuzumab-unspecified"}),
        ("ALEMTUZUMAB-LEMTRADA", {"alemtuzumab-unspecified"}),
        ("lemtrada_12mg", {"alemtuzumab-unspecified"}),
        ("(alemtuzumab)", {"alemtuzumab-unspecified"}),
        ("Lemtrada12mg", {"alemtuzumab-unspecified"}),
        ("Campath", {"campath"}),
        ("MabCampath 30 mg", {"campath"}),
        ("mabcampaths", set()),
        ("methylprednisolone 1 g", {"methylprednisolone"}),
        ("methylPREDNISolone", {"methylprednisolone"}),
        ("prednisolone", {"prednisolone"}),
        ("prednisone", {"prednisone"}),
        ("deltaprednisone", set()),
        ("prednisones", set()),
        ("Solu-Medrol", {"methylprednisolone"}),
        ("SOLU MEDROL", {"methylprednisolone"}),
        ("methylprednisolone acetate 80 mg", {"corticosteroid-depot"}),
        ("methylprednisolone-acetate", {"corticosteroid-depot"}),
        ("Methylprednisolone  Acetate", {"corticosteroid-depot"}),
        ("Depo-Medrol", {"corticosteroid-depot"}),
        ("natalizumab", {"ms-natalizumab"}),
        ("natalizumab-sztn 300 MG/15 ML", {"ms-natalizumab"}),
        ("Avonex", {"ms-interferon-beta-1a"}),
        ("interferon beta-1a 44 MCG/0.5 ML [Rebif]", {"ms-interferon-beta-1a"}),
        ("INTERFERON BETA 1A", {"ms-interferon-beta-1a"}),
        ("interferon beta-1b", {"ms-interferon-beta-1b"}),
        ("peginterferon beta-1a", {"ms-peginterferon-beta-1a"}),
        ("interferon gamma-1b", set()),
        ("diroximel fumarate", {"ms-dimethyl-fumarate"}),
        ("ferrous fumarate", set()),
        ("", set()),
        ("predni\u017fone", {"prednisone"}),  # the long s of old print is an s
        ("predn\u0130sone", set()),
    ],
)
def test_names_are_whole_words(text: str, expected: set[str]) -> None:
    assert set(INDEX.named([text])) == expected


def test_a_name_decides_only_when_no_code_does() -> None:
    both = CodeableConcept([Coding(RXNORM, "117055", "Campath")], "Campath")
    assert INDEX.drug(both) == (frozenset({"alemtuzumab-unspecified"}), False)
    only = CodeableConcept([Coding("urn:local", "77", "Lemtrada infusion")])
    assert INDEX.drug(only) == (frozenset({"alemtuzumab-unspecified"}), True)
    assert INDEX.drug(None, "Lemtrada") == (frozenset({"alemtuzumab-unspecified"}), True)
    assert INDEX.drug(CodeableConcept(text="water")) == (frozenset(), False)


def test_without_names_nothing_is_named() -> None:
    assert CodeIndex([], {}).named(["alemtuzumab"]) == frozenset()


NAMES = ["alemtuzumab", "prednisone", "prednisolone", "dexamethasone", "campath", "solu-medrol"]


AROUND = st.text(st.characters(codec="latin-1", exclude_categories=["No"]), max_size=5)  # fractions are neither


@given(st.sampled_from(NAMES), AROUND, AROUND)
def test_a_name_counts_exactly_when_no_letter_touches_it(name: str, before: str, after: str) -> None:
    alone = not before[-1:].isalpha() and not after[:1].isalpha()
    found = INDEX.named([f"{before}{name}{after}"])
    assert (INDEX.named([name]) <= found) == alone or _completes_another(before, name, after)


def _completes_another(before: str, name: str, after: str) -> bool:
    """What stands around makes it a longer name of the list, which is then found."""
    return bool(INDEX.named([before + name + after]) - INDEX.named([name]))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("tacrolimus 1 MG Oral Capsule", {"immunosuppressant"}),
        ("tacrolimus 1 MG/ML Topical Ointment", {"immunosuppressant-not-systemic"}),
        ("tacrolimus 0.1 % Topical Ointment", {"immunosuppressant-not-systemic"}),
        ("Tacrolimus Ointment", {"immunosuppressant-not-systemic"}),
        ("cyclosporine 0.05% ophthalmic emulsion", {"immunosuppressant-not-systemic"}),
        ("cycloSPORINE 100 MG Oral Capsule", {"immunosuppressant"}),
        ("Restasis", {"immunosuppressant-not-systemic"}),
        ("mycophenolate mofetil 500 MG", {"immunosuppressant"}),
        ("methotrexate", {"immunosuppressant"}),
        ("rituximab-abbs", {"ms-rituximab"}),
    ],
)
def test_immunosuppressants_for_skin_and_eyes_are_told_apart_by_name(text: str, expected: set[str]) -> None:
    assert set(INDEX.named([text])) == expected
