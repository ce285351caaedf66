"""The registry of options, and what is read from it."""

import logging
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from oslo_config import cfg

from congress.kernel.check import check
from congress.kernel.errors import Problems
from congress.kernel.options import CLI_OPTIONS, GROUPS, list_opts, new_conf
from congress.kernel.options.api import listen_address
from congress.kernel.options.node import default_state_path
from congress.kernel.options.values import (
    note_bad_values,
    note_misspelt_names,
    note_unknown_names,
)
from congress.kernel.threads import prepare_process
from tests.unit.kernel.support import DRIVER, KernelTestCase

SEEDED = {
    "DEFAULT": {
        "drivers": [],
        "datasource_sync_period": 0,
        "enable_execute_action": True,
        "auth_strategy": "keystone",
        "verbose": True,
        "replicated_policy_engine": False,
        "bind_port": 1789,
        "bind_host": "0.0.0.0",
    },
    "dse": {"bus_id": "bus", "leader_strategy": "auto", "transport": None},
}


def setUpModule() -> None:
    """Asking oslo.messaging for its options settles how threads are made."""
    prepare_process()


class RegistryTest(unittest.TestCase):
    def test_documented_defaults(self) -> None:
        conf = new_conf()
        conf([], default_config_files=[])
        for group, options in SEEDED.items():
            values = conf if group == "DEFAULT" else conf[group]
            for name, expected in options.items():
                self.assertEqual(expected, values[name], name)

    def test_every_option_has_help_and_a_valid_default(self) -> None:
        conf = new_conf(cli=True)
        conf([], default_config_files=[], validate_default_values=True)
        problems = Problems()
        note_bad_values(conf, problems)
        self.assertEqual([], problems.errors)
        for group, options in GROUPS.items():
            for option in options:
                self.assertTrue(str(option.help).endswith("."), f"[{group}] {option.name}")

    def test_timing_of_the_bus_can_be_reloaded(self) -> None:
        fixed = {option.name for option in GROUPS["dse"] if not option.mutable}
        dead = {"ping_timeout", "time_to_resub"}
        self.assertEqual({"bus_id", "transport", "leader_strategy"}, fixed - dead)
        mutable = {option.name for option in GROUPS["DEFAULT"] if option.mutable}
        self.assertLessEqual(
            {"enable_execute_action", "datasource_sync_period", "shutdown_timeout"}, mutable
        )

    def test_the_listing_has_everything(self) -> None:
        listed = {group: {one.name for one in options} for group, options in list_opts()}
        for group, options in GROUPS.items():
            self.assertLessEqual({one.name for one in options}, listed[group])
        self.assertLessEqual({one.name for one in CLI_OPTIONS}, listed["DEFAULT"])

    def test_two_objects_are_independent(self) -> None:
        one, two = new_conf(cli=True), new_conf(cli=True)
        one(["--node-id", "a"], default_config_files=[])
        two(["--node-id", "b"], default_config_files=[])
        self.assertEqual(("a", "b"), (one.node.id, two.node.id))

    def test_the_node_is_named_after_the_host_unless_told(self) -> None:
        conf = new_conf()
        with mock.patch("socket.gethostname", return_value="thishost"):
            conf = new_conf()
        conf([], default_config_files=[])
        self.assertEqual("thishost", conf.node.id)


class StatePathTest(unittest.TestCase):
    def test_root_and_others(self) -> None:
        with mock.patch("os.geteuid", return_value=0):
            self.assertEqual("/var/lib/congress", default_state_path())
        with mock.patch("os.geteuid", return_value=1000):
            with mock.patch.dict(os.environ, {"XDG_STATE_HOME": "/x"}):
                self.assertEqual("/x/congress", default_state_path())
            with mock.patch.dict(os.environ, {"HOME": "/home/u"}):
                os.environ.pop("XDG_STATE_HOME", None)
                self.assertEqual("/home/u/.local/state/congress", default_state_path())

    def test_the_key_lies_below_it(self) -> None:
        conf = new_conf()
        conf([], default_config_files=[])
        conf.set_override("state_path", "/s")
        self.assertEqual("/s/keys", conf.encryption_key_path)


class AddressTest(KernelTestCase):
    def test_keystone_listens_everywhere_and_noauth_on_loopback(self) -> None:
        self.assertEqual(("0.0.0.0", 1789), listen_address(self.conf()))
        self.assertEqual(("127.0.0.1", 1789), listen_address(self.conf("auth_strategy = noauth")))

    def test_an_address_that_is_set_is_used(self) -> None:
        text = "auth_strategy = noauth\nbind_host = %s\nbind_port = 80"
        for host in ("0.0.0.0", "::1", "example.org"):
            self.assertEqual((host, 80), listen_address(self.conf(text % host)))


