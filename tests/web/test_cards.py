"""Every answer to every story, over HTTP: shape, empties, suggestions, and no text of the record."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given
from hypothesis import strategies as st

from cds_service.cds_hooks.hooks import HOOKS
from cds_service.cds_hooks.wire import decode_response
from fhir_fixtures import load_story, story_names
from tests.web.calls import call, cards_of, hook_request, service_at

Json = dict[str, Any]
CALLS = [(name, hook) for name in story_names() for hook in load_story(name).hooks]
SPOKEN = [(name, hook) for name, hook in CALLS if call(name, hook).json()["cards"]]
EVIL = "<script>alert(1)</script> ![x](http://evil.example.org) | **bold** Zebedee"
CODED = re.compile(r'"(?:text|display|unit|comment|div|conclusion|valueString)"')


@pytest.mark.parametrize("name, hook", CALLS)
def test_every_answer_keeps_to_the_specification(name: str, hook: str) -> None:
    response = call(name, hook)
    cards = cards_of(response)
    assert len(cards) <= 3
    assert len(decode_response(response.content).cards) == len(cards)
    assert call(name, hook).content == response.content


def test_stories_are_told_at_every_hook() -> None:
    assert {hook for _, hook in SPOKEN} == set(HOOKS)


@pytest.mark.parametrize("name, hook", SPOKEN)
def test_no_summary_is_cut_off_and_every_one_stands_alone(name: str, hook: str) -> None:
    for card in call(name, hook).json()["cards"]:
        assert "…" not in card["summary"]
        assert card["summary"].endswith((".", "?"))
        assert re.search("LEMTRADA|[Cc]ourse|antiviral|alemtuzumab", card["summary"])


@pytest.mark.parametrize("name, hook", SPOKEN)
def test_suggested_resources_round_trip_through_full_fhir(name: str, hook: str) -> None:
    body = hook_request(name, hook)
    for card in call(name, hook).json()["cards"]:
        for suggestion in card.get("suggestions", []):
            (action,) = suggestion["actions"]
            resource = action["resource"]
            model = get_fhir_model_class(resource["resourceType"]).model_validate(resource)
            assert json.loads(model.model_dump_json()) == resource
            assert resource["subject"] == {"reference": f"Patient/{body['context']['patientId']}"}
            assert resource["requester"] == {"reference": body["context"]["userId"]}


@pytest.mark.parametrize("name, hook", SPOKEN)
def test_every_card_says_inputs_requirement_section_and_revision(name: str, hook: str) -> None:
    for card in call(name, hook).json()["cards"]:
        assert "Used: " in card["detail"]
        assert f"`{card['source']['topic']['code']}`" in card["detail"]
        assert "revision 2024, exact date unconfirmed" in card["detail"]
        assert "not done" not in (card["summary"] + card["detail"]).lower()
        assert card["source"]["url"].startswith("https://dailymed.nlm.nih.gov/")
        assert "unknown" not in card["detail"]
        assert "{" not in card["summary"] + card["detail"]


def with_text(value: Any, text: str) -> Any:
    """Every free text of a record replaced."""
    if isinstance(value, dict):
        return {
            key: text if CODED.fullmatch(f'"{key}"') and isinstance(member, str) else with_text(member, text)
            for key, member in value.items()
        }
    return [with_text(member, text) for member in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name, hook", SPOKEN)
def test_no_text_of_the_record_reaches_a_card(name: str, hook: str) -> None:
    def change(body: Json) -> None:
        for key, value in body["prefetch"].items():
            body["prefetch"][key] = with_text(value, EVIL)
        body["prefetch"]["patient"]["name"] = [{"text": EVIL, "family": EVIL}]
        if "draftOrders" in body["context"]:
            body["context"]["draftOrders"] = with_text(body["context"]["draftOrders"], EVIL)

    text = call(name, hook, change).text
    assert "Zebedee" not in text
    assert "<script" not in text


def test_an_identity_of_the_record_is_named_only_as_evidence() -> None:
    def change(body: Json) -> None:
        for entry in body["prefetch"]["observations"]["entry"]:
            entry["resource"]["id"] = f"<b>{entry['resource']['id']}</b>"

    for card in call("tsh-overdue", "patient-view", change).json()["cards"]:
        assert "<b>" not in json.dumps({**card, "extension": None})


@given(st.text(max_size=40))
def test_strange_identities_never_break_the_answer(identity: str) -> None:
    body = copy.deepcopy(load_story("tsh-overdue").requests["patient-view"])
    for entry in body["prefetch"]["observations"]["entry"][-3:]:
        entry["resource"]["id"] = identity
    response = service_at(load_story("tsh-overdue").as_of).post("/cds-services/lemtrada-patient-view", body)
    assert response.status_code in {200, 400}
