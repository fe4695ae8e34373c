"""A Qiskit provider whose backends submit to Dewar: `backend.run(circuit)` becomes a job that policy, and maybe a person, decides on."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Union

from qiskit import QuantumCircuit, transpile
from qiskit.circuit import ForLoopOp, IfElseOp, Measure, Parameter, Reset, library
from qiskit.providers import BackendV2, JobStatus, JobV1, Options
from qiskit.result import Result
from qiskit.result.models import ExperimentResult, ExperimentResultData
from qiskit.transpiler import Target

from . import _session as sessions
from ._batch import Batch
from ._errors import usage
from ._export_qiskit import Exported, export
from ._program import name_of
from ._results import Results, Sweep
from ._session import Session

Binds = Sequence[Mapping[Any, Any]]

# Each name in OpenQASM 3's standard library, so that no program needs a definition: the gate, and how many angles it takes.
_GATES: dict[Any, int] = {
    library.IGate: 0, library.XGate: 0, library.YGate: 0, library.ZGate: 0, library.HGate: 0, library.SGate: 0, library.SdgGate: 0, library.TGate: 0,
    library.TdgGate: 0, library.SXGate: 0, library.PhaseGate: 1, library.RXGate: 1, library.RYGate: 1, library.RZGate: 1, library.UGate: 3,
    library.CXGate: 0, library.CYGate: 0, library.CZGate: 0, library.CHGate: 0, library.SwapGate: 0, library.CPhaseGate: 1, library.CRXGate: 1,
    library.CRYGate: 1, library.CRZGate: 1, library.CCXGate: 0, library.CSwapGate: 0,
}
_FIELDS = ("max_cost", "envelope", "tags", "lane", "time_limit_s", "job_name")
_STATUS = {
    "waiting": JobStatus.QUEUED, "queued": JobStatus.QUEUED, "running": JobStatus.RUNNING, "completed": JobStatus.DONE,
    "cancelled": JobStatus.CANCELLED, "denied": JobStatus.ERROR, "failed": JobStatus.ERROR,
}


class DewarProvider:
    """The backends of one session. `session`: the one that the environment names where left out; or a URL, see `dewar.Session`."""

    def __init__(self, session: Session | str | None = None) -> None:
        self.session = session if isinstance(session, Session) else Session(session)

    def backends(self, name: str | None = None) -> list[DewarBackend]:
        """All backends, or those of this name or alias."""
        return [DewarBackend(self, name or one.name, one) for one in self.session.backends() if name is None or name == one.name or name in one.aliases]

    def get_backend(self, name: str = "simulator") -> DewarBackend:
        """The backend of this name or alias. Raises `usage_invalid` where there is none."""
        found = self.backends(name)
        if not found:
            raise usage("no such backend", got=name, allowed=", ".join(name for one in self.session.backends() for name in (one.name, *one.aliases)))
        return found[0]


class DewarBackend(BackendV2):
    """One device of the broker. Its qubits are taken as all connected: the broker tells of no coupling."""

    def __init__(self, provider: DewarProvider, name: str, device: sessions.Backend) -> None:
        super().__init__(provider=provider, name=name, description=device.description, backend_version="1")
        self.device = device
        self._session = provider.session
        self._target = _target(device)

    def __repr__(self) -> str:
        return f"<DewarBackend {self.name}: {self.num_qubits} qubits>"

    @property
    def target(self) -> Target:
        return self._target

    @property
    def max_circuits(self) -> None:
        """None: each circuit is a job of its own, submitted within the open jobs that a session may have."""
        return None

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=1024, memory=False, **{field: None for field in _FIELDS})

    def run(self, run_input: Union[QuantumCircuit, Iterable[QuantumCircuit]], *, parameter_binds: Binds | None = None, seed_simulator: int | None = None, **options: Any) -> DewarJob:
        """Submits each circuit as a job and gives them as one `DewarJob` at once.

        `shots` (1024), `memory` (False), `max_cost`, `envelope`, `tags`, `lane` and `time_limit_s` are those of `dewar.submit`, `job_name` its `name`. `parameter_binds`: as
        in Aer, for each circuit a dict of its parameters to values or lists of values; with lists the circuit is one job, a sweep. What the target
        lacks is transpiled first, without optimisation. A denied circuit is no error here: `result()` raises it. Raises `DewarError`.
        """
        unknown = set(options) - set(self.options) - {"meas_level"}
        if unknown:
            raise usage("run() has no such option", got=", ".join(sorted(unknown)), allowed=", ".join(self.options))
        if seed_simulator is not None:
            warnings.warn("seed_simulator is ignored: a job's seed comes from its id", stacklevel=2)
        circuits = [run_input] if isinstance(run_input, QuantumCircuit) else list(run_input)
        if not circuits or (parameter_binds is not None and len(parameter_binds) != len(circuits)):
            raise usage("run() takes at least one circuit, and parameter_binds one dict for each", got=len(circuits))
        fields = {**self.options.__dict__, **options}
        fields.pop("meas_level", None)
        memory, name = bool(fields.pop("memory")), fields.pop("job_name")
        parts = [export(self._native(circuit)) for circuit in circuits]
        batch = Batch(self._session, [
            {
                "program": part.text, "backend": self.name, "name": name or name_of(circuit), **fields,
                "parameters": None if parameter_binds is None else _bound(part, parameter_binds[number]),
            }
            for number, (circuit, part) in enumerate(zip(circuits, parts, strict=True))
        ])
        return DewarJob(self, batch, circuits, parts, memory)

    def _native(self, circuit: QuantumCircuit) -> QuantumCircuit:
        names = {str(name) for name in circuit.count_ops()}
        return circuit if names <= {*self._target.operation_names, "barrier"} else transpile(circuit, self, optimization_level=0)


class DewarJob(JobV1):
    """The jobs of one `run`, one for each circuit. `jobs` are those submitted so far, as `dewar.Job`."""

    def __init__(self, backend: DewarBackend, batch: Batch, circuits: Sequence[QuantumCircuit], parts: Sequence[Exported], memory: bool) -> None:
        super().__init__(backend, batch.jobs[0].id if batch.jobs else "not submitted yet")
        self._batch = batch
        self._circuits = circuits
        self._parts = parts
        self._memory = memory
        self.jobs = batch.jobs

    def submit(self) -> None:
        """Done already: `run` submits."""

    def job_id(self) -> str:
        """The id of the first circuit's job; `jobs` has all."""
        return self.jobs[0].id if self.jobs else super().job_id()

    def status(self) -> JobStatus:
        """QUEUED while a person decides or the device is busy, ERROR where any was denied or failed, DONE when all are."""
        found = [_STATUS[job.status()] for job in self.jobs]
        for one in (JobStatus.ERROR, JobStatus.CANCELLED, JobStatus.RUNNING):
            if one in found:
                return one
        if self._batch.cut:
            return JobStatus.CANCELLED
        return JobStatus.DONE if self._batch.complete and set(found) == {JobStatus.DONE} else JobStatus.QUEUED

    def cancel(self) -> bool:
        """Cancels what is open."""
        self._batch.cancel()
        return True

    def result(self, timeout: float | None = None) -> Result:
        """Waits for all, a person included; None waits for ever. `memory` is drawn from the counts in a shuffled order.

        Raises `dewar.Denied`, `JobFailed` or `Cancelled` with the reason, or `TimeoutError` after `timeout` seconds.
        """
        found = self._batch.results(timeout)
        experiments = [
            _experiment(point, circuit, part, self._memory)
            for held, circuit, part in zip(found, self._circuits, self._parts, strict=True)
            for point in (held.points if isinstance(held, Sweep) else (held,))
        ]
        return Result(backend_name=self.backend().name, backend_version="1", job_id=self.job_id(), success=True, results=experiments)


