"""A job's place in the line before its device, with all that is honestly known of when it begins."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._plain import plain
from ._wire import field, unknown


class Queue(NamedTuple):
    """`position` 1 is next, `of` so many of all sessions. `likely_s`: seconds until it begins, as recent runs say; `cautious_s`: if runs are long; None: not known.

    `basis` says what that rests on, or why nothing is known. Jobs still to come may go before it.
    """

    position: int
    of: int
    lane: str
    likely_s: int | None
    cautious_s: int | None
    basis: str

    def __str__(self) -> str:
        start = f"starts in about {self.likely_s} s" if self.likely_s is not None else "start not known"
        return f"place {self.position} of {self.of}, {self.lane}; {start}"


def read_queue(told: Any) -> Queue:
    """From the broker's `queue`. Raises `internal` where it is something else."""
    if not isinstance(told, dict):
        raise unknown("queue", "an object")
    estimate = field(told, "estimate", dict)
    start = estimate.get("start_after_s")
    likely, cautious = (field(start, "likely", int), start.get("cautious")) if isinstance(start, dict) else (None, None)
    if cautious is not None and (not isinstance(cautious, int) or isinstance(cautious, bool)):
        raise unknown("queue/estimate/start_after_s/cautious", "whole seconds or null")
    return Queue(field(told, "position", int), field(told, "of", int), plain(field(told, "lane", str), 20), likely, cautious, plain(field(estimate, "basis", str)))
