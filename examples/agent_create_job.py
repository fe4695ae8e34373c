#!/usr/bin/env python3
"""Submit a quantum job to a Dewar broker, with nothing but the standard library (Python 3.9 or later).

The agent that runs this holds no key: the broker decides, asks a person where money is involved, and runs the job.

    export IBM_QISKIT_BROKER_URL=unix:///path/to/api.sock      # or http://localhost:5000
    # or https://localhost:7443 with DEWAR_TOKEN and REQUESTS_CA_BUNDLE, as `dewar session token` prints them
    python3 agent_create_job.py --spec job.json
    python3 agent_create_job.py --spec job.json --circuit bell.qasm --wait

With --circuit the file is uploaded first. A spec without code_blob is given its digest; one with another digest is refused.

Exit codes: 0 done, 1 failure, 2 usage, 3 denied, 4 waiting for a person.
"""

import argparse
import http.client
import json
import os
import re
import socket
import ssl
import sys
import time
import urllib.parse

DONE, FAILURE, USAGE, DENIED, WAITING = 0, 1, 2, 3, 4
ENDED = ("completed", "failed", "cancelled", "denied")
POLL_S = 30
TIMEOUT_S = 60


class BrokerError(Exception):
    """A typed answer {"error": {code, message, path, got, allowed, fix}}."""

    def __init__(self, body):
        super().__init__(str(body.get("message", "the broker answered with an error")))
        self.body = body


class UsageError(Exception):
    """The command line, the environment or the spec file cannot be used."""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Broker:
    """The few calls that a submit needs."""

    def __init__(self, url):
        self.url = url
        try:
            parts = urllib.parse.urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise UsageError(f"IBM_QISKIT_BROKER_URL is {plain(url)}: {error}") from error
        if parts.scheme == "unix" and parts.path and not parts.netloc:
            self.base = ""
            self.headers = {}
            self.connect = lambda: UnixConnection(urllib.parse.unquote(parts.path), TIMEOUT_S)
        elif parts.scheme in ("http", "https") and parts.hostname:
            self.base = parts.path.rstrip("/")
            self.headers = {}
            self.url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"  # a token in it is never shown
            if parts.scheme == "https":
                token = urllib.parse.unquote(parts.password or "") or os.environ.get("DEWAR_TOKEN", "")
                if token:
                    self.headers["Authorization"] = f"Bearer {token}"
                try:
                    trust = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE") or None)
                except OSError as error:
                    raise UsageError(f"the certificate that REQUESTS_CA_BUNDLE names cannot be read: {error}") from error
                self.connect = lambda: http.client.HTTPSConnection(parts.hostname, port, timeout=TIMEOUT_S, context=trust)
            else:
                self.connect = lambda: http.client.HTTPConnection(parts.hostname, port, timeout=TIMEOUT_S)
        else:
            raise UsageError(f"IBM_QISKIT_BROKER_URL is {plain(url)}: write unix:///path/to/api.sock or https://localhost:7443")

    def call(self, method, path, body=None, content_type="application/json"):
        connection = self.connect()
        try:
            headers = dict(self.headers, **({} if body is None else {"Content-Type": content_type}))
            connection.request(method, self.base + path, body=body, headers=headers)
            response = connection.getresponse()
            text = response.read()
        except OSError as error:
            raise BrokerError({"message": f"no answer from the broker at {self.url}: {error}"}) from error
        finally:
            connection.close()
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise BrokerError({"message": f"{method} {path}: the answer (HTTP {response.status}) is not a JSON object; is this a broker?"})
        if isinstance(answer.get("error"), dict):
            raise BrokerError(answer["error"])
        if response.status >= 400:
            raise BrokerError({"message": f"{method} {path}: HTTP {response.status}"})
        return answer

    def upload(self, data):
        return self.call("PUT", "/v1/artifacts", data, "application/octet-stream")["digest"]

    def submit(self, spec):
        return self.call("POST", "/submit", spec)

    def job(self, job_id):
        return self.call("GET", f"/v1/jobs/{quoted(job_id)}")["job"]

    def wait(self, job_id, status):
        """The job when it has ended. A person may take their time: stopping this with Ctrl-C leaves the job as it is."""
        while True:
            started = time.monotonic()
            job = self.call("GET", f"/v1/jobs/{quoted(job_id)}/wait?timeout_s={POLL_S}&after={quoted(status)}")["job"]
            if job["status"] in ENDED:
                return job
            if job["status"] != status:
                status = job["status"]
                note(f"job {plain(job_id)}: {plain(status)}")
            elif time.monotonic() - started < 1.0:
                time.sleep(1.0)  # a broker that answers early is not asked again at once

    def results(self, job_id):
        return self.call("GET", f"/v1/jobs/{quoted(job_id)}/results")


