"""Somebody who reads logs, answers and files of a real server, looking for secrets."""

import json
import re
import unittest
from typing import ClassVar

import requests

from tests.api import walk
from tests.functional.live_server import LiveServer
from tests.functional.system import wait_until

#: Secrets that somebody gives to Congress, each where it belongs or by mistake.
HOOK = "Hook-secret-2718281828"
HEADER = "Header-secret-31415926"
MISPLACED = "Misplaced-secret-14142"
TOKEN = "Token-secret-17320508"
KEYS = ("Key-secret-22360679774", "Key-secret-26457513110")
SECRETS = (HOOK, HEADER, MISPLACED, TOKEN, *KEYS)

#: Everything that can be logged, by the libraries too.
VERBOSE = "debug = true\ndefault_log_levels = sqlalchemy=DEBUG,oslo_policy=DEBUG,waitress=DEBUG\n"

SOURCES = (
    {"name": "hooked", "driver": "push", "config": {"webhook_secret": HOOK}},
    {"name": "teller", "driver": "notify", "config": {"headers": {"Authorization": HEADER}}},
)

#: Creations that are refused, with a secret in them.
REFUSED = (
    {"name": "a", "driver": "push", "config": {"webhook_secret": [MISPLACED]}},
    {"name": "b", "driver": "notify", "config": {"headers": {"Bad Name": MISPLACED}}},
    {"name": "c", "driver": "notify", "config": {"headers": MISPLACED}},
    {"name": "hooked", "driver": "push", "config": {"webhook_secret": MISPLACED}},
)


class LogReaderTest(unittest.TestCase):
    server: ClassVar[LiveServer]
    http: ClassVar[requests.Session]
    answers: ClassVar[list[str]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = LiveServer(VERBOSE)
        cls.addClassCleanup(cls.server.close)
        cls.http = cls.enterClassContext(requests.Session())
        cls.http.trust_env = False
        cls.http.headers["X-Auth-Token"] = TOKEN
        cls.answers = []
        for body in (*SOURCES, *REFUSED):
            cls.send("POST", "/v1/data-sources", body)
        for name in ("hooked", "teller"):
            wait_until(
                lambda path=f"/v1/data-sources/{name}/status": '"ok"' in cls.send("GET", path).text,
                f"{name} is open",
            )
        for source in ("hooked", "teller"):
            cls.walk_with(source)

    @classmethod
    def send(cls, method: str, path: str, body: object = None) -> requests.Response:
        """The answer to a request; what it shows is kept."""
        response = cls.http.request(method, cls.server.url + path, json=body, timeout=60)
        cls.answers.append(f"{method} {path}\n{response.headers}\n{response.text}")
        return response

    @classmethod
    def walk_with(cls, source: str) -> None:
        """Call every route about a data source that leaves it there, with all sorts of bodies."""
        for step in walk.steps():
            path = step.path.replace(walk.NAMES["datasource"], source)
            if step.method in ("DELETE", "PUT") and path == f"/v1/data-sources/{source}":
                continue
            if "changes" in path:
                continue
            for body in (None, {}, [[1]], {"name": "log", "args": {"positional": ["x"]}}):
                cls.send(step.method, path, body if step.method != "GET" else None)

    def assert_no_secret(self, text: str, what: str) -> None:
        for secret in SECRETS:
            self.assertNotIn(secret, text, what)

    def test_no_answer_shows_a_secret(self) -> None:
        self.assertGreater(len(self.answers), 100)
        for answer in self.answers:
            self.assert_no_secret(answer, answer[:200])

    def test_options_that_are_changed_show_no_secret(self) -> None:
        told = "reloaded, 1 options changed: [dse] signing_keys"
        for count, keys in enumerate((*KEYS, ""), start=1):
            self.server.configure(f"{VERBOSE}[dse]\nsigning_keys = {keys}\n")
            self.server.reload()
            wait_until(lambda count=count: self.server.log().count(told) == count, told)  # type: ignore[misc]
        self.assert_no_secret(self.server.log(), "the log")

    def test_they_are_hidden_and_not_gone(self) -> None:
        for source in SOURCES:
            shown = self.send("GET", f"/v1/data-sources/{source['name']}").json()["config"]
            self.assertEqual({"<hidden>"}, {shown[name] for name in source["config"]})

    def test_the_log_shows_no_secret_at_its_most_verbose(self) -> None:
        log = self.server.log()
        self.assertIn("DEBUG", log)
        self.assert_no_secret(log, "the log")

    def test_the_database_holds_no_secret_in_clear(self) -> None:
        state = self.server.folder / "state"
        for path in state.rglob("*"):
            if path.is_file() and path.name != "aes_key":
                self.assert_no_secret(path.read_bytes().decode("latin-1"), path.name)

    def test_nobody_writes_lines_of_his_own_into_the_log(self) -> None:
        forged = "2026-01-01 00:00:00 CRITICAL forged"
        self.send("POST", "/v1/policies", {"name": f"p\n{forged}"})
        self.send("GET", f"/v1/policies/x%0A{forged.replace(' ', '%20')}")
        self.send("POST", "/v1/data-sources", {"name": f"p\n{forged}", "driver": f"d\n{forged}"})
        call = {"name": "log", "args": {"positional": [f"x\n{forged}\r\n{forged}\u2028{forged}"]}}
        done = self.send("POST", "/v1/data-sources/teller?action=execute&wait=true", call)
        self.assertEqual("done", done.json()["state"], done.text)
        lines = re.split("[\n\r\u2028]", self.server.log())
        self.assertEqual([], [line for line in lines if line.startswith("2026-01-01 00:00:00 CRI")])


class PlantedTest(unittest.TestCase):
    """The searches above find what they look for."""

    def test_a_secret_would_be_found(self) -> None:
        case = LogReaderTest("test_no_answer_shows_a_secret")
        with self.assertRaises(AssertionError):
            case.assert_no_secret(json.dumps({"config": {"webhook_secret": HOOK}}), "an answer")
