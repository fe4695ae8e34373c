#!/usr/bin/env python3
"""Find the ground-state energy of the hydrogen molecule with a variational loop, under one yes of a person.

The loop cannot say beforehand which circuits it will run: each theta comes out of the results before it. So it asks for an
envelope, "this circuit, theta and tilt in these ranges, so many jobs, so much money, until then", and waits for a person once.

    export IBM_QISKIT_BROKER_URL=unix:///path/to/api.sock
    python3 vqe.py                        # ibmq_qpu_1, under an envelope
    python3 vqe.py --backend simulator    # free: nobody is asked

Standard library only, Python 3.9 or later. Exit codes: 0 done, 1 failure, 2 usage, 3 denied, 4 stopped: a person was asked again.
"""

import argparse
import http.client
import json
import math
import os
import pathlib
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))
from agent_create_job import DENIED, DONE, ENDED, FAILURE, POLL_S, USAGE, WAITING, Broker, BrokerError, UsageError, denial, explain, note, plain, quoted  # noqa: E402

CIRCUIT = here.parent / "circuits" / "h2.qasm"

# H2 at 0.735 angstrom on two qubits (STO-3G, parity mapping): H = sum of weight * operator, in hartree.
WEIGHTS = {"1": -1.052373, "z0": 0.397937, "z1": -0.397937, "z0 z1": -0.011280, "x0 x1": 0.180931}
EXACT = -1.857275

READ_Z, READ_X = 0, -1.570796  # values of the circuit's input `tilt`
SHIFT = math.pi / 2
TIME_LIMIT_S = 300


