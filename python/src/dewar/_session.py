"""A session's door: everything an agent or a person may ask there."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Union
from urllib.parse import quote

from . import _address as addresses
from . import _render as render
from . import _transport as transport
from ._circuit import Drawing
from ._envelope import Envelope
from ._errors import DewarError, Reason, usage
from ._job import AWAY_S, Job
from ._money import Money
from ._plain import plain
from ._program import Program, name_of, source_of
from ._wire import field, is_id, money, reasons, unknown

ARTIFACT_BYTES = 16_777_216
"""Most bytes of an artifact."""

Value = Union[float, int, bool, Sequence[Union[float, int, bool]]]
Amount = Union[int, float, Decimal]


class Backend(NamedTuple):
    """Where a job may run: `kind` is simulator or qpu; `practice` hardware is a simulation with practice money; `price` in words."""

    name: str
    kind: str
    practice: bool
    max_qubits: int
    aliases: tuple[str, ...]
    description: str
    price: str


class Budget(NamedTuple):
    """One budget that the session's jobs may count in, with what is left of it; every one that a job counts in must hold it.

    `scope` is all, user, project, session or backend, and `name` whose; `per` is job, day, month (UTC) or total. What is reserved, settled and
    remaining is None where money of a currency without a rate of today was spent; `remaining` is less than nothing after an overrun.
    """

    id: str
    scope: str
    name: str | None
    per: str
    period: str
    limit: Money
    reserved: Money | None
    settled: Money | None
    remaining: Money | None
    frozen: bool


class Check:
    """What a submit would get: `effect` is allow, ask (a person) or deny; nothing was kept."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.raw = answer
        decision = field(answer, "decision", dict)
        self.effect: str = field(decision, "effect", str)
        if self.effect not in ("allow", "ask", "deny"):
            raise unknown("decision/effect", "allow, ask or deny")
        self.reasons: tuple[Reason, ...] = reasons(decision)
        self.facts: dict[str, Any] = field(answer, "facts", dict)
        self.price: Money | None = money(field(answer, "quote", dict).get("amount"))
        self.device: str = plain(field(field(answer, "device", dict), "name", str), 64)

    def __repr__(self) -> str:
        return f"<Check {self.effect}: {'; '.join(str(reason) for reason in self.reasons)}>"

    def _repr_html_(self) -> str:
        shown = [(name, self.facts.get(name)) for name in ("qubits", "depth", "two_qubit_gates", "measurements")]
        return render.facts(f"would be: {self.effect}", [("device", self.device), ("price", self.price), *shown, *((reason.rule, reason) for reason in self.reasons)])


