"""Bad input, route by route: refused with a 4xx and a diagnostic, and nothing changes."""

import json
import re
import unittest
from typing import Any

from congress.api.openapi import contract
from tests.api.case import ApiTestCase

LONG = "x" * 256

#: Bodies that are no library policy.
LIBRARY: list[Any] = [
    {},
    {"name": "p"},
    {"rules": []},
    {"name": None, "rules": []},
    {"name": 5, "rules": []},
    {"name": "a-b", "rules": []},
    {"name": "p", "rules": None},
    {"name": "p", "rules": ["p(1)"]},
    {"name": "p", "rules": [{"rule": "p("}]},
    {"name": "p", "rules": [{"rule": "p(1)", "comment": LONG}]},
    {"name": "p", "rules": [], "kind": "nosuch"},
    {"name": "p", "rules": [], "abbreviation": "toolong"},
    {"name": "p", "rules": [], "description": None},
]

#: Routes that take a body: method, path, a body that is right, and bodies that are wrong.
BODIES: list[tuple[str, str, Any, list[Any]]] = [
    (
        "POST",
        "/v1/policies",
        {"name": "fresh"},
        [
            {},
            {"name": None},
            {"name": ""},
            {"name": 5},
            {"name": ["a"]},
            {"name": LONG},
            {"name": "a-b"},
            {"name": "x:y(), z"},
            {"name": "é"},
            {"name": "a\0b"},
            {"name": "p", "kind": "nosuch"},
            {"name": "p", "kind": 5},
            {"name": "p", "kind": "database"},
            {"name": "p", "abbreviation": "toolong"},
            {"name": "p", "abbreviation": 5},
            {"name": "p", "abbreviation": ""},
            {"name": "p", "description": {}},
            {"name": "p", "rules": None},
            {"name": "p", "rules": {}},
            {"name": "p", "rules": ["p(1)"]},
            {"name": "p", "rules": [{}]},
            {"name": "p", "rules": [{"rule": 1}]},
            {"name": "p", "rules": [{"rule": "p(1)", "name": LONG}]},
            {"name": "p", "rules": [], "description": None},
            {"name": "p", "rules": [], "kind": None},
        ],
    ),
    (
        "POST",
        "/v1/policies/classification/rules",
        {"rule": "fresh(1)"},
        [
            {},
            {"rule": None},
            {"rule": ""},
            {"rule": 5},
            {"rule": ["p(1)"]},
            {"rule": "p(!)"},
            {"rule": "p(1); p(2)"},
            {"rule": "p(2)", "name": 5},
            {"rule": "p(2)", "comment": 5},
            {"rule": "p(2)", "comment": LONG},
            {"rule": "p(2)", "name": LONG},
        ],
    ),
    *(
        (
            method,
            "/v1/policies/classification",
            {"description": "fresh"},
            [
                {"name": "other"},
                {"name": None},
                {"kind": "nosuch"},
                {"abbreviation": "toolong"},
                {"abbreviation": 5},
                {"description": 5},
                {"descripton": "x"},
                {"rules": None},
                {"rules": [{}]},
                {"rules": [{"rule": "p(!)"}]},
            ],
        )
        for method in ("PUT", "PATCH")
    ),
    (
        "POST",
        "/v1/policies?action=apply",
        {"policies": [{"name": "classification", "rules": [{"rule": "p(7)"}]}]},
        [
            {},
            {"policies": None},
            {"policies": {}},
            {"policies": ["p"]},
            {"policies": [{}]},
            {"policies": [{"name": "a-b"}]},
            {"policies": [{"name": "p", "kind": "nosuch"}]},
            {"policies": [{"name": "p", "rules": [{"rule": "p(!)"}]}]},
            {"policies": [{"name": "p", "depends-on": "q"}]},
            {"policies": [{"name": "p", "rulez": []}]},
        ],
    ),
    (
        "PUT",
        "/v1/policies/classification/rules/kept",
        {"rule": "fresh(1)"},
        [{}, {"rule": None}, {"rule": "p(!)"}, {"rule": "p(2)", "comment": LONG}],
    ),
    (
        "PATCH",
        "/v1/policies/classification/rules/kept",
        {"comment": "fresh"},
        [{}, {"rule": None}, {"rule": "p(!)"}, {"name": 5}, {"comment": LONG}, {"text": "p(1)"}],
    ),
    (
        "POST",
        "/v1/policies/classification?action=simulate",
        {"query": "p(x)", "sequence": "", "action_policy": "action"},
        [{}, {"query": 1, "sequence": "", "action_policy": "action"}, {"query": "p(x)"}],
    ),
    (
        "POST",
        "/v1/policies/classification?action=execute",
        {"name": "cloud1:stop"},
        [{}, {"name": 5}, {"name": "stop"}, {"name": "cloud1:stop", "args": "x"}],
    ),
    (
        "POST",
        "/v1/data-sources",
        {"name": "fresh", "driver": "cloud"},
        [
            {},
            {"name": "a"},
            {"driver": "cloud"},
            {"name": None, "driver": "cloud"},
            {"name": 5, "driver": "cloud"},
            {"name": "", "driver": "cloud"},
            {"name": "a-b", "driver": "cloud"},
            {"name": "_a", "driver": "cloud"},
            {"name": LONG, "driver": "cloud"},
            {"name": "a", "driver": "nosuch"},
            {"name": "a", "driver": 5},
            {"name": "a", "driver": ""},
            {"name": "a", "driver": "cloud", "config": []},
            {"name": "a", "driver": "cloud", "config": {"nosuch": 1}},
            {"name": "a", "driver": "cloud", "enabled": "yes"},
            {"name": "a", "driver": "cloud", "id": 5},
            {"name": "a", "driver": "cloud", "description": 5},
        ],
    ),
    (
        "POST",
        "/v1/data-sources/cloud1?action=execute",
        {"name": "stop"},
        [{}, {"name": ""}, {"name": "nosuch"}, {"name": "stop", "args": []}],
    ),
    (
        "PUT",
        "/v1/data-sources/cloud1/tables/pushed/rows",
        [["a", 1]],
        [{}, "rows", 5, None, [5], [["a"]]],
    ),
    (
        "POST",
        "/v1/data-sources/cloud1/tables/pushed/rows",
        [["a", 1]],
        [{}, None, {"upsert": []}, [["a"]]],
    ),
    ("DELETE", "/v1/data-sources/cloud1/tables/pushed/rows", [["a", 1]], [{}, None, "rows"]),
    (
        "PATCH",
        "/v1/data-sources/cloud1/tables/pushed/rows",
        {"upsert": [["a", 1]], "delete": []},
        [{}, [["a", 1]], {"upsert": None}, {"upsert": [["a"]]}, {"rows": []}],
    ),
    *(
        (
            method,
            "/v1/data-sources/cloud1",
            {"description": "fresh"},
            [
                {"name": "other"},
                {"driver": "other"},
                {"config": []},
                {"config": {"nosuch": 1}},
                {"enabled": "no"},
                {"description": 5},
                {"descripton": "x"},
            ],
        )
        for method in ("PUT", "PATCH")
    ),
    ("POST", "/v1/data-sources/cloud1/webhook", {"event": 1}, [5, None, {}]),
    ("POST", "/v1/librarypolicies", {"name": "fresh", "rules": []}, LIBRARY),
    ("PUT", "/v1/librarypolicies/shelf", {"name": "shelf", "rules": []}, LIBRARY),
    (
        "PATCH",
        "/v1/librarypolicies/shelf",
        {"description": "d"},
        [{}, {"name": 5}, {"name": "a-b"}, {"kind": "nosuch"}, {"rules": [{"rule": "p(!)"}]}],
    ),
]