class Stopped(Exception):
    """The loop ends before it has found a minimum; `code` is the exit code."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def mean(counts, sign):
    return sum(sign(bits) * n for bits, n in counts.items()) / sum(counts.values())


def energy(counts_z, counts_x):
    """The mean of H. Bit 0 is the rightmost character; a 0 reads as +1."""

    def value(bits, k):
        return 1 if bits[-1 - k] == "0" else -1

    return (
        WEIGHTS["1"]
        + WEIGHTS["z0"] * mean(counts_z, lambda bits: value(bits, 0))
        + WEIGHTS["z1"] * mean(counts_z, lambda bits: value(bits, 1))
        + WEIGHTS["z0 z1"] * mean(counts_z, lambda bits: value(bits, 0) * value(bits, 1))
        + WEIGHTS["x0 x1"] * mean(counts_x, lambda bits: value(bits, 0) * value(bits, 1))
    )


def points(theta):
    """One sweep a step: theta and both shifted values, each read in both bases. The lists run side by side, a point each."""
    thetas = [theta, theta + SHIFT, theta - SHIFT]
    # + 0.0 makes a plain zero of -0.0, which a job spec may not hold.
    return {"theta": [round(t, 6) + 0.0 for t in thetas for _ in range(2)], "tilt": [READ_Z, READ_X] * 3}


def measure(broker, spec):
    """Runs one job to its end: the energy at theta, and its slope by the parameter-shift rule."""
    answer = broker.submit(json.dumps(spec))
    job_id, status = answer["job_id"], answer["status"]
    if status == "waiting":  # outside the envelope: that is for the person to decide, and no longer this loop's business
        reasons = broker.job(job_id)["decision"]["reasons"]
        broker.call("POST", f"/v1/jobs/{quoted(job_id)}/cancel")
        raise Stopped(WAITING, "a person would be asked again: " + "; ".join(plain(reason["message"]) for reason in reasons))
    job = broker.job(job_id) if status in ENDED else broker.wait(job_id, status)
    if job["status"] != "completed":
        if job["status"] == "denied":
            denial(job)
        else:
            explain(job.get("failure") or {})
        raise Stopped(DENIED if job["status"] == "denied" else FAILURE, f"job {plain(job_id)} was {plain(job['status'])}")
    counts = [point["counts"] for point in broker.results(job_id)["results"]["points"]]
    now, above, below = (energy(counts[k], counts[k + 1]) for k in (0, 2, 4))
    return now, (above - below) / 2


def ask(broker, options, code):
    """Asks for the envelope; a person answers later."""
    return broker.call("POST", "/v1/envelopes", json.dumps({
        "name": "vqe h2",
        "code_blob": code,
        "backend": options.backend,
        # theta stays within ±pi, and the shifted values within half a pi more.
        "parameters": {"theta": {"min": -4.7124, "max": 4.7124}, "tilt": {"min": READ_X, "max": READ_Z}},
        "shots": 6 * options.shots,  # of one job, all its points together
        "time_limit_s": TIME_LIMIT_S,
        "max_jobs": options.steps,
        "max_cost": options.max_cost,
        "expires_in_s": 3600,
    }))["envelope"]


def await_yes(broker, envelope):
    """Waits for the person, however long they take."""
    name = envelope["envelope_id"]
    if envelope["status"] == "waiting":
        note(f"waits for a person: dewar approve {plain(name)}")
    while envelope["status"] == "waiting":
        envelope = broker.call("GET", f"/v1/envelopes/{quoted(name)}/wait?timeout_s={POLL_S}")["envelope"]
    if envelope["status"] != "live":
        if "denied" in envelope:
            denial(envelope)
        raise Stopped(DENIED, f"envelope {plain(name)} is {plain(envelope['status'])}")


def give_back(broker, envelope):
    """What was not used can then not be used. An envelope that has ended needs no closing."""
    try:
        broker.call("POST", f"/v1/envelopes/{quoted(envelope['envelope_id'])}/close")
        note(f"closed {plain(envelope['envelope_id'])}")
    except BrokerError as error:
        if error.body.get("code") != "already_ended":
            raise


def descend(broker, options, spec):
    """Gradient descent; never more steps than the envelope has jobs."""
    theta = options.theta
    for step in range(1, options.steps + 1):
        now, slope = measure(broker, {**spec, "job_name": f"vqe h2, step {step}", "parameters": points(theta)})
        print(f"step {step:2}  theta {theta:+.4f}  energy {now:+.4f}  slope {slope:+.4f}", flush=True)
        if abs(slope) < options.flat:
            note(f"the slope is below {options.flat}: a minimum")
            break
        theta = math.remainder(theta - options.rate * slope, 2 * math.pi)
    print(f"energy {now:+.4f} hartree after {step} steps; exact {EXACT:+.4f}")


def run(options):
    url = os.environ.get("IBM_QISKIT_BROKER_URL", "")
    if not url:
        raise UsageError("IBM_QISKIT_BROKER_URL is not set: write unix:///path/to/api.sock or https://localhost:7443")
    broker = Broker(url)
    spec = {"code_blob": broker.upload(CIRCUIT.read_bytes()), "backend": options.backend, "shots": options.shots, "time_limit_s": TIME_LIMIT_S}
    if options.backend == "simulator":
        descend(broker, options, spec)
        return
    # The policy wants a run on the simulator before it asks anybody for a QPU.
    rehearsed, _ = measure(broker, {**spec, "job_name": "vqe h2, rehearsal", "backend": "simulator", "parameters": points(options.theta)})
    note(f"rehearsed on the simulator: energy {rehearsed:+.4f}")
    envelope = ask(broker, options, spec["code_blob"])
    try:
        await_yes(broker, envelope)
        descend(broker, options, {**spec, "envelope": envelope["envelope_id"]})
    finally:
        give_back(broker, envelope)


def main():
    parser = argparse.ArgumentParser(description="Variational loop for H2 on the broker at $IBM_QISKIT_BROKER_URL.")
    parser.add_argument("--backend", default="ibmq_qpu_1", help="where to run (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=10, help="most steps, a job each (default: %(default)s)")
    parser.add_argument("--shots", type=int, default=250, help="shots at each of a step's six points (default: %(default)s)")
    parser.add_argument("--max-cost", type=float, default=17.0, help="most that all steps together may cost (default: %(default)s)")
    parser.add_argument("--theta", type=float, default=2.0, help="where to start, within ±pi (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=1.0, help="how far to go down the slope (default: %(default)s)")
    parser.add_argument("--flat", type=float, default=0.06, help="a slope below this is a minimum (default: %(default)s)")
    options = parser.parse_args()
    if options.steps < 1 or abs(options.theta) > math.pi:
        parser.error("--steps is at least 1, and --theta within ±pi")
    try:
        run(options)
        return DONE
    except Stopped as stop:
        note(f"stopped: {stop}")
        return stop.code
    except UsageError as error:
        note(f"error: {error}")
        return USAGE
    except BrokerError as error:
        explain(error.body)
        return FAILURE
    except (http.client.HTTPException, KeyError) as error:
        note(f"error: the broker's answer cannot be read: {error!r}")
        return FAILURE
    except KeyboardInterrupt:
        note("stopped")
        return FAILURE


if __name__ == "__main__":
    sys.exit(main())