class ValuesTest(KernelTestCase):
    def problems(self, text: str) -> Problems:
        problems = Problems()
        conf = self.conf(text)
        note_bad_values(conf, problems)
        note_unknown_names(conf, problems)
        return problems

    def test_a_short_key_is_refused_without_showing_it(self) -> None:
        good = "a key that is long enough"
        (error,) = self.problems(f"[dse]\nsigning_keys = {good},s3cret").errors
        self.assertIn("16 characters", error.message)
        self.assertNotIn("s3cret", str(error))
        self.assertEqual([], self.problems(f"[dse]\nsigning_keys = {good},{good}").errors)

    def test_all_bad_values_are_found(self) -> None:
        problems = self.problems("bind_port = x\nshutdown_timeout = -1\n[dse]\nlease = soon")
        self.assertEqual(
            {"[DEFAULT] bind_port", "[DEFAULT] shutdown_timeout", "[dse] lease"},
            {one.where for one in problems.errors},
        )
        self.assertNotIn("LocationInfo", "".join(one.message for one in problems.errors))

    def test_names_nobody_reads_are_told_with_what_was_meant(self) -> None:
        problems = self.problems(
            "bindport = 1\ntransport_url = x\ndebug = 1\n[dsee]\na = 1\n[dse]\nbusid = x"
        )
        texts = {one.where: one.hint for one in problems.warnings}
        self.assertEqual({"[DEFAULT] bindport", "[dsee]", "[dse] busid"}, set(texts))
        self.assertIn("did you mean 'bind_port'", texts["[DEFAULT] bindport"])
        self.assertIn("did you mean 'bus_id'", texts["[dse] busid"])
        self.assertIn("did you mean 'dse'", texts["[dsee]"])

    def test_a_misspelt_name_is_told_at_every_start(self) -> None:
        problems = Problems()
        text = (
            "enable_execute_acton = false\nelse = 1\n[dsee]\nx = 1\n[dse]\nheartbeat_intervall = 1"
        )
        note_misspelt_names(self.conf(text), problems)
        wheres = {one.where for one in problems.warnings}
        self.assertEqual({"[DEFAULT] enable_execute_acton", "[dse] heartbeat_intervall"}, wheres)

    def test_no_file_no_complaint(self) -> None:
        conf = new_conf(cli=True)
        conf([], default_config_files=[])
        problems = Problems()
        note_unknown_names(conf, problems)
        self.assertEqual([], problems.warnings)


class CheckTest(KernelTestCase):
    def setUp(self) -> None:
        super().setUp()
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def check(self, text: str) -> tuple[list[str], list[str]]:
        conf = self.conf(text)
        problems = check(conf)
        return [one.where for one in problems.errors], [one.render() for one in problems.warnings]

    def test_groups_of_plugins_are_checked_and_bad_plugins_named(self) -> None:
        option = 'Option("limit", "integer", "Most.", scope=Scope.NODE),'
        self.install_driver("acme", source=DRIVER % option)
        self.install_driver("junk", "junk", source="1 / 0")
        errors, warnings = self.check("[driver_acme]\nlimit = x\nlimits = 3")
        self.assertIn("[driver_acme] limit", errors)
        text = "\n".join(warnings)
        self.assertIn("'junk' of junk 1.0 cannot be imported", text)
        self.assertIn("there is no option 'limits' ([driver_acme] limits)", text)

    def test_options_of_a_driver_that_must_not_be_used_stop_nobody(self) -> None:
        option = 'Option("limit", "integer", "Most.", scope=Scope.NODE),'
        self.install_driver("acme", source=DRIVER % option)
        for permits in ("disabled_drivers = acme", "drivers = host"):
            errors, warnings = self.check(f"{permits}\n[driver_acme]\nlimit = x")
            self.assertEqual([], errors)
            self.assertIn("must not be used", "\n".join(warnings))

    def test_a_key_that_will_be_made_is_no_error_and_a_bad_one_is(self) -> None:
        errors, warnings = self.check("")
        self.assertEqual([], errors)
        self.assertIn("the key that seals secrets will be made", "\n".join(warnings))
        keys = self.folder / "state" / "keys"
        keys.mkdir(parents=True, mode=0o700)
        keys.joinpath("aes_key").write_text("not a key\n")
        keys.joinpath("aes_key").chmod(0o600)
        errors, _ = self.check("")
        self.assertEqual([str(keys / "aes_key")], errors)


class EnvironmentTest(unittest.TestCase):
    def test_an_option_may_come_from_the_environment(self) -> None:
        with (
            tempfile.TemporaryDirectory() as folder,
            mock.patch.dict(os.environ, {"OS_DEFAULT__BIND_PORT": "1234"}),
        ):
            file = Path(folder) / "c.conf"
            file.write_text("[DEFAULT]\nbind_port = 1\n")
            conf = new_conf()
            conf([], default_config_files=[str(file)])
            self.assertEqual(1234, conf.bind_port)
        self.assertIsInstance(conf, cfg.ConfigOpts)