#: Texts that are no JSON at all.
GARBAGE = [
    b"",
    b" ",
    b"{",
    b"{'name': 'p'}",
    b"\xff\xfe",
    b'{"name": NaN}',
    b'{"name": 1e999}',
    b'"\\ud800"',
    b"[" * 100_000,
    b"1" * 5000,
    b"\x00",
]

#: Routes by what in them is unknown.
UNKNOWN = [
    ("GET", "/v1/policies/nosuch"),
    ("DELETE", "/v1/policies/nosuch"),
    ("GET", "/v1/policies/nosuch/status"),
    ("GET", "/v1/policies/nosuch/rules"),
    ("GET", "/v1/policies/nosuch/rules/r"),
    ("GET", "/v1/policies/classification/rules/nosuch"),
    ("DELETE", "/v1/policies/classification/rules/nosuch"),
    ("GET", "/v1/policies/classification/rules/nosuch/status"),
    ("GET", "/v1/policies/nosuch/tables"),
    ("GET", "/v1/policies/classification/tables/nosuch"),
    ("GET", "/v1/policies/classification/tables/nosuch/rows"),
    ("GET", "/v1/data-sources/nosuch"),
    ("DELETE", "/v1/data-sources/nosuch"),
    ("GET", "/v1/data-sources/nosuch/status"),
    ("GET", "/v1/data-sources/nosuch/schema"),
    ("GET", "/v1/data-sources/nosuch/actions"),
    ("GET", "/v1/data-sources/nosuch/tables"),
    ("GET", "/v1/policies/classification/tables/nosuch/changes"),
    ("GET", "/v1/policies/nosuch/schema"),
    ("GET", "/v1/policies/classification/tables/nosuch/spec"),
    ("GET", "/v1/data-sources/cloud1/tables/nosuch"),
    ("GET", "/v1/data-sources/cloud1/tables/nosuch/spec"),
    ("GET", "/v1/data-sources/cloud1/tables/nosuch/rows"),
    ("POST", "/v1/data-sources/nosuch?action=request-refresh"),
    ("GET", "/v1/system/drivers/nosuch"),
    ("GET", "/v1/ledger?datasource=nosuch"),
    ("POST", "/v1/ledger/nosuch?action=retry"),
    ("POST", "/v1/policies?library_policy=nosuch"),
    ("GET", "/v1/librarypolicies/nosuch"),
    ("DELETE", "/v1/librarypolicies/nosuch"),
]

