"""The contract in ``congress/api/openapi``: equal to the routes there are, and kept under fire."""

import re
import unittest

import schemathesis

from congress.api.access import PUBLIC, rule_of
from congress.api.openapi import contract, join
from tests.api.case import BASE, ApiTestCase
from tests.api.fuzz import fire

_IMPLIED = {"HEAD", "OPTIONS"}


class RouteTest(ApiTestCase):
    def test_the_contract_names_exactly_the_routes_there_are(self) -> None:
        served = {
            (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method)
            for rule in self.app.url_map.iter_rules()
            for method in (rule.methods or set()) - _IMPLIED
            if rule.rule != "/" or method == "GET"
        }
        promised = {
            (path, method.upper())
            for path, item in contract()["paths"].items()
            for method in item
            if method != "parameters"
        }
        self.assertEqual(served, promised)

    def test_every_route_names_the_rule_it_is_subject_to(self) -> None:
        rules = {
            rule.rule: rule_of(self.app, rule.endpoint) for rule in self.app.url_map.iter_rules()
        }
        self.assertEqual([], [path for path, rule in rules.items() if rule is None])
        public = {path for path, rule in rules.items() if rule == PUBLIC}
        self.assertEqual({"/", "/healthcheck", "/health/live", "/health/ready"}, public)

    def test_the_contract_is_served(self) -> None:
        self.assertEqual(contract(), self.get("/v1/openapi.json"))


class JoinTest(unittest.TestCase):
    def test_pieces_become_one_document(self) -> None:
        whole = {"tags": [1], "components": {"schemas": {"A": {}}}}
        join(whole, {"tags": [2], "components": {"schemas": {"B": {}}, "headers": {"C": {}}}}, "x")
        components = {"schemas": {"A": {}, "B": {}}, "headers": {"C": {}}}
        self.assertEqual({"tags": [1, 2], "components": components}, whole)

    def test_nothing_is_given_twice(self) -> None:
        for section in ("paths", "components"):
            with self.subTest(section=section), self.assertRaisesRegex(ValueError, "x.yaml.*/a"):
                join({section: {"/a": {}}}, {section: {"/a": {}}}, "x.yaml")


class FuzzTest(ApiTestCase):
    """Whatever is sent, the answer is one the contract promises and never a fault."""

    def test_nothing_sent_leads_to_a_fault(self) -> None:
        self.cloud()
        self.behind.engine.rows["classification", "error"] = [["vm1", 3]]
        self.post("/v1/policies/classification/rules", {"rule": "kept(1)", "name": "kept"})
        schema = schemathesis.openapi.from_wsgi("/v1/openapi.json", self.served)
        known = {"policy": "classification", "datasource": "cloud1", "table": "servers"}
        known |= {"rule": "kept"}
        for operation in schema.get_all_operations():
            found = operation.ok()
            with self.subTest(operation=found.label):
                fire(found, known, 15, lambda case: case.call(base_url=BASE))
