"""Where the broker is: from a URL, the environment, or the default session of the default home."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import urllib.parse
from dataclasses import dataclass, field

from ._errors import DewarError, usage

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_FORMS = "unix:///path/to/api.sock, https://localhost:PORT, or http://localhost:PORT"
_LONGEST_RUN = 60  # bytes of a folder for sockets, as in packages/protocol/src/home.ts


@dataclass(frozen=True)
class Address:
    """One door: a UNIX socket's `path`, or `host` and `port` on this machine with TLS or without. The token is never shown."""

    path: str | None = None
    host: str = ""
    port: int = 0
    tls: bool = False
    token: str | None = field(default=None, repr=False)
    ca: str | None = None

    def __str__(self) -> str:
        return f"unix://{self.path}" if self.path is not None else f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"


def find(url: str | os.PathLike[str] | None = None, *, token: str | None = None, ca: str | os.PathLike[str] | None = None) -> Address:
    """`url`, else `$DEWAR_SOCKET` (a path), else `$IBM_QISKIT_BROKER_URL`, else the session `default` of the home.

    The token of the TCP door is `token`, else the URL's password, else `$DEWAR_TOKEN`; the certificate file `ca`, else `$DEWAR_CA`,
    else `$REQUESTS_CA_BUNDLE` as `dewar session token` prints it, else `$SSL_CERT_FILE`.
    Raises `usage_invalid` for an address off this machine, or for a token over plain HTTP.
    """
    env = os.environ
    given = os.fspath(url) if url is not None else env.get("DEWAR_SOCKET") or env.get("IBM_QISKIT_BROKER_URL") or default_socket()
    if given.startswith("/"):
        return Address(path=given)
    try:
        parts = urllib.parse.urlsplit(given)
        port = parts.port
    except ValueError as error:
        raise usage(f"the broker's address cannot be read: {error}", allowed=_FORMS) from None
    if parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/"):
        return Address(path=urllib.parse.unquote(parts.path))
    if parts.scheme not in ("http", "https") or parts.hostname is None or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise usage("the broker's address is of no known form", got=_without_password(given), allowed=_FORMS)
    if parts.hostname not in _LOOPBACK:
        raise usage("a broker is reached on this machine only", got=parts.hostname, allowed=_FORMS)
    bearer = token or (urllib.parse.unquote(parts.password) if parts.password else None) or env.get("DEWAR_TOKEN") or None
    if parts.scheme == "http":
        if bearer is not None:
            raise usage("a token is not sent over plain HTTP", allowed="https://localhost:PORT", fix="use https, or leave the token out (unset DEWAR_TOKEN)")
        return Address(host=parts.hostname, port=port or 80)
    if bearer is not None and not re.fullmatch(r"[\x21-\x7e]{1,512}", bearer):
        raise usage("the token holds characters that no token has", allowed="the text that `dewar session` printed")
    trusted = os.fspath(ca) if ca is not None else next((env[name] for name in ("DEWAR_CA", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE") if env.get(name)), None)
    return Address(host=parts.hostname, port=port or 443, tls=True, token=bearer, ca=trusted)


def _without_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//...@", url)


def default_socket(session: str = "default") -> str:
    """The socket of a session of the home that the environment names, by the rule of packages/protocol/src/home.ts. Raises `home_invalid`."""
    return f"{_run_folder()}/s/{session}/api.sock"


def _run_folder() -> str:
    env = os.environ
    own = env.get("DEWAR_HOME") or None
    if own is not None and not own.startswith("/"):
        raise DewarError("home_invalid", "DEWAR_HOME is not an absolute path", got=own, allowed="a path that begins with /")
    if own is not None:
        own = _absolute(own)
        state, wanted = f"{own}/state", [f"{own}/run"]
    else:
        user = _absolute(env.get("HOME")) or pwd.getpwuid(os.getuid()).pw_dir
        state = f"{_absolute(env.get('XDG_STATE_HOME')) or f'{user}/.local/state'}/dewar"
        runtime = _absolute(env.get("XDG_RUNTIME_DIR"))
        wanted = [] if runtime is None else [f"{runtime}/dewar"]
    short = f"dewar-{os.getuid()}-{hashlib.sha256(os.fsencode(state)).hexdigest()[:12]}"
    return next((path for path in wanted if len(os.fsencode(path)) <= _LONGEST_RUN), f"/tmp/{short}")


def _absolute(path: str | None) -> str | None:
    if path is None or not path.startswith("/"):
        return None
    return re.sub(r"(?<=.)/$", "", re.sub(r"/{2,}", "/", path))
