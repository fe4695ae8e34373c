"""What a job gives back: counts by bit string, for one point or for each point of a sweep."""

from __future__ import annotations

import csv
import io
import math
import os
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from . import _render as render
from ._errors import usage
from ._plain import plain
from ._wire import field, unknown


class Register(NamedTuple):
    """A classical register: `size` bits; bit 0 is the rightmost character."""

    name: str
    size: int


class Expectation(NamedTuple):
    """A mean of a product of Pauli Z, in [-1, 1], and its standard error from counting `shots` shots: sqrt((1 - value²) / shots)."""

    value: float
    standard_error: float


class Results:
    """The counts of one point.

    `counts`: bit string to number of shots, the values summing to `shots`. Little-endian as Qiskit prints them: within a register the rightmost
    character is bit 0; registers are separated by a space, the first declared rightmost. `registers` are in the order of their declaration.
    `parameters`: the values bound to the program's inputs, {} where it has none. `seed` and `engine` say how to get the same counts again;
    `practice` is a dict on the practice QPU and None elsewhere. Source: `dewar.results/v1` (docs/api.md).
    """

    def __init__(self, body: dict[str, Any], point: dict[str, Any] | None = None) -> None:
        self.raw = body
        self.shots = field(body, "shots", int)
        if self.shots < 1:
            raise unknown("shots", "at least one")
        self.registers = tuple(Register(field(one, "name", str), field(one, "size", int)) for one in field(body, "registers", list))
        self.seed = field(body, "seed", int)
        self.engine = field(body, "engine", dict)
        self.practice: dict[str, Any] | None = body.get("practice")
        held = body if point is None else point
        self.parameters: dict[str, Any] = field(held, "parameters", dict) if point is not None or "parameters" in body else {}
        self.counts = _counts(held, self.registers, self.shots)

    def __repr__(self) -> str:
        shown = ", ".join(f"{bits}: {count}" for bits, count in self.top(4))
        return f"<Results of {self.shots} shots: {shown}{', ...' if len(self.counts) > 4 else ''}>"

    def probabilities(self) -> dict[str, float]:
        """Bit string to its share of the shots, in [0, 1]."""
        return {bits: count / self.shots for bits, count in self.counts.items()}

    def top(self, most: int = 10) -> list[tuple[str, int]]:
        """The outcomes seen most often, at most `most`, as (bits, count); equal counts in the order of their bits."""
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:most]

    def register(self, name: str) -> dict[str, int]:
        """Counts of one register alone, the others summed over. Raises `usage_invalid` for a name that the program does not have."""
        names = [register.name for register in self.registers]
        if name not in names:
            raise usage("the program has no such register", got=name, allowed=", ".join(names))
        place = len(names) - 1 - names.index(name)
        summed: dict[str, int] = {}
        for bits, count in self.counts.items():
            own = bits.split(" ")[place]
            summed[own] = summed.get(own, 0) + count
        return dict(sorted(summed.items()))

    def expectation_z(self, bits: str | Iterable[int] | None = None) -> Expectation:
        """The mean of the product of Pauli Z over some bits, a measured 0 counting +1 and a 1 counting -1.

        `bits`: None for all of them; a Pauli string such as `"ZIZ"`, its rightmost letter for bit 0 as in Qiskit (spaces are ignored); or the
        numbers of the bits, 0 being the rightmost character of the counts without their spaces. Raises `usage_invalid`.
        """
        size = sum(register.size for register in self.registers)
        mask = _mask(bits, size)
        total = sum(count * (1 - 2 * ((int(key.replace(" ", ""), 2) & mask).bit_count() & 1)) for key, count in self.counts.items())
        value = total / self.shots
        return Expectation(value, math.sqrt(max(0.0, 1 - value * value) / self.shots))

    def samples(self) -> list[str]:
        """One bit string a shot, in an order shuffled by `seed`: the broker keeps counts, not the order of the shots."""
        drawn = [bits for bits, count in self.counts.items() for _ in range(count)]
        random.Random(self.seed).shuffle(drawn)
        return drawn

    def rows(self) -> list[dict[str, Any]]:
        """One dict an outcome: the parameters by name, `bits`, `count`, `probability`. A parameter with such a name gets `parameter_` before it."""
        return [{**_named(self.parameters), "bits": bits, "count": count, "probability": count / self.shots} for bits, count in self.counts.items()]

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """`rows()` as CSV text with a header, also written to `path` where one is given."""
        return _csv(self.rows(), path)

    def to_pandas(self) -> Any:
        """`rows()` as a pandas DataFrame; pandas must be installed."""
        return _frame(self.rows())

    def _repr_html_(self) -> str:
        return render.histogram(self)


