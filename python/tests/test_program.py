"""What may be submitted, how money is told, and how many jobs of a batch are open."""

import pathlib
import tempfile
import unittest
from unittest import mock

from fake_broker import CODE, JOB, FakeBroker, counted, view

import dewar
from dewar._batch import OPEN, Batch
from dewar._plain import plain
from dewar._program import name_of, source_of


class Programs(unittest.TestCase):
    def test_text_bytes_paths_and_digests_are_told_apart(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "bell.qasm")
            path.write_bytes(b"OPENQASM 3.0;\r\n")
            self.assertEqual(source_of(path), b"OPENQASM 3.0;\r\n")
            self.assertEqual(source_of(str(path)), b"OPENQASM 3.0;\r\n")
            self.assertEqual(name_of(path), "bell")
        self.assertEqual(source_of("OPENQASM 3.0;"), b"OPENQASM 3.0;")
        self.assertEqual(source_of(b"x"), b"x")
        self.assertEqual(source_of(CODE), CODE)
        self.assertEqual(source_of(dewar.Circuit("qubit q;")), b"qubit q;")

    def test_anything_else_is_refused_and_says_what_would_pass(self):
        for program in (5, None, [], object(), "no-such-file.qasm", "a\0b", pathlib.Path("/"), "sha256:123"):
            with self.subTest(program=program), self.assertRaises(dewar.DewarError) as caught:
                source_of(program)
            self.assertEqual(caught.exception.code, "usage_invalid")
            self.assertTrue(caught.exception.allowed)

    def test_a_program_above_a_mebibyte_is_refused_here(self):
        for program in ("//;" + "x" * 1_048_576, b"x" * 1_048_577, "/dev/zero"):
            with self.assertRaises(dewar.DewarError) as caught:
                source_of(program)
            self.assertEqual(caught.exception.code, "program_too_large")

    def test_names_are_printable(self):
        class Odd:
            name = "\x1b\u202e" + "n" * 200

        self.assertEqual(name_of(Odd()), "__" + "n" * 126)
        self.assertEqual((name_of("x;"), name_of(CODE), name_of(b"")), ("program", "program", "program"))


class Texts(unittest.TestCase):
    def test_plain_spells_out_what_a_terminal_or_browser_could_obey(self):
        self.assertEqual(plain("a\u00e9\u4e2d─\U0001f600"), "a\u00e9\u4e2d─\U0001f600")
        self.assertEqual(plain("\x1b\x9b\u2028\u200d\ufe0f\u3164\ue000\ud800\U000e0041"), "\\u{1b}\\u{9b}\\u{2028}\\u{200d}\\u{fe0f}\\u{3164}\\u{e000}\\u{d800}\\u{e0041}")
        self.assertEqual(plain("a\n\tb", lines=True), "a\n\tb")
        self.assertEqual(plain("x" * 50, 10), "xxxxxxx...")
        self.assertEqual(len(plain("\x1b" * 10_000, 100)), 100)

    def test_money_is_exact(self):
        self.assertEqual([str(dewar.Money("XTS", micros)) for micros in (0, 1, 300000, 1221600, 9007199254740991, -50)], ["0.00 XTS", "0.000001 XTS", "0.30 XTS", "1.2216 XTS", "9007199254.740991 XTS", "-0.00005 XTS"])

    def test_the_functions_are_the_sessions_and_say_so(self):
        import inspect

        self.assertEqual(list(inspect.signature(dewar.submit).parameters)[:3], ["program", "backend", "shots"])
        for name in ("submit", "check", "draw", "job", "jobs", "backends", "budgets", "request_envelope", "envelope", "envelopes"):
            self.assertTrue(getattr(dewar, name).__doc__)
            self.assertIn(name, dewar.__all__)


class Budgets(unittest.TestCase):
    def told(self, **change):
        budget = {
            "id": "project:alpha/month/EUR", "scope": "project", "name": "alpha", "per": "month", "currency": "EUR", "period": "2026-11", "limit": {"currency": "EUR", "micros": 200_000_000},
            "reserved": {"currency": "EUR", "micros": 0}, "settled": {"currency": "EUR", "micros": 201_500_000}, "remaining_micros": -1_500_000, "frozen": True, "warn_at": [50], "warned": 50, **change,
        }
        with FakeBroker(lambda *_: (200, {"budgets": [budget]})) as fake:
            return dewar.Session(fake.path).budgets()

    def test_an_overrun_leaves_less_than_nothing_and_an_unknown_sum_is_none(self):
        (over,) = self.told()
        self.assertEqual((over.id, over.name, str(over.limit), str(over.remaining), over.frozen), ("project:alpha/month/EUR", "alpha", "200.00 EUR", "-1.50 EUR", True))
        (unknown,) = self.told(scope="all", name=None, reserved=None, settled=None, remaining_micros=None)
        self.assertEqual((unknown.name, unknown.reserved, unknown.settled, unknown.remaining), (None, None, None, None))

    def test_what_is_no_budget_is_not_taken_for_one(self):
        for change in ({"limit": None}, {"limit": {"currency": "<b>", "micros": 1}}, {"frozen": 1}, {"remaining_micros": "5"}, {"id": None}):
            with self.subTest(change=change), self.assertRaises(dewar.DewarError) as caught:
                self.told(**change)
            self.assertEqual(caught.exception.code, "internal")


