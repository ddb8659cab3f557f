"""The label as FHIR: valid, complete, the same codes as the service, the same bytes every time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cds_service.core.label import Premedication, Recurring
from cds_service.engine import Engine
from cds_service.fhir.structs import CodeableConcept, Coding
from cds_service.labels import load_label
from cds_service.labels.export import DEFAULT_BASE, MappedCode, SiteMap, export_label
from cds_service.labels.overlay import load_any
from cds_service.labels.review import SignOff
from cds_service.labels.value_sets import HIERARCHICAL

Json = dict[str, Any]
BUNDLE = load_label("lemtrada-us")
MAP = SiteMap(
    "lab.json",
    (
        MappedCode("http://lab.example.org/codes", "TSH1", "http://loinc.org", "3016-3", "equivalent"),
        MappedCode("http://lab.example.org/codes", "TSH1", "http://loinc.org", "11580-8", "wider"),
        MappedCode("http://lab.example.org/codes", "CREA", "http://loinc.org", "2160-0", "equal"),
    ),
)
*RESOURCES, TRANSACTION = export_label(BUNDLE, "1.2.3", maps=[MAP])
BY_URL = {item["url"]: item for item in RESOURCES}


def of(kind: str) -> list[Json]:
    return [item for item in RESOURCES if item["resourceType"] == kind]


(PLAN,) = of("PlanDefinition")
ACTIONS = {action["id"]: action for action in PLAN["action"]}


def value_set(name: str) -> Json:
    return BY_URL[f"{DEFAULT_BASE}/ValueSet/lemtrada-us-{name}"]


@pytest.mark.parametrize("kind", ["PlanDefinition", "ActivityDefinition", "ValueSet", "ConceptMap"])
def test_every_resource_is_valid_fhir(kind: str) -> None:
    from fhir.resources.R4B import get_fhir_model_class

    found = of(kind)
    assert found
    for item in found:
        get_fhir_model_class(kind).model_validate(item)


def test_the_transaction_holds_every_resource_under_its_address() -> None:
    from fhir.resources.R4B.bundle import Bundle

    Bundle.model_validate(TRANSACTION)
    assert TRANSACTION["type"] == "transaction"
    assert [entry["resource"] for entry in TRANSACTION["entry"]] == RESOURCES
    for entry in TRANSACTION["entry"]:
        item = entry["resource"]
        assert entry["request"] == {"method": "PUT", "url": f"{item['resourceType']}/{item['id']}"}
        assert entry["fullUrl"] == item["url"] == f"{DEFAULT_BASE}/{item['resourceType']}/{item['id']}"


def test_ids_are_what_fhir_allows_and_used_once() -> None:
    ids = [(item["resourceType"], item["id"]) for item in RESOURCES]
    assert max(Counter(ids).values()) == 1
    assert all(re.fullmatch(r"[A-Za-z0-9.-]{1,64}", identity) for _, identity in ids)
    assert all(re.fullmatch(r"[A-Z][A-Za-z0-9_]{0,254}", item["name"]) for item in RESOURCES)


def test_nothing_is_more_than_a_draft_until_a_pharmacist_has_signed() -> None:
    assert {(item["status"], item["experimental"], item["version"]) for item in RESOURCES} == {("draft", True, "1.2.3")}
    signed = BUNDLE._replace(sign_off=SignOff("A. Pharmacist", "2026-11-24", BUNDLE.label.revision))
    plan = next(item for item in export_label(signed, "1") if item["resourceType"] == "PlanDefinition")
    assert (plan["status"], plan["experimental"]) == ("draft", False)
    assert (plan["approvalDate"], plan["reviewer"]) == ("2026-11-24", [{"name": "A. Pharmacist"}])
    other = BUNDLE._replace(sign_off=SignOff("A. Pharmacist", "2026-11-24", "another revision"))
    plan = next(item for item in export_label(other, "1") if item["resourceType"] == "PlanDefinition")
    assert plan["experimental"] is True
    assert "reviewer" not in plan


# --- the plan -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("requirement", BUNDLE.label.requirements, ids=lambda item: item.id)
def test_every_requirement_is_an_action_with_its_citation_and_its_hooks(requirement: Any) -> None:
    action = ACTIONS[requirement.id]
    assert action["title"] == requirement.title
    assert action["description"].startswith(requirement.says)
    (citation,) = action["documentation"]
    assert citation["type"] == "citation"
    assert BUNDLE.label.title in citation["citation"]
    assert f"section {requirement.section}, revision {BUNDLE.label.revision}" in citation["citation"]
    hooks = {hook for hook, names in BUNDLE.label.hooks.items() if requirement.id in names}
    assert {trigger["name"] for trigger in action.get("trigger", ())} == hooks
    assert {item["type"] for item in action["input"]} == {_TYPES[source] for source in requirement.sources}


_TYPES = {
    "patient": "Patient",
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
    "encounters": "Encounter",
}


def test_the_plan_says_what_is_not_covered_and_that_results_are_counted_only() -> None:
    assert "a done test is not a normal test" in PLAN["description"]
    assert all(item.what in PLAN["description"] and item.why in PLAN["description"] for item in BUNDLE.not_covered)


def test_recurring_tests_carry_their_interval_and_say_when_it_is_ours() -> None:
    for requirement in BUNDLE.label.requirements:
        rule, action = requirement.rule, ACTIONS[requirement.id]
        if isinstance(rule, Recurring):
            assert action["timingTiming"] == {"repeat": {"frequency": 1, "period": rule.months, "periodUnit": "mo"}}
            assert ("policy of this service" in action["description"]) is rule.never_overdue
        else:
            assert "timingTiming" not in action


def test_a_test_to_look_for_is_linked_by_its_value_set_and_its_traps_are_not() -> None:
    (tsh,) = [item for item in ACTIONS["tsh-quarterly"]["input"] if item["type"] == "Observation"]
    assert tsh["codeFilter"] == [{"path": "code", "valueSet": value_set("tsh")["url"]}]
    linked = {look["valueSet"] for look in references("codeFilter", PLAN)}
    assert linked <= BY_URL.keys()
    assert not [url for url in linked if url.endswith("-trap")]


def references(name: str, value: object) -> Iterator[Any]:
    """Everything under this name, anywhere."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key == name:
                yield from part if isinstance(part, list) else [part]
            yield from references(name, part)
    elif isinstance(value, list):
        for part in value:
            yield from references(name, part)