def _target(device: sessions.Backend) -> Target:
    target = Target(num_qubits=device.max_qubits, description=device.description)
    for gate, angles in _GATES.items():
        target.add_instruction(gate(*(Parameter(f"angle{number}") for number in range(angles))))
    target.add_instruction(Measure())
    if device.kind == "simulator":
        target.add_instruction(Reset())
        target.add_instruction(IfElseOp, name="if_else")
        target.add_instruction(ForLoopOp, name="for_loop")
    return target


def _bound(part: Exported, binds: Mapping[Any, Any]) -> dict[str, Any]:
    """The program's inputs to values, from the circuit's parameters, their names, or vectors of them."""
    values: dict[str, Any] = {}
    for key, value in binds.items():
        name = key if isinstance(key, str) else key.name
        if name not in part.inputs:
            raise usage("the circuit has no such parameter", got=name, allowed=", ".join(part.inputs) or "none")
        values[part.inputs[name]] = value
    return values


def _experiment(results: Results, circuit: QuantumCircuit, part: Exported, memory: bool) -> ExperimentResult:
    """Counts as Qiskit holds them: hexadecimal over `circuit.clbits`, bit 0 lowest."""
    if [register.size for register in results.registers] != [len(place) for place in part.places]:
        raise usage("the results are of other registers than the circuit's", got=[tuple(one) for one in results.registers])
    counts: dict[str, int] = {}
    keys: dict[str, str] = {}
    for bits, count in results.counts.items():
        number = 0
        for place, own in zip(part.places, reversed(bits.split(" ")), strict=True):
            number |= sum(1 << index for index, bit in zip(place, reversed(own), strict=True) if bit == "1")
        keys[bits] = hex(number)
        counts[hex(number)] = counts.get(hex(number), 0) + count
    data: dict[str, Any] = {"counts": counts}
    if memory:
        data["memory"] = [keys[bits] for bits in results.samples()]
    header = {
        "name": circuit.name, "creg_sizes": [[register.name, register.size] for register in circuit.cregs], "memory_slots": circuit.num_clbits,
        "n_qubits": circuit.num_qubits, "metadata": circuit.metadata or {},
    }
    return ExperimentResult(shots=results.shots, success=True, data=ExperimentResultData(**data), header=header)
