"""A program that shows itself: the circuit as the broker draws it, and what the broker worked out about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _render as render
from ._errors import usage
from ._plain import plain
from ._program import Program, source_of

if TYPE_CHECKING:
    from ._session import Session


class Circuit:
    """An OpenQASM program; in a notebook it shows itself drawn where a broker answers, else as text.

    `program` is what `submit` takes, but for a digest.
    """

    def __init__(self, program: Program, session: Session | None = None) -> None:
        source = source_of(program)
        if isinstance(source, str):
            raise usage("a digest has no text here", got=source, fix="give the program, or use draw()")
        self.source: str = source.decode("utf-8", "replace")
        self._bytes = source
        self._session = session

    def __dewar_source__(self) -> bytes:
        return self._bytes

    def __repr__(self) -> str:
        return f"<Circuit of {len(self._bytes)} bytes of OpenQASM>"

    def __str__(self) -> str:
        return plain(self.source, 100_000, lines=True)

    def draw(self, columns: int = 76) -> Drawing:
        """The circuit as the broker draws it, in at most `columns` columns (20 to 200)."""
        from ._session import default_session

        return (self._session or default_session()).draw(self, columns)

    def _repr_html_(self) -> str:
        from ._errors import DewarError

        try:
            return self.draw()._repr_html_()
        except DewarError:
            return render.preformatted(self.source)


class Drawing:
    """`text` is the drawn circuit, or None where it is too large or not a straight line of gates; `facts` as docs/spec/facts.md has them."""

    def __init__(self, digest: str, text: str | None, facts: dict[str, Any]) -> None:
        self.digest = digest
        self.text = None if text is None else plain(text, 1_000_000, lines=True)
        self.facts = facts

    def __str__(self) -> str:
        return self.text if self.text is not None else f"not drawn: {self.summary}"

    def __repr__(self) -> str:
        return f"<Drawing of {self.digest[:19]}: {self.summary}>"

    @property
    def summary(self) -> str:
        """Qubits, depth and two-qubit gates in words."""
        read = {name: plain(self.facts.get(name, "?"), 20) for name in ("qubits", "depth", "two_qubit_gates")}
        return f"{read['qubits']} qubits, depth {read['depth']}, {read['two_qubit_gates']} two-qubit gates"

    def _repr_html_(self) -> str:
        return (render.preformatted(self.text) if self.text is not None else "<p>not drawn: too large, or not a straight line of gates</p>") + f"<p>{render.escaped(self.summary)}</p>"