def test_every_address_named_is_one_that_is_exported() -> None:
    named = [*references("definitionCanonical", PLAN), *references("resource", PLAN["relatedArtifact"])]
    assert named
    assert [url for url in named if url not in BY_URL] == []


# --- orders ---------------------------------------------------------------------------------------------------------


def test_what_the_service_suggests_to_order_is_an_activity() -> None:
    orders = {item["id"]: item for item in of("ActivityDefinition")}
    lab = orders["lemtrada-us-order-tsh"]
    assert (lab["kind"], lab["code"]["coding"][0]["code"]) == ("ServiceRequest", "3016-3")
    drug = orders["lemtrada-us-order-herpes-antiviral"]
    assert (drug["kind"], drug["productCodeableConcept"]["coding"][0]["code"]) == ("MedicationRequest", "281")
    assert "dosage" not in drug
    assert "The label names no dose." in drug["description"]
    named = {url.rpartition("/")[2] for url in references("definitionCanonical", PLAN)}
    assert named == set(orders)


def test_the_premedication_is_ordered_in_the_labels_dose() -> None:
    (rule,) = [item.rule for item in BUNDLE.label.requirements if isinstance(item.rule, Premedication)]
    (steroid,) = [item for item in of("ActivityDefinition") if "dosage" in item]
    (dose,) = steroid["dosage"][0]["doseAndRate"]
    assert (dose["doseQuantity"]["value"], dose["doseQuantity"]["unit"]) == (int(rule.required_mg), "mg")


# --- value sets -----------------------------------------------------------------------------------------------------


