"""A Cirq sampler that submits to Dewar: each point of a sweep becomes a job that policy, and maybe a person, decides on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cirq
import numpy as np

from ._batch import Batch
from ._errors import usage
from ._export_cirq import Exported, export
from ._results import Results
from ._session import Amount, Session


class DewarSampler(cirq.Sampler):
    """Use it wherever Cirq takes a sampler, such as `DewarSampler("simulator").run(circuit, repetitions=100)`.

    `backend`: a backend or alias of the broker. `session`: the one that the environment names where left out; or a URL, see `dewar.Session`.
    `max_cost` (a job), `envelope`, `tags`, `lane`, `time_limit_s` are those of `dewar.submit`, `job_name` its `name`.
    """

    def __init__(
        self, backend: str = "simulator", session: Session | str | None = None, *, max_cost: Amount | None = None, envelope: Any = None,
        tags: Sequence[str] | None = None, lane: str | None = None, time_limit_s: int | None = None, job_name: str = "cirq",
    ) -> None:
        self.session = session if isinstance(session, Session) else Session(session)
        self.backend = backend
        self._fields = {"max_cost": max_cost, "envelope": envelope, "tags": tags, "lane": lane, "time_limit_s": time_limit_s, "name": job_name}

    def run_sweep(self, program: cirq.AbstractCircuit, params: cirq.Sweepable, repetitions: int = 1) -> Sequence[cirq.ResultDict]:
        """One result for each point, in order; waits for all of them, a person included.

        Records are arrays of shape (repetitions, 1, qubits of the key) as Cirq has them, the first qubit of the key first; the order of the
        repetitions is shuffled, since the broker keeps counts. Raises `dewar.Denied`, `JobFailed` or `Cancelled` with the reason.
        """
        if not program.has_measurements():
            raise ValueError("Circuit has no measurements to sample.")
        resolvers = list(cirq.to_resolvers(params))
        if repetitions == 0:
            sizes = export(cirq.resolve_parameters(program, resolvers[0])).keys if resolvers else {}
            empty = {key: np.zeros((0, 1, size), dtype=np.uint8) for key, (_, size) in sizes.items()}
            return [cirq.ResultDict(params=resolver, records=empty) for resolver in resolvers]
        parts = [export(cirq.resolve_parameters(program, resolver)) for resolver in resolvers]
        batch = Batch(self.session, [{"program": part.text, "backend": self.backend, "shots": repetitions, **self._fields} for part in parts])
        return [cirq.ResultDict(params=resolver, records=_records(part, point)) for resolver, part, point in zip(resolvers, parts, batch.results(), strict=True)]


def _records(part: Exported, results: Any) -> dict[str, np.ndarray]:
    """Bit i of a register is qubit i of its key; the rightmost character is bit 0."""
    if not isinstance(results, Results):
        raise usage("the results of one point were asked for", got=results)
    places = {register.name: number for number, register in enumerate(reversed(results.registers))}
    shots = [bits.split(" ") for bits in results.samples()]
    records = {}
    for key, (name, size) in part.keys.items():
        if name not in places:
            raise usage("the results have no register for a measurement key", got=key)
        rows = [[int(bit) for bit in reversed(shot[places[name]])] for shot in shots]
        records[key] = np.array(rows, dtype=np.uint8).reshape(len(shots), 1, size)
    return records