#: Numbers and switches of the query that are wrong.
QUERIES = [
    ("POST", "/v1/policies?action=nosuch"),
    ("POST", "/v1/policies?action=apply&revision=x"),
    ("GET", "/v1/policies?limit=0"),
    ("GET", "/v1/policies?marker=nosuch"),
    ("GET", "/v1/policies?fields=nosuch"),
    ("GET", "/v1/policies/classification/tables/error/rows?marker=nosuch"),
    ("GET", "/v1/policies/classification/tables/error/rows?marker=e30="),
    ("GET", "/v1/policies/classification/tables/error/rows?marker=W1tdXQ=="),
    ("GET", "/v1/policies/classification/tables/error/rows?fields=nosuch"),
    ("GET", "/v1/policies/classification/tables/error/rows?format=xml"),
    ("GET", "/v1/ledger?limit=x"),
    ("GET", "/v1/ledger?limit=99999999999"),
    ("GET", "/v1/ledger?state=odd"),
    ("GET", "/v1/policies/classification/tables/error/rows?limit=1.5"),
    ("GET", "/v1/data-sources/cloud1/tables/servers/rows?limit=%C2%B2"),
]


class CoverageTest(unittest.TestCase):
    """No route is left out of the lists above."""

    def test_every_route(self) -> None:
        tried = {"body": {(method, path) for method, path, _right, _wrong in BODIES}}
        tried["name"] = {*UNKNOWN, *((method, path) for method, path in tried["body"])}
        for path, item in contract()["paths"].items():
            pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/?]+", re.escape(path)) + r"(\?.*)?")
            for method in set(item) - {"parameters"}:
                kinds = [kind for kind in ("body",) if "requestBody" in item[method]]
                kinds += ["name"] if "{" in path else []
                for kind in kinds:
                    with self.subTest(method=method, path=path, kind=kind):
                        found = [
                            one
                            for one in tried[kind]
                            if one[0] == method.upper() and pattern.fullmatch(one[1])
                        ]
                        self.assertTrue(found)


