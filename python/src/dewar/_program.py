"""From what a person has in hand (text, a file, a digest, a circuit of an SDK) to OpenQASM bytes, or to the digest of such."""

from __future__ import annotations

import os
import re
from typing import Any, Union

from ._errors import DewarError, usage

PROGRAM_BYTES = 1_048_576
"""Most bytes of a program, as the broker's analyser reads them."""

Program = Union[str, bytes, "os.PathLike[str]", Any]

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def is_digest(text: object) -> bool:
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def source_of(program: Program) -> bytes | str:
    """The program's bytes, or its digest where `program` is one.

    Text with a line break or a semicolon is OpenQASM; other text, and whatever `os.fspath` takes, is the path of an OpenQASM file. Circuits of
    Qiskit, Cirq and PennyLane, a `Circuit`, and bytes are taken too. Raises `usage_invalid` for anything else, `program_too_large` above 1 MiB.
    """
    if is_digest(program):
        return str(program)
    if isinstance(program, (bytes, bytearray)):
        return _small(bytes(program))
    if isinstance(program, str) and ("\n" in program or ";" in program):
        return _small(program.encode("utf-8", "surrogatepass"))
    if isinstance(program, (str, os.PathLike)):
        return _file(program)
    text = getattr(program, "__dewar_source__", None)
    if callable(text):
        return source_of(text())
    return _small(_exported(program).encode("utf-8"))


def name_of(program: Program) -> str:
    """A name for people: the file's, the circuit's own, or `program`."""
    if isinstance(program, (str, os.PathLike)) and not is_digest(program) and not (isinstance(program, str) and ("\n" in program or ";" in program)):
        name = os.path.splitext(os.path.basename(os.fspath(program)))[0]
    else:
        name = getattr(program, "name", None) or ("program" if isinstance(program, (str, bytes, bytearray)) else type(program).__name__)
    printable = re.sub(r"[^ -~]", "_", str(name))[:128]
    return printable if printable.strip() else "program"


def _small(data: bytes) -> bytes:
    if len(data) <= PROGRAM_BYTES:
        return data
    raise DewarError("program_too_large", "the program is too large", got=f"{len(data)} bytes", allowed=f"at most {PROGRAM_BYTES} bytes")


def _file(path: str | os.PathLike[str]) -> bytes:
    try:
        with open(path, "rb") as file:
            return _small(file.read(PROGRAM_BYTES + 1))
    except (OSError, ValueError) as error:
        raise usage(f"the program is neither OpenQASM text nor a file that can be read: {error}", got=path, allowed="OpenQASM text, the path of an OpenQASM file, a sha256: digest, or a circuit") from None


def _exported(program: Any) -> str:
    """By the SDK that the object's class, or a class of its line, comes from; only that SDK is imported."""
    for sdk in (kind.__module__.partition(".")[0] for kind in type(program).__mro__):
        if sdk == "qiskit":
            from ._export_qiskit import to_qasm as qiskit_qasm

            return qiskit_qasm(program)
        if sdk == "cirq":
            from ._export_cirq import to_qasm as cirq_qasm

            return cirq_qasm(program)
        if sdk == "pennylane":
            from ._export_pennylane import to_qasm as pennylane_qasm

            return pennylane_qasm(program)
    raise usage("nothing to submit", got=type(program).__name__, allowed="OpenQASM text, a path, a sha256: digest, a Qiskit QuantumCircuit, a Cirq Circuit, or a PennyLane tape")
