"""Real PennyLane against a real broker: the device by its name, every measurement from shots, gradients, and a person's yes and no."""

import pennylane as qml
from pennylane import numpy as np
from telling import raised, tell

import dewar

dev = qml.device("dewar.qubit", wires=2, backend="simulator")
exact = qml.device("default.qubit", wires=2)
tell("device", [dev.name, type(dev).__module__])


def plain(value):
    return np.asarray(value).tolist()


@qml.set_shots(2000)
@qml.qnode(dev)
def everything(x):
    qml.RX(x, 0)
    qml.CNOT([0, 1])
    return qml.expval(qml.Z(0)), qml.probs(wires=[0, 1]), qml.counts(), qml.var(qml.Y(1)), qml.sample(wires=1)


value, probabilities, counts, variance, samples = everything(0.6)
tell("measurements", [float(value), plain(probabilities), {str(key): int(count) for key, count in counts.items()}, float(variance), list(samples.shape)])


@qml.set_shots(20)
@qml.qnode(qml.device("dewar.qubit", wires=["a", "b", "c"]))
def order():
    qml.PauliX("b")
    return qml.counts(wires=["a", "b"]), qml.probs(wires=["b", "c"]), qml.sample(qml.Z("b"))


found = order()
tell("order", [{str(key): int(count) for key, count in found[0].items()}, plain(found[1]), sorted(set(plain(found[2])))])


def energy(x):
    qml.RX(x[0], 0)
    qml.RY(x[1], 1)
    qml.CNOT([0, 1])
    return qml.expval(qml.Hamiltonian([1.0, 0.5, 0.2], [qml.Z(0) @ qml.Z(1), qml.X(0), qml.Y(1)]))


x = np.array([0.3, 0.7], requires_grad=True)
sampled, known = qml.set_shots(qml.QNode(energy, dev), 2000), qml.QNode(energy, exact)
tell("energy", [float(sampled(x)), float(known(x))])
tell("gradient", [plain(qml.grad(sampled)(x)), plain(qml.grad(known)(x))])


@qml.set_shots([10, 20])
@qml.qnode(qml.device("dewar.qubit", wires=4))
def shot_vector():
    qml.StatePrep(np.array([0, 1, 0, 0]), [0, 1])
    m = qml.measure(1)
    qml.cond(m, qml.PauliX)(0)
    qml.GlobalPhase(0.2)
    qml.RZ(1e-9, 0)
    qml.QFT([0, 1])
    qml.adjoint(qml.QFT)([0, 1])
    return qml.probs(wires=[0, 1]), qml.expval(m)


tell("shot vector", [[plain(part) for part in parts] for parts in shot_vector()])


@qml.set_shots(30)
@qml.qnode(dev)
def broadcast(x):
    qml.RX(x, 0)
    return qml.probs(wires=0)


tell("broadcast", plain(broadcast(np.array([0.0, np.pi]))))
tell("no shots", raised(lambda: qml.QNode(energy, dev)(x)))
tell("denied", raised(lambda: qml.set_shots(qml.QNode(energy, dev), 10_000_000)(x)))
tape = qml.tape.QuantumScript([qml.PauliX(0)], [qml.expval(qml.Z(0)), qml.expval(qml.Z(0) @ qml.Z(1))])
tell("submit", dewar.submit(tape, shots=4).result().counts)
tell("two circuits", raised(lambda: dewar.submit(qml.tape.QuantumScript([], [qml.expval(qml.Z(0)), qml.expval(qml.X(0))]))))


def bell():
    qml.Hadamard(0)
    qml.CNOT([0, 1])
    return qml.probs(wires=[0, 1])


qml.set_shots(qml.QNode(bell, dev), 10)()
tell("approved", len(qml.set_shots(qml.QNode(bell, qml.device("dewar.qubit", wires=2, backend="ibmq_qpu_1", max_cost=1, job_name="say yes")), 50)()))
tell("refused", raised(qml.set_shots(qml.QNode(bell, qml.device("dewar.qubit", wires=2, backend="ibmq_qpu_1", job_name="say no")), 50)))
