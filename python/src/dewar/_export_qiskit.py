"""OpenQASM 3 of a Qiskit circuit, in the forms that the broker's simulators take."""

from __future__ import annotations

import re
from typing import NamedTuple

from qiskit import QuantumCircuit, qasm3

from ._errors import usage


class Exported(NamedTuple):
    """`inputs`: the circuit's parameter names to those of the program. `places`: for each classical register of the program, in the order
    of declaration, the index in `circuit.clbits` of each of its bits."""

    text: str
    inputs: dict[str, str]
    places: tuple[tuple[int, ...], ...]


def to_qasm(circuit: QuantumCircuit) -> str:
    return export(circuit).text


def export(circuit: QuantumCircuit) -> Exported:
    """Raises `usage_invalid` for what OpenQASM 3 cannot say, or for a classical bit that is in two registers."""
    if not isinstance(circuit, QuantumCircuit):
        raise usage("not a Qiskit circuit", got=type(circuit).__name__, allowed="QuantumCircuit")
    if circuit.global_phase != 0:
        circuit = circuit.copy()
        circuit.global_phase = 0  # no count depends on it
    try:
        text = qasm3.dumps(circuit)
    except qasm3.QASM3ExporterError as error:
        raise usage(f"Qiskit cannot write the circuit as OpenQASM 3: {error}", fix="transpile(circuit, backend) first") from None
    declared = re.findall(r"^input float\[64\] ([^;\s]+);$", text, re.MULTILINE)
    names = [parameter.name for parameter in circuit.parameters]
    if len(declared) != len(names):
        raise usage("a parameter is lost in Qiskit's OpenQASM 3", got=", ".join(names), fix="bind the parameters: circuit.assign_parameters(...)")
    return Exported(text, dict(zip(names, declared, strict=True)), _places(circuit))


def _places(circuit: QuantumCircuit) -> tuple[tuple[int, ...], ...]:
    """Qiskit declares bits of no register first, each as a register of its own, then the registers."""
    held = [bit for register in circuit.cregs for bit in register]
    if len(held) != len(set(held)):
        raise usage("a classical bit is in two registers", allowed="each bit in one register at most")
    loose = [bit for bit in circuit.clbits if bit not in set(held)]
    index = {bit: number for number, bit in enumerate(circuit.clbits)}
    return tuple((index[bit],) for bit in loose) + tuple(tuple(index[bit] for bit in register) for register in circuit.cregs if register.size > 0)
