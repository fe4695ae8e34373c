"""OpenQASM 2 of a PennyLane tape: its operations, the rotations of its measurements, and a measurement of each wire."""

from __future__ import annotations

from typing import Any

import pennylane as qml

from ._errors import usage

_PRECISION = 17  # significant digits of an angle: a double comes back as it was


def to_qasm(tape: Any) -> str:
    """Register `c` has a bit for each wire of the tape, in the tape's order; bit i is wire i.

    Raises `usage_invalid` for what OpenQASM 2 cannot say, and for a tape that needs more than one circuit.
    """
    if not isinstance(tape, qml.tape.QuantumScript):
        raise usage("not a PennyLane tape", got=type(tape).__name__, allowed="a QuantumScript: qml.workflow.construct_tape(qnode)(*arguments)")
    circuits, _ = qml.transforms.split_non_commuting(tape)
    if len(circuits) != 1 or tape.batch_size is not None:
        raise usage("the tape needs more than one circuit", fix='use qml.device("dewar.qubit", ...), which submits a job for each')
    try:
        text: str = qml.to_openqasm(circuits[0], wires=tape.wires, rotations=True, measure_all=True, precision=_PRECISION)
    except (ValueError, NotImplementedError) as error:
        raise usage(f"PennyLane cannot write the tape as OpenQASM 2: {error}") from None
    # A global phase changes no count, and OpenQASM 2 has none.
    return "".join(f"{line}\n" for line in text.splitlines() if not line.startswith("gphase("))
