"""One job of a session: how it stands, the wait for it, its results and its receipt."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from . import _render as render
from ._errors import Cancelled, Denied, DewarError, JobFailed, Reason
from ._money import Money
from ._plain import plain
from ._queue import Queue, read_queue
from ._results import Results, Sweep, read_results
from ._wire import ENDED, STATUSES, field, identifier, money, reasons, unknown

if TYPE_CHECKING:
    from ._session import Session

log = logging.getLogger("dewar")

WAIT_S = 60.0
"""Seconds that one long poll asks the broker to hold."""
AWAY_S = 60.0
"""Seconds that a broker may be away while a job is waited for, such as for its restart."""


class Job:
    """A job that was submitted. It goes on by itself: nothing here needs to stay alive for it."""

    def __init__(self, session: Session, view: dict[str, Any]) -> None:
        self._session = session
        self._results: Results | Sweep | None = None
        self._take(view)
        self.id: str = identifier(view, "job_id", "job")

    def _take(self, view: dict[str, Any]) -> None:
        if field(view, "status", str) not in STATUSES:
            raise unknown("status", ", ".join(STATUSES))
        self.view = view
        """The broker's last word on the job, as docs/api.md has it. Texts in it are as they came: not made plain."""

    def __repr__(self) -> str:
        return f"<Job {self.id} {self.view['status']}: {plain(self.device, 64)}>"

    def _repr_html_(self) -> str:
        told = [("status", self.view["status"]), ("device", self.device), ("queue", self.queue), ("why", self.reason), ("price", self.price), ("charged", self.cost), ("answer until", self.view.get("expires"))]
        return render.facts(f"{self.name} ({self.id})", told)

    @property
    def name(self) -> str:
        """The spec's `job_name`."""
        return plain((self.view.get("spec") or {}).get("job_name", ""), 128)

    @property
    def device(self) -> str:
        """The device, and whether it is the practice one."""
        device = self.view.get("device") or {}
        return plain(device.get("name", ""), 64) + (" (PRACTICE hardware)" if device.get("practice") is True and device.get("kind") == "qpu" else "")

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the policy decided as it did."""
        return reasons(self.view.get("decision"))

    @property
    def reason(self) -> str | None:
        """Why the job waits, was denied or failed, in words; None where there is nothing to say."""
        status = self.view["status"]
        if status in ("denied", "failed"):
            return str(self._ended_badly().message)
        return "; ".join(str(one) for one in self.reasons if one.effect == "ask") or None if status == "waiting" else None

    @property
    def facts(self) -> dict[str, Any]:
        """What the broker worked out itself about the program: qubits, depth, gates, … (docs/spec/facts.md)."""
        return field(self.view, "facts", dict)

    @property
    def price(self) -> Money | None:
        """The most that the job can cost, None where it is free."""
        return money((self.view.get("quote") or {}).get("amount"))

    @property
    def cost(self) -> Money | None:
        """What was charged; None before the end, and where nothing was charged or nobody knows."""
        return money(self.view.get("cost"))

    @property
    def queue(self) -> Queue | None:
        """Where it stood in its device's line when the broker last told; None unless it is queued there."""
        told = self.view.get("queue")
        return None if told is None else read_queue(told)

    def status(self) -> str:
        """Asks the broker: waiting (for a person), queued, running, completed, failed, cancelled or denied."""
        if not self._over():
            self._take(field(self._session.call("GET", f"/v1/jobs/{self.id}"), "job", dict))
        return str(self.view["status"])

    @property
    def ended(self) -> bool:
        """True when the last word on it was an end."""
        return self.view["status"] in ENDED

    def _over(self) -> bool:
        return self.ended and self.view.get("receipt") is True

    def wait(self, timeout: float | None = None) -> Job:
        """Waits until the job has ended and its receipt is signed; gives the job itself. A person may take their time: None waits for ever.

        Raises `TimeoutError` after `timeout` seconds. Neither that nor Ctrl-C does anything to the job.
        """
        until = None if timeout is None else time.monotonic() + timeout
        if self.view["status"] == "waiting":
            log.warning("%s waits for a person: dewar approve %s", self.id, self.id)
        try:
            while not self._over():
                left = WAIT_S if until is None else until - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{self.id} is {self.view['status']} after {timeout:g} s; it goes on: session.job({self.id!r}).wait()")
                self._poll(min(left, WAIT_S))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"stopped waiting; {self.id} goes on: dewar.job({self.id!r}).wait()") from None
        return self

    def _poll(self, seconds: float) -> None:
        started = time.monotonic()
        answer = self._session.patient_call(f"/v1/jobs/{self.id}/wait?timeout_s={max(0, int(seconds))}", seconds + 30)
        self._take(field(answer, "job", dict))
        if not self._over() and (early := min(seconds, 1.0) - (time.monotonic() - started)) > 0:
            time.sleep(early)  # a broker that answers early is not asked again at once

    def result(self, timeout: float | None = None) -> Results | Sweep:
        """Waits as `wait` does, then the results: `Results`, or `Sweep` where a parameter was a list.

        Raises `Denied`, `JobFailed` or `Cancelled`, each with the reason, or `TimeoutError`.
        """
        if self._results is None:
            self.wait(timeout)
            if self.view["status"] != "completed":
                raise self._ended_badly()
            self._results = read_results(field(self._session.call("GET", f"/v1/jobs/{self.id}/results"), "results", dict))
        return self._results

    def _ended_badly(self) -> DewarError:
        status = self.view["status"]
        if status == "denied":
            denied = self.view.get("denied") or {}
            by, message, fix = (denied.get(name) if isinstance(denied.get(name), str) else None for name in ("by", "message", "fix"))
            return Denied(self.id, by or "policy", message or "denied", fix, tuple(one for one in self.reasons if one.effect == "deny"))
        if status == "failed":
            told = DewarError.from_body(self.view.get("failure") or {})
            return JobFailed(self.id, told.code, f"{self.id} failed: {told.message}", path=told.path, got=told.got, allowed=told.allowed, fix=told.fix)
        return Cancelled(self.id, "cancelled", f"{self.id} was cancelled")

    def cancel(self) -> Job:
        """Asks to end the job: waiting and queued ones end at once, of a running one its device decides. Raises `already_ended`."""
        self._take(field(self._session.call("POST", f"/v1/jobs/{self.id}/cancel"), "job", dict))
        return self

    def logs(self) -> dict[str, Any]:
        """The job's events and what its run printed: `{"events": [{"seq", "time", "type", "text"}], "output"}`."""
        return self._session.call("GET", f"/v1/jobs/{self.id}/logs")

    def receipt(self) -> bytes:
        """The signed receipt, byte for byte: a Sigstore bundle, for `dewar verify`. Raises `not_ended` before it is signed."""
        return self._session.fetch(f"/v1/jobs/{self.id}/receipt")
