"""Real Qiskit against a real broker: a backend, both primitives, registers, control flow, batches, and a person's yes and no."""

import warnings

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Clbit, Parameter
from qiskit.circuit.library import QFTGate
from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2
from qiskit.providers import JobStatus
from qiskit.providers.basic_provider import BasicSimulator
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import SparsePauliOp
from telling import raised, tell

import dewar
from dewar.qiskit import DewarProvider

provider = DewarProvider()
backend = provider.get_backend("simulator")
tell("backends", [[one.name, one.num_qubits] for one in provider.backends()])
tell("alias", provider.get_backend("ibmq_qpu_1").name)
tell("no backend", raised(lambda: provider.get_backend("none")))

bell = QuantumCircuit(2, 2)
bell.h(0)
bell.cx(0, 1)
bell.measure([0, 1], [0, 1])
job = backend.run(bell, shots=500)
counts = job.result().get_counts()
tell("bell", [sorted(counts), sum(counts.values()), job.status() is JobStatus.DONE, job.job_id().startswith("job_")])

# Registers that Qiskit renames, a bit of none, and a register filled from the top: the same as Qiskit's own simulator says.
odd = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(1, "input"), [Clbit()], ClassicalRegister(2, "c"))
odd.x(0)
odd.measure(0, 0)
odd.measure(0, 3)
odd.measure(1, 1)
tell("registers", [one.run(odd, shots=20, memory=True).result().get_counts() for one in (backend, BasicSimulator())])
tell("memory", sorted(set(backend.run(odd, shots=20, memory=True).result().get_memory())))

library = QuantumCircuit(3, global_phase=0.7)
library.append(QFTGate(3), [0, 1, 2])
library.append(QFTGate(3).inverse(), [0, 1, 2])
library.unitary([[0, 1], [1, 0]], [1])
library.initialize([0, 1], [2])
library.rzz(1e-9, 0, 1)
library.measure_all()
tell("library", backend.run(library, shots=20).result().get_counts())
tell("optimised", backend.run(transpile(library, backend, optimization_level=3), shots=20).result().get_counts())

dynamic = QuantumCircuit(2, 2)
dynamic.x(0)
dynamic.measure(0, 0)
with dynamic.if_test((dynamic.clbits[0], 1)):
    dynamic.x(1)
dynamic.measure(1, 1)
tell("dynamic", backend.run(transpile(dynamic, backend), shots=20).result().get_counts())

ghz = QuantumCircuit(3)
ghz.x(0)
ghz.cx(0, 2)
ghz.measure_all()
tell("physical qubits", backend.run(transpile(ghz, GenericBackendV2(5, seed=1)), shots=20).result().get_counts())
many = [bell.copy() for _ in range(18)]
for number, circuit in enumerate(many):
    if number % 2:
        circuit.clear()
        circuit.x(0)
        circuit.measure([0, 1], [0, 1])
batch = backend.run(many, shots=16 * 2)
tell("batch", [[sorted(counts) for counts in batch.result().get_counts()], batch.status() is JobStatus.DONE, len(batch.jobs)])

theta = Parameter("θ")
ansatz = QuantumCircuit(2)
ansatz.ry(theta, 0)
ansatz.cx(0, 1)
estimated = BackendEstimatorV2(backend=backend).run([(ansatz, SparsePauliOp(["ZZ", "XX", "IZ"]), [0.5])], precision=0.03).result()[0].data
tell("estimator", [float(estimated.evs), float(1 + np.sin(0.5) + np.cos(0.5))])
measured = ansatz.measure_all(inplace=False)
sampled = BackendSamplerV2(backend=backend).run([(measured, [[0], [np.pi]])], shots=64).result()[0].data.meas
tell("sampler", [sampled[0].get_counts(), sampled[1].get_counts()])

phi = Parameter("a[0]")
bound = QuantumCircuit(2)
bound.ry(theta, 0)
bound.ry(2 * phi, 1)
bound.measure_all()
swept = backend.run(bound, shots=20, parameter_binds=[{theta: [0, np.pi], "a[0]": [np.pi / 2, 0.0]}])
tell("binds", [swept.result().get_counts(), len(swept.jobs)])
tell("one bind", backend.run(bound, shots=20, parameter_binds=[{theta: np.float64(np.pi), phi: 0}]).result().get_counts())
tell("unknown bind", raised(lambda: backend.run(bound, parameter_binds=[{"x": 1}])))
tell("unbound", raised(lambda: backend.run(bound, shots=20).result()))

tell("options", raised(lambda: backend.run(bell, shorts=5)))
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    backend.run(bell, shots=1, seed_simulator=7).result()
tell("seed", [str(one.message) for one in warned])
tell("denied", raised(lambda: backend.run(bell, shots=10_000_000).result()))
tell("denied status", backend.run(bell, shots=10_000_000).status() is JobStatus.ERROR)
tell("submit", dewar.submit(ghz, shots=8).result().counts)

hardware = provider.get_backend("ibmq_qpu_1")
asked = hardware.run(bell, shots=50, job_name="say yes", max_cost=1)
tell("waiting", [asked.status() is JobStatus.QUEUED, asked.jobs[0].view["status"]])
tell("approved", [sum(asked.result().get_counts().values()), asked.status() is JobStatus.DONE])
tell("refused", raised(hardware.run(bell, shots=50, job_name="say no").result))
stopped = hardware.run(bell, shots=50, job_name="say nothing")
stopped.cancel()
tell("cancelled", [stopped.status() is JobStatus.CANCELLED, raised(stopped.result)["class"]])