class BadInputTest(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cloud()
        self.behind.engine.rows["classification", "error"] = [["vm1", 3]]
        self.post("/v1/librarypolicies", {"name": "shelf", "rules": []})
        self.post("/v1/policies/classification/rules", {"rule": "kept(1)", "name": "kept"})
        self.before = self.snapshot()

    def snapshot(self) -> str:
        """Everything a request could change."""
        source = self.behind.bus.services["datasource/cloud1"]
        datasources = self.behind.storage.read(lambda tx: list(tx.datasources.list()))
        engine = self.behind.engine
        kept = (engine.policies, engine.rules, engine.library)
        return repr((*kept, datasources, source.tables_held))

    def check_refusal(self, method: str, path: str, **more: Any) -> None:
        response = self.send(method, path, **more)
        text = response.get_data(as_text=True)
        self.assertIn(response.status_code, range(400, 500), text)
        error = json.loads(text)["error"]
        self.assertTrue(error["diagnostics"][0]["message"])
        self.assertEqual(self.before, self.snapshot())

    def test_wrong_bodies(self) -> None:
        for method, path, right, wrong in BODIES:
            for body in (*wrong, *({"just": "a text"}, "text", 7, True)):
                if "webhook" in path and isinstance(body, dict) and "event" in body:
                    continue
                with self.subTest(path=path, body=body):
                    self.check_refusal(method, path, body=body)
            with self.subTest(path=path, body=right):
                self.assertLess(self.send(method, path, right).status_code, 300)
            self.setUp()

    def test_no_json(self) -> None:
        for method, path, _right, _wrong in BODIES:
            for data in GARBAGE:
                with self.subTest(path=path, data=data[:20]):
                    self.check_refusal(method, path, data=data, content_type="application/json")

    def test_not_declared_as_json(self) -> None:
        for method, path, right, _wrong in BODIES:
            for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
                with self.subTest(path=path, kind=kind):
                    data = json.dumps(right)
                    self.check_refusal(method, path, data=data, content_type=kind)

    def test_too_large(self) -> None:
        self.behind.conf.set_override("max_request_bytes", 1024, group="api")
        for method, path, _right, _wrong in BODIES:
            with self.subTest(path=path):
                self.check_refusal(method, path, body={"name": "x" * 2000})

    def test_unknown_names(self) -> None:
        for method, path in UNKNOWN:
            with self.subTest(method=method, path=path):
                self.refused(404, method, path)
                self.assertEqual(self.before, self.snapshot())
        for method, path, body, _wrong in BODIES:
            with self.subTest(method=method, path=path):
                nowhere = re.sub("cloud1|classification|shelf", "nosuch", path)
                if nowhere != path and "action=execute" not in path:
                    self.check_refusal(method, nowhere, body=body)

    def test_duplicates(self) -> None:
        self.post("/v1/policies/classification/rules", {"rule": "p(1)"})
        self.before = self.snapshot()
        for path, body in (
            ("/v1/policies", {"name": "classification"}),
            ("/v1/policies/classification/rules", {"rule": "p(1)"}),
            ("/v1/data-sources", {"name": "cloud1", "driver": "cloud"}),
            ("/v1/data-sources", {"name": "classification", "driver": "cloud"}),
            ("/v1/librarypolicies", {"name": "shelf", "rules": []}),
        ):
            with self.subTest(path=path, body=body):
                self.refused(409, "POST", path, body)
                self.assertEqual(self.before, self.snapshot())

    def test_wrong_queries(self) -> None:
        for method, path in QUERIES:
            with self.subTest(path=path):
                self.check_refusal(method, path)

    def test_a_push_to_a_table_that_takes_none(self) -> None:
        for table in ("servers", "nosuch"):
            self.check_refusal("PUT", f"/v1/data-sources/cloud1/tables/{table}/rows", body=[])
