"""Submit quantum jobs to a Dewar broker.

    import dewar
    print(dewar.submit("bell.qasm", shots=1000).result().counts)

Every function here is the method of that name of `Session`, at the session that the environment names.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from ._circuit import Circuit, Drawing
from ._envelope import Envelope
from ._errors import Cancelled, Denied, DewarError, JobError, JobFailed, Reason
from ._job import Job
from ._money import Money
from ._queue import Queue
from ._results import Expectation, Register, Results, Sweep
from ._session import Backend, Budget, Check, Session

__version__ = "0.1.0"

P = ParamSpec("P")
T = TypeVar("T")


def _of_default(method: Callable[Concatenate[Session, P], T]) -> Callable[P, T]:
    @functools.wraps(method)
    def call(*given: P.args, **named: P.kwargs) -> T:
        return method(Session(), *given, **named)

    signature = inspect.signature(method)
    call.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]
    call.__qualname__ = method.__name__
    return call


submit = _of_default(Session.submit)
check = _of_default(Session.check)
draw = _of_default(Session.draw)
job = _of_default(Session.job)
jobs = _of_default(Session.jobs)
backends = _of_default(Session.backends)
budgets = _of_default(Session.budgets)
request_envelope = _of_default(Session.request_envelope)
envelope = _of_default(Session.envelope)
envelopes = _of_default(Session.envelopes)

__all__ = [
    "Backend", "Budget", "Cancelled", "Check", "Circuit", "Denied", "DewarError", "Drawing", "Envelope", "Expectation", "Job", "JobError", "JobFailed",
    "Money", "Queue", "Reason", "Register", "Results", "Session", "Sweep", "backends", "budgets", "check", "draw", "envelope", "envelopes", "job", "jobs",
    "request_envelope", "submit",
]
