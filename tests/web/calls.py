"""Calling the application in process with a fixed clock, and what every answer must keep to."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import httpx

from cds_service.cds_hooks.empties import find_empties
from cds_service.fhir.orders import validate_order
from cds_service.settings import Settings
from cds_service.web.app import create_app
from fhir_fixtures import load_story

Json = dict[str, Any]
Change = Callable[[Json], object]
EXTENSION = "io.github.cds-service.assessments"
REQUIREMENT_SYSTEM = "urn:cds-service:requirement"


class Service:
    """One application with a clock that stands still."""

    def __init__(self, as_of: str, settings: Settings | None = None) -> None:
        moment = datetime.fromisoformat(as_of)
        self.app = create_app(settings or Settings(), clock=lambda: moment)

    def request(
        self,
        method: str,
        path: str,
        content: bytes | AsyncIterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One HTTP request; an exception that leaves the application is a failed test."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://cds.example.org") as client:
                return await client.request(method, path, content=content, headers=headers)

        return asyncio.run(send())

    def post(self, path: str, body: object, content_type: str = "application/json") -> httpx.Response:
        """A JSON body, or bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, content, {"content-type": content_type})


@cache
def service_at(as_of: str) -> Service:
    """The service with default settings at that moment."""
    return Service(as_of)


def hook_request(story: str, hook: str, change: Change | None = None) -> Json:
    """A copy of a story's request, changed in place."""
    body = copy.deepcopy(load_story(story).requests[hook])
    if change is not None:
        change(body)
    return body


def call(story: str, hook: str, change: Change | None = None) -> httpx.Response:
    """A story's request, changed, sent at the story's moment."""
    service = service_at(load_story(story).as_of)
    return service.post(f"/cds-services/lemtrada-{hook}", hook_request(story, hook, change))


def cards_of(response: httpx.Response) -> list[Json]:
    """The cards of a 200, after checking everything that holds for every answer."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == {"cards"}
    assert find_empties(body) == []
    for card in body["cards"]:
        check_card(card)
    uuids = [card["uuid"] for card in body["cards"]]
    uuids += [item["uuid"] for card in body["cards"] for item in card.get("suggestions", [])]
    assert len(set(uuids)) == len(uuids)
    return list(body["cards"])


def check_card(card: Json) -> None:
    """What the specification and the promises to the outside ask of every card."""
    UUID(card["uuid"])
    assert card["summary"].strip()
    assert len(card["summary"]) < 140
    assert "\n" not in card["summary"]
    assert card["detail"].strip()
    assert card["indicator"] in {"info", "warning", "critical"}
    assert card["source"]["label"]
    topic = card["source"]["topic"]
    assert topic["system"] == REQUIREMENT_SYSTEM
    rows = card["extension"][EXTENSION]["assessments"]
    assert topic["code"] in {row["requirement"] for row in rows}
    assert all({"requirement", "status", "section", "message"} <= set(row) for row in rows)
    assert {"code", "system", "display"} <= set(card["overrideReasons"][0])
    assert all(link["type"] == "absolute" and link["url"].startswith("https://") for link in card["links"])
    assert ("suggestions" in card) == ("selectionBehavior" in card)
    for suggestion in card.get("suggestions", []):
        check_suggestion(suggestion)


def check_suggestion(suggestion: Json) -> None:
    """Only drafts to sign, each valid FHIR R4."""
    UUID(suggestion["uuid"])
    assert isinstance(suggestion["isRecommended"], bool)
    for action in suggestion["actions"]:
        assert action["type"] == "create"
        assert action["description"]
        assert action["resource"]["status"] == "draft"
        validate_order(action["resource"])


def rows_of(cards: list[Json]) -> list[Json]:
    """The assessments behind the cards."""
    return [row for card in cards for row in card["extension"][EXTENSION]["assessments"]]


def issues_of(response: httpx.Response, status: int) -> list[Json]:
    """The issues of a refusal with that status."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body["resourceType"] == "OperationOutcome"
    assert find_empties(body) == []
    assert all(issue["severity"] == "error" and issue["code"] and issue["diagnostics"] for issue in body["issue"])
    return list(body["issue"])
