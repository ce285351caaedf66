"""Every promise of the documents that Congress was created from is shown by tests.

``promises.yaml`` has them with the tests; here stand those tests that have no other place,
mostly of what is to be told or shipped.
"""

import dataclasses
import importlib
import itertools
import os
import pathlib
import re
import stat
import unittest
from typing import Any

import sqlalchemy as sa
import yaml
from oslo_db.options import database_opts

from congress.api.backend import Backend
from congress.bus import Bus
from congress.kernel.options import GROUPS, new_conf
from congress.kernel.options.node import ROLE_FLAGS, chosen_roles
from congress.plugins.storage.sql.engine import database_url
from congress.testing.buses import BusTestCase
from tests.api.fakes import make_parts
from tests.functional.system import SCRIPTS, System

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROMISES = pathlib.Path(__file__).with_name("promises.yaml")
NUMBER = 79


def text_of(*path: str) -> str:
    """A file of the repository."""
    return ROOT.joinpath(*path).read_text()


def page(name: str) -> str:
    """A page of the documentation, on one line."""
    return " ".join(text_of("doc", "source", name).split())


class PromiseTest(unittest.TestCase):
    def setUp(self) -> None:
        self.promises: list[dict[str, Any]] = yaml.safe_load(PROMISES.read_text())

    def test_all_are_there_in_order_with_words_and_tests(self) -> None:
        numbers = [promise["id"] for promise in self.promises]
        self.assertEqual([f"S{number}" for number in range(1, NUMBER + 1)], numbers)
        for promise in self.promises:
            with self.subTest(promise=promise["id"]):
                self.assertLessEqual(set(promise), {"id", "says", "instead", "tests"})
                self.assertTrue(str(promise["says"]).endswith("."))
                self.assertTrue(promise["tests"])

    def test_every_test_that_is_named_exists(self) -> None:
        for promise in self.promises:
            for name in promise["tests"]:
                with self.subTest(promise=promise["id"], test=name):
                    module, case, method = name.rsplit(".", 2)
                    found = getattr(importlib.import_module(f"tests.{module}"), case)
                    runs = issubclass(found, unittest.TestCase) or case.endswith("Suite")
                    self.assertTrue(runs, "nothing runs a class that is not a case or suite")
                    self.assertTrue(method.startswith("test_"))
                    self.assertTrue(callable(getattr(found, method)))


class ProcessTest(unittest.TestCase):
    def test_one_process_has_no_children(self) -> None:
        system = System(self)
        system.start()
        assert system.process is not None
        tasks = pathlib.Path(f"/proc/{system.process.pid}/task").iterdir()
        children = [task.joinpath("children").read_text().split() for task in tasks]
        self.assertEqual([], list(itertools.chain(*children)))

    def test_the_program_is_a_python_script(self) -> None:
        first = SCRIPTS.joinpath("congress-server").read_text().splitlines()[0]
        self.assertRegex(first, r"^#!.*python")
        self.assertIn("congress-server = congress.cli.server:main", text_of("setup.cfg"))


class RolesTest(unittest.TestCase):
    def test_every_combination_of_flags_is_a_node(self) -> None:
        flags = [f"--{role}" for role in ROLE_FLAGS]
        for number in range(1, len(flags) + 1):
            for chosen in itertools.combinations(flags, number):
                with self.subTest(flags=chosen):
                    conf = new_conf(cli=True)
                    conf([*chosen, "--node-id", "n"], default_config_files=[])
                    expected = tuple(flag.removeprefix("--") for flag in chosen)
                    self.assertEqual(expected, chosen_roles(conf))


class SampleTest(unittest.TestCase):
    def test_tox_writes_the_sample(self) -> None:
        section = text_of("tox.ini").partition("[testenv:genconfig]")[2]
        command = "oslo-config-generator --config-file etc/congress-config-generator.conf"
        self.assertIn(f"commands = {command}\n", section)
        generator = text_of("etc", "congress-config-generator.conf")
        self.assertIn("output_file = etc/congress.conf.sample", generator)
        self.assertTrue((ROOT / "etc/congress.conf.sample").is_file())


