"""The service's routes. Reads the clock once per request; everything decided happens in the pure parts."""

from __future__ import annotations

import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TypeVar

import anyio
import msgspec
from anyio import CapacityLimiter
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect

from cds_service import __version__
from cds_service.cds_hooks.discovery import DiscoveryResponse, encode_discovery
from cds_service.cds_hooks.errors import (
    CdsHooksError,
    Issue,
    internal_error,
    not_json,
    operation_outcome,
    unknown_service,
    unprocessable,
)
from cds_service.cds_hooks.feedback import FeedbackBatch, parse_feedback
from cds_service.cds_hooks.wire import encode_response
from cds_service.core.dates import AsOf
from cds_service.engine import Engine
from cds_service.fhir.decode import NotABundleError, UnreadableInputError
from cds_service.settings import MEBIBYTE, Settings, check_servable
from cds_service.web.about import about
from cds_service.web.bodies import read_body
from cds_service.web.hooks import HookService, hook_services
from cds_service.web.startup import check_templates

JSON = "application/json"
LARGE_BODY = 2 * MEBIBYTE  # judged in a thread, so that it does not hold up small calls
LARGE_AT_ONCE = 2
Clock = Callable[[], datetime]
_log = logging.getLogger("cds_service")
_T = TypeVar("_T")


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> FastAPI:
    """The application. `clock` gives the current local time with offset; tests pass their own."""
    return _Shell(settings or Settings(), clock).app


class _Shell:
    """The routes with what they share: engines, services, limits and the clock."""

    def __init__(self, settings: Settings, clock: Clock | None) -> None:
        check_servable(settings)
        self.settings = settings
        self.clock = clock or partial(_now, settings)
        self.engines = [
            Engine.load(label, settings.zone, settings.code_maps, settings.overlay) for label in settings.labels
        ]
        self.services: dict[str, HookService] = {}
        for engine in self.engines:
            self.services |= hook_services(engine, lenient_hook_instance=settings.lenient_hook_instance)
        listed = tuple(service.service for service in self.services.values())
        self.discovery = encode_discovery(DiscoveryResponse(services=listed))
        self.about = msgspec.json.encode(about(self.engines, settings))
        self.large = CapacityLimiter(LARGE_AT_ONCE)
        self.app = FastAPI(
            title="cds-service", version=__version__, docs_url=None, redoc_url=None, lifespan=self._lifespan
        )
        self.app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"],
        )
        self.app.add_exception_handler(CdsHooksError, _refuse)
        self.app.add_exception_handler(HTTPException, _refuse_http)
        self.app.add_exception_handler(ClientDisconnect, _hung_up)
        self._routes()

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        for engine in self.engines:
            check_templates(engine.bundle)
        gc.collect()
        gc.freeze()  # what start-up built lives as long as the process and need not be looked at again
        yield

    def _routes(self) -> None:
        self.app.get("/cds-services")(self.discover)
        self.app.post("/cds-services/{service_id}")(self.call)
        self.app.post("/cds-services/{service_id}/feedback")(self.feedback)
        self.app.post("/evaluate")(self.evaluate)
        self.app.get("/about")(self.show_about)
        self.app.get("/health/live")(self.live)
        self.app.get("/health/ready")(self.ready)

    async def discover(self) -> Response:
        """The services, with prefetch templates (specification: Discovery)."""
        return Response(self.discovery, media_type=JSON)

    async def call(self, service_id: str, request: Request) -> Response:
        """One hook call (specification: Calling a CDS service)."""
        service = self._service(service_id)
        body = await read_body(request, self.settings.max_body_bytes)
        now = self.clock()
        answer = await self._run(body, partial(_answer, service, body, AsOf(now.date(), now)))
        return Response(answer, media_type=JSON)

    async def feedback(self, service_id: str, request: Request) -> Response:
        """What users did with cards. Checked and counted in the log; keeping it durably comes with the store."""
        self._service(service_id)
        body = await read_body(request, self.settings.max_body_bytes)
        batch = await self._run(body, partial(_feedback, body))
        for entry in batch.feedback:
            _log.info("feedback service=%s outcome=%s", service_id, entry.outcome)
        return Response(b"{}", media_type=JSON)

    async def evaluate(self, request: Request) -> Response:
        """A Bundle in, one patient's report out, for callers that are no EHR."""
        body = await read_body(request, self.settings.max_body_bytes)
        asked = request.query_params.get("asOf", "").replace(" ", "+")  # a + that was not encoded arrives as a space
        moment = asked or self.clock().isoformat(timespec="seconds")
        report = await self._run(body, partial(_report, self.engines[0], body, moment))
        return Response(report, media_type=JSON)

    async def show_about(self) -> Response:
        """What is checked, by which label revision, and what is not."""
        return Response(self.about, media_type=JSON)

    async def live(self) -> Response:
        """The process answers."""
        return Response(b'{"status":"live"}', media_type=JSON)

    async def ready(self) -> Response:
        """The labels are loaded and the services can answer."""
        return Response(b'{"status":"ready"}', media_type=JSON)

    def _service(self, service_id: str) -> HookService:
        service = self.services.get(service_id)
        if service is None:
            raise unknown_service()
        return service

    async def _run(self, body: bytes, work: Callable[[], _T]) -> _T:
        """Small bodies here, large ones in a thread. A fault of ours is a 500 without detail, never silence."""
        try:
            if len(body) <= LARGE_BODY:
                return work()
            return await anyio.to_thread.run_sync(work, limiter=self.large)
        except CdsHooksError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the caller must not read it as "no advice"
            _log.error("internal error type=%s", type(error).__name__)
            raise internal_error() from None


