"""A site's own codes: which ConceptMaps can be used, which of their lines count, and what a wrong one is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from cds_service.engine import Engine
from cds_service.fhir.code_maps import CodeMapError, read_code_map
from cds_service.fhir.structs import CodeableConcept, Coding
from tests.fhir.made import LOINC, TSH, Json, as_bytes, bundle, concept, observation, used

LOCAL = "http://lab.example.org/codes"
FREE_T4 = "3024-7"


def concepts_of(system: str, code: str) -> frozenset[str]:
    return Engine.load().reader.index.coded(CodeableConcept([Coding(system, code)]))


def target(code: Any = TSH, **fields: Any) -> Json:
    return {"code": code, **(fields or {"equivalence": "equivalent"})}


def group(*elements: Json, **fields: Any) -> Json:
    return {"source": LOCAL, "target": LOINC, "element": list(elements), **fields}


def concept_map(*groups: Json) -> Json:
    return {"resourceType": "ConceptMap", "status": "active", "group": list(groups)}


def one(code: str = "TSH1", **fields: Any) -> Json:
    return concept_map(group({"code": code, "target": [target(**fields)]}))


def codes(written: Json) -> dict[tuple[str, str], set[str]]:
    found = read_code_map("site.json", as_bytes(written), concepts_of)
    return {(item.system, item.code): set(item.concepts) for item in found.codes}


def test_a_local_code_is_what_its_target_is() -> None:
    assert codes(one()) == {(LOCAL, "TSH1"): {"tsh"}}


@pytest.mark.parametrize(
    "said, counts",
    [
        ({"equivalence": "equal"}, True),
        ({"equivalence": "equivalent"}, True),
        ({"equivalence": "wider"}, True),
        ({"equivalence": "subsumes"}, True),
        ({"equivalence": "narrower"}, False),
        ({"equivalence": "specializes"}, False),
        ({"equivalence": "relatedto"}, False),
        ({"equivalence": "inexact"}, False),
        ({"equivalence": "disjoint"}, False),
        ({"relationship": "equivalent"}, True),
        ({"relationship": "source-is-narrower-than-target"}, True),
        ({"relationship": "source-is-broader-than-target"}, False),
        ({"relationship": "related-to"}, False),
        ({"relationship": "not-related-to"}, False),
        ({"equivalence": "equivalent", "dependsOn": [{"property": "http://x", "value": "urine"}]}, False),
    ],
)
def test_a_line_counts_when_the_local_code_means_the_same_or_something_narrower(said: Json, counts: bool) -> None:  # noqa: FBT001 - a column of the table
    sure = {"code": "SURE", "target": [target()]}
    asked = {"code": "ASKED", "target": [{"code": TSH, **said}]}
    found = read_code_map("site.json", as_bytes(concept_map(group(sure, asked))), concepts_of)
    assert {item.code for item in found.codes} == ({"SURE", "ASKED"} if counts else {"SURE"})
    assert found.unfit == (0 if counts else 1)


def test_what_the_label_does_not_know_is_left_out_and_counted() -> None:
    sure, other = {"code": "SURE", "target": [target()]}, {"code": "NA", "target": [target("2951-2")]}
    found = read_code_map("site.json", as_bytes(concept_map(group(sure, other))), concepts_of)
    assert ([item.code for item in found.codes], found.unknown) == (["SURE"], 1)


def test_a_local_code_with_several_targets_is_all_of_them() -> None:
    both = {"code": "THY", "target": [target(), target(FREE_T4)]}
    assert codes(concept_map(group(both))) == {(LOCAL, "THY"): {"tsh", "tsh-look-alikes"}}


@pytest.mark.parametrize(
    "element",
    [
        {"code": "X", "noMap": True},
        {"code": "X"},
        {"code": "X", "target": None},
        {"code": "X", "target": [{"equivalence": "unmatched"}]},
        {"code": "X", "target": [{"equivalence": "disjoint"}]},
    ],
)
def test_a_local_code_may_have_no_target(element: Json) -> None:
    assert codes(concept_map(group({"code": "SURE", "target": [target()]}, element))) == {(LOCAL, "SURE"): {"tsh"}}


def test_system_addresses_may_carry_a_version() -> None:
    written = concept_map(group({"code": "TSH1", "target": [target()]}, source=f"{LOCAL}|2026", target=f"{LOINC}|2.78"))
    assert codes(written) == {(LOCAL, "TSH1"): {"tsh"}}


@pytest.mark.parametrize(
    "written, said",
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is no ConceptMap (resourceType None)"),
        (b'{"resourceType": "ValueSet"}', "is no ConceptMap (resourceType 'ValueSet')"),
        ({"resourceType": "ConceptMap"}, "has no group; write group[0]"),
        (concept_map(), "has no group"),
        (concept_map([]), "group[0] is no object"),  # type: ignore[arg-type]  # not what FHIR says
        (concept_map(group({"code": "A", "target": [target()]}, source=None)), "group[0].source is missing; write the"),
        (concept_map(group({"code": "A", "target": [target()]}, target=" ")), "group[0].target is missing"),
        (concept_map(group()), "group[0].element is missing; list the local codes"),
        (concept_map(group({"target": [target()]})), "group[0].element[0].code is missing; write the local code"),
        (concept_map(group("TSH1")), "group[0].element[0].code is missing"),  # type: ignore[arg-type]
        (concept_map(group({"code": "A", "target": ["x"]})), "group[0].element[0].target[0].code is missing"),
        (one(equivalence="same"), "equivalence 'same' is unknown; write \"equivalent\""),
        (concept_map(group({"code": "A", "target": [{"code": TSH}]})), "equivalence None is unknown"),
        (one(relationship="alike"), "equivalence 'alike' is unknown"),
        (
            concept_map(group({"code": FREE_T4, "target": [target()]}, source=LOINC)),
            "3024-7 is a code of the label with another meaning; take it out",
        ),
        (one(code="X", equivalence="narrower"), "(0 unknown targets, 1 that mean something else)"),
        (concept_map(group({"code": "X", "target": [target("2951-2")]})), "(1 unknown targets, 0"),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_used_is_told_where_and_what_instead(written: bytes | Json, said: str) -> None:
    body = written if isinstance(written, bytes) else as_bytes(written)
    with pytest.raises(CodeMapError) as refused:
        read_code_map("maps/site.json", body, concepts_of)
    assert str(refused.value).startswith("maps/site.json: ")
    assert said in str(refused.value)


def test_every_problem_is_told_at_once_up_to_twenty() -> None:
    elements = [{"code": "A", "target": [{"code": TSH, "equivalence": "?"}]} for _ in range(30)]
    with pytest.raises(CodeMapError) as refused:
        read_code_map("site.json", as_bytes(concept_map(group(*elements))), concepts_of)
    assert str(refused.value).count("equivalence '?' is unknown") == 20


def test_repeating_a_code_of_the_label_with_its_own_meaning_is_no_harm() -> None:
    assert codes(concept_map(group({"code": TSH, "target": [target()]}, source=LOINC))) == {(LOINC, TSH): {"tsh"}}


def test_a_byte_order_mark_is_no_harm() -> None:
    assert read_code_map("x", b"\xef\xbb\xbf" + as_bytes(one()), concepts_of).codes


# --- with an engine -------------------------------------------------------------------------------------------------


def write(folder: Path, name: str, written: Json) -> Path:
    path = folder / name
    path.write_text(json.dumps(written), encoding="utf-8")
    return path


def test_results_under_local_codes_count(tmp_path: Path) -> None:
    paths = (
        write(tmp_path, "one.json", one()),
        write(tmp_path, "two.json", one("TSH2", relationship="source-is-narrower-than-target")),
    )
    engine = Engine.load(code_maps=paths)
    resources = [
        observation(name, concept(LOCAL, code)) for name, code in (("a", "TSH1"), ("b", "TSH2"), ("c", "TSH3"))
    ]
    (found,) = engine.timelines(as_bytes(bundle(*resources)))
    assert used(found) == ["Observation/a", "Observation/b"]
    (plain,) = Engine.load().timelines(as_bytes(bundle(*resources)))
    assert used(plain) == []


def test_a_local_code_for_a_diagnosis_stands_for_itself_only(tmp_path: Path) -> None:
    target_system = "http://hl7.org/fhir/sid/icd-10-cm"
    written = concept_map(group({"code": "HIV", "target": [target("B20")]}, target=target_system))
    engine = Engine.load(code_maps=(write(tmp_path, "dx.json", written),))
    index = engine.reader.index
    assert index.coded(CodeableConcept([Coding(LOCAL, "HIV")])) == {"hiv-infection"}
    assert index.coded(CodeableConcept([Coding(LOCAL, "HIV.1")])) == frozenset()


def test_a_map_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CodeMapError, match=r"gone\.json: cannot be opened"):
        Engine.load(code_maps=(tmp_path / "gone.json",))