class Sweep(Sequence[Results]):
    """The results of a sweep, one `Results` a point in the order of the parameters' lists. Source: `dewar.sweep/v1`."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.raw = body
        self.points = tuple(Results(body, point) for point in field(body, "points", list))
        self.shots = field(body, "shots", int)
        """Shots of each point."""
        if not self.points:
            raise unknown("points", "at least one point")

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: Any) -> Any:
        return self.points[index]

    def __iter__(self) -> Iterator[Results]:
        return iter(self.points)

    def __repr__(self) -> str:
        return f"<Sweep of {len(self)} points, {self.shots} shots each, over {plain(', '.join(self.points[0].parameters), 200)}>"

    def expectation_z(self, bits: str | Iterable[int] | None = None) -> list[Expectation]:
        """`Results.expectation_z` of each point."""
        wanted = bits if bits is None or isinstance(bits, str) else list(bits)
        return [point.expectation_z(wanted) for point in self.points]

    def rows(self) -> list[dict[str, Any]]:
        """One dict a point and outcome: `point` (from 0), the parameters by name, `bits`, `count`, `probability`."""
        return [{"point": number, **row} for number, point in enumerate(self.points) for row in point.rows()]

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """`rows()` as CSV text with a header, also written to `path` where one is given."""
        return _csv(self.rows(), path)

    def to_pandas(self) -> Any:
        """`rows()` as a pandas DataFrame; pandas must be installed."""
        return _frame(self.rows())

    def _repr_html_(self) -> str:
        return render.sweep_table(self)


def read_results(body: dict[str, Any]) -> Results | Sweep:
    """By the answer's `format`. Raises `internal` where it does not hold together."""
    kind = field(body, "format", str)
    if kind == "dewar.results/v1":
        return Results(body)
    if kind == "dewar.sweep/v1":
        return Sweep(body)
    raise unknown("format", "dewar.results/v1 or dewar.sweep/v1")


def _counts(held: dict[str, Any], registers: tuple[Register, ...], shots: int) -> dict[str, int]:
    counts = field(held, "counts", dict)
    sizes = [register.size for register in reversed(registers)]
    if not all([len(one) for one in bits.split(" ")] == sizes and not bits.strip("01 ") for bits in counts):
        raise unknown("counts", "bit strings of the registers' sizes")
    if not all(isinstance(count, int) and not isinstance(count, bool) and count > 0 for count in counts.values()) or sum(counts.values()) != shots:
        raise unknown("counts", f"whole numbers that sum to {shots} shots")
    return counts


def _mask(bits: str | Iterable[int] | None, size: int) -> int:
    if bits is None:
        return (1 << size) - 1
    if isinstance(bits, str):
        letters = bits.replace(" ", "").upper()
        if len(letters) != size or not set(letters) <= {"Z", "I"}:
            raise usage("not a Pauli string over the measured bits", got=bits, allowed=f"{size} letters Z or I, the rightmost for bit 0")
        return int(letters.replace("Z", "1").replace("I", "0"), 2) if letters else 0
    mask = 0
    for bit in bits:
        if not 0 <= bit < size or mask >> bit & 1:
            raise usage("no such bit, or one named twice", got=bit, allowed=f"different numbers from 0 to {size - 1}")
        mask |= 1 << bit
    return mask


def _named(parameters: dict[str, Any]) -> dict[str, Any]:
    taken = ("point", "bits", "count", "probability")
    return {f"parameter_{name}" if name in taken else name: value for name, value in parameters.items()}


def _csv(rows: list[dict[str, Any]], path: str | os.PathLike[str] | None) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    if path is not None:
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
    return text.getvalue()


def _frame(rows: list[dict[str, Any]]) -> Any:
    try:
        import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise usage("pandas is not installed", fix="pip install pandas; or use rows() or to_csv()") from None
    return pandas.DataFrame(rows)
