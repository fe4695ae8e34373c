"""Money as the broker counts it: whole millionths of one unit, never a float."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple


class Money(NamedTuple):
    """`micros` millionths of a unit of `currency`; XTS is practice money, which buys nothing."""

    currency: str
    micros: int

    @property
    def amount(self) -> Decimal:
        """Units, exact."""
        return Decimal(self.micros).scaleb(-6)

    def __str__(self) -> str:
        whole, _, rest = f"{self.amount:.6f}".partition(".")
        return f"{whole}.{rest[:2]}{rest[2:].rstrip('0')} {self.currency}"
