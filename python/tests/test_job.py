"""A job from submit to its end: waiting, results, refusals, and answers that do not hold together."""

import hashlib
import json
import unittest
from unittest import mock

from fake_broker import CODE, ENV, JOB, FakeBroker, counted, routes, view

import dewar
from dewar import _job

WAIT = f"GET /v1/jobs/{JOB}/wait?timeout_s=60"
RESULTS = f"GET /v1/jobs/{JOB}/results"
BELL = counted({"00": 5, "11": 3})
SOURCE = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit q;\n'


def stored(request, _=0):
    return 201, {"digest": "sha256:" + hashlib.sha256(request.body).hexdigest(), "size": len(request.body)}


def broker(table):
    answer = routes(table)
    return FakeBroker(lambda request, number: stored(request) if request.method == "PUT" else answer(request, number))


class Submitting(unittest.TestCase):
    def spec(self, program=CODE, **given):
        with broker({"POST /v1/jobs": (201, {"dry_run": False, "job": view("queued")})}) as fake:
            job = dewar.Session(fake.path).submit(program, **given)
        self.assertEqual(job.id, JOB)
        return json.loads(fake.seen[-1].body), fake.seen

    def test_a_program_is_uploaded_and_named_by_its_digest(self):
        spec, seen = self.spec(SOURCE, shots=7, name="x")
        self.assertEqual((seen[0].method, seen[0].path, seen[0].headers["content-type"], seen[0].body.decode()), ("PUT", "/v1/artifacts", "application/octet-stream", SOURCE))
        self.assertEqual(spec, {"job_name": "x", "code_blob": "sha256:" + hashlib.sha256(SOURCE.encode()).hexdigest(), "backend": "simulator", "shots": 7})

    def test_a_digest_is_not_uploaded_and_every_field_given_is_sent(self):
        spec, seen = self.spec(
            CODE, backend="ibmq_qpu_1", shots=5, parameters={"a": [0.5, -0.0], "b": True}, max_cost=5.0, envelope=ENV, tags=("t",), lane="batch", time_limit_s=9, data=[CODE], packages=[], image="i", agent={"model": "m"},
        )
        self.assertEqual(len(seen), 1)
        self.assertEqual(spec, {
            "job_name": "program", "code_blob": CODE, "backend": "ibmq_qpu_1", "shots": 5, "parameters": {"a": [0.5, 0.0], "b": True}, "max_cost": 5.0, "envelope": ENV, "tags": ["t"], "lane": "batch",
            "time_limit_s": 9, "data": [CODE], "packages": [], "image": "i", "agent": {"model": "m"},
        })
        self.assertNotIn(b"-0.0", seen[0].body)

    def test_what_json_cannot_say_is_refused_before_anything_is_submitted(self):
        for given in ({"parameters": {"a": float("nan")}}, {"max_cost": float("inf")}, {"tags": [object()]}):
            with self.subTest(given=given), self.assertRaises(dewar.DewarError) as caught:
                self.spec(CODE, **given)
            self.assertEqual(caught.exception.code, "usage_invalid")

    def test_a_submit_that_comes_too_fast_is_sent_again_after_the_time_that_is_named(self):
        busy = b'{"error":{"code":"rate_limited","message":"too fast","fix":"wait 7 s"}}'
        limited = b"HTTP/1.1 429 X\r\nretry-after: %s\r\ncontent-length: %d\r\n\r\n" % (b"7", len(busy)) + busy
        taken = (201, {"dry_run": False, "job": view("queued")})
        with mock.patch("time.sleep") as sleep, FakeBroker(lambda _, number: limited if number == 0 else taken) as fake:
            self.assertEqual(dewar.Session(fake.path).submit(CODE).id, JOB)
            self.assertEqual([call.args[0] for call in sleep.call_args_list], [7.0])
        with mock.patch("time.sleep") as sleep, FakeBroker(lambda *_: limited.replace(b"after: 7", b"after: 3600")) as fake, self.assertRaises(dewar.DewarError) as caught:
            dewar.Session(fake.path).submit(CODE)
        self.assertEqual((caught.exception.code, caught.exception.fix, len(fake.seen), sleep.call_count), ("rate_limited", "wait 7 s", 1, 0))

    def test_a_queued_job_tells_its_place_and_only_what_is_known_of_its_start(self):
        place = {"position": 2, "of": 3, "lane": "batch", "estimate": {"start_after_s": {"likely": 40, "cautious": None}, "basis": "12 runs\x1b"}}
        with broker({"POST /v1/jobs": (201, {"dry_run": False, "job": view("queued", queue=place)})}) as fake:
            job = dewar.Session(fake.path).submit(CODE)
        self.assertEqual(job.queue, (2, 3, "batch", 40, None, "12 runs\\u{1b}"))
        self.assertEqual(str(job.queue), "place 2 of 3, batch; starts in about 40 s")
        self.assertIn("place 2 of 3", job._repr_html_())
        job.view["queue"] = {**place, "estimate": {"start_after_s": None, "basis": "not known yet"}}
        self.assertEqual((job.queue.likely_s, job.queue.cautious_s, str(job.queue)), (None, None, "place 2 of 3, batch; start not known"))
        for broken in ("x", {}, {**place, "position": "2"}, {**place, "estimate": {"start_after_s": {"likely": True}, "basis": ""}}):
            job.view["queue"] = broken
            with self.assertRaises(dewar.DewarError):
                job.queue
        del job.view["queue"]
        self.assertIsNone(job.queue)

    def test_a_check_sends_a_dry_run_and_gives_the_decision(self):
        reason = {"rule": "hardware.ask", "effect": "ask", "message": "costs 1\x1b", "fix": None}
        answer = {"dry_run": True, "decision": {"effect": "ask", "reasons": [reason]}, "facts": {"qubits": 2, "depth": "<b>"}, "quote": {"kind": "priced", "amount": {"currency": "XTS", "micros": 1221600}}, "device": {"name": "practice-qpu"}}
        with broker({"POST /v1/jobs": (200, answer)}) as fake:
            check = dewar.Session(fake.path).check(CODE, "ibmq_qpu_1", max_cost=2)
        self.assertEqual((check.effect, str(check.price), check.device, check.reasons[0].message), ("ask", "1.2216 XTS", "practice-qpu", "costs 1\\u{1b}"))
        self.assertIs(json.loads(fake.seen[0].body)["dry_run"], True)
        self.assertNotIn("<b>", check._repr_html_())
        self.assertIn("<td style=\"text-align:left\">1.2216 XTS</td>", check._repr_html_())


