"""Real Cirq against a real broker: a sampler over sweeps, key names, bit order, control, and a person's yes and no."""

import cirq
import numpy as np
import sympy
from telling import raised, tell

import dewar
from dewar.cirq import DewarSampler

sampler = DewarSampler("simulator")
simulator = cirq.Simulator()
a, b, c = (cirq.NamedQubit(name) for name in ("q\nx", "é", "0"))
t = sympy.Symbol("t")

# Odd names, an inverted bit, keys of several qubits in an order of their own: what Cirq's own simulator says, to the bit.
circuit = cirq.Circuit(cirq.CNOT(a, b), cirq.X(c) ** t, cirq.measure(a, c, b, key="a b;\n", invert_mask=(True,)), cirq.measure(b, key="<b>"))
points = cirq.Points("t", [0, 1])


def bits(found):
    return [{key: result.records[key].tolist() for key in sorted(result.records)} for result in found]


tell("records", [bits(one.run_sweep(circuit, points, repetitions=3)) for one in (sampler, simulator)])
half = sampler.run(circuit, {"t": 0.5}, repetitions=400)
tell("half", [sorted(half.histogram(key="a b;\n")), half.measurements["<b>"].shape, bool(abs(np.mean(half.measurements["a b;\n"][:, 1]) - 0.5) < 0.15)])
correlated = sampler.run(cirq.Circuit(cirq.H(a), cirq.CNOT(a, b), cirq.measure(a, key="x"), cirq.measure(b, key="y")), repetitions=200)
tell("joint", [bool((correlated.measurements["x"] == correlated.measurements["y"]).all()), len(set(correlated.measurements["x"].ravel().tolist()))])

gates = cirq.Circuit(
    cirq.X(a), cirq.measure(a, key="m"), cirq.X(b).with_classical_controls("m"), cirq.ISWAP(a, b) ** 2, cirq.CCX(a, b, c), cirq.Z(a) ** 1e-9, cirq.PhasedXPowGate(phase_exponent=0.3, exponent=2)(a),
    cirq.measure(a, b, c, key="end"),
)
tell("gates", bits([one.run(gates, repetitions=2) for one in (sampler, simulator)]))
tell("data frame", sampler.sample(cirq.Circuit(cirq.X(a), cirq.measure(a, key="m")), repetitions=2).to_dict("list"))
tell("expectation", float(sampler.sample_expectation_values(cirq.Circuit(cirq.X(a)), [cirq.Z(a)], num_samples=5)[0][0]))
tell("nothing", sampler.run(circuit, {"t": 0}, repetitions=0).records["<b>"].shape)

tell("symbol", raised(lambda: sampler.run(circuit)))
tell("twice", raised(lambda: sampler.run(cirq.Circuit(cirq.measure(a, key="m"), cirq.measure(a, key="m")))))
tell("confusion", raised(lambda: sampler.run(cirq.Circuit(cirq.measure(a, key="m", confusion_map={(0,): np.array([[0.9, 0.1], [0.1, 0.9]])})))))
tell("qutrit", raised(lambda: sampler.run(cirq.Circuit(cirq.measure(cirq.NamedQid("q", 3), key="m")))))
tell("no measurement", raised(lambda: sampler.run(cirq.Circuit(cirq.X(a)))))
tell("denied", raised(lambda: sampler.run(circuit, {"t": 0}, repetitions=10_000_000)))
tell("submit", dewar.submit(cirq.Circuit(cirq.X(a), cirq.measure(a, b, key="m")), shots=4).result().counts)

bell = cirq.Circuit(cirq.H(a), cirq.CNOT(a, b), cirq.measure(a, b, key="m"))
sampler.run(bell, repetitions=10)
tell("approved", DewarSampler("ibmq_qpu_1", max_cost=1, job_name="say yes").run(bell, repetitions=50).measurements["m"].shape)
tell("refused", raised(lambda: DewarSampler("ibmq_qpu_1", job_name="say no").run(bell, repetitions=50)))