def _now(settings: Settings) -> datetime:
    return datetime.now(settings.zone) if settings.zone is not None else datetime.now().astimezone()


def _answer(service: HookService, body: bytes, as_of: AsOf) -> bytes:
    """The body of the answer to one call. What failed or was not the patient's is logged by requirement and count."""
    outcome, name = service.call(body, as_of), service.service.id
    for requirement, error in outcome.verdict.failures if outcome.verdict is not None else ():
        kind = type(error).__name__
        _log.error("requirement failed service=%s requirement=%s type=%s", name, requirement, kind)
    if outcome.foreign:
        _log.warning("foreign resources not used service=%s count=%d", name, outcome.foreign)
    return encode_response(outcome.response)


def _feedback(body: bytes) -> FeedbackBatch:
    try:
        return parse_feedback(msgspec.json.decode(body))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise not_json() from None


def _report(engine: Engine, body: bytes, moment: str) -> bytes:
    try:
        engine.check_as_of(moment)
    except ValueError:
        hint = "asOf must be a date (2026-11-23) or an instant with offset (2026-11-23T09:00:00-05:00)."
        raise unprocessable(Issue("value", hint, ("asOf",))) from None
    try:
        reports = engine.reports(body, moment)
    except NotABundleError as error:
        raise unprocessable(Issue("structure", _sentence(error))) from None
    except UnreadableInputError as error:
        raise not_json(_sentence(error)) from None
    if len(reports) != 1:
        raise unprocessable(Issue("value", f"The Bundle holds {len(reports)} patients; send one patient at a time."))
    return msgspec.json.encode(reports[0])


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


async def _refuse(request: Request, error: Exception) -> Response:
    """An error status with its OperationOutcome. Logged by status and issue code: the path may be anything."""
    status = error.status if isinstance(error, CdsHooksError) else 500
    issues = error.issues if isinstance(error, CdsHooksError) else ()
    _log.info("refused method=%s status=%d codes=%s", request.method, status, ",".join(item.code for item in issues))
    body = operation_outcome(issues) if issues else None
    return Response(msgspec.json.encode(body) if body else b"", status, media_type=JSON)


async def _hung_up(_: Request, __: Exception) -> Response:
    """The caller closed the connection while sending: nobody reads this answer, and it is no fault of ours."""
    return Response(status_code=400)


async def _refuse_http(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    told = {
        404: Issue("not-found", "There is nothing at this address; services are listed at /cds-services."),
        405: Issue("not-supported", "This address does not take that method."),
    }
    outcome = operation_outcome([told.get(status, Issue("processing", "The request was refused."))])
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return Response(msgspec.json.encode(outcome), status, headers=headers, media_type=JSON)