class Batches(unittest.TestCase):
    def session(self, limit=20, denied=None):
        """A broker that keeps jobs open until they are waited for, and counts them."""
        jobs, cancelled, most = {}, [], [0]

        def answer(request, _):
            if request.path == "/v1/jobs":
                open_now = sum(status == "queued" for status in jobs.values())
                if open_now >= limit:
                    return 429, {"error": {"code": "too_many_pending", "message": "20 jobs"}}
                job_id = f"job_{len(jobs):020d}"
                jobs[job_id] = "queued"
                most[0] = max(most[0], open_now + 1)
                return 201, {"job": view("queued", job_id=job_id)}
            job_id = request.path.split("/")[3]
            if request.path.endswith("/cancel"):
                cancelled.append(job_id)
                jobs[job_id] = "cancelled"
            elif "/wait" in request.path:
                jobs[job_id] = "denied" if int(job_id[4:]) == denied else "completed"
            elif request.path.endswith("/results"):
                return 200, {"results": counted({"00": int(job_id[4:]) + 1})}
            return 200, {"job": view(jobs[job_id], job_id=job_id, **({"denied": {"by": "person", "message": "no", "fix": None}} if jobs[job_id] == "denied" else {}))}

        return answer, jobs, cancelled, most

    def test_results_keep_their_order_and_never_more_than_so_many_are_open(self):
        answer, _, _, most = self.session()
        with FakeBroker(answer) as fake:
            batch = Batch(dewar.Session(fake.path), [{"program": CODE}] * 40)
            self.assertEqual(len(batch.jobs), OPEN)
            self.assertEqual([results.shots for results in batch.results()], list(range(1, 41)))
        self.assertEqual((most[0], batch.complete), (OPEN, True))

    def test_a_session_with_fewer_places_is_waited_for(self):
        answer, _, _, most = self.session(limit=3)
        with FakeBroker(answer) as fake:
            self.assertEqual(len(Batch(dewar.Session(fake.path), [{"program": CODE}] * 10).results()), 10)
        self.assertEqual(most[0], 3)

    def test_where_others_hold_every_place_the_time_ends_it(self):
        with FakeBroker(lambda *_: (429, {"error": {"code": "too_many_pending", "message": "20 jobs"}})) as fake, mock.patch("time.sleep"):
            with self.assertRaises(TimeoutError):
                Batch(dewar.Session(fake.path), [{"program": CODE}]).results(0.05)

    def test_one_denial_ends_the_batch_and_cancels_what_is_open(self):
        answer, _, cancelled, _ = self.session(denied=3)
        with FakeBroker(answer) as fake:
            batch = Batch(dewar.Session(fake.path), [{"program": CODE}] * 40)
            with self.assertRaises(dewar.Denied) as caught:
                batch.results()
        self.assertEqual(caught.exception.job_id[-1], "3")
        self.assertEqual(len(cancelled), len(batch.jobs) - 4)

    def test_a_batch_that_was_cut_short_gives_no_part_of_itself_for_the_whole(self):
        answer, jobs, _, _ = self.session()
        with FakeBroker(answer) as fake:
            batch = Batch(dewar.Session(fake.path), [{"program": CODE}] * 40)
            jobs.update(dict.fromkeys(jobs, "completed"))
            for job in batch.jobs:
                job.wait()
            batch.cancel()
            with self.assertRaises(dewar.Cancelled):
                batch.results()
        self.assertEqual((len(batch.jobs), batch.complete, batch.cut), (OPEN, False, True))

    def test_a_denial_at_once_stops_the_submits(self):
        with FakeBroker(lambda *_: (201, {"job": view("denied", job_id=JOB, denied={"by": "policy", "message": "no", "fix": None})})) as fake:
            batch = Batch(dewar.Session(fake.path), [{"program": CODE}] * 5)
            with self.assertRaises(dewar.Denied):
                batch.results()
        self.assertEqual(len(fake.seen), 1)

    def test_a_spec_that_is_refused_cancels_those_before_it(self):
        def answer(request, number):
            if request.path.endswith("/cancel"):
                return 200, {"job": view("cancelled")}
            return (201, {"job": view("queued")}) if number == 0 else (400, {"error": {"code": "spec_invalid", "message": "no"}})

        with FakeBroker(answer) as fake:
            with self.assertRaises(dewar.DewarError):
                Batch(dewar.Session(fake.path), [{"program": CODE}] * 2)
        self.assertEqual(fake.seen[-1].path, f"/v1/jobs/{JOB}/cancel")


if __name__ == "__main__":
    unittest.main()