class Waiting(unittest.TestCase):
    def job(self, table, first="queued", **more):
        fake = broker({"POST /v1/jobs": (201, {"job": view(first, **more)}), **table})
        self.addCleanup(fake.__exit__)
        self.fake = fake
        return dewar.Session(fake.path).submit(CODE)

    def test_results_come_after_long_polls_and_are_kept(self):
        with mock.patch.object(_job.time, "sleep"):
            job = self.job({WAIT: [(200, {"job": view("running")}), (200, {"job": view("completed")})], RESULTS: (200, {"results": BELL})})
            self.assertEqual(job.result().counts, {"00": 5, "11": 3})
        self.assertIs(job.result(), job.result())
        self.assertEqual([request.path for request in self.fake.seen[1:]], [WAIT[4:], WAIT[4:], RESULTS[4:]])

    def test_a_completed_job_without_its_receipt_is_still_waited_for(self):
        with mock.patch.object(_job.time, "sleep"):
            job = self.job({WAIT: [(200, {"job": {**view("completed"), "receipt": False}}), (200, {"job": view("completed")})]})
            self.assertEqual(job.wait().view["receipt"], True)

    def test_a_broker_that_answers_early_is_not_asked_again_at_once(self):
        with mock.patch.object(_job.time, "sleep") as sleep:
            self.job({WAIT: [(200, {"job": view("queued")})] * 3 + [(200, {"job": view("completed")})]}).wait()
        self.assertEqual(sleep.call_count, 3)
        self.assertTrue(all(0 < call.args[0] <= 1 for call in sleep.call_args_list))

    def test_a_person_who_does_not_answer_is_a_timeout_that_leaves_the_job(self):
        job = self.job({f"GET /v1/jobs/{JOB}/wait?timeout_s=0": (200, {"job": view("waiting")})}, "waiting")
        with self.assertLogs("dewar", "WARNING") as logged, self.assertRaises(TimeoutError) as caught:
            job.result(timeout=0.05)
        self.assertIn(f"dewar approve {JOB}", logged.output[0])
        self.assertIn(JOB, str(caught.exception))
        self.assertNotIn("cancel", "".join(request.path for request in self.fake.seen))

    def test_ctrl_c_says_the_jobs_id_and_leaves_it(self):
        job = self.job({})
        with mock.patch.object(job._session, "patient_call", side_effect=KeyboardInterrupt), self.assertRaises(KeyboardInterrupt) as caught:
            job.wait()
        self.assertIn(JOB, str(caught.exception))
        self.assertEqual(len(self.fake.seen), 1)

    def test_a_broker_that_restarts_meanwhile_is_asked_again(self):
        with mock.patch("time.sleep"):
            job = self.job({WAIT: [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", (200, {"job": view("completed")})]})
            self.assertEqual(job.wait().view["status"], "completed")

    def test_a_broker_that_stays_away_is_an_error(self):
        with mock.patch("time.sleep"), mock.patch("dewar._session.AWAY_S", 0.0):
            job = self.job({WAIT: b""})
            with self.assertRaises(dewar.DewarError) as caught:
                job.wait()
        self.assertEqual(caught.exception.code, "body_truncated")

    def test_a_denial_by_policy_tells_each_rule_and_what_would_pass(self):
        decision = {"effect": "deny", "reasons": [{"rule": "shots.limit", "effect": "deny", "message": "too many\u202e", "fix": "ask for shots: 5"}, {"rule": "hardware.ask", "effect": "ask", "message": "m", "fix": None}]}
        job = self.job({}, "denied", decision=decision, denied={"by": "policy", "message": "too many", "fix": "ask for shots: 5"})
        self.assertIn("too many", job.reason)
        with self.assertRaises(dewar.Denied) as caught:
            job.result()
        error = caught.exception
        self.assertEqual((error.code, error.by, error.job_id, error.fix, [reason.rule for reason in error.reasons]), ("denied", "policy", JOB, "ask for shots: 5", ["shots.limit"]))
        self.assertIn("would pass: ask for shots: 5", str(error))
        self.assertNotIn("\u202e", str(error))

    def test_a_denial_by_a_person_tells_the_persons_words(self):
        job = self.job({WAIT: (200, {"job": view("denied", denied={"by": "person", "message": "not tonight", "fix": None})})})
        with self.assertRaises(dewar.Denied) as caught:
            job.result()
        self.assertIn("denied by a person: not tonight", str(caught.exception))

    def test_a_failure_and_a_cancellation_say_so(self):
        failed = self.job({}, "failed", failure={"code": "run_time_limit", "message": "too slow", "fix": "fewer shots"})
        with self.assertRaises(dewar.JobFailed) as caught:
            failed.result()
        self.assertEqual((caught.exception.code, caught.exception.fix, failed.reason), ("run_time_limit", "fewer shots", f"{JOB} failed: too slow"))
        with self.assertRaises(dewar.Cancelled):
            self.job({}, "cancelled").result()

    def test_cancel_cost_receipt_and_lists(self):
        job = self.job({
            f"POST /v1/jobs/{JOB}/cancel": (200, {"job": view("cancelled", cost={"currency": "XTS", "micros": 300000})}), f"GET /v1/jobs/{JOB}/receipt": (200, b'{"signed": 1}'),
            "GET /v1/jobs?limit=2": (200, {"jobs": [view(), view("waiting")]}), f"GET /v1/jobs/{JOB}": (200, {"job": view("running")}),
        })
        self.assertEqual((str(job.cancel().cost), job.view["status"], job.receipt()), ("0.30 XTS", "cancelled", b'{"signed": 1}'))
        session = dewar.Session(self.fake.path)
        self.assertEqual([each.view["status"] for each in session.jobs(2)], ["completed", "waiting"])
        self.assertEqual(session.job(JOB).status(), "running")

    def test_an_id_that_is_none_never_becomes_an_address(self):
        session = dewar.Session("/nowhere.sock")
        for text in ("job_../../x", "job_0123456789012345678\n", "", f"{JOB}/cancel", "job_" + "u" * 20, ENV):
            with self.subTest(text=text), self.assertRaises(dewar.DewarError) as caught:
                session.job(text)
            self.assertEqual(caught.exception.code, "not_found")

    def test_answers_that_do_not_hold_together_are_refused(self):
        broken = (
            {}, {"job": []}, {"job": {**view(), "job_id": "job_../../etc"}}, {"job": {**view(), "status": "approved"}}, {"job": {**view(), "job_id": 5}}, {"job": {"job_id": JOB}},
        )
        for answer in broken:
            with self.subTest(answer=answer), broker({"POST /v1/jobs": (201, answer)}) as fake, self.assertRaises(dewar.DewarError) as caught:
                dewar.Session(fake.path).submit(CODE)
            self.assertEqual(caught.exception.code, "internal")

    def test_hostile_texts_of_a_job_are_escaped_where_it_is_shown(self):
        hostile = "<script>alert(1)</script>\x1b[31m\u202e"
        job = self.job({}, "denied", spec={"job_name": hostile}, device={"name": hostile}, denied={"by": "person", "message": hostile, "fix": hostile})
        for shown in (job._repr_html_(), repr(job), job.name, job.reason):
            self.assertNotIn("\x1b", shown)
            self.assertNotIn("\u202e", shown)
        self.assertNotIn("<script>", job._repr_html_())


class Envelopes(unittest.TestCase):
    def envelope(self, status, **more):
        return {"envelope_id": ENV, "status": status, "name": "<b>vqe", "terms": {"max_jobs": 10, "until": "2026-11-28T00:00:00Z"}, "used": {"jobs": 3}, "decision": {"effect": "ask", "reasons": []}, **more}

    def test_the_request_says_the_bounds_and_the_wait_ends_with_the_yes(self):
        wait = f"GET /v1/envelopes/{ENV}/wait?timeout_s=60"
        table = {"POST /v1/envelopes": (201, {"envelope": self.envelope("waiting")}), wait: (200, {"envelope": self.envelope("live")}), f"POST /v1/envelopes/{ENV}/close": (200, {"envelope": self.envelope("closed")})}
        with broker(table) as fake, self.assertLogs("dewar", "WARNING"):
            session = dewar.Session(fake.path)
            with session.request_envelope(CODE, "ibmq_qpu_1", name="vqe", shots=100, max_jobs=10, max_cost=5, parameters={"theta": (0, 3.5), "on": True}).wait() as envelope:
                self.assertEqual((envelope.jobs_left, envelope.view["status"]), (7, "live"))
                self.assertNotIn("<b>", envelope._repr_html_())
        self.assertEqual(json.loads(fake.seen[0].body), {
            "name": "vqe", "code_blob": CODE, "backend": "ibmq_qpu_1", "shots": 100, "max_jobs": 10, "expires_in_s": 3600, "parameters": {"theta": {"min": 0, "max": 3.5}, "on": True}, "max_cost": 5,
        })
        self.assertEqual(fake.seen[-1].path, f"/v1/envelopes/{ENV}/close")

    def test_a_no_raises_with_the_reason(self):
        for status, more, text in (("denied", {"denied": {"by": "person", "message": "too much", "fix": "ask for less"}}, "denied by a person: too much"), ("expired", {}, "expiry")):
            with self.subTest(status=status), broker({f"GET /v1/envelopes/{ENV}": (200, {"envelope": self.envelope(status, **more)})}) as fake:
                with self.assertRaises(dewar.Denied) as caught:
                    dewar.Session(fake.path).envelope(ENV).wait()
                self.assertIn(text, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
