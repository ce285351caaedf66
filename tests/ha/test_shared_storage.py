"""Many engines on one database: they begin at once and write against each other.

On MariaDB, on a Galera of which two members take writes at the same time, and on
PostgreSQL. Nothing here could pass with table locks, which Galera does not replicate.
"""

import itertools
import unittest
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, ClassVar

import requests

from tests.ha.cluster import Cluster
from tests.ha.node import Node
from tests.ha.servers import BROKER, GALERA, MARIADB, POSTGRESQL, address, addresses

ENGINES = 3
ROUNDS = 4
COLUMNS = ("x", "x, y", "x, y, z")
REVISION = "X-Congress-Policy-Revision"
RULES = "/v1/policies/classification/rules"


class SharedStorage:
    """Three engines that were started at once on a database without content."""

    urls: ClassVar[Callable[[], Sequence[str]]]
    cluster: ClassVar[Cluster]
    nodes: ClassVar[list[Node]]

    @classmethod
    def setUpClass(cls) -> None:
        urls = cls.urls()
        cls.cluster = cls.enterClassContext(Cluster(address(BROKER), urls[0]))
        members = itertools.cycle(urls)
        cls.nodes = [
            cls.cluster.engine(
                f"pe-{number}",
                {"database": {"connection": cls.cluster.database.at(next(members))}},
            )
            for number in range(ENGINES)
        ]
        cls.cluster.start(*cls.nodes)

    def at_once(self, *orders: tuple[Node, str, str, Any]) -> list[requests.Response]:
        """The answers to requests (node, method, path, body) that are made together."""
        barrier = Barrier(len(orders))

        def ask(node: Node, method: str, path: str, body: Any) -> requests.Response:
            barrier.wait()
            return node.api.ask(method, path, body)

        with ThreadPoolExecutor(len(orders)) as pool:
            return list(pool.map(lambda order: ask(*order), orders))

    def settled(self, *answers: requests.Response) -> dict[str, str]:
        """Texts by id of the rules there are once all nodes have come to the answers' revision."""
        newest = max(int(answer.headers.get(REVISION, 0)) for answer in answers)
        found = [node.api.get(RULES, **{REVISION: str(newest)}) for node in self.nodes]
        rules = [{rule["id"]: rule["rule"] for rule in one["results"]} for one in found]
        self.assertEqual(rules[1:], rules[:-1], "the nodes differ")
        return rules[0]

    def assert_one_is_taken(self, code: int, *rules: str) -> None:
        """Each of some rules is offered to another node at once; all but one are refused."""
        offers = [
            (node, "POST", RULES, {"rule": rule})
            for node, rule in zip(self.nodes, rules, strict=False)
        ]
        answers = self.at_once(*offers)
        codes = sorted(answer.status_code for answer in answers)
        refused = [code] * (len(rules) - 1)
        self.assertEqual([201, *refused], codes, [answer.text for answer in answers])
        (taken,) = [answer.json()["id"] for answer in answers if answer.ok]
        there = self.settled(*answers)
        self.assertEqual([taken], [one for one, text in there.items() if text in rules])

    def test_t09_engines_that_start_at_once_on_an_empty_database_share_its_policies(self) -> None:
        found = [node.api.get("/v1/policies")["results"] for node in self.nodes]
        self.assertEqual(found[1:], found[:-1])
        names = [policy["name"] for policy in found[0]]
        self.assertEqual(sorted(set(names)), sorted(names))
        self.assertIn("classification", names)

    def test_t10_of_equal_rules_that_are_inserted_at_once_one_is_taken(self) -> None:
        for number in range(ROUNDS):
            self.assert_one_is_taken(409, *[f"same{number}(x) :- base(x)"] * ENGINES)

    def test_t10_of_rules_that_recur_through_a_negation_together_one_is_taken(self) -> None:
        for number in range(ROUNDS):
            self.assert_one_is_taken(
                400,
                f"p{number}(x) :- base(x), not q{number}(x)",
                f"q{number}(x) :- base(x), not p{number}(x)",
            )

    def test_t10_of_rules_that_give_a_table_different_columns_one_is_taken(self) -> None:
        for number in range(ROUNDS):
            self.assert_one_is_taken(
                400,
                *(f"wide{number}({few}) :- base(x), base(y), base(z)" for few in COLUMNS),
            )

    def test_t10_a_rule_is_in_a_policy_that_stays_or_goes_with_it(self) -> None:
        first = self.nodes[0]
        for number in range(ROUNDS):
            name = f"brief{number}"
            first.api.create("/v1/policies", name=name)
            path = f"/v1/policies/{name}"
            rule = {"rule": "p(1)"}
            gone, *added = self.at_once(
                (first, "DELETE", path, None),
                *((node, "POST", f"{path}/rules", rule) for node in self.nodes[1:]),
            )
            self.assertEqual(200, gone.status_code, gone.text)
            for answer in added:
                self.assertIn(answer.status_code, (201, 404, 409), answer.text)
            newest = {REVISION: gone.headers[REVISION]}
            for node in self.nodes:
                self.assertEqual(404, node.api.status("GET", f"{path}/rules", **newest))
            first.api.create("/v1/policies", name=name)
            self.assertEqual([], first.api.get(f"{path}/rules")["results"])

    def test_t10_no_rule_is_lost_when_all_engines_write_different_ones(self) -> None:
        def rules(number: int) -> list[str]:
            return [f"t{number}_{turn}(1)" for turn in range(2 * ROUNDS)]

        def write(number: int) -> list[requests.Response]:
            node = self.nodes[number]
            return [node.api.ask("POST", RULES, {"rule": rule}) for rule in rules(number)]

        with ThreadPoolExecutor(ENGINES) as pool:
            answers = [one for done in pool.map(write, range(ENGINES)) for one in done]
        self.assertEqual({201}, {answer.status_code for answer in answers})
        wanted = [rule for number in range(ENGINES) for rule in rules(number)]
        there = self.settled(*answers)
        self.assertEqual(sorted(wanted), sorted(set(wanted) & set(there.values())))

    def test_t10_who_wrote_through_one_engine_reads_it_through_any_other(self) -> None:
        writer, *readers = self.nodes
        for number in range(ROUNDS):
            answer = writer.api.ask("POST", RULES, {"rule": f"seen{number}(1)"})
            self.assertEqual(201, answer.status_code)
            for node in readers:
                path = f"/v1/policies/classification/tables/seen{number}/rows"
                found = node.api.get(path, **{REVISION: answer.headers[REVISION]})
                self.assertEqual([[1]], [row["data"] for row in found["results"]])


class MariaDBTest(SharedStorage, unittest.TestCase):
    urls = staticmethod(lambda: [address(MARIADB)])


class GaleraTest(SharedStorage, unittest.TestCase):
    urls = staticmethod(lambda: addresses(GALERA))


class PostgreSQLTest(SharedStorage, unittest.TestCase):
    urls = staticmethod(lambda: [address(POSTGRESQL)])
