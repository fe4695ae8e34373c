"""A stand-in for the broker on a UNIX socket: answers each request with what the test says, down to the bytes."""

from __future__ import annotations

import json
import os
import socketserver
import tempfile
import threading
from collections.abc import Callable
from typing import Any, NamedTuple


class Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Later:
    """Raw bytes given piece by piece; `pause` is called before each."""

    def __init__(self, pieces: Any, pause: Callable[[], Any]) -> None:
        self.pieces, self.pause = pieces, pause


Answer = Any  # (status, object), raw bytes, or Later

JOB = "job_01234567890123456789"
ENV = "env_01234567890123456789"
CODE = "sha256:" + "0" * 64


def http(status: int, value: Any) -> bytes:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(body)) + body


def view(status: str = "completed", **more: Any) -> dict[str, Any]:
    """A job as the broker shows it."""
    return {
        "job_id": JOB, "status": status, "session": "default", "created": "2026-11-27T00:00:00.000Z", "spec": {"job_name": "bell", "code_blob": CODE, "backend": "simulator"},
        "device": {"name": "simulator", "kind": "simulator", "practice": False, "max_qubits": 24}, "facts": {"qubits": 2}, "quote": {"kind": "free", "basis": "free"},
        "decision": {"effect": "allow", "reasons": [{"rule": "simulator.free", "effect": "allow", "message": "free", "fix": None}]},
        "receipt": status in ("completed", "failed", "cancelled", "denied"), **more,
    }


def counted(counts: dict[str, int], registers: tuple[tuple[str, int], ...] = (("c", 2),), **more: Any) -> dict[str, Any]:
    """Results as the broker stores them."""
    return {
        "format": "dewar.results/v1", "shots": sum(counts.values()), "bit_order": "little-endian", "registers": [{"name": name, "size": size} for name, size in registers],
        "counts": counts, "seed": 7, "engine": {"name": "sv", "version": "1", "method": "state-vector"}, **more,
    }


class FakeBroker:
    """`answer` gets each request, and its number from 0 on. On a UNIX socket, or at a port of this machine."""

    def __init__(self, answer: Callable[[Request, int], Answer], tcp: bool = False) -> None:
        self.seen: list[Request] = []
        self._folder = tempfile.TemporaryDirectory(prefix="fb-")
        self.path = os.path.join(self._folder.name, "api.sock")
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                line = self.rfile.readline().decode().split(" ")
                headers: dict[str, str] = {}
                while (header := self.rfile.readline().decode("latin-1").strip()) != "":
                    name, _, value = header.partition(":")
                    headers[name.lower()] = value.strip()
                request = Request(line[0], line[1], headers, self.rfile.read(int(headers.get("content-length", 0))))
                fake.seen.append(request)
                given = answer(request, len(fake.seen) - 1)
                try:
                    if isinstance(given, Later):
                        for piece in given.pieces:
                            given.pause()
                            self.wfile.write(piece)
                    else:
                        self.wfile.write(http(*given) if isinstance(given, tuple) else given)
                except OSError:
                    pass  # the client has had enough

        kind = socketserver.ThreadingTCPServer if tcp else socketserver.ThreadingUnixStreamServer
        self._server = type("Server", (kind,), {"daemon_threads": True, "block_on_close": False})(("127.0.0.1", 0) if tcp else self.path, Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}" if tcp else f"unix://{self.path}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def __enter__(self) -> FakeBroker:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._folder.cleanup()


def routes(table: dict[str, Answer]) -> Callable[[Request, int], Answer]:
    """By `METHOD path`; a list gives its entries in turn, the last one again and again."""
    turns: dict[str, int] = {}

    def answer(request: Request, _: int) -> Answer:
        name = f"{request.method} {request.path}"
        given = table.get(name, (404, {"error": {"code": "not_found", "message": f"no {name}"}}))
        if isinstance(given, list):
            turn = turns.get(name, 0)
            turns[name] = turn + 1
            given = given[min(turn, len(given) - 1)]
        return given

    return answer
