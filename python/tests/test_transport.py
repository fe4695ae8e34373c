"""What a broken, huge, slow or hostile answer comes to: one typed error, made plain, and never a hang."""

import threading
import time
import unittest

from fake_broker import FakeBroker, Later, http

import dewar
from dewar import _transport
from dewar._address import Address


def ask(answer, timeout_s=5.0):
    with FakeBroker(lambda *_: answer) as broker:
        return _transport.call(Address(path=broker.path), "GET", "/v1", timeout_s=timeout_s)


class Answers(unittest.TestCase):
    def refused(self, answer, code, timeout_s=5.0):
        with self.assertRaises(dewar.DewarError) as caught:
            ask(answer, timeout_s)
        self.assertEqual(caught.exception.code, code, caught.exception)
        return caught.exception

    def test_an_object_is_given_as_it_is(self):
        self.assertEqual(ask((200, {"a": [1, 2.5, "ü"]})), {"a": [1, 2.5, "ü"]})
        self.assertEqual(ask(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n"), {"a": 1})

    def test_the_brokers_error_keeps_its_fields_and_its_text_shows_the_fix(self):
        body = {"code": "spec_invalid", "message": "shots does not pass", "path": "/shots", "got": "0", "allowed": "1 to 5", "fix": "ask for 5"}
        error = self.refused((400, {"error": body}), "spec_invalid")
        self.assertEqual((error.message, error.path, error.got, error.allowed, error.fix), ("shots does not pass", "/shots", "0", "1 to 5", "ask for 5"))
        self.assertEqual(str(error), "spec_invalid: shots does not pass\n  at: /shots\n  got: 0\n  allowed: 1 to 5\n  fix: ask for 5")

    def test_control_and_bidirectional_characters_in_an_error_are_spelled_out(self):
        error = self.refused((400, {"error": {"code": "spec\x1b[2J", "message": "a\x1b[31m\n\u202eb\u200b\x00\ud800", "fix": "\x07", "got": "x" * 9999}}), "spec\\u{1b}[2J")
        self.assertEqual(error.message, "a\\u{1b}[31m\\u{a}\\u{202e}b\\u{200b}\\u{0}\\u{d800}")
        self.assertEqual(error.fix, "\\u{7}")
        self.assertLessEqual(len(error.got), 200)

    def test_an_error_of_wrong_types_is_still_an_error(self):
        self.assertEqual(self.refused((500, {"error": {"code": 5}}), "internal").fix, None)
        self.refused((400, {"error": {"code": "not_found", "message": ["x"], "fix": 7}}), "not_found")
        self.refused((503, b"<html>busy</html>"), "internal")
        self.refused((200, {"error": {"code": "denied", "message": "no"}}), "denied")

    def test_what_is_no_strict_json_object_is_refused(self):
        for body in (b"", b"[]", b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":"\xff"}', b"\xef\xbb\xbf{}", b'{"a":' + b"9" * 5000 + b"}", b"[" * 200_000, b'{"a":' * 100_000):
            with self.subTest(body=body[:20]):
                self.refused((200, body), "internal")

    def test_an_answer_above_the_cap_is_refused_without_reading_on(self):
        for head in (b"content-length: 99999999999", b"connection: close"):
            with self.subTest(head=head):
                endless = Later((b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" if number == 0 else b" " * 1_048_576 for number in range(64)), lambda: None)
                self.refused(endless, "body_too_large", 30.0)

    def test_an_answer_that_is_cut_short_is_refused(self):
        self.refused(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}", "body_truncated")
        self.refused(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n", "body_truncated")
        self.refused(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n40\r\n{}", "body_truncated")
        self.refused(b"", "body_truncated")
        self.refused(b"HTTP/1.1 200", "internal")

    def test_what_is_no_http_answer_is_refused(self):
        for raw in (b"220 mail ready\r\n", b"HTTP/1.1 abc X\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n", b"HTTP/1.1 200 OK\r\na: " + b"b" * 70_000 + b"\r\n\r\n", b"\x00\xff" * 50):
            with self.subTest(raw=raw[:20]):
                self.refused(raw, "http_syntax")

    def test_a_redirection_is_an_error_and_is_not_followed(self):
        with FakeBroker(lambda *_: b"HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n") as broker:
            with self.assertRaises(dewar.DewarError):
                _transport.call(Address(path=broker.path), "GET", "/v1")
            self.assertEqual([request.path for request in broker.seen], ["/v1"])

    def test_an_answer_that_drips_ends_at_the_time_for_the_whole(self):
        gone = threading.Event()
        self.addCleanup(gone.set)
        for pieces in ([b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n"] + [b" "] * 500, [b"H"] * 500, [b"HTTP/1.1 200 OK\r\n"] + [b"a"] * 500):
            with self.subTest(first=pieces[0]):
                self.refused(Later(pieces, lambda: gone.wait(0.05)), "request_timeout", 0.4)

    def test_no_answer_at_all_ends_too(self):
        gone = threading.Event()
        self.addCleanup(gone.set)
        self.refused(Later([b""], lambda: gone.wait(20)), "request_timeout", 0.2)


class Asking(unittest.TestCase):
    def test_a_refusal_before_the_body_was_read_is_the_error(self):
        with FakeBroker(lambda *_: (413, {"error": {"code": "body_too_large", "message": "too large"}})) as broker:
            with self.assertRaises(dewar.DewarError) as caught:
                dewar.Session(broker.path).put_artifact(b"x" * 1_000_000)
        self.assertEqual(caught.exception.code, "body_too_large")

    def test_where_no_broker_listens_the_error_says_how_to_start_one(self):
        with self.assertRaises(dewar.DewarError) as caught:
            dewar.Session("/nowhere/api.sock").backends()
        self.assertEqual(caught.exception.code, "not_running")
        self.assertIn("dewar up", caught.exception.fix)

    def test_a_request_is_one_connection_with_one_plain_host(self):
        with FakeBroker(lambda *_: (200, {"backends": []})) as broker:
            self.assertEqual(dewar.Session(f"unix://{broker.path}").backends(), [])
            headers = broker.seen[0].headers
        self.assertEqual((headers["host"], headers["connection"], "authorization" in headers), ("localhost", "close", False))

    def test_an_artifact_answered_by_another_digest_is_refused(self):
        with FakeBroker(lambda *_: (201, {"digest": "sha256:" + "0" * 64, "size": 1})) as broker:
            with self.assertRaises(dewar.DewarError) as caught:
                dewar.Session(broker.path).put_artifact(b"x")
        self.assertEqual(caught.exception.code, "artifact_digest_mismatch")

    def test_plain_http_on_this_machine_carries_no_token(self):
        with FakeBroker(lambda *_: (200, {"backends": []}), tcp=True) as broker:
            self.assertEqual(dewar.Session(broker.url).backends(), [])
            self.assertNotIn("authorization", broker.seen[0].headers)

    def test_threads_may_share_a_session(self):
        with FakeBroker(lambda *_: Later([http(200, {"backends": []})], lambda: time.sleep(0.05))) as broker:
            session = dewar.Session(broker.path)
            found = []
            threads = [threading.Thread(target=lambda: found.append(session.backends())) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(found, [[]] * 8)


if __name__ == "__main__":
    unittest.main()
