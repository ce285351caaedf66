"""Bad input against a real server with all roles: refused with a 4xx, and nothing changes."""

import json
import unittest
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, ClassVar

import schemathesis

from tests.api.fuzz import fire
from tests.api.test_bad_input import BODIES, GARBAGE, QUERIES, UNKNOWN
from tests.functional.live_server import LiveServer

TABLES = {"pushed": ["a", "b"], "servers": ["id", "size"]}


#: Names that neither a policy nor a datasource can have.
NAMES = ["a:b", "x, y", "not", "NOT", "execute", "insert", "delete", "builtin", "_status", "a.",
         ".a", "p q", "p\n", "п", "1", 'a"b', "a/b", "..", "p\u202e", "x:y(), z"]  # fmt: skip

#: Configurations that drivers refuse.
CONFIGS: list[tuple[str, dict[str, Any]]] = [
    ("host", {"poll_time": "x"}),
    ("host", {"poll_time": "1e400"}),
    ("host", {"poll_time": -1}),
    ("host", {"lazy_tables": ["nosuch"]}),
    ("host", {"nosuch": 1}),
    ("file", {}),
    ("file", {"path": "relative"}),
    ("file", {"path": "/etc/passwd"}),
    ("file", {"path": "/proc/self/environ"}),
    ("push", {"tables": {"a:b": ["x"]}}),
    ("push", {"tables": {"t": ["a", "a"]}}),
    ("push", {"tables": "{"}),
    ("notify", {"headers": {"a": "b\r\nc: d"}}),
    ("notify", {"timeout": 1e300}),
    ("congress.datasources.nosuch.Driver", {}),
    ("os:system", {}),
]

#: Texts that are no rule that could be added.
RULES = [
    "p(1e999)", 'p("a\nb")', 'p("\\ud800")', "p(x) :- " + "(" * 10_000, "p(x) :- p(x)",
    "classification:p(1)", "_status:tables(1, 2)", "p(x) :- not q(x)", "p(x) :- builtin:nosuch(x)",
    "p(x) :- builtin:plus(x, 1)", "execute[cloud1:y(1)]", "p(1), q(1)", "p(1); q(1)", "# p(1)",
    "p(x) :- cloud1:nosuch(x)", "p(x) :- cloud1:pushed(nosuch=x)", "p(a=1)", "p(" * 5000,
]  # fmt: skip


class LiveInputTest(unittest.TestCase):
    server: ClassVar[LiveServer]

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = LiveServer("[api]\nmax_request_bytes = 65536\nmax_pushed_rows = 1000\n")
        cls.addClassCleanup(cls.server.close)
        config = {"tables": TABLES}
        for path, body in (
            ("/v1/data-sources", {"name": "cloud1", "driver": "push", "config": config}),
            ("/v1/policies/classification/rules", {"rule": "error(1)", "name": "kept"}),
        ):
            status, text = cls.send("POST", path, json.dumps(body).encode())
            assert status == 201, text

    @classmethod
    def send(cls, method: str, path: str, data: bytes | None = None) -> tuple[int, str]:
        """Status and text of an answer."""
        request = urllib.request.Request(cls.server.url + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def state(self) -> list[str]:
        """Everything a request could change, as the API shows it."""
        paths = ("policies", "policies/classification/rules", "data-sources", "ledger")
        rows = "data-sources/cloud1/tables/pushed/rows"
        return [self.send("GET", f"/v1/{path}")[1] for path in (*paths, rows)]

    def check_refusal(self, method: str, path: str, data: bytes | None = None) -> None:
        status, text = self.send(method, path, data)
        self.assertIn(status, range(400, 500), text)
        self.assertTrue(json.loads(text)["error"]["diagnostics"][0]["message"])

    def test_wrong_bodies(self) -> None:
        before = self.state()
        for method, path, _right, wrong in BODIES:
            if "webhook" in path:
                continue
            for body in (*wrong, "text", 7, True):
                with self.subTest(path=path, body=body):
                    self.check_refusal(method, path, json.dumps(body).encode())
        self.assertEqual(before, self.state())

    def test_hostile_contents(self) -> None:
        before = self.state()
        bodies: list[tuple[str, dict[str, Any]]] = [
            *(("/v1/policies", {"name": name, "kind": "nonrecursive"}) for name in NAMES),
            *(("/v1/data-sources", {"name": name, "driver": "notify"}) for name in NAMES),
            *(
                ("/v1/data-sources", {"name": "fresh", "driver": driver, "config": config})
                for driver, config in CONFIGS
            ),
            *(("/v1/policies/classification/rules", {"rule": rule}) for rule in RULES),
        ]
        for path, body in bodies:
            with self.subTest(path=path, body=str(body)[:80]):
                self.check_refusal("POST", path, json.dumps(body).encode())
        self.assertEqual(before, self.state())

    def test_no_json(self) -> None:
        before = self.state()
        for method, path, _right, _wrong in BODIES:
            for data in (*GARBAGE, b"[" + b" " * 70_000 + b"]"):
                with self.subTest(path=path, data=data[:20]):
                    self.check_refusal(method, path, data)
        self.assertEqual(before, self.state())

    def test_unknown_names_and_wrong_queries(self) -> None:
        for method, path in UNKNOWN:
            with self.subTest(method=method, path=path):
                status, text = self.send(method, path)
                self.assertEqual(404, status, text)
        for method, path in QUERIES:
            with self.subTest(path=path):
                self.check_refusal(method, path)

    def test_duplicates(self) -> None:
        before = self.state()
        for path, body in (
            ("/v1/policies", {"name": "classification"}),
            ("/v1/policies", {"name": "cloud1"}),
            ("/v1/policies/classification/rules", {"rule": " error( 1 ) . "}),
            ("/v1/data-sources", {"name": "cloud1", "driver": "push"}),
            ("/v1/data-sources", {"name": "classification", "driver": "push"}),
        ):
            with self.subTest(path=path, body=body):
                status, text = self.send("POST", path, json.dumps(body).encode())
                self.assertEqual(409, status, text)
        self.assertEqual(before, self.state())

    def test_too_many_rows(self) -> None:
        rows: list[Any] = [["a", 1]] * 1001
        path = "/v1/data-sources/cloud1/tables/pushed/rows"
        status, _text = self.send("PUT", path, json.dumps(rows).encode())
        self.assertEqual(413, status)

    def test_whatever_is_sent_is_no_fault(self) -> None:
        schema = schemathesis.openapi.from_url(f"{self.server.url}/v1/openapi.json")
        known = {"policy": "classification", "datasource": "cloud1", "table": "pushed"}
        for operation in schema.get_all_operations():
            found = operation.ok()
            there = {} if found.method == "delete" else known
            with self.subTest(operation=found.label):
                fire(found, there, 15, lambda case: case.call())
