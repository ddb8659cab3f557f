"""Running the application with uvicorn, quietly: access logs would hold patient ids of query strings."""

from __future__ import annotations

import logging
import os
import sys

import uvicorn
from fastapi import FastAPI

from cds_service.settings import Settings, read_settings
from cds_service.web.app import create_app

BANNER = (
    "DEVELOPMENT profile: no authentication. For loopback and test data only; never for real patients over a network."
)


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until stopped. With several workers each one reads the settings again."""
    app = create_app(settings)  # also with several workers: wrong settings must stop the start, not each worker
    _log_to_stderr()
    for line in (BANNER, *settings.notices):
        logging.getLogger("cds_service").warning(line)
    if workers > 1:
        uvicorn.run(
            "cds_service.web.run:worker_app", factory=True, host=host, port=port, workers=workers, access_log=False
        )
    else:
        uvicorn.run(app, host=host, port=port, access_log=False)


def worker_app() -> FastAPI:
    """The application of one worker process."""
    _log_to_stderr()
    return create_app(read_settings(os.environ))


def _log_to_stderr() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
