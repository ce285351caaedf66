"""What a node is made of, and everything wrong with that at once."""

import logging

from congress.kernel.composition import Composition, compose, inspect
from congress.kernel.errors import Problems
from congress.kernel.plugins import NodePlugins
from congress.model.diagnostic import Refused
from tests.unit.kernel.support import FAKE_NODE, KernelTestCase

TRANSPORT = """
from congress.testing.plugins import FakeTransport
class Ready(FakeTransport):
    @classmethod
    def configured(cls, conf):
        return True
class Odd(FakeTransport):
    @classmethod
    def configured(cls, conf):
        raise KeyError("transport_url")
"""


class CompositionTestCase(KernelTestCase):
    def setUp(self) -> None:
        super().setUp()
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def compose(self, text: str = "", *arguments: str) -> Composition:
        conf = self.conf(text, *arguments)
        return compose(conf, NodePlugins(conf))

    def inspect(self, text: str = "", *arguments: str) -> tuple[Composition, Problems]:
        conf = self.conf(text, *arguments)
        problems = Problems()
        return inspect(conf, NodePlugins(conf), problems), problems

    def install_transports(self, **names: str) -> None:
        self.shelf.install(
            "radio",
            {"bus": {name: f"radio_module:{target}" for name, target in names.items()}},
            modules={"radio_module": TRANSPORT},
        )


class RoleTest(CompositionTestCase):
    def roles(self, text: str, *arguments: str) -> tuple[str, ...]:
        return self.inspect(text, *arguments)[0].roles

    def test_all_three_roles_without_flags(self) -> None:
        self.assertEqual(("datasources", "policy-engine", "api"), self.roles(""))

    def test_flags_choose_and_win_over_the_file(self) -> None:
        self.assertEqual(("api",), self.roles("", "--api"))
        self.assertEqual(("policy-engine", "api"), self.roles("", "--api", "--policy-engine"))
        self.assertEqual(("datasources",), self.roles("[node]\nroles = api", "--datasources"))

    def test_the_file_gives_any_roles_in_its_order(self) -> None:
        self.assertEqual(("x", "api"), self.roles("[node]\nroles = x,api,x"))

    def test_an_unknown_role_is_refused_with_the_choices(self) -> None:
        with self.assertRaises(Refused) as caught:
            self.compose(FAKE_NODE.replace("roles = fake", "roles = apo"))
        text = "\n".join(one.render() for one in caught.exception.diagnostics)
        self.assertIn("there is no node role 'apo' ([node] roles)", text)
        self.assertIn("did you mean 'api'", text)


class TransportTest(CompositionTestCase):
    def test_all_roles_in_one_process_need_none(self) -> None:
        self.assertEqual("inproc", self.inspect()[0].transport)

    def test_split_roles_need_one(self) -> None:
        composition, problems = self.inspect("", "--api")
        self.assertEqual("", composition.transport)
        (found,) = [one for one in problems.errors if "no way to reach" in one.message]
        self.assertEqual("not-configured", found.code)
        self.assertIn("set transport_url", found.hint)

    def test_the_one_that_is_set_up_is_taken(self) -> None:
        self.install_transports(radio="Ready", odd="Odd")
        composition, problems = self.inspect("", "--api")
        self.assertEqual("radio", composition.transport)
        self.assertIn("bus transport 'odd'", " ".join(one.message for one in problems.warnings))
        self.assertEqual("radio", self.inspect()[0].transport)

    def test_two_that_are_set_up_are_one_too_many(self) -> None:
        self.install_transports(radio="Ready", telegraph="Ready")
        _, problems = self.inspect()
        self.assertIn(
            "several bus transports are set up: radio, telegraph",
            [one.message for one in problems.errors],
        )
        self.assertEqual("telegraph", self.inspect("[dse]\ntransport = telegraph")[0].transport)

    def test_a_name_that_is_given_is_taken(self) -> None:
        self.install_transports(radio="Ready")
        composition, problems = self.inspect("[dse]\ntransport = inproc", "--api")
        self.assertEqual("inproc", composition.transport)
        self.assertIn("does not leave the process", problems.warnings[-1].message)


