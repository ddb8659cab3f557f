"""What the service says about every story: the report of its record and the answer at each of its hooks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from cds_service.cds_hooks.wire import encode_response
from cds_service.core.dates import AsOf
from cds_service.core.evaluate import Verdict
from cds_service.engine import Engine
from cds_service.report.build import assessment_row
from cds_service.web.hooks import HookService, Outcome, hook_services
from fhir_fixtures import load_story

Json = dict[str, Any]
EXPECTED = Path(__file__).resolve().parents[2] / "fhir_fixtures" / "expected"
ENGINE = Engine.load()


@cache
def _services() -> Mapping[str, HookService]:
    return hook_services(ENGINE)


def report(name: str, hook: str | None = None) -> Json:
    """The report of `check` on the story's record."""
    story = load_story(name)
    body = json.dumps(story.bundle).encode()
    (found,) = ENGINE.reports(body, story.as_of, f"{name}/bundle.json", hook)
    return found


@cache
def outcome(name: str, hook: str) -> Outcome:
    """The answer of one hook, with its verdict."""
    story = load_story(name)
    moment = datetime.fromisoformat(story.as_of)
    body = json.dumps(story.requests[hook]).encode()
    return _services()[f"lemtrada-{hook}"].call(body, AsOf(moment.date(), moment))


def answer(name: str, hook: str) -> Json:
    """The body of that answer."""
    body: Json = json.loads(encode_response(outcome(name, hook).response, check=True))
    return body


def verdict_rows(verdict: Verdict, hook: str) -> list[Json]:
    """A hook's verdict in the words of the report."""
    return [assessment_row(ENGINE.bundle, item, verdict.case, hook) for item in verdict.assessments]


def documents(name: str) -> dict[str, str]:
    """File name -> text, for everything the service says about a story."""
    said = {"report": report(name)} | {hook: answer(name, hook) for hook in load_story(name).hooks}
    return {f"{key}.json": json.dumps(body, indent=1, ensure_ascii=False) + "\n" for key, body in said.items()}
