"""`make demo`: start the service on loopback, fire real CDS Hooks calls of several stories, show the cards, stop.

The stories are moved to yesterday, so that the service, which judges from now, sees what their authors saw; the one at
the start of a visit to today, for the service asks whether today is an infusion day.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from cds_service.clients.card_view import show_card
from cds_service.clients.ehr import Ehr, EhrError
from fhir_fixtures import load_story

SCENES = (
    ("upcr-missing-order", "order-select"),
    ("empty-record-with-order", "order-select"),
    ("hiv-on-problem-list", "order-sign"),
    ("live-vaccine-ordered", "order-sign"),
    ("appointment-by-reason", "appointment-book"),
    ("before-the-second-infusion", "encounter-start"),
    ("lapsed-monthly-labs", "patient-view"),
    ("lab-query-failed", "patient-view"),
    ("clean-first-course", "patient-view"),
)
_START_SECONDS = 30.0


def main() -> int:
    """Run the demonstration; 0 when every call was answered as the protocol asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the service running")
    given = parser.parse_args()
    port = _free_port()
    log = Path(tempfile.gettempdir()) / f"cds-service-demo-{port}.log"
    with log.open("wb") as stream:
        command = [sys.executable, "-m", "cds_service", "serve", "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(command, stdout=stream, stderr=stream, start_new_session=given.keep)
    stays = False
    try:
        answered = _perform(f"http://127.0.0.1:{port}", process)
        stays = given.keep and answered
        if stays:
            _say(f"The service stays up at http://127.0.0.1:{port} (discovery: /cds-services, contents: /about).")
            _say(f"Its log is {log}. Stop it with: kill {process.pid}")
            return 0
    except EhrError as error:
        sys.stderr.write(f"demo: {error}; see {log}\n")
        answered = False
    finally:  # also when nobody reads the output any more
        if not stays:
            process.terminate()
            process.wait(timeout=10)
    if answered:
        log.unlink(missing_ok=True)
    return 0 if answered else 1  # a log of a failure stays, for the message names it


def _perform(base_url: str, process: subprocess.Popen[bytes]) -> bool:
    ehr = Ehr(base_url)
    services = {service["hook"]: service["id"] for service in _wait_for(ehr, process)}
    _say(f"Service up at {base_url}; it offers {', '.join(sorted(services.values()))}.\n")
    today = date.today()  # noqa: DTZ011 - the local day is meant
    good = True
    for name, hook in SCENES:
        story = load_story(name, today if hook == "encounter-start" else today - timedelta(days=1))
        reply = ehr.call(services[hook], story.requests[hook])
        _say(f"=== {hook}: {story.description}")
        _say(f"    HTTP {reply.status} in {reply.milliseconds:.0f} ms, {len(reply.cards)} card(s)")
        for card in reply.cards:
            sys.stdout.write(show_card(card, colour=sys.stdout.isatty()))
        if reply.status != 200:
            _say(f"    refused: {reply.diagnostics}")
            good = False
        elif not reply.cards:
            _say("    No cards: every check that applies was made, and nothing was found.")
        _say("")
    _say("Results are counted, not interpreted: a done test is not a normal test.")
    return good


def _wait_for(ehr: Ehr, process: subprocess.Popen[bytes]) -> list[dict[str, str]]:
    """The services, as soon as the process answers."""
    limit = time.monotonic() + _START_SECONDS
    while True:
        try:
            return ehr.discover()
        except EhrError:
            if process.poll() is not None or time.monotonic() > limit:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
