"""The package without any SDK against a real broker: submit, wait, results, refusals, a person's yes and no."""

import pathlib
import sys
import tempfile

from telling import raised, tell

import dewar

BELL = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'

tell("where", dewar.__file__)
tell("modules", sorted(name for name in sys.modules if name.partition(".")[0] in ("qiskit", "cirq", "pennylane", "numpy")))
tell("default socket", __import__("dewar._address")._address.default_socket())
tell("backends", [backend.name for backend in dewar.backends()])

path = pathlib.Path(tempfile.gettempdir(), "bell.qasm")
path.write_text(BELL)
job = dewar.submit(path, shots=1000)
results = job.result()
tell("bell", results.counts)
tell("bell job", [job.name, job.status(), str(results.expectation_z()), len(job.receipt()) > 1000, job.view["spec"]])
tell("asymmetric", dewar.submit(BELL.replace("h q[0];", "x q[0];").replace("cx q[0], q[1];", ""), shots=5).result().counts)
tell("check", [dewar.check(BELL, "ibmq_qpu_1").effect, str(dewar.check(BELL, "ibmq_qpu_1", 100).price), dewar.check(BELL, shots=10_000_000).reasons[0].fix])
tell("denied", raised(lambda: dewar.submit(BELL, shots=10_000_000).result()))
tell("max_cost", raised(lambda: dewar.submit(BELL, "ibmq_qpu_1", max_cost=0.01).result()))
tell("unknown backend", raised(lambda: dewar.submit(BELL, "none")))
tell("not a program", raised(lambda: dewar.submit("this is no program;")))
failed = dewar.submit(BELL.replace("c = measure q;\n", ""))
tell("failed", raised(failed.result))

hardware = dewar.submit(BELL, "ibmq_qpu_1", 100, name="say yes", max_cost=1)
tell("waiting", [hardware.view["status"], hardware.reason])
tell("approved", [sum(hardware.result().counts.values()), str(hardware.cost), hardware.result().practice is not None])
refused = dewar.submit(BELL, "ibmq_qpu_1", 100, name="say no")
tell("refused", raised(refused.result))
tell("jobs", [one.id for one in dewar.jobs(2)] == [refused.id, hardware.id])
tell("budgets", [[budget.id, str(budget.limit), str(budget.settled), str(budget.remaining), budget.frozen] for budget in dewar.budgets()])

TURN = 'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float theta;\ninput bool flip;\nqubit[2] q;\nbit[2] c;\nry(theta) q[0];\nif (flip) { x q[1]; }\nc = measure q;\n'
swept = dewar.submit(TURN, shots=50, parameters={"theta": [0.0, 3.141592653589793], "flip": True})
points = swept.result()
tell("sweep", [swept.view["points"], [[point.parameters, point.counts] for point in points], len(points.rows()), points.to_csv().splitlines()[0]])
tell("one point", [dewar.submit(TURN, shots=5, parameters={"theta": 0, "flip": False}).result().parameters])
tell("no such input", raised(lambda: dewar.submit(TURN, parameters={"phi": 1})))
tell("no value", raised(lambda: dewar.submit(TURN, parameters={"flip": True}).result()))
tell("drawing", dewar.draw(BELL).text)
tell("rendered", dewar.Circuit(BELL)._repr_html_())

ROTATE = TURN.replace("input bool flip;\n", "").replace("if (flip) { x q[1]; }\n", "")
dewar.submit(ROTATE, shots=10, parameters={"theta": 0.5}).result()
with dewar.request_envelope(ROTATE, "ibmq_qpu_1", name="loop", shots=50, max_jobs=2, max_cost=1, parameters={"theta": (0, 1)}).wait() as envelope:
    steps = [dewar.submit(ROTATE, "ibmq_qpu_1", 50, parameters={"theta": theta}, envelope=envelope, name=f"step {theta}") for theta in (0.25, 0.75)]
    tell("steps", [[step.view["status"] != "waiting", step.view["envelope"]["id"] == envelope.id, step.result().shots] for step in steps])
    tell("left", [envelope.status(), envelope.jobs_left])
outside = dewar.submit(ROTATE, "ibmq_qpu_1", 50, parameters={"theta": 0.5}, envelope=envelope, name="say nothing")
tell("outside", [outside.view["status"], outside.reason])
outside.cancel()
tell("envelope refused", raised(dewar.request_envelope(ROTATE, "ibmq_qpu_1", name="say no", shots=50, max_jobs=2, max_cost=1, parameters={"theta": (0, 1)}).wait))
tell("needless", raised(lambda: dewar.request_envelope(BELL, "simulator", shots=50, max_jobs=2)))
tell("envelopes", [one.view["status"] for one in dewar.envelopes()])
