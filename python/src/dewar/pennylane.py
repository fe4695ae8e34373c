"""A PennyLane device that submits to Dewar: each tape becomes a job that policy, and maybe a person, decides on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.devices import Device, ExecutionConfig
from pennylane.devices.modifiers import simulator_tracking, single_tape_support
from pennylane.devices.preprocess import decompose, measurements_from_samples, validate_device_wires, validate_measurements
from pennylane.transforms import broadcast_expand, defer_measurements, split_non_commuting
from pennylane.transforms.core import TransformProgram

from ._batch import Batch
from ._errors import usage
from ._export_pennylane import to_qasm
from ._results import Results
from ._session import Amount, Session

_GATES = frozenset({
    "CNOT", "CZ", "U3", "U2", "Identity", "PauliX", "PauliY", "PauliZ", "Hadamard", "S", "Adjoint(S)", "T", "Adjoint(T)", "RX", "RY", "RZ",
    "CRX", "CRY", "CRZ", "SWAP", "Toffoli", "CSWAP", "PhaseShift", "GlobalPhase",
})


def _native(operation: Any) -> bool:
    return operation.name in _GATES


@simulator_tracking
@single_tape_support
class DewarDevice(Device):
    """`qml.device("dewar.qubit", wires=2, backend="simulator")`: counts, samples, probabilities, expectation values and variances from shots.

    Shots are needed: `qml.set_shots`, or `shots` here where this PennyLane still takes them. Gradients come from the parameter-shift rule, each
    shifted circuit a job of its own. Mid-circuit measurements are deferred, so they need wires of their own. `backend`: a backend or alias of the
    broker; `session`: the one that the environment names where left out, or a URL, see `dewar.Session`; `max_cost` (a job), `envelope`, `tags`,
    `lane`, `time_limit_s` are those of `dewar.submit`, `job_name` its `name`.
    """

    name = "dewar.qubit"

    def __init__(
        self, wires: Any = None, shots: Any = None, backend: str = "simulator", session: Session | str | None = None, *, max_cost: Amount | None = None,
        envelope: Any = None, tags: Sequence[str] | None = None, lane: str | None = None, time_limit_s: int | None = None, job_name: str = "pennylane",
    ) -> None:
        super().__init__(wires=wires, shots=shots)
        self.session = session if isinstance(session, Session) else Session(session)
        self.backend = backend
        self._fields = {"max_cost": max_cost, "envelope": envelope, "tags": tags, "lane": lane, "time_limit_s": time_limit_s, "name": job_name}

    def preprocess_transforms(self, execution_config: ExecutionConfig | None = None) -> TransformProgram:
        """To tapes of one sample measurement over gates that OpenQASM 2 names."""
        program = TransformProgram()
        program.add_transform(validate_device_wires, wires=self.wires, name=self.name)
        program.add_transform(_needs_shots)
        program.add_transform(validate_measurements, analytic_measurements=lambda _: False, sample_measurements=_sampled, name=self.name)
        program.add_transform(defer_measurements, allow_postselect=False)
        program.add_transform(split_non_commuting)
        program.add_transform(broadcast_expand)
        program.add_transform(measurements_from_samples)
        program.add_transform(decompose, target_gates=_GATES, stopping_condition=_native, skip_initial_state_prep=False, name=self.name)
        return program

    def execute(self, circuits: Sequence[qml.tape.QuantumScript], execution_config: ExecutionConfig | None = None) -> Any:
        """The samples of each tape, in an order shuffled by the job's seed; waits for all of them, a person included.

        Raises `dewar.Denied`, `JobFailed` or `Cancelled` with the reason.
        """
        batch = Batch(self.session, [{"program": to_qasm(tape), "backend": self.backend, "shots": tape.shots.total_shots, **self._fields} for tape in circuits])
        return tuple(_measured(tape, results) for tape, results in zip(circuits, batch.results(), strict=True))


@qml.transform
def _needs_shots(tape: qml.tape.QuantumScript) -> Any:
    if not tape.shots:
        raise usage("dewar.qubit counts shots, and none are given", fix="qml.set_shots(qnode, 1000)")
    return (tape,), lambda results: results[0]


def _sampled(measurement: Any) -> bool:
    return isinstance(measurement, qml.measurements.SampleMeasurement) and not isinstance(measurement, (qml.measurements.ClassicalShadowMP, qml.measurements.ShadowExpvalMP))


def _measured(tape: qml.tape.QuantumScript, results: Any) -> Any:
    """The tape's measurements from the counts, by its shots or shot vector. The rightmost character is bit 0, which is the first wire."""
    if not isinstance(results, Results):
        raise usage("the results of one point were asked for", got=results)
    samples = np.array([[int(bit) for bit in reversed(bits)] for bits in results.samples()], dtype=np.int64).reshape(results.shots, len(tape.wires))
    parts = []
    for lower, upper in tape.shots.bins():
        found = tuple(measurement.process_samples(samples[lower:upper], tape.wires) for measurement in tape.measurements)
        parts.append(found[0] if len(found) == 1 else found)
    return tuple(parts) if tape.shots.has_partitioned_shots else parts[0]
