"""Many jobs that belong together, submitted within the open jobs that a session may have."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ._errors import Cancelled, DewarError
from ._job import Job
from ._results import Results, Sweep
from ._session import Session

OPEN = 16
"""Jobs of one batch that are open at a time: a session may have 20, and others want to submit too."""


class Batch:
    """Jobs submitted one after the other, each from the arguments of `Session.submit`; the first ones at once, the rest while `results` waits.

    They stand or fall together: where one is denied or fails, those still open are cancelled.
    """

    def __init__(self, session: Session, submissions: Sequence[dict[str, Any]]) -> None:
        self._session = session
        self._submissions = list(submissions)
        self.jobs: list[Job] = []
        self.cut = False
        """True when it was cancelled before all had been submitted."""
        self._fill(0)

    @property
    def complete(self) -> bool:
        """True when all have been submitted."""
        return not self.cut and len(self.jobs) == len(self._submissions)

    def _fill(self, done: int) -> None:
        """Submits until `OPEN` are open, the session has no more places, or one was denied: the rest would fare no better, and its result says why."""
        while len(self.jobs) < len(self._submissions) and len(self.jobs) - done < OPEN and not any(job.view["status"] == "denied" for job in self.jobs[-1:]):
            try:
                self.jobs.append(self._session.submit(**self._submissions[len(self.jobs)]))
            except DewarError as error:
                if error.code != "too_many_pending":
                    self.cancel()
                    raise
                return

    def results(self, timeout: float | None = None) -> list[Results | Sweep]:
        """Those of each job in order. Raises what `Job.result` raises, or `TimeoutError` after `timeout` seconds for all of them."""
        until = None if timeout is None else time.monotonic() + timeout
        found: list[Results | Sweep] = []
        while len(found) < len(self._submissions):
            self._fill(len(found))
            left = None if until is None else max(0.0, until - time.monotonic())
            if len(found) == len(self.jobs):
                if left == 0.0:
                    raise TimeoutError(f"the session has as many open jobs as it may have; {len(found)} of {len(self._submissions)} were run")
                time.sleep(1.0)  # others hold all the places of the session
                continue
            try:
                found.append(self.jobs[len(found)].result(left))
            except DewarError:
                self.cancel()
                raise
        if self.cut:
            raise Cancelled(self.jobs[-1].id if self.jobs else "", "cancelled", f"cancelled when {len(self.jobs)} jobs had been submitted, which was not all")
        return found

    def cancel(self) -> None:
        """Cancels what is open and submits no more."""
        self.cut = not self.complete
        del self._submissions[len(self.jobs) :]
        for job in self.jobs:
            if not job.ended:
                try:
                    job.cancel()
                except DewarError:
                    pass  # ended meanwhile, or the broker is away: nothing more can be done here
