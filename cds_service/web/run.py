"""Running the application with uvicorn, quietly: access logs would hold patient ids of query strings."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from cds_service.engine import NOTHING_LEFT_OUT, Engine
from cds_service.settings import Settings, read_settings
from cds_service.web.app import create_app

BANNER = (
    "DEVELOPMENT profile: no authentication. For loopback and test data only; never for real patients over a network."
)


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until stopped. With several workers each one reads the settings again."""
    app = create_app(settings)  # also with several workers: wrong settings must stop the start, not each worker
    _log_to_stderr()
    for line in (BANNER, *settings.notices, *_switched_off(settings), *_left_out(settings)):
        logging.getLogger("cds_service").warning(line)
    if workers > 1:
        uvicorn.run(
            "cds_service.web.run:worker_app", factory=True, host=host, port=port, workers=workers, access_log=False
        )
    else:
        uvicorn.run(app, host=host, port=port, access_log=False)


def _switched_off(settings: Settings) -> Iterator[str]:
    """What the site's overlay keeps from being judged: said at every start."""
    for label in settings.labels:
        site = Engine.load(label, settings.zone, settings.code_maps, settings.overlay).bundle.site
        if site is not None:
            yield from (f'the overlay "{site.name}" switches off {name}: {why}' for name, why in site.off.items())


def _left_out(settings: Settings) -> list[str]:
    """What the site's code maps hold that is not used: counts only."""
    engines = [Engine.load(label, settings.zone, settings.code_maps, settings.overlay) for label in settings.labels]
    return [
        f"code maps for {engine.bundle.label.id}: {engine.left_out.unfit} lines left out for another meaning, "
        f"{engine.left_out.unknown} for a target the label does not have"
        for engine in engines
        if engine.left_out != NOTHING_LEFT_OUT
    ]


def worker_app() -> FastAPI:
    """The application of one worker process."""
    _log_to_stderr()
    return create_app(read_settings(os.environ))


def _log_to_stderr() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
