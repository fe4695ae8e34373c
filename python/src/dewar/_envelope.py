"""A bounded family of jobs under one yes of a person: a variational loop, or the same circuit again and again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from . import _render as render
from ._errors import Denied
from ._job import WAIT_S, log
from ._plain import plain
from ._wire import field, identifier, reasons, unknown

if TYPE_CHECKING:
    from ._session import Session

STATUSES = ("waiting", "live", "denied", "expired", "closed", "spent")


class Envelope:
    """What a person is asked for once: give it to `submit(..., envelope=...)`. `view` is the broker's last word on it (docs/api.md)."""

    def __init__(self, session: Session, view: dict[str, Any]) -> None:
        self._session = session
        self._take(view)
        self.id: str = identifier(view, "envelope_id", "env")

    def _take(self, view: dict[str, Any]) -> None:
        if field(view, "status", str) not in STATUSES:
            raise unknown("status", ", ".join(STATUSES))
        self.view = view

    def __repr__(self) -> str:
        return f"<Envelope {self.id} {self.view['status']}: {self.jobs_left} jobs left>"

    def _repr_html_(self) -> str:
        terms = field(self.view, "terms", dict)
        told = [("status", self.view["status"]), ("jobs left", str(self.jobs_left)), ("until", terms.get("until"))]
        return render.facts(f"{plain(self.view.get('name', ''), 128)} ({self.id})", told)

    @property
    def jobs_left(self) -> int:
        """Jobs that may still run under it."""
        return max(0, field(field(self.view, "terms", dict), "max_jobs", int) - field(field(self.view, "used", dict), "jobs", int))

    def status(self) -> str:
        """Asks the broker: waiting (for a person), live, denied, expired, closed or spent."""
        self._take(field(self._session.call("GET", f"/v1/envelopes/{self.id}"), "envelope", dict))
        return str(self.view["status"])

    def wait(self, timeout: float | None = None) -> Envelope:
        """Waits for the person's answer; gives the envelope itself, live. None waits for ever.

        Raises `Denied` where the answer is no, or none in time, and `TimeoutError` after `timeout` seconds.
        """
        until = None if timeout is None else time.monotonic() + timeout
        if self.view["status"] == "waiting":
            log.warning("%s waits for a person: dewar approve %s", self.id, self.id)
        try:
            while self.view["status"] == "waiting":
                left = WAIT_S if until is None else until - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{self.id} still waits for a person after {timeout:g} s")
                self._poll(min(left, WAIT_S))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"stopped waiting; {self.id} is still asked for: dewar.envelope({self.id!r}).wait()") from None
        if self.view["status"] != "live":
            raise self._refused()
        return self

    def _poll(self, seconds: float) -> None:
        started = time.monotonic()
        answer = self._session.patient_call(f"/v1/envelopes/{self.id}/wait?timeout_s={max(0, int(seconds))}", seconds + 30)
        self._take(field(answer, "envelope", dict))
        if self.view["status"] == "waiting" and (early := min(seconds, 1.0) - (time.monotonic() - started)) > 0:
            time.sleep(early)  # a broker that answers early is not asked again at once

    def _refused(self) -> Denied:
        status, denied = self.view["status"], self.view.get("denied") or {}
        by, message, fix = (denied.get(name) if isinstance(denied.get(name), str) else None for name in ("by", "message", "fix"))
        said = tuple(one for one in reasons(self.view.get("decision")) if one.effect == "deny")
        return Denied(self.id, by or ("policy" if status == "denied" else "expiry"), message or f"it is {status}", fix, said)

    def close(self) -> Envelope:
        """Gives it back: nothing more runs under it."""
        self._take(field(self._session.call("POST", f"/v1/envelopes/{self.id}/close"), "envelope", dict))
        return self

    def __enter__(self) -> Envelope:
        return self

    def __exit__(self, *_: object) -> None:
        if self.view["status"] in ("waiting", "live"):
            self.close()
