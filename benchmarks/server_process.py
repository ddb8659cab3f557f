"""One server with one worker on a free loopback port, which it prints: `python -m benchmarks.server_process WHICH`.

`service` is the service as `cds-service serve` runs it, at a fixed moment, so that the same call has the same answer.
`parser` is the least a service could do with the same call: parse it. Both run under uvicorn with the same options, and
both take what start-up built out of the garbage collector's sight. The process ends when its standard input does, so it
does not outlive whoever started it.
"""

import gc
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response

from benchmarks.records import NOON
from cds_service.settings import Settings
from cds_service.web.app import create_app


def service() -> FastAPI:
    """The service with its settings as they are by default."""
    now = datetime.fromisoformat(NOON)
    return create_app(Settings(), clock=lambda: now)


def parser() -> FastAPI:
    """An application whose one route parses the body and answers that there is nothing to say."""
    app = FastAPI(docs_url=None, redoc_url=None, lifespan=_frozen)

    @app.post("/cds-services/{service_id}")
    async def call(service_id: str, request: Request) -> Response:  # noqa: ARG001 - the same route as the service's
        orjson.loads(await request.body())
        return Response(b'{"cards":[]}', media_type="application/json")

    return app


@asynccontextmanager
async def _frozen(_: FastAPI) -> AsyncIterator[None]:
    gc.collect()
    gc.freeze()
    yield


APPS: dict[str, Callable[[], FastAPI]] = {"service": service, "parser": parser}


def main() -> None:
    """Serve until standard input ends."""
    config = uvicorn.Config(APPS[sys.argv[1]](), access_log=False, log_level="warning")
    server = uvicorn.Server(config)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(listener.getsockname()[1], flush=True)

    def end_with_parent() -> None:
        sys.stdin.buffer.read()
        server.should_exit = True

    threading.Thread(target=end_with_parent, daemon=True).start()
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
