"""Servers of our own and the load on them: prepared bytes over a few connections that stay open, answers compared."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self

ROOT: Final = Path(__file__).resolve().parents[1]
HOST: Final = "127.0.0.1"
SECONDS_TO_START: Final = 60
SECONDS_TO_ANSWER: Final = 30
SECONDS_TO_STOP: Final = 10


@contextmanager
def server(which: str) -> Iterator[int]:
    """The port of a server process that lives as long as the block (see `server_process`)."""
    command = [sys.executable, "-m", "benchmarks.server_process", which]
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints)
        try:
            port = process.stdout.readline() if process.stdout is not None else b""
            if not port.strip().isdigit():
                complaints.seek(0)
                said = complaints.read().decode(errors="replace").strip()[-300:]
                raise ValueError(f"the server process `{which}` did not start: {said}")
            yield int(port)
        finally:
            _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End this process and no other: by the end of its input, else by its id."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def post(path: str, body: bytes) -> bytes:
    """A request as it goes over the wire."""
    lines = (f"POST {path} HTTP/1.1", f"Host: {HOST}", "Content-Type: application/json", f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode() + body


class Connection:
    """One keep-alive connection that sends a request and waits for its answer."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port), SECONDS_TO_ANSWER)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, request: bytes) -> bytes:
        """The body of the answer. ValueError when it is not 200."""
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            status = head.partition(b"\r\n")[0].decode(errors="replace")
            raise ValueError(f"the server answered {status}")
        while len(body) < _length(head):
            body += self._receive()
        return body

    def _receive(self) -> bytes:
        received = self._socket.recv(65_536)
        if not received:
            raise ValueError("the server closed the connection")
        return received


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise ValueError("the server did not say how long its answer is")


class Load:
    """The same request to one server over and over, by several connections at once."""

    def __init__(self, port: int, request: bytes, connections: int = 4) -> None:
        self._port, self._request, self._connections = port, request, connections
        with Connection(port) as connection:
            self.answer = connection.ask(request)
        self._each = 5

    def prepare(self, seconds: float, at_most: int = 2_000) -> None:
        """Warm the server up, and choose how many requests a turn takes to last about so long."""
        for _ in range(2):
            total = min(at_most, round(self.per_second() * seconds))
            self._each = max(5, total // self._connections)

    def per_second(self) -> float:
        """Requests a second in one turn. ValueError when any answer differs from the first one."""
        with ExitStack() as stack, ThreadPoolExecutor(self._connections) as pool:
            connections = [stack.enter_context(Connection(self._port)) for _ in range(self._connections)]
            start = time.perf_counter()
            for done in [pool.submit(self._ask, connection) for connection in connections]:
                done.result()
            return self._connections * self._each / (time.perf_counter() - start)

    def _ask(self, connection: Connection) -> None:
        for _ in range(self._each):
            if connection.ask(self._request) != self.answer:
                raise ValueError("the server answered the same request differently")
