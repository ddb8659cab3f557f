"""Large bodies are judged in a thread and answered like small ones."""

from __future__ import annotations

import json
from typing import Any

import anyio.to_thread
import pytest

from benchmarks import records
from cds_service.web import app
from tests.web.calls import Service, cards_of, rows_of

Json = dict[str, Any]
PATH = "/cds-services/lemtrada-patient-view"


def request(observations: int) -> bytes:
    body = {
        "hook": "patient-view",
        "hookInstance": "4f0e0a5e-7f0c-4a1e-9d5e-0d5d3b1c2a3f",
        "context": {"patientId": records.PATIENT, "userId": "Practitioner/example"},
        "prefetch": records.prefetch(observations),
    }
    return json.dumps(body).encode()


@pytest.fixture(name="threads")
def _threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How large each body was that went to a thread."""
    seen: list[int] = []
    run_sync = anyio.to_thread.run_sync

    async def counted(work: Any, **options: Any) -> Any:
        seen.append(1)
        return await run_sync(work, **options)

    monkeypatch.setattr(anyio.to_thread, "run_sync", counted)
    return seen


def test_ten_thousand_observations_take_the_thread_and_the_same_answer_comes(
    threads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, body = Service(f"{records.AS_OF}T18:00:00-05:00"), request(10_000)
    assert len(body) > app.LARGE_BODY
    in_thread = service.post(PATH, body)
    assert threads == [1]
    monkeypatch.setattr(app, "LARGE_BODY", len(body))
    on_loop = service.post(PATH, body)
    assert threads == [1]
    assert in_thread.content == on_loop.content
    cards_of(in_thread)


def test_small_bodies_do_not_take_a_thread(threads: list[int]) -> None:
    response = Service(f"{records.AS_OF}T18:00:00-05:00").post(PATH, request(60))
    assert threads == []
    assert {"overdue"} <= {row["status"] for row in rows_of(cards_of(response))} <= {"overdue", "due"}


def test_a_large_body_that_is_wrong_is_refused_like_a_small_one(threads: list[int]) -> None:
    body = request(10_000)[:-1]
    response = Service(f"{records.AS_OF}T18:00:00-05:00").post(PATH, body)
    assert response.status_code == 400
    assert threads == [1]