def test_the_codes_exported_are_those_of_the_label_each_role_by_itself() -> None:
    suffixes = {"include": "", "ambiguous": "-ambiguous", "trap": "-trap"}
    wanted = Counter((f"{code.value_set}{suffixes[code.role]}", code.uri, code.code) for code in BUNDLE.codes)
    found = Counter(
        (item["id"].removeprefix("lemtrada-us-"), part["system"], concept["code"])
        for item in of("ValueSet")
        for part in item["compose"]["include"]
        for concept in part.get("concept", ())
    )
    assert found == wanted
    assert "never decide alone" in value_set("alemtuzumab-unspecified-ambiguous")["title"]
    assert "do not count" in value_set("campath-trap")["title"]


def is_member(item: Json, system: str, code: str) -> bool:
    """A value set's answer for a code, by hand: listed or below a filter, and not excluded."""

    def hit(part: Json) -> bool:
        if part["system"] != system:
            return False
        if any(concept["code"] == code for concept in part.get("concept", ())):
            return True
        for rule in part.get("filter", ()):
            below = code.replace(".", "").startswith(rule["value"].replace(".", "")) and code != rule["value"]
            if below or (rule["op"] == "is-a" and code == rule["value"]):
                return True
        return False

    compose = item["compose"]
    return any(map(hit, compose["include"])) and not any(map(hit, compose.get("exclude", ())))


def test_codes_with_a_hierarchy_belong_where_the_service_puts_them() -> None:
    index = Engine.load().reader.index
    sets = of("ValueSet")
    listed = [code for code in BUNDLE.codes if code.system in HIERARCHICAL]
    probes = [(code.uri, f"{code.code}{end}") for code in listed for end in ("", ".9" if "." not in code.code else "9")]
    assert len(probes) > 50
    for system, code in probes:
        own = index.coded(CodeableConcept([Coding(system, code)]))
        found = {
            item["id"].removeprefix("lemtrada-us-").removesuffix("-ambiguous").removesuffix("-trap")
            for item in sets
            if is_member(item, system, code)
        }
        assert found == own, code


def test_owners_of_codes_are_named() -> None:
    assert "Regenstrief" in value_set("tsh")["copyright"]
    assert "copyright" not in value_set("lemtrada")


# --- maps, overlays, bases ------------------------------------------------------------------------------------------


def test_a_sites_map_becomes_a_concept_map_and_without_one_there_is_none() -> None:
    (found,) = of("ConceptMap")
    (group,) = found["group"]
    assert (group["source"], group["target"]) == ("http://lab.example.org/codes", "http://loinc.org")
    assert group["element"] == [
        {
            "code": "TSH1",
            "target": [{"code": "3016-3", "equivalence": "equivalent"}, {"code": "11580-8", "equivalence": "wider"}],
        },
        {"code": "CREA", "target": [{"code": "2160-0", "equivalence": "equal"}]},
    ]
    assert "ConceptMap" not in {item["resourceType"] for item in export_label(BUNDLE, "1")}


def test_what_a_site_switched_off_is_no_action_and_said_to_be_off(tmp_path: Path) -> None:
    (tmp_path / "overlay.toml").write_text('[off]\n"hpv-yearly" = "Gynecology does it."\n', encoding="utf-8")
    found = export_label(load_any(str(tmp_path)), "1")
    plan = next(item for item in found if item["resourceType"] == "PlanDefinition")
    assert "hpv-yearly" not in {action["id"] for action in plan["action"]}
    assert "Gynecology does it." in plan["description"]


def test_the_base_is_what_addresses_begin_with() -> None:
    found = export_label(BUNDLE, "1", "https://fhir.example.net/r4/", [MAP])
    text = json.dumps(found)
    assert DEFAULT_BASE not in text
    assert all(item["url"].startswith("https://fhir.example.net/r4/") for item in found[:-1])


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_files_are_the_same_bytes_every_time(seed: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cds_service", "label", "export", str(tmp_path / "out")]
    run = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True)
    assert run.stderr == b""
    expected = export_label(BUNDLE, json.loads(_bundle_file(tmp_path))["entry"][0]["resource"]["version"])
    assert _bundle_file(tmp_path) == json.dumps(expected[-1], indent=2, ensure_ascii=False) + "\n"
    assert len(list((tmp_path / "out").iterdir())) == len(expected)


def _bundle_file(tmp_path: Path) -> str:
    return (tmp_path / "out" / "Bundle-lemtrada-us.json").read_text(encoding="utf-8")
