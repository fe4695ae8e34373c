"""What notebooks show: self-contained HTML and SVG without script, everything from elsewhere escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ._plain import plain

if TYPE_CHECKING:
    from ._results import Results, Sweep

_BARS = 24
_POINTS = 200
_TEXT = "font:13px/1.4 sans-serif"
_MONO = "font:13px/1.15 ui-monospace,Menlo,Consolas,monospace"


def escaped(text: object, most: int = 500, lines: bool = False) -> str:
    """Text for HTML: made plain, then escaped, quotes as well."""
    return html.escape(plain(str(text), most, lines), quote=True)


def histogram(results: Results) -> str:
    """The outcomes seen most often as horizontal bars, at most 24 of them, and what they stand for."""
    shown = results.top(_BARS)
    left = max((len(bits) for bits, _ in shown), default=0) * 8 + 12
    most = max((count for _, count in shown), default=1)
    bars = "".join(
        f'<g><text x="{left - 8}" y="{row * 20 + 14}" text-anchor="end">{escaped(bits, 200)}</text>'
        f'<rect x="{left}" y="{row * 20 + 3}" width="{max(1.0, 320 * count / most):.1f}" height="14" fill="#4c78a8"/>'
        f'<text x="{left + 326 * count / most + 4:.1f}" y="{row * 20 + 14}">{count} ({100 * count / results.shots:.1f} %)</text></g>'
        for row, (bits, count) in enumerate(shown)
    )
    rest = len(results.counts) - len(shown)
    title = f"{results.shots} shots, {len(results.counts)} outcomes" + (f", the {len(shown)} most frequent shown" if rest > 0 else "")
    registers = ", ".join(f"{register.name}[{register.size}]" for register in reversed(results.registers))
    told = [title, f"bits: {registers}; rightmost is bit 0"]
    if results.parameters:
        told.append(", ".join(f"{name} = {_value(value)}" for name, value in results.parameters.items()))
    if results.practice is not None:
        told.append("PRACTICE device: a simulation, no hardware")
    caption = "".join(f"<div>{escaped(line)}</div>" for line in told)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escaped(title)}" width="{left + 460}" height="{len(shown) * 20 + 4}" style="{_MONO}" fill="currentColor">{bars}</svg>'
    return f'<div style="{_TEXT}">{caption}{svg}</div>'


def sweep_table(sweep: Sweep) -> str:
    """A row a point: its parameters and its most frequent outcomes; at most 200 rows."""
    names = list(sweep.points[0].parameters)
    rows = [
        [str(number), *(_value(point.parameters.get(name)) for name in names), ", ".join(f"{bits}: {count}" for bits, count in point.top(4)) + (", ..." if len(point.counts) > 4 else "")]
        for number, point in enumerate(sweep.points[:_POINTS])
    ]
    more = f"; the first {_POINTS} shown" if len(sweep) > _POINTS else ""
    return f'<div style="{_TEXT}"><div>{len(sweep)} points, {sweep.shots} shots each{more}</div>{table(["point", *names, "most frequent"], rows)}</div>'


def table(heads: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """A table of escaped text."""
    head = "".join(f"<th>{escaped(one)}</th>" for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{escaped(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def facts(title: str, pairs: Iterable[tuple[str, object]]) -> str:
    """A heading over a table of names and values."""
    rows = "".join(f'<tr><th style="text-align:left">{escaped(name)}</th><td style="text-align:left">{escaped(value, 2000)}</td></tr>' for name, value in pairs if value not in (None, ""))
    return f'<div style="{_TEXT}"><strong>{escaped(title)}</strong><table><tbody>{rows}</tbody></table></div>'


def preformatted(text: str) -> str:
    """Lines of fixed width, such as a drawn circuit or a program."""
    return f'<pre style="{_MONO};overflow:auto">{escaped(text, 100_000, lines=True)}</pre>'


def _value(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