class ProblemTest(CompositionTestCase):
    def test_everything_wrong_is_refused_at_once(self) -> None:
        self.install_fakes()
        text = (
            FAKE_NODE.replace("roles = fake", "roles = fake,nosuch").replace(
                "backend = fake", "backend = sqll"
            )
            + "[DEFAULT]\nbind_port = 99999\ndatasource_sync_period = -1\n"
            + "[role_fake]\nmood = \n"
        )
        with self.assertRaises(Refused) as caught:
            self.compose(text)
        wheres = {one.where for one in caught.exception.diagnostics}
        self.assertLessEqual(
            {
                "[DEFAULT] bind_port",
                "[DEFAULT] datasource_sync_period",
                "[storage] backend",
                "[node] roles",
            },
            wheres,
        )

    def test_plugins_nobody_configured_never_stop_a_node(self) -> None:
        self.install_fakes()
        self.shelf.install(
            "junk",
            {
                "bus": {"junk": "junk_module:No"},
                "role": {"junk": "junk_module:No"},
                "storage": {"sql": "junk_module:No"},
                "driver": {"host": "junk_module:No"},
            },
            modules={"junk_module": "raise SystemExit"},
        )
        self.assertEqual(Composition(("fake",), "fake", "fake"), self.compose(FAKE_NODE))

    def test_a_duplicate_that_is_configured_stops_it(self) -> None:
        self.install_fakes()
        self.shelf.install("more-fakes", {"storage": {"fake": "x:Y"}})
        with self.assertRaisesRegex(Refused, "'fake' is provided more than once: .*more-fakes"):
            self.compose(FAKE_NODE)

    def test_a_storage_of_one_is_not_for_several_engines(self) -> None:
        self.shelf.install(
            "lonely",
            {"storage": {"lonely": "lonely_module:Lonely"}},
            modules={
                "lonely_module": "from congress.plugins.storage.memory import MemoryStorage\n"
                "from congress.interfaces.plugin import PluginInfo\n"
                "class Lonely(MemoryStorage):\n"
                "    @classmethod\n"
                "    def describe(cls):\n"
                "        return PluginInfo('lonely', 'Alone.')\n"
            },
        )
        text = "[DEFAULT]\nreplicated_policy_engine = true\n[storage]\nbackend = lonely\n"
        _, problems = self.inspect(text)
        self.assertIn("[DEFAULT] replicated_policy_engine", [one.where for one in problems.errors])

    def test_a_name_that_cannot_be_is_refused(self) -> None:
        for name in ("a b", "-a", "x" * 201, "a/b"):
            _, problems = self.inspect("", f"--node-id={name}")
            self.assertIn("[node] id (--node-id)", [one.where for one in problems.errors], name)

    def test_more_processes_for_the_api_need_what_they_can_share(self) -> None:
        for text in (
            "api_workers = 4",
            "api_workers = 2\ntransport_url = rabbit://h/\n[storage]\nbackend = memory",
            "api_workers = 2\ntransport_url = rabbit://h/\nbind_port = 0",
        ):
            with self.subTest(text=text):
                _, problems = self.inspect(text)
                (problem,) = problems.errors
                self.assertEqual("[DEFAULT] api_workers", problem.where)
                self.assertTrue(problem.hint)
        for text, flags in (
            ("api_workers = 2\ntransport_url = rabbit://h/", ()),
            ("api_workers = 4\ntransport_url = rabbit://h/", ("--policy-engine",)),
        ):
            with self.subTest(text=text):
                _, problems = self.inspect(text, *flags)
                self.assertEqual([], problems.errors)

    def test_what_the_roles_will_ask_for_is_checked_before(self) -> None:
        _, problems = self.inspect(
            "auth_strategy = none\n[dse]\nleader_strategy = raft\n[secrets]\nbackend = vault"
        )
        wheres = {one.where for one in problems.errors}
        self.assertLessEqual(
            {"[DEFAULT] auth_strategy", "[dse] leader_strategy", "[secrets] backend"}, wheres
        )
        _, problems = self.inspect("[dse]\nleader_strategy = raft", "--api")
        self.assertNotIn("[dse] leader_strategy", {one.where for one in problems.errors})
