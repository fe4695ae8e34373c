"""Counts as numbers, tables and pictures; nothing hostile in them reaches a notebook as markup."""

import csv
import html.parser
import io
import os
import tempfile
import unittest

from fake_broker import FakeBroker, counted

import dewar
from dewar._results import read_results

TWO = counted({"0 10": 30, "1 01": 60, "1 11": 10}, (("a", 2), ("b", 1)))


def sweep(**more):
    body = counted({"0": 4}, (("c", 1),), format="dewar.sweep/v1", **more)
    del body["counts"]
    body["points"] = [{"parameters": {"theta": 0.5, "on": True}, "counts": {"0": 4}}, {"parameters": {"theta": 1.5, "on": True}, "counts": {"0": 1, "1": 3}}]
    return body


class Tags(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.attributes = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        self.attributes.update(name for name, _ in attrs)


class Numbers(unittest.TestCase):
    def test_counts_registers_probabilities_and_the_most_frequent(self):
        results = read_results(TWO)
        self.assertEqual((results.shots, results.seed, results.parameters, results.practice), (100, 7, {}, None))
        self.assertEqual(results.registers, (("a", 2), ("b", 1)))
        self.assertEqual(results.register("a"), {"01": 60, "10": 30, "11": 10})
        self.assertEqual(results.register("b"), {"0": 30, "1": 70})
        self.assertEqual(results.probabilities()["1 01"], 0.6)
        self.assertEqual(results.top(1), [("1 01", 60)])
        with self.assertRaises(dewar.DewarError):
            results.register("c")

    def test_expectation_values_by_pauli_string_and_by_bit_with_their_error(self):
        results = read_results(TWO)
        # bit 0 is the rightmost: 0 in 30 shots, 1 in 70
        self.assertEqual(results.expectation_z("IIZ").value, -0.4)
        self.assertEqual(results.expectation_z([0]), results.expectation_z("I IZ"))
        self.assertAlmostEqual(results.expectation_z([0]).standard_error, ((1 - 0.16) / 100) ** 0.5)
        # parities: 0 10 odd, 1 01 even, 1 11 odd
        self.assertEqual(results.expectation_z().value, (60 - 40) / 100)
        self.assertEqual(results.expectation_z([2]).value, -0.4)
        self.assertEqual(results.expectation_z([]), (1.0, 0.0))
        for wrong in ("ZZ", "ZZX", "ZZZZ", [3], [-1], [0, 0]):
            with self.subTest(wrong=wrong), self.assertRaises(dewar.DewarError):
                results.expectation_z(wrong)

    def test_samples_are_the_counts_in_an_order_that_the_seed_gives(self):
        samples = read_results(TWO).samples()
        self.assertEqual(sorted(samples), ["0 10"] * 30 + ["1 01"] * 60 + ["1 11"] * 10)
        self.assertNotEqual(samples, sorted(samples))
        self.assertEqual(samples, read_results(TWO).samples())

    def test_a_sweep_is_a_table_of_its_points(self):
        found = read_results(sweep())
        self.assertEqual((len(found), found.shots, found[1].counts, found[1].parameters["theta"]), (2, 4, {"0": 1, "1": 3}, 1.5))
        self.assertEqual(found.rows()[2], {"point": 1, "theta": 1.5, "on": True, "bits": "1", "count": 3, "probability": 0.75})
        self.assertEqual([one.value for one in found.expectation_z([0])], [1.0, -0.5])
        self.assertIn("theta", found._repr_html_())

    def test_csv_reads_back_and_a_parameter_keeps_clear_of_the_columns(self):
        body = {**TWO, "parameters": {"count": 3}}
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.csv")
            text = read_results(body).to_csv(path)
            with open(path, encoding="utf-8", newline="") as file:
                self.assertEqual(file.read(), text)
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual(rows[0], {"parameter_count": "3", "bits": "0 10", "count": "30", "probability": "0.3"})

    def test_results_that_do_not_hold_together_are_refused(self):
        wrong = (
            {**TWO, "format": "dewar.results/v9"}, {**TWO, "shots": 99}, {**TWO, "shots": True}, {**TWO, "shots": 0, "counts": {}}, {**TWO, "counts": {"0 10": 100.0}}, {**TWO, "counts": {"0 1": 100}}, {**TWO, "counts": {"010": 100}},
            {**TWO, "counts": {"0 1<": 100}}, {**TWO, "counts": {"0 10": 150, "1 01": -50}}, {**TWO, "registers": [{"name": "a"}]}, {**TWO, "registers": 5}, {**TWO, "counts": []}, {"format": []},
            {**sweep(), "points": []}, {**sweep(), "points": [5]}, {**sweep(), "points": [{"counts": {"0": 3}}]}, {**TWO, "registers": [{"name": "a", "size": 10**18}, {"name": "b", "size": 1}]}, {**TWO, "parameters": 5},
        )
        for body in wrong:
            with self.subTest(body=str(body)[:80]), self.assertRaises(dewar.DewarError) as caught:
                read_results(body)
            self.assertEqual(caught.exception.code, "internal")


class Pictures(unittest.TestCase):
    def test_a_histogram_is_inline_and_without_script(self):
        tags = Tags(read_results(TWO)._repr_html_())
        self.assertTrue(tags.found <= {"div", "svg", "g", "rect", "text"}, tags.found)
        self.assertFalse({name for name in tags.attributes if name.startswith("on") or name in ("href", "src")})

    def test_hostile_names_stay_text(self):
        hostile = '"><script>x</script><img src=x onerror=y>\x1b\u202e'
        body = {**counted({"1": 2}, ((hostile, 1),)), "parameters": {hostile: 1}, "practice": {"device": hostile}}
        table = sweep()
        table["points"] = [{"parameters": {hostile: hostile}, "counts": {"0": 4}}]
        drawing = dewar.Drawing(hostile, hostile, {"qubits": hostile})
        for text in (read_results(body)._repr_html_(), read_results(table)._repr_html_(), drawing._repr_html_(), dewar.Circuit(f"// {hostile};\n", dewar.Session("/nowhere.sock"))._repr_html_()):
            self.assertFalse(Tags(text).found & {"script", "img"})
            self.assertNotIn("\x1b", text)
            self.assertNotIn("\u202e", text)
        told = f"{drawing} {drawing!r} {read_results(body)!r} {read_results(table)!r}"
        self.assertNotIn("\x1b", told)
        self.assertNotIn("\u202e", told)

    def test_many_outcomes_are_cut_and_it_says_so(self):
        text = read_results(counted({f"{number:010b}": 1 for number in range(1024)}, (("c", 10),)))._repr_html_()
        self.assertEqual(text.count("<rect"), 24)
        self.assertIn("1024 outcomes, the 24 most frequent shown", text)

    def test_a_circuit_is_drawn_by_the_broker_and_its_text_is_kept(self):
        import hashlib

        source = b"OPENQASM 3.0;\nqubit q;\n"
        digest = "sha256:" + hashlib.sha256(source).hexdigest()
        answers = {"PUT": (201, {"digest": digest, "size": 1}), "GET": (200, {"digest": digest, "drawing": "q0: ─H─<&>", "facts": {"qubits": 1, "depth": 1, "two_qubit_gates": 0}})}
        with FakeBroker(lambda request, _: answers[request.method]) as fake:
            circuit = dewar.Circuit(source, dewar.Session(fake.path))
            self.assertIn("q0: ─H─&lt;&amp;&gt;", circuit._repr_html_())
            self.assertEqual(str(circuit.draw(40)), "q0: ─H─<&>")
        self.assertEqual(fake.seen[-1].path, f"/v1/artifacts/{digest}/drawing?columns=40")


if __name__ == "__main__":
    unittest.main()