class OptionsTest(BusTestCase):
    def meet(self, *bus_ids: str) -> list[list[str]]:
        """The peers that nodes on these buses come to have, themselves included."""
        buses: list[Bus] = []
        for number, self.bus_id in enumerate(bus_ids):
            buses.append(self.bus(f"n{number}"))
        self.clock.advance(3)
        return [[peer.node for peer in bus.peers()] for bus in buses]

    def test_any_text_is_a_bus(self) -> None:
        for name in ("bus", "Überall / hier", "a.b#c*d", "x" * 200):
            with self.subTest(name=name):
                self.hub = {}
                self.assertEqual([["n0", "n1"], ["n1", "n0"]], self.meet(name, name))

    def test_buses_do_not_meet(self) -> None:
        self.assertEqual([["n0"], ["n1"], ["n2"]], self.meet("bus", "bus2", "Bus"))

    def test_verbose_is_on_and_deprecated(self) -> None:
        (verbose,) = [option for option in GROUPS["DEFAULT"] if option.name == "verbose"]
        self.assertTrue(verbose.default)
        self.assertTrue(verbose.deprecated_for_removal)

    def test_the_connection_of_the_manual_is_understood(self) -> None:
        conf = new_conf()
        conf([], default_config_files=[])
        conf.register_opts(database_opts, "database")
        text = "mysql+pymysql://root:secret@192.0.2.1/congress?charset=utf8"
        conf.set_override("connection", text, "database")
        url = database_url(conf)
        self.assertEqual(text + "mb4", url.render_as_string(hide_password=False))
        engine = sa.create_engine(url)
        self.assertEqual(("mysql", "pymysql"), (engine.dialect.name, engine.dialect.driver))
        engine.dispose()


class LeaderTest(unittest.TestCase):
    def test_an_engine_cannot_know_whether_it_leads(self) -> None:
        for file in (ROOT / "congress/roles/policy").glob("*.py"):
            with self.subTest(file=file.name):
                self.assertNotRegex(file.read_text(), r"(?i)leader(?!_timeout)")


