"""How the broker is found, and what is never sent where."""

import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import threading
import unittest
from unittest import mock

from fake_broker import http

import dewar
from dewar import _address


def found(url=None, env=None, **given):
    with mock.patch.dict(os.environ, env or {}, clear=True):
        return _address.find(url, **given)


class Places(unittest.TestCase):
    def test_an_argument_beats_the_socket_which_beats_the_url_which_beats_the_home(self):
        env = {"DEWAR_SOCKET": "/s.sock", "IBM_QISKIT_BROKER_URL": "unix:///u.sock", "DEWAR_HOME": "/h"}
        self.assertEqual(found("/a.sock", env).path, "/a.sock")
        self.assertEqual(found(pathlib.Path("/p.sock"), env).path, "/p.sock")
        self.assertEqual(found(None, env).path, "/s.sock")
        del env["DEWAR_SOCKET"]
        self.assertEqual(found(None, env).path, "/u.sock")
        self.assertEqual(found("unix:///with%20space.sock").path, "/with space.sock")

    def test_the_default_socket_is_where_the_broker_makes_it(self):
        uid = os.getuid()
        for env, socket in (
            ({"DEWAR_HOME": "/h"}, "/h/run/s/default/api.sock"),
            ({"DEWAR_HOME": "//h//i/"}, "/h/i/run/s/default/api.sock"),
            ({"HOME": "/u", "XDG_RUNTIME_DIR": "/run/user/5"}, "/run/user/5/dewar/s/default/api.sock"),
            # sha256("/u/.local/state/dewar"), as packages/protocol/src/home.ts names it
            ({"HOME": "/u"}, f"/tmp/dewar-{uid}-09816b025dd5/s/default/api.sock"),
            ({"HOME": "/u", "XDG_RUNTIME_DIR": "relative"}, f"/tmp/dewar-{uid}-09816b025dd5/s/default/api.sock"),
        ):
            with self.subTest(env=env):
                self.assertEqual(found(None, env).path, socket)
        self.assertRegex(found(None, {"DEWAR_HOME": "/" + "long" * 20}).path, r"^/tmp/dewar-\d+-[0-9a-f]{12}/s/default/api\.sock$")

    def test_a_relative_home_is_refused(self):
        with self.assertRaises(dewar.DewarError) as caught:
            found(None, {"DEWAR_HOME": "h"})
        self.assertEqual(caught.exception.code, "home_invalid")

    def test_addresses_off_this_machine_or_of_no_known_form_are_refused(self):
        for url in (
            "http://example.org:5000", "https://10.0.0.1", "https://localhost.example.org", "https://localhost@example.org", "ftp://localhost", "unix://host/path", "unix:",
            "localhost:5000", "https://", "https://localhost:99999", "https://localhost:x", "https://localhost/path", "https://localhost/?a=b", "", "https://[::1",
        ):
            with self.subTest(url=url), self.assertRaises(dewar.DewarError) as caught:
                found(url or "relative/path")
            self.assertEqual(caught.exception.code, "usage_invalid")

    def test_the_tcp_door_takes_token_and_certificate_from_arguments_url_and_environment(self):
        env = {"DEWAR_TOKEN": "from-env", "DEWAR_CA": "/ca.pem", "SSL_CERT_FILE": "/other.pem"}
        address = found("https://x:from-url@localhost:7443", env)
        self.assertEqual((address.host, address.port, address.tls, address.token, address.ca), ("localhost", 7443, True, "from-url", "/ca.pem"))
        self.assertEqual(found("https://127.0.0.1:1", env).token, "from-env")
        self.assertEqual(found("https://127.0.0.1:1", env, token="given", ca="/given.pem"), _address.Address(host="127.0.0.1", port=1, tls=True, token="given", ca="/given.pem"))
        self.assertEqual(found("https://[::1]:1", {"SSL_CERT_FILE": "/other.pem"}).ca, "/other.pem")
        self.assertEqual(found("https://localhost:1", {"REQUESTS_CA_BUNDLE": "/door.pem", "SSL_CERT_FILE": "/other.pem"}).ca, "/door.pem", "as dewar session token prints it")
        self.assertEqual(found("https://localhost:1", {**env, "REQUESTS_CA_BUNDLE": "/door.pem"}).ca, "/ca.pem")

    def test_a_token_is_never_shown_and_never_sent_over_plain_http(self):
        for url, env in (("http://x:secret@localhost:5000", {}), ("http://localhost:5000", {"DEWAR_TOKEN": "secret"})):
            with self.subTest(url=url), self.assertRaises(dewar.DewarError) as caught:
                found(url, env)
            self.assertNotIn("secret", str(caught.exception))
        self.assertEqual(found("http://localhost:5000").port, 5000)
        with self.assertRaises(dewar.DewarError) as caught:
            found("https://x:secret@localhost:1/path")
        self.assertNotIn("secret", str(caught.exception))
        session = dewar.Session("https://localhost:1", token="secret")
        self.assertNotIn("secret", f"{session!r} {session._address!r} {session._address}")

    def test_a_token_that_would_break_a_header_is_refused(self):
        for token in ("a\r\nx: y", "a b", "ü", "a" * 600):
            with self.subTest(token=token), self.assertRaises(dewar.DewarError):
                found("https://localhost:1", token=token)


@unittest.skipIf(shutil.which("openssl") is None, "needs openssl to make a certificate")
class Tls(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.seen = []

    def certificate(self, name):
        key, cert = os.path.join(self.folder, f"{name}.key"), os.path.join(self.folder, f"{name}.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"],
            check=True, capture_output=True,
        )
        return key, cert

    def serve(self, key, cert, highest=ssl.TLSVersion.TLSv1_3):
        import socket

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        context.maximum_version = highest
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(10)

        def accept():
            with listener:
                try:
                    raw, _ = listener.accept()
                    raw.settimeout(10)
                    with context.wrap_socket(raw, server_side=True) as connection:
                        data = b""
                        while b"\r\n\r\n" not in data and (more := connection.recv(4096)):
                            data += more
                        self.seen.append(data.decode())
                        connection.sendall(http(200, {"backends": []}))
                except OSError:
                    pass

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        return f"https://localhost:{listener.getsockname()[1]}"

    def test_the_given_certificate_is_trusted_and_the_token_is_a_bearer(self):
        key, cert = self.certificate("localhost")
        url = self.serve(key, cert)
        self.assertEqual(dewar.Session(url, token="dewar_session_1", ca=cert).backends(), [])
        self.assertIn("authorization: Bearer dewar_session_1", self.seen[0])
        self.assertIn(f"Host: {url[8:]}", self.seen[0])

    def test_another_certificate_another_name_and_an_older_tls_are_refused_before_the_token_is_sent(self):
        key, cert = self.certificate("localhost")
        other_key, other = self.certificate("dewar")
        for url, ca in ((self.serve(key, cert), other), (self.serve(other_key, other), other), (self.serve(key, cert), None), (self.serve(key, cert, ssl.TLSVersion.TLSv1_2), cert)):
            with self.subTest(ca=ca), mock.patch.dict(os.environ, {}, clear=True), self.assertRaises(dewar.DewarError):
                dewar.Session(url, token="secret", ca=ca).backends()
        self.assertEqual(self.seen, [])

    def test_a_certificate_file_that_is_none_is_told(self):
        for path in (os.path.join(self.folder, "absent.pem"), __file__):
            with self.subTest(path=path), self.assertRaises(dewar.DewarError) as caught:
                dewar.Session("https://localhost:1", ca=path).backends()
            self.assertEqual(caught.exception.code, "usage_invalid")


if __name__ == "__main__":
    unittest.main()
