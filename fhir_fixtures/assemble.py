"""From a told story to its record and its hook requests."""

from __future__ import annotations

import importlib
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from fhir_fixtures.chart import Chart
from fhir_fixtures.hook_requests import NEXT_PAGE, ORDER_HOOKS, full_url, request
from fhir_fixtures.model import Expect, Story, Told
from fhir_fixtures.renderings import r5
from fhir_fixtures.shift import moved
from fhir_fixtures.telling import ENTRIES, Entry

Resource = dict[str, Any]


def story_names() -> tuple[str, ...]:
    """All stories, by number."""
    return tuple(entry.name for entry in sorted(_entries().values(), key=lambda entry: entry.number))


def load_story(name: str, today: date | None = None) -> Story:
    """The story of that name; with ``today``, moved by whole days so that its ``as_of`` falls on that date.

    Events of the story's last day keep their time of day. A caller that judges by a real clock moves the story to
    yesterday, or some of that day may still lie ahead. In a moved story the due dates and days overdue of the
    expectations are None, for months differ in length; see also ``calendar_bound``.
    """
    entries = _entries()
    if name not in entries:
        raise KeyError(f"no story is called {name!r}; there are: {', '.join(story_names())}")
    entry = entries[name]
    chart = entry.chart()
    told = entry.teller(chart)
    as_written = datetime.fromisoformat(told.as_of).date()
    return _finished(entry, chart, told, (today - as_written).days if today else 0)


def _entries() -> dict[str, Entry]:
    importlib.import_module("fhir_fixtures.stories")  # enters all stories
    return ENTRIES


def _finished(entry: Entry, chart: Chart, told: Told, days: int) -> Story:
    written = r5 if told.r5 else _as_it_is
    resources = [written(one) for one in moved(chart.resources, days)]
    drafts = [written(one) for one in moved(chart.drafts, days)]
    hooks = told.hooks or (ORDER_HOOKS if drafts else ("patient-view",))
    return Story(
        number=entry.number,
        name=entry.name,
        description=entry.description,
        vignette=entry.vignette,
        as_of=moved(told.as_of, days),
        expect=told.expect if not days else tuple(_undated(one) for one in told.expect),
        doubt=told.doubt,
        expect_at=told.expect_at or ("check", *hooks),
        calendar_bound=told.calendar_bound,
        bundle=_collection([*resources, *drafts]) | ({"link": [NEXT_PAGE]} if told.paged else {}),
        requests={
            hook: request(hook, entry.name, resources, drafts, moved(told.failed, days), told.paged) for hook in hooks
        },
    )


def _as_it_is(resource: Resource) -> Resource:
    return resource


def _collection(resources: list[Resource]) -> Resource:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": full_url(one), "resource": one} for one in resources],
    }


def _undated(one: Expect) -> Expect:
    return replace(one, due=None, days_overdue=None)
