"""A small EHR: discovers a CDS service, calls its hooks, and keeps what came back.

Speaks HTTP through `requests`, with one session and a time limit per call. Knows the protocol, not what the cards mean.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import requests

_TIMEOUT_SECONDS = 10.0


class EhrError(Exception):
    """The service did not do what the protocol promises; the message says what it did instead."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: HTTP status, the cards (none unless 200), the diagnostics of a refusal, and how long it took."""

    status: int
    cards: tuple[dict[str, Any], ...]
    diagnostics: str
    milliseconds: float


class Ehr:
    """Calls the services of one base URL."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy from the environment: the service is where we were told

    def discover(self) -> list[dict[str, Any]]:
        """The services offered; EhrError when there is no usable discovery document."""
        try:
            response = self._session.get(f"{self.base_url}/cds-services", timeout=_TIMEOUT_SECONDS)
            services = response.json()["services"]
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            msg = f"{self.base_url}/cds-services did not answer with a list of services ({type(error).__name__})"
            raise EhrError(msg) from None
        return list(services)

    def call(self, service_id: str, request: dict[str, Any]) -> Reply:
        """Call one service; EhrError when it cannot be reached or answers something else than JSON."""
        started = time.perf_counter()
        try:
            response = self._session.post(
                f"{self.base_url}/cds-services/{service_id}", json=request, timeout=_TIMEOUT_SECONDS
            )
            body = response.json()
        except (requests.RequestException, ValueError) as error:
            msg = f"{service_id} did not answer in JSON ({type(error).__name__})"
            raise EhrError(msg) from None
        spent = (time.perf_counter() - started) * 1000
        issues = body.get("issue") or [{}]
        cards = tuple(body.get("cards") or ()) if response.ok else ()
        return Reply(response.status_code, cards, str(issues[0].get("diagnostics", "")), spent)