def quoted(text):
    return urllib.parse.quote(text, safe="")


def plain(value):
    """Text from elsewhere, safe for a terminal: what does not print is escaped."""
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)


def note(text):
    print(text, file=sys.stderr, flush=True)


def explain(body):
    """Prints an error as the broker typed it."""
    note(f"error {plain(body['code'])}: {plain(body.get('message', ''))}" if "code" in body else f"error: {plain(body.get('message', ''))}")
    for name in ("path", "got", "allowed", "fix"):
        if body.get(name):
            note(f"  {name + ':':9}{plain(body[name])}")


def read_spec(path, circuit_digest):
    """The spec's bytes as they stand, so that its numbers keep their own digits; with the circuit's digest where it names none."""
    with open(path, "rb") as file:
        data = file.read()
    if circuit_digest is None:
        return data
    try:
        spec = json.loads(data.decode("utf-8"))
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}") from error
    if not isinstance(spec, dict):
        raise UsageError(f"{path} holds no JSON object")
    named = spec.get("code_blob", "")
    if named == circuit_digest:
        return data
    if named:
        raise UsageError(f"{path} names code_blob {plain(named)}, but the circuit is {circuit_digest}: correct it, or leave code_blob out")
    head = re.match(rb"\s*\{\s*", data).end()
    rest = data[head:]
    if "code_blob" in spec:
        raise UsageError(f"{path} has an empty code_blob: leave it out to have it filled in")
    comma = b"" if rest.lstrip().startswith(b"}") else b", "
    return data[:head] + b'"code_blob": "' + circuit_digest.encode("ascii") + b'"' + comma + rest


def denial(job):
    denied = job.get("denied") or {}
    note(f"denied by {plain(denied.get('by', 'policy'))}: {plain(denied.get('message', 'see the decision'))}")
    if denied.get("fix"):
        note(f"  fix:     {plain(denied['fix'])}")


def finish(broker, job):
    """Prints the end of a job and says the exit code."""
    if job["status"] == "completed":
        print(json.dumps(broker.results(job["job_id"]), indent=2, sort_keys=True))
        return DONE
    if job["status"] == "denied":
        denial(job)
        return DENIED
    explain(job.get("failure") or {"message": f"the job was {job['status']}"})
    return FAILURE


def run(arguments):
    url = os.environ.get("IBM_QISKIT_BROKER_URL", "")
    if not url:
        raise UsageError("IBM_QISKIT_BROKER_URL is not set: write unix:///path/to/api.sock or https://localhost:7443")
    broker = Broker(url)
    digest = None
    if arguments.circuit:
        with open(arguments.circuit, "rb") as file:
            digest = broker.upload(file.read())
        note(f"uploaded {arguments.circuit}: {plain(digest)}")
    answer = broker.submit(read_spec(arguments.spec, digest))
    status, job_id = answer["status"], answer.get("job_id")
    if arguments.wait and job_id is not None:
        note(f"job {plain(job_id)}: {plain(status)}" + (", until a person answers: dewar pending" if status == "waiting" else ""))
        return finish(broker, broker.job(job_id) if status in ENDED else broker.wait(job_id, status))
    print(json.dumps(answer))
    if status == "denied" and job_id is not None:
        denial(broker.job(job_id))
    # allow, ask and deny are what a dry run answers.
    return {"denied": DENIED, "deny": DENIED, "waiting": WAITING, "ask": WAITING, "failed": FAILURE, "cancelled": FAILURE}.get(status, DONE)


def main():
    parser = argparse.ArgumentParser(description="Submit a quantum job to the broker at $IBM_QISKIT_BROKER_URL.", epilog="Exit codes: 0 done, 1 failure, 2 usage, 3 denied, 4 waiting for a person.")
    parser.add_argument("--spec", required=True, metavar="FILE", help="the job spec, a JSON file")
    parser.add_argument("--circuit", metavar="FILE", help="an OpenQASM file to upload first; code_blob is checked against it, or set")
    parser.add_argument("--wait", action="store_true", help="wait for the end and print the results")
    arguments = parser.parse_args()
    try:
        return run(arguments)
    except UsageError as error:
        note(f"error: {error}")
        return USAGE
    except BrokerError as error:
        explain(error.body)
        return DENIED if error.body.get("code") == "denied" else FAILURE
    except OSError as error:
        note(f"error: {error}")
        return USAGE  # only files named on the command line are opened
    except (http.client.HTTPException, KeyError) as error:
        note(f"error: the broker's answer cannot be read: {error!r}")
        return FAILURE
    except KeyboardInterrupt:
        note("stopped waiting; the job goes on")
        return FAILURE


if __name__ == "__main__":
    sys.exit(main())
