"""One HTTP/1.1 exchange with the broker: on this machine, capped, timed as a whole, and every failure a DewarError."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import threading
import time
from typing import Any

from ._address import Address
from ._errors import DewarError, usage
from ._plain import plain

ANSWER_BYTES = 33_554_432
"""Most bytes of an answer that are read; more is refused."""
TIMEOUT_S = 30.0
"""Seconds that an ordinary request may take, from the connection to the last byte."""

_JSON = "application/json"


def call(address: Address, method: str, path: str, body: bytes | None = None, *, content_type: str = _JSON, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """The JSON object of a 2xx answer. Raises the broker's own error, or what `exchange` raises, or `internal` where it is no JSON object."""
    status, data = exchange(address, method, path, body, content_type=content_type, timeout_s=timeout_s)
    return answer_object(data, f"{method} {path} (HTTP {status})")


def exchange(address: Address, method: str, path: str, body: bytes | None = None, *, content_type: str = _JSON, timeout_s: float = TIMEOUT_S) -> tuple[int, bytes]:
    """Status and body of a 2xx answer.

    Raises the broker's own error, `not_running` (no connection), `request_timeout`, `body_too_large`, `body_truncated`, `http_syntax` or `token_refused`.
    Nothing is sent again by itself, and no redirection or proxy is followed.
    """
    context = _trust(address) if address.tls else None
    connection = http.client.HTTPConnection("localhost" if address.path is not None else address.host, address.port or None)
    deadline = _Deadline(timeout_s)
    try:
        connection.sock = deadline.watch(_connected(address, context, timeout_s))
        if isinstance(connection.sock, ssl.SSLSocket):
            connection.sock.do_handshake()
        headers = {"connection": "close", "accept": _JSON}
        if body is not None:
            headers["content-type"] = content_type
        if address.token is not None and address.tls:
            headers["authorization"] = f"Bearer {address.token}"
        try:
            connection.request(method, path, body=body, headers=headers)
        except (BrokenPipeError, ConnectionResetError):
            pass  # a refusal may come before all of a body is sent: it is read all the same, and says more than the broken pipe
        response = http.client.HTTPResponse(connection.sock, method=method)
        try:
            response.begin()
            data = response.read(ANSWER_BYTES + 1)
            whole = response.length in (None, 0)
        finally:
            response.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _broken(address, f"{method} {path}", timeout_s, error, deadline.passed) from error
    finally:
        deadline.cancel()
        connection.close()
    if len(data) > ANSWER_BYTES:
        raise DewarError("body_too_large", f"the answer to {method} {path} is too large", got=f"more than {ANSWER_BYTES} bytes", allowed=f"{ANSWER_BYTES} bytes")
    if deadline.passed:
        raise _timed_out(f"{method} {path}", timeout_s)
    if not whole:
        raise DewarError("body_truncated", f"the answer to {method} {path} ended before it was whole", fix="try again")
    if not 200 <= response.status < 300:
        raise _refusal(response.status, data, f"{method} {path}", response.getheader("retry-after"))
    return response.status, data


def _trust(address: Address) -> ssl.SSLContext:
    """Only the given certificate is trusted; without one, those of the system. Names are checked either way."""
    try:
        context = ssl.create_default_context(cafile=address.ca)
    except (OSError, ValueError) as error:
        raise usage(f"the certificate file cannot be read: {error}", got=address.ca, fix="set DEWAR_CA to the certificate file that `dewar tcp status` names") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def _connected(address: Address, context: ssl.SSLContext | None, timeout_s: float) -> socket.socket:
    if address.path is not None:
        plain_socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        plain_socket.settimeout(timeout_s)
        until = time.monotonic() + timeout_s
        try:
            while True:
                try:
                    plain_socket.connect(address.path)
                    break
                except BlockingIOError:  # so many connect at once that the broker has no place in its queue, unix(7)
                    if time.monotonic() >= until:
                        raise TimeoutError from None
                    time.sleep(0.02)
        except BaseException:
            plain_socket.close()
            raise
        return plain_socket
    plain_socket = socket.create_connection((address.host, address.port), timeout=timeout_s)
    if context is None:
        return plain_socket
    try:
        return context.wrap_socket(plain_socket, server_hostname=address.host, do_handshake_on_connect=False)
    except BaseException:
        plain_socket.close()
        raise


class _Deadline:
    """Ends a connection when its time is up, however slowly bytes drip: a timeout of the socket's own starts anew with each."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def watch(self, sock: socket.socket) -> socket.socket:
        self._socket = sock
        self._timer.start()
        return sock

    def cancel(self) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.passed = True
        try:
            # Not SSLSocket's own: it would take the session from under the thread that reads.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # type: ignore[arg-type]
        except OSError:
            pass  # closed meanwhile


def _timed_out(what: str, timeout_s: float) -> DewarError:
    return DewarError("request_timeout", f"no whole answer to {what} in time", allowed=f"{timeout_s:g} s", fix="see what the broker is doing: dewar status")


def _broken(address: Address, what: str, timeout_s: float, error: Exception, passed: bool) -> DewarError:
    if passed or isinstance(error, TimeoutError):
        return _timed_out(what, timeout_s)
    if isinstance(error, ssl.SSLCertVerificationError):
        return DewarError("token_refused", f"the certificate of {address} is not trusted: {plain(error.verify_message, 200)}", fix="set DEWAR_CA to the certificate file that `dewar tcp status` names")
    if isinstance(error, (http.client.IncompleteRead, http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
        return DewarError("body_truncated", f"the connection ended before the answer to {what}", fix="try again; if it stays so: dewar status")
    if isinstance(error, (http.client.HTTPException, ValueError)):
        return DewarError("http_syntax", f"the answer to {what} is no HTTP/1.1 answer: is this a broker?", got=plain(repr(error), 80))
    return DewarError("not_running", f"no broker answers at {address}: {plain(str(error), 200)}", fix="start it: dewar up; or set DEWAR_SOCKET to the session's socket")


def _refusal(status: int, data: bytes, what: str, retry_after: str | None) -> DewarError:
    try:
        body = parse(data).get("error")
    except DewarError:
        body = None
    if isinstance(body, dict) and isinstance(body.get("code"), str):
        error = DewarError.from_body(body)
        if retry_after is not None and re.fullmatch("[0-9]{1,4}", retry_after):
            error.retry_after_s = float(retry_after)
        return error
    return DewarError("internal", f"{what}: HTTP {status} without a typed error: is this a broker?", got=plain(data[:100].decode("utf-8", "replace"), 80))


def answer_object(data: bytes, what: str) -> dict[str, Any]:
    """The JSON object in an answer. Raises the broker's error in it, or `internal`."""
    try:
        answer = parse(data)
    except DewarError as error:
        raise DewarError("internal", f"the answer to {what} is not what this client knows: {error.message}", fix="check that client and broker are of one version: dewar status") from None
    error_body = answer.get("error")
    if isinstance(error_body, dict):
        raise DewarError.from_body(error_body)
    return answer


def parse(data: bytes) -> dict[str, Any]:
    """One JSON object, strictly: UTF-8, no key twice, no NaN. Raises `json_syntax`."""
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise DewarError("json_syntax", f"no valid JSON ({plain(str(error), 120)})") from None
    if not isinstance(value, dict):
        raise DewarError("json_syntax", "no JSON object")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found
