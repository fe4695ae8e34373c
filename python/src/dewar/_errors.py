"""What can go wrong, as exceptions that say what was got, what would pass, and how to mend it."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._plain import plain


class Reason(NamedTuple):
    """One rule's say in a decision: `effect` is allow, ask or deny; `fix` the narrowest change that would pass, or None."""

    rule: str
    effect: str
    message: str
    fix: str | None

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}" + (f" (would pass: {self.fix})" if self.fix and self.effect != "allow" else "")


class DewarError(Exception):
    """A typed error of the broker, or of the way to it.

    `code` is the contract (docs/spec/errors.md lists all): match on it, never on the message. `path` is a JSON Pointer into what was sent,
    `got` what was found there, `allowed` what would pass, `fix` how to get there; each is None where it does not apply.
    """

    def __init__(self, code: str, message: str, *, path: str | None = None, got: str | None = None, allowed: str | None = None, fix: str | None = None) -> None:
        self.code = plain(code, 64)
        self.message = plain(message)
        self.path = None if path is None else plain(path, 200)
        self.got = None if got is None else plain(got, 200)
        self.allowed = None if allowed is None else plain(allowed)
        self.fix = None if fix is None else plain(fix)
        self.retry_after_s = 1.0
        """Of `rate_limited`: after how many seconds the same may be sent again."""
        super().__init__(self._text())

    def _text(self) -> str:
        told = (("at", self.path), ("got", self.got), ("allowed", self.allowed), ("fix", self.fix))
        return f"{self.code}: {self.message}" + "".join(f"\n  {name}: {value}" for name, value in told if value)

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> DewarError:
        """From the broker's `{"code", "message", "path", "got", "allowed", "fix"}`; what is not text there is left out."""
        rest = {name: body[name] for name in ("path", "got", "allowed", "fix") if isinstance(body.get(name), str)}
        return cls(str(body.get("code", "internal")), str(body.get("message", "the broker answered with an error")), **rest)


class JobError(DewarError):
    """A job that ended without results; `job_id` names it, and its receipt can still be fetched."""

    def __init__(self, job_id: str, code: str, message: str, **rest: str | None) -> None:
        self.job_id = job_id
        super().__init__(code, message, **rest)


class Denied(JobError):
    """Policy, a person, the budget, or the end of the time to answer said no (code `denied`).

    `by` is policy, person, expiry, budget or grant; `reasons` are the `Reason`s of the decision that say no, with the narrowest fix each.
    """

    def __init__(self, job_id: str, by: str, message: str, fix: str | None, reasons: tuple[Reason, ...] = ()) -> None:
        self.by = plain(by, 32)
        self.reasons = reasons
        told = "; ".join(str(reason) for reason in reasons) if by == "policy" and reasons else plain(message)
        super().__init__(job_id, "denied", f"{job_id} was denied by {'a person' if by == 'person' else self.by}: {told}", fix=fix)


class JobFailed(JobError):
    """The run failed; `code` is the failure's own, such as `run_time_limit`."""


class Cancelled(JobError):
    """The job was cancelled before it had results (code `cancelled`)."""


def usage(message: str, *, got: object = None, allowed: str | None = None, fix: str | None = None) -> DewarError:
    """A call that cannot be made as it stands (code `usage_invalid`)."""
    return DewarError("usage_invalid", message, got=None if got is None else plain(got, 80), allowed=allowed, fix=fix)