class Session:
    """One session of one broker. It keeps no connection open and may be shared between threads.

    `url`: `unix:///path`, a socket's path, `https://localhost:PORT` (with `token` and `ca`, the certificate's file) or `http://localhost:PORT`;
    left out, `$DEWAR_SOCKET`, `$IBM_QISKIT_BROKER_URL`, or the session `default` of the home. Raises `usage_invalid` for an address that is none.
    """

    def __init__(self, url: str | os.PathLike[str] | None = None, *, token: str | None = None, ca: str | os.PathLike[str] | None = None) -> None:
        self._address = addresses.find(url, token=token, ca=ca)

    def __repr__(self) -> str:
        return f"<Session at {self._address}>"

    def call(self, method: str, path: str, body: Any = None, *, timeout_s: float = transport.TIMEOUT_S) -> dict[str, Any]:
        """The JSON object that the broker answers (docs/api.md has every address). `body` is sent as JSON. Raises `DewarError`."""
        try:
            data = None if body is None else json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
        except (TypeError, ValueError) as error:
            raise usage(f"what is to be sent is no JSON: {error}") from None
        return transport.call(self._address, method, path, data, timeout_s=timeout_s)

    def fetch(self, path: str) -> bytes:
        """The bytes that the broker answers, of whatever type."""
        return transport.exchange(self._address, "GET", path)[1]

    def patient_call(self, path: str, timeout_s: float) -> dict[str, Any]:
        """`call` of a wait: a broker that is away, such as for its restart, is asked again for a minute."""
        until = time.monotonic() + AWAY_S
        while True:
            try:
                return self.call("GET", path, timeout_s=timeout_s)
            except DewarError as error:
                if error.code not in ("not_running", "body_truncated") or time.monotonic() >= until:
                    raise
            time.sleep(1.0)

    def _submit(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """`call` of what a session may ask only so often: where the broker says that nothing was recorded, again after the time that it names."""
        until = time.monotonic() + transport.TIMEOUT_S
        while True:
            try:
                return self.call("POST", path, body)
            except DewarError as error:
                if error.code != "rate_limited" or time.monotonic() + error.retry_after_s > until:
                    raise
                time.sleep(error.retry_after_s)

    def put_artifact(self, data: bytes) -> str:
        """Stores bytes, at most 16 MiB, and gives their digest, `sha256:…`. The same bytes again are no fault."""
        if len(data) > ARTIFACT_BYTES:
            raise DewarError("body_too_large", "the artifact is too large", got=f"{len(data)} bytes", allowed=f"at most {ARTIFACT_BYTES} bytes")
        answer = transport.call(self._address, "PUT", "/v1/artifacts", data, content_type="application/octet-stream")
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if answer.get("digest") != digest:
            raise DewarError("artifact_digest_mismatch", "the broker names the bytes by another digest", got=plain(answer.get("digest"), 80), allowed=digest)
        return digest

    def submit(
        self,
        program: Program,
        backend: str = "simulator",
        shots: int = 1024,
        *,
        parameters: Mapping[str, Value] | None = None,
        name: str | None = None,
        max_cost: Amount | None = None,
        envelope: Envelope | str | None = None,
        time_limit_s: int | None = None,
        tags: Sequence[str] | None = None,
        lane: str | None = None,
        data: Sequence[str] | None = None,
        packages: Sequence[str] | None = None,
        image: str | None = None,
        agent: Mapping[str, str] | None = None,
    ) -> Job:
        """Submits a job and gives it at once, whatever the decision: `job.result()` waits, and raises where it was denied.

        `program`: OpenQASM 2 or 3 as text or bytes, the path of such a file, the `sha256:` digest of an artifact, or a circuit of Qiskit, Cirq or
        PennyLane. `shots`: a point. `parameters`: values for the program's `input`s; a list makes the job a sweep, one point an entry, all lists of
        one length. `max_cost`: the most the job may cost, in units of the backend's currency. `envelope`: run under a person's earlier yes.
        `lane`: "batch" for what can wait while other sessions want the device.
        Other fields as in docs/spec/job-spec.md. Raises `DewarError` where there is no job: `spec_invalid`, `backend_unknown`, `too_many_pending`, …
        """
        spec = self._spec(program, backend, shots, name, _job_fields(parameters, max_cost, envelope, time_limit_s, tags, lane, data, packages, image, agent))
        return Job(self, field(self._submit("/v1/jobs", spec), "job", dict))

    def check(
        self,
        program: Program,
        backend: str = "simulator",
        shots: int = 1024,
        *,
        parameters: Mapping[str, Value] | None = None,
        name: str | None = None,
        max_cost: Amount | None = None,
        envelope: Envelope | str | None = None,
        time_limit_s: int | None = None,
        tags: Sequence[str] | None = None,
        lane: str | None = None,
        data: Sequence[str] | None = None,
        packages: Sequence[str] | None = None,
        image: str | None = None,
        agent: Mapping[str, str] | None = None,
    ) -> Check:
        """The decision, facts and price that `submit` with the same arguments would get; nothing runs, and nothing but the program is kept."""
        spec = self._spec(program, backend, shots, name, _job_fields(parameters, max_cost, envelope, time_limit_s, tags, lane, data, packages, image, agent))
        return Check(self._submit("/v1/jobs", {**spec, "dry_run": True}))

    def _spec(self, program: Program, backend: str, shots: int, name: str | None, fields: Mapping[str, Any]) -> dict[str, Any]:
        spec = {"job_name": name if name is not None else name_of(program), "code_blob": self._upload(program), "backend": backend, "shots": _number(shots)}
        return {**spec, **_sent(fields)}

    def _upload(self, program: Program) -> str:
        source = source_of(program)
        return source if isinstance(source, str) else self.put_artifact(source)

    def job(self, job_id: str) -> Job:
        """A job of this session by its id. Raises `not_found`."""
        return Job(self, field(self.call("GET", f"/v1/jobs/{_id(job_id, 'job')}"), "job", dict))

    def jobs(self, limit: int = 50) -> list[Job]:
        """The session's jobs, newest first, at most `limit` (500)."""
        return [Job(self, view) for view in field(self.call("GET", f"/v1/jobs?limit={int(limit)}"), "jobs", list)]

    def backends(self) -> list[Backend]:
        """Where jobs may run, with the price in words."""
        return [
            Backend(
                plain(field(one, "name", str), 64), plain(field(one, "kind", str), 20), field(one, "practice", bool), field(one, "max_qubits", int),
                tuple(plain(alias, 64) for alias in field(one, "aliases", list)), plain(field(one, "description", str)), plain(field(one, "price", str)),
            )
            for one in field(self.call("GET", "/v1/backends"), "backends", list)
        ]

    def budgets(self) -> list[Budget]:
        """What may still be spent of each budget that this session's jobs may count in."""
        return [_budget(view) for view in field(self.call("GET", "/v1/budget"), "budgets", list)]

    def draw(self, program: Program, columns: int = 76) -> Drawing:
        """The circuit drawn by the broker in at most `columns` columns, 20 to 200; it shows itself in a notebook."""
        digest = self._upload(program)
        answer = self.call("GET", f"/v1/artifacts/{quote(digest, safe=':')}/drawing?columns={int(columns)}")
        text = answer.get("drawing")
        return Drawing(digest, text if isinstance(text, str) else None, field(answer, "facts", dict))

    def request_envelope(
        self,
        program: Program,
        backend: str,
        *,
        shots: int,
        max_jobs: int,
        max_cost: Amount | None = None,
        max_shots: int | None = None,
        parameters: Mapping[str, float | bool | tuple[float, float] | Mapping[str, float]] | None = None,
        expires_in_s: int = 3600,
        name: str | None = None,
        time_limit_s: int | None = None,
        tags: Sequence[str] | None = None,
        data: Sequence[str] | None = None,
        packages: Sequence[str] | None = None,
        image: str | None = None,
        agent: Mapping[str, str] | None = None,
    ) -> Envelope:
        """Asks a person once for many jobs of one program; `envelope.wait()` waits for the answer.

        `shots`: the most of one job over all its points; `max_shots`: of all jobs together. `max_cost`: of all jobs together, needed where the
        backend has a price. `parameters`: for each input a value, or a pair (least, most). `expires_in_s`: 60 to 604,800 seconds.
        Raises `envelope_needless` where such jobs need no person.
        """
        ranges = {input_: {"min": span[0], "max": span[1]} if isinstance(span, (tuple, list)) else span for input_, span in (parameters or {}).items()}
        body = {
            "name": name if name is not None else name_of(program), "code_blob": self._upload(program), "backend": backend, "shots": _number(shots), "max_jobs": _number(max_jobs),
            "expires_in_s": _number(expires_in_s), **_sent({"parameters": ranges or None, "max_cost": max_cost, "max_shots": max_shots, "time_limit_s": time_limit_s, "tags": tags, "data": data, "packages": packages, "image": image, "agent": agent}),
        }
        return Envelope(self, field(self._submit("/v1/envelopes", body), "envelope", dict))

    def envelope(self, envelope_id: str) -> Envelope:
        """An envelope of this session by its id. Raises `not_found`."""
        return Envelope(self, field(self.call("GET", f"/v1/envelopes/{_id(envelope_id, 'env')}"), "envelope", dict))

    def envelopes(self, limit: int = 50) -> list[Envelope]:
        """The session's envelopes, newest first."""
        return [Envelope(self, view) for view in field(self.call("GET", f"/v1/envelopes?limit={int(limit)}"), "envelopes", list)]


def default_session() -> Session:
    """The session that the environment names now; see `Session`."""
    return Session()


def _budget(view: Any) -> Budget:
    limit = money(field(view, "limit", dict))
    if limit is None:
        raise unknown("limit", "money")
    name = view.get("name")
    remaining = None if view.get("remaining_micros") is None else Money(limit.currency, field(view, "remaining_micros", int))
    return Budget(
        plain(field(view, "id", str), 100), plain(field(view, "scope", str), 10), plain(name, 64) if isinstance(name, str) else None, plain(field(view, "per", str), 10),
        plain(field(view, "period", str), 10), limit, money(view.get("reserved")), money(view.get("settled")), remaining, field(view, "frozen", bool),
    )


def _job_fields(parameters: Any, max_cost: Any, envelope: Any, time_limit_s: Any, tags: Any, lane: Any, data: Any, packages: Any, image: Any, agent: Any) -> dict[str, Any]:
    return {"parameters": parameters, "max_cost": max_cost, "envelope": envelope, "time_limit_s": time_limit_s, "tags": tags, "lane": lane, "data": data, "packages": packages, "image": image, "agent": agent}


def _id(text: str, kind: str) -> str:
    if isinstance(text, str) and is_id(text, kind):
        return text
    raise DewarError("not_found", f"no such {'job' if kind == 'job' else 'envelope'}", got=plain(text, 80), allowed=f"{kind}_ and 20 characters")


def _sent(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What is given, in forms that JSON has."""
    return {name: value.id if isinstance(value, Envelope) else _number(value) for name, value in fields.items() if value is not None}


def _number(value: Any) -> Any:
    """Numbers and arrays of numpy, decimals, tuples and mappings as JSON's own; a negative zero, which the broker refuses, as zero."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, Mapping):
        return {str(name): _number(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_number(one) for one in value]
    return value


