"""Reads of untrusted answers: a field of the expected type, or one typed error that names where it was missing."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from ._errors import DewarError, Reason
from ._money import Money
from ._plain import plain

T = TypeVar("T")

STATUSES = ("waiting", "queued", "running", "completed", "failed", "cancelled", "denied")
ENDED = STATUSES[3:]
_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{20}")


def field(view: Any, name: str, kind: type[T]) -> T:
    """`view[name]`, of type `kind` exactly (a boolean is no int). Raises `internal`."""
    value = view.get(name) if isinstance(view, dict) else None
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise unknown(name, kind.__name__)


def unknown(name: str, wanted: str) -> DewarError:
    return DewarError("internal", "the broker's answer is not what this client knows", path=f"/{name}", allowed=wanted, fix="check that client and broker are of one version: dewar status")


def identifier(view: Any, name: str, kind: str) -> str:
    """An id such as `job_` and 20 characters, safe to put into an address. Raises `internal`."""
    value = field(view, name, str)
    if is_id(value, kind):
        return value
    raise unknown(name, f"{kind}_ and 20 characters")


def is_id(text: str, kind: str) -> bool:
    return text.startswith(f"{kind}_") and _ID.fullmatch(text[len(kind) + 1 :]) is not None


def money(value: Any) -> Money | None:
    """Money, or None where there is none. Raises `internal` where it is something else."""
    if value is None:
        return None
    currency = field(value, "currency", str)
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise unknown("currency", "three letters")
    return Money(currency, field(value, "micros", int))


def reasons(decision: Any) -> tuple[Reason, ...]:
    """The reasons of a decision, the effect's own first."""
    found = []
    for one in field(decision, "reasons", list)[:100]:
        fix = one.get("fix") if isinstance(one, dict) else None
        found.append(Reason(plain(field(one, "rule", str), 100), plain(field(one, "effect", str), 10), plain(field(one, "message", str)), plain(fix) if isinstance(fix, str) else None))
    return tuple(found)