class RoutingTest(BusTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts, _ = make_parts()
        self.nodes = [self.bus("one"), self.bus("two")]
        self.apis = [Backend(dataclasses.replace(parts, bus=bus)) for bus in self.nodes]

    def serve(self, bus: Bus, service: str) -> None:
        bus.serve(service, {"where": lambda: bus.node})

    def await_service(self, name: str) -> None:
        """Wait until every node has heard of it from another."""
        self.until(
            lambda: all(
                any(name in peer.services for peer in bus.peers()[1:]) for bus in self.nodes
            )
        )

    def test_an_api_asks_the_engine_of_its_own_node(self) -> None:
        for bus in self.nodes:
            self.serve(bus, "policy-engine")
        self.await_service("policy-engine")
        self.assertEqual(["one", "two"] * 3, [api.engine("where") for api in self.apis * 3])

    def test_an_api_asks_whichever_node_has_the_data_sources(self) -> None:
        three = self.bus("three")
        self.serve(three, "datasources")
        self.await_service("datasources")
        self.assertEqual(["three", "three"], [api.manager("where") for api in self.apis])


class LocksTest(unittest.TestCase):
    def test_nothing_asks_for_a_table_lock(self) -> None:
        found = [
            str(file)
            for file in (ROOT / "congress").rglob("*.py")
            if re.search(r"(?i)lock\s+tables?\b(?!s)", _code(file.read_text()))
        ]
        self.assertEqual([], found)


def _code(text: str) -> str:
    """A module without its comments and documentation."""
    return re.sub(r'"""(.|\n)*?"""|#.*', "", text)


class AgentTest(unittest.TestCase):
    def test_the_agent_is_where_it_is_said_to_be(self) -> None:
        agent = ROOT / "script/ocf/congress-datasource"
        self.assertTrue(os.access(agent, os.X_OK))
        self.assertTrue(agent.stat().st_mode & stat.S_IXOTH)

    def test_the_guide_installs_it_for_all_to_run(self) -> None:
        self.assertIn(
            "install -m 0755 script/ocf/congress-datasource /usr/lib/ocf/resource.d/openstack/",
            page("admin/high-availability.rst"),
        )


class PagesTest(unittest.TestCase):
    """What is promised to be told."""

    def setUp(self) -> None:
        self.guide = page("admin/high-availability.rst")

    def tells(self, *words: str) -> None:
        for each in words:
            with self.subTest(words=each):
                self.assertIn(each, self.guide)

    def test_both_ways_of_running_are_explained(self) -> None:
        index = text_of("doc", "source", "admin", "index.rst")
        for name in ("running", "configuration", "high-availability"):
            self.assertIn(f"\n   {name}\n", index)
        self.assertIn("congress-server --standalone", page("admin/running.rst"))
        self.tells("--policy-engine", "--datasources")

    def test_the_options_that_were_promised_are_explained(self) -> None:
        explained = set(re.findall(r"``(?:\[\w+\] )?(\w+)``", page("admin/configuration.rst")))
        promised = (
            "drivers datasource_sync_period enable_execute_action bus_id auth_strategy verbose "
            "debug transport_url replicated_policy_engine connection bind_port"
        )
        self.assertEqual(set(), set(promised.split()) - explained)

    def test_maturity_is_told(self) -> None:
        self.tells("Maturity", "are experimental", "new and a large change from one process")

    def test_what_standby_means_for_pushed_data_is_told(self) -> None:
        self.tells(
            "Where less than a second counts, warm standby is not enough", "``persist_data``"
        )

    def test_the_two_kinds_of_nodes_are_told(self) -> None:
        self.tells("two or more nodes with a policy engine and the API", "in warm standby")

    def test_differences_between_engines_are_told(self) -> None:
        self.tells(
            "Engines may be apart for a moment, in policy and in data",
            "sees no older state than before, until its node is lost; then it may, once",
        )

    def test_what_is_relied_upon_is_told(self) -> None:
        self.tells("have to be made highly available by their own means")

    def test_costs_are_told(self) -> None:
        self.tells(
            "Several nodes take more time for a change to arrive",
            "so does an action, because it is recorded before it is executed",
            "more nodes answer more queries",
        )

    def test_deployment_has_five_steps_in_their_order(self) -> None:
        text = text_of("doc", "source", "admin", "high-availability.rst")
        steps = re.findall(r"^(\d)\. (.+)\n=+$", text, re.MULTILINE)
        self.assertEqual(list("12345"), [number for number, _ in steps])
        for (_, title), word in zip(
            steps, ("database", "hosts", "engine", "datasource", "balancer"), strict=True
        ):
            self.assertIn(word, title.lower())

    def test_the_guide_sets_what_is_shared(self) -> None:
        self.tells(
            "All nodes share one RabbitMQ",
            "one database, MariaDB or PostgreSQL, which may be replicated",
            "Install Congress on every host, and there the same ``/etc/congress/congress.conf``",
            "transport_url = rabbit://",
            "replicated_policy_engine = True",
            "connection = mysql+pymysql://congress:PASSWORD@db.example.org/",
        )

    def test_where_engines_run_and_what_they_differ_in_is_told(self) -> None:
        self.tells(
            "Two or more, usually on different hosts",
            "on a host with several of them a ``bind_port`` of its own",
        )

    def test_the_balancer_is_for_the_engines_and_keeps_clients(self) -> None:
        self.tells("addresses of your policy engines", "keeps a client with its node by a cookie")
