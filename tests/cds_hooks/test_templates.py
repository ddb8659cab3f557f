"""Section C: templates we publish, tokens, and what clients make of them."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.cds_hooks.hooks import EncounterStartContext, PatientViewContext
from cds_service.cds_hooks.templates import check_template, looks_unresolved, resolve_template

P = "{{context.patientId}}"


@pytest.mark.parametrize(
    "template",
    [
        pytest.param(f"Patient/{P}", id="C5-read"),
        pytest.param("Patient/123", id="C5-read-literal"),
        pytest.param("{{context.userId}}", id="C2-user-reference"),
        pytest.param("Practitioner/{{userPractitionerId}}", id="C2-user-token"),
        pytest.param(f"MedicationAdministration?patient={P}", id="C5-search"),
        pytest.param(f"Observation?patient={P}&code=http://loinc.org|3016-3,http://loinc.org|2160-0", id="C5-token"),
        pytest.param(f"Condition?patient={P}&code:in=https://a.example/ValueSet/x", id="C5-in"),
        pytest.param(f"Observation?patient={P}&date=ge2024-01-01&date=lt2025", id="C5-date"),
        pytest.param(f"Observation?patient={P}&_sort=-date&_count=100", id="C9-sort"),
        pytest.param(f"Patient?_id={P}", id="C5-_id"),
        pytest.param(f"Encounter?patient={P}&_lastUpdated=gt2024-01-01", id="C5-_lastUpdated"),
        pytest.param("Encounter/{{context.encounterId}}", id="C3"),
        pytest.param(f"Observation?patient=Patient/{P}&combo-code=x", id="C5-reference"),
    ],
)
def test_in_the_subset(template: str) -> None:
    assert check_template(template, "patient-view") == []


@pytest.mark.parametrize(
    "template, says",
    [
        pytest.param("Patient/{{patientId}}", "context.<field>", id="C3-no-context"),
        pytest.param("Patient/{{ context.patientId }}", "without spaces", id="C1-spaces"),
        pytest.param("Patient/{context.patientId}", "delimiters", id="C1-single"),
        pytest.param("Patient/{{context.patientId}", "delimiters", id="C1-unbalanced"),
        pytest.param("Patient/{{context.patient.id}}", "context.<field>", id="C2-path"),
        pytest.param("Patient/{{}}", "context.<field>", id="C2-empty"),
        pytest.param("Patient/{{userDeviceId}}", "user ids", id="C2-user-token"),
        pytest.param("Observation?date=ge{{today() - 90 days}}", "3.0", id="C6-today"),
        pytest.param("Patient/{{%patient.id}}", "3.0", id="C6-prior-key"),
        pytest.param("Task?focus={{context.draftOrders}}", "no prefetch token", id="C4-draftOrders"),
        pytest.param("Task?focus={{context.selections}}", "no prefetch token", id="C4-selections"),
        pytest.param("Task?focus={{context.appointments}}", "no prefetch token", id="C4-appointments"),
        pytest.param("Task?focus={{context.unheardOf}}", "no prefetch token", id="C4-unknown"),
        pytest.param(f"Observation?patient={P}&_include=Observation:subject", "_include", id="C5-include"),
        pytest.param(f"Observation?patient={P}&_revinclude=Provenance:target", "_revinclude", id="C5-revinclude"),
        pytest.param(f"Observation?patient={P}&_has:Group:member:_id=1", ":Group", id="C5-has"),
        pytest.param(f"Observation?patient={P}&_maxresults=1", "_maxresults", id="C5-3.0-maxresults"),
        pytest.param(f"Observation?patient={P}&_elements=code", "_elements", id="C5-elements"),
        pytest.param(f"Observation?patient={P}&code:not=x", ":not", id="C5-not"),
        pytest.param(f"Observation?patient={P}&code:missing=true", ":missing", id="C5-missing"),
        pytest.param(f"Observation?patient={P}&code:text=x", ":text", id="C5-text"),
        pytest.param("Observation?patient.identifier=x", "Chained", id="C5-chained"),
        pytest.param(f"Observation?patient={P}&date=sa2024", "prefix", id="C5-sa"),
        pytest.param(f"Observation?patient={P}&date=eb2024-01-01", "prefix", id="C5-eb"),
        pytest.param(f"Observation?patient={P}&date=ne2024-01-01", "prefix", id="C5-ne"),
        pytest.param(f"Observation?patient={P}&date=ap2024-01-01", "prefix", id="C5-ap"),
        pytest.param(f"Observation?patient={P}&date=ge2024,ap2023", "prefix", id="C5-ap-second"),
        pytest.param(f"Observation?patient={P}&sort:desc=date", "_sort=-date", id="C9-sort-desc"),
        pytest.param(f"Observation?patient={P}&sort=date", "_sort=-date", id="C9-sort"),
        pytest.param(f"Observation?patient={P}&_sort:desc=date", ":desc", id="C9-_sort-desc"),
        pytest.param(f"Observation?patient={P}&_sort=date:desc", "_sort", id="C9-sort-value"),
        pytest.param(f"Observation?patient={P}&_count=0", "_count", id="C5-count"),
        pytest.param(f"Observation?patient={P}&_count=ten", "_count", id="C5-count-text"),
        pytest.param(f"Observation?patient={P}&code=", "no value", id="A2-empty-parameter"),
        pytest.param(f"Observation?patient={P}&&code=1", "no value", id="A2-double-ampersand"),
        pytest.param("Observation?=x", "parameter name", id="nameless"),
        pytest.param("Observation", "every patient", id="C5-whole-type"),
        pytest.param("Observation?", "no value", id="C5-no-parameters"),
        pytest.param(f"/Patient/{P}", "leading slash", id="C5-slash"),
        pytest.param(f"https://a.example/Patient/{P}", "leading slash", id="C5-absolute"),
        pytest.param(f"Patient/{P}/Observation?code=x", "Start with", id="C5-compartment"),
        pytest.param(f"Patient/{P}/$everything", "Start with", id="C5-operation"),
        pytest.param(f"Patient/{P}?_count=1", "instance read", id="C5-read-with-query"),
        pytest.param("{{context.userId}}?_count=1", "instance read", id="C5-user-with-query"),
        pytest.param(P, "whole reference", id="C5-token-alone"),
        pytest.param(f"Observation{P}?code=x", "Start with", id="C5-token-in-type"),
        pytest.param(f"Observation?patient={P}&code=a b", "percent-encoded", id="C5-space"),
        pytest.param("", "Start with", id="empty"),
    ],
)
def test_outside_the_subset(template: str, says: str) -> None:
    problems = check_template(template, "patient-view")
    assert any(says in problem for problem in problems), problems


def test_every_problem_is_named() -> None:
    assert len(check_template("Observation?subject.name=x&code:not=y&_include=z", "order-sign")) == 3


def test_hooks_of_ones_own_are_checked_for_form() -> None:
    assert check_template("Task/{{context.taskId}}", "com.example.task-done") == []
    assert check_template("Task/{{taskId}}", "com.example.task-done") != []


CONTEXT = PatientViewContext(user_id="Practitioner/u.1", patient_id="p1")


@pytest.mark.parametrize(
    "template, resolved",
    [
        (f"Patient/{P}", "Patient/p1"),
        (f"Observation?patient={P}&subject={P}", "Observation?patient=p1&subject=p1"),
        ("{{context.userId}}", "Practitioner/u.1"),
        ("Practitioner/{{userPractitionerId}}", "Practitioner/u.1"),
        ("PractitionerRole/{{userPractitionerRoleId}}", None),
        ("Patient/{{userPatientId}}", None),
        ("Encounter/{{context.encounterId}}", None),
        ("Task/{{context.draftOrders}}", None),
        ("Task?date=ge{{today() - 90 days}}", None),
        ("Patient/{{userId}}", None),
        ("Patient/{{context.patientId", None),
        ("Patient/1", "Patient/1"),
    ],
)
def test_resolve(template: str, resolved: str | None) -> None:
    assert resolve_template(template, CONTEXT) == resolved


def test_resolve_encounter() -> None:
    context = EncounterStartContext(user_id="Patient/x", patient_id="x", encounter_id="e1")
    assert resolve_template("Encounter/{{context.encounterId}}", context) == "Encounter/e1"
    assert resolve_template("Patient/{{userPatientId}}", context) == "Patient/x"


@pytest.mark.parametrize(
    "value, resolved",
    [
        ("a/b?c=d&e#f", "Patient/a%2Fb%3Fc%3Dd%26e%23f"),
        ("ü é", "Patient/%C3%BC%20%C3%A9"),
        ("1|2,3", "Patient/1%7C2%2C3"),
        ("..", None),
        (".", None),
        ("", None),
        ("  ", None),
        (None, None),
        (7, None),
        (["a"], None),
        ("{{context.patientId}}", None),
        ("a}}", None),
    ],
)
def test_o_tokens_are_url_encoded_or_not_resolved_at_all(value: object, resolved: str | None) -> None:
    assert resolve_template(f"Patient/{P}", {"patientId": value}) == resolved


def test_user_reference_keeps_its_one_slash() -> None:
    assert resolve_template("{{context.userId}}", {"userId": "Practitioner/a b/c"}) == "Practitioner/a%20b%2Fc"


@given(st.text(st.characters(codec="utf-8"), max_size=12))
def test_a_resolved_template_never_looks_unresolved(value: str) -> None:
    resolved = resolve_template(f"Observation?patient={P}", {"patientId": value})
    if resolved is not None:
        assert resolved == f"Observation?patient={quote(value, safe='')}"
        assert not looks_unresolved(resolved)


@pytest.mark.parametrize(
    "link",
    [
        "https://a.example/Observation?patient={{context.patientId}}",
        "https://a.example/Observation?_id=%7B%7BuserPractitionerRoleId%7D%7D",
        "https://a.example/Observation?_id=%7b%7Bx%7d%7d",
        "https://a.example/Observation?_id={%7Bx}}",
        "https://a.example/Observation?_id=%257B%257Bx%257D%257D",
    ],
)
def test_o_looks_unresolved(link: str) -> None:
    assert looks_unresolved(link)


@pytest.mark.parametrize(
    "link", ["", "https://a.example/Observation?patient=1", "https://a.example/x?a={b}&c=%7Bd%7D", "x?a=100%"]
)
def test_looks_resolved(link: str) -> None:
    assert not looks_unresolved(link)
