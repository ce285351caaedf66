"""The rules in force: defaults, the operator's file, and files that cannot be meant."""

import os
import pathlib
import tempfile
import unittest
from unittest import mock

from oslo_config import cfg
from oslo_policy import opts
from oslo_policy.policy import Enforcer, PolicyNotRegistered

from congress.api.authority import LOOK_EVERY, Authority, _read
from congress.interfaces.auth import Caller
from congress.kernel.options import new_conf
from congress.model.diagnostic import Refused
from congress.testing.runtime import ManualClock

ADMIN = Caller("a", roles=("admin",))
AUDITOR = Caller("r", roles=("Reader",), system_scope="all")
MEMBER = Caller("m", project_id="p1", roles=("member",))
LOG = "congress.api.authority"


class AuthorityTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = self.folder / "policy.yaml"
        self.clock = ManualClock()
        self.conf = new_conf()
        self.conf([f"--config-dir={self.folder}"], default_config_files=[])
        opts.set_defaults(self.conf)

    def authority(self, text: str | None = None) -> Authority:
        """The authority with a policy file of that text."""
        if text is not None:
            self.file.write_text(text)
        return Authority(self.conf, self.clock)

    def passing(self, authority: Authority, rule: str) -> str:
        """The initials of those who pass."""
        callers = {"a": ADMIN, "r": AUDITOR, "m": MEMBER}
        return "".join(name for name, who in callers.items() if authority.allows(rule, who))

    def test_the_defaults(self) -> None:
        authority = self.authority()
        self.assertEqual("arm", self.passing(authority, "version:show"))
        self.assertEqual("ar", self.passing(authority, "policy:list"))
        self.assertEqual("ar", self.passing(authority, "policy:simulate"))
        self.assertEqual("a", self.passing(authority, "policy:create"))

    def test_a_rule_of_its_own_name_is_for_one_route(self) -> None:
        authority = self.authority('"policy:rule:create": "role:member"')
        self.assertEqual("m", self.passing(authority, "policy:rule:create"))
        self.assertEqual("a", self.passing(authority, "policy:create"))

    def test_the_four_old_names_decide_about_all_that_follow_them(self) -> None:
        for old, rule in (
            ("get_v1", "datasource:row:list"),
            ("create_v1", "policy:execute"),
            ("update_v1", "datasource:row:replace"),
            ("delete_v1", "policy:rule:delete"),
        ):
            with self.subTest(old=old):
                authority = self.authority(f'"{old}": "role:member"')
                self.assertEqual("m", self.passing(authority, rule))

    def test_the_new_name_beats_the_old_one(self) -> None:
        authority = self.authority('"get_v1": "role:member"\n"policy:list": "role:admin"')
        self.assertEqual("a", self.passing(authority, "policy:list"))
        self.assertEqual("m", self.passing(authority, "policy:show"))

    def test_the_other_old_names_mean_what_they_meant(self) -> None:
        authority = self.authority('"default": "rule:regular_user"')
        self.assertEqual("arm", self.passing(authority, "policy:create"))
        authority = self.authority('"context_is_admin": "role:member"')
        self.assertEqual("m", self.passing(authority, "policy:create"))
        authority = self.authority('"delete_v1": "project_id:%(project_id)s"')
        self.assertEqual("m", self.passing(authority, "policy:delete")[-1])

    def test_a_file_in_json_is_read_as_well(self) -> None:
        authority = self.authority('{"get_v1": [["role:member"], ["role:admin"]]}')
        self.assertEqual("am", self.passing(authority, "policy:list"))

    def test_rules_that_nobody_knows_are_refused(self) -> None:
        authority = self.authority('"default": ""')
        with self.assertRaises(PolicyNotRegistered):
            authority.allows("policy:nosuch", ADMIN)

    def test_a_changed_file_is_obeyed(self) -> None:
        authority = self.authority('"policy:list": "role:member"')
        self.assertEqual("m", self.passing(authority, "policy:list"))
        self.file.write_text('"policy:list": "!"')
        self.assertEqual("m", self.passing(authority, "policy:list"))
        self.clock.advance(LOOK_EVERY)
        self.assertEqual("", self.passing(authority, "policy:list"))

    def test_a_file_that_changes_while_it_is_read_is_read_again(self) -> None:
        def read(conf: cfg.ConfigOpts) -> Enforcer:
            found = _read(conf)
            # Of another length: both may be written within one tick of the file's clock.
            self.file.write_text('"policy:list": "role:nobody_at_all"')
            return found

        with mock.patch("congress.api.authority._read", read):
            authority = self.authority('"policy:list": "role:member"')
        self.clock.advance(LOOK_EVERY)
        self.assertEqual("", self.passing(authority, "policy:list"))

    def test_an_older_file_that_is_put_back_is_obeyed(self) -> None:
        authority = self.authority('"policy:list": "role:member"')
        self.file.write_text('"policy:list": "role:nobody"')
        os.utime(self.file, (1, 1))
        self.clock.advance(LOOK_EVERY)
        self.assertEqual("", self.passing(authority, "policy:list"))

    def test_a_folder_of_files_is_followed(self) -> None:
        authority = self.authority('"policy:list": "role:member"')
        (self.folder / "policy.d").mkdir()
        (self.folder / "policy.d" / "50-more.yaml").write_text('"policy:list": "role:admin"')
        self.clock.advance(LOOK_EVERY)
        self.assertEqual("a", self.passing(authority, "policy:list"))

    def test_a_file_that_appears_is_obeyed(self) -> None:
        authority = self.authority()
        self.file.write_text('"policy:list": "role:member"')
        self.clock.advance(LOOK_EVERY)
        self.assertEqual("m", self.passing(authority, "policy:list"))

    def test_a_file_that_is_spoilt_or_gone_loosens_nothing(self) -> None:
        strict = '"get_v1": "role:admin"'
        for spoil in (lambda: self.file.write_text("get_v1: [unclosed"), self.file.unlink):
            authority = self.authority(strict)
            spoil()
            self.clock.advance(LOOK_EVERY)
            with self.assertLogs(LOG, "WARNING") as logged:
                self.assertEqual("a", self.passing(authority, "policy:list"))
            self.assertIn("stay in force", logged.output[0])

    def test_a_file_that_cannot_be_meant_stops_the_start(self) -> None:
        for text, reason in (
            ("get_v1: [unclosed", "no YAML object"),
            ("- get_v1", "no YAML object"),
            ("get_v1: role:admin or", "is no rule"),
            ("get_v1: 7", "no YAML object"),
            ("get_v1: rule:nosuch", "not there"),
            ("get_v1: rule:default\ndefault: rule:get_v1", "itself"),
        ):
            with self.subTest(text=text):
                with self.assertRaises(Refused) as caught:
                    self.authority(text)
                [diagnostic] = caught.exception.diagnostics
                self.assertEqual("bad-configuration", diagnostic.code)
                self.assertIn(reason, diagnostic.message)

    def test_a_file_that_was_named_must_be_there(self) -> None:
        self.conf.set_override("policy_file", "other.yaml", group="oslo_policy")
        with self.assertRaises(Refused) as caught:
            self.authority()
        self.assertIn("other.yaml", str(caught.exception))

    def test_names_that_nothing_asks_for_are_warned_of(self) -> None:
        with self.assertLogs(LOG, "WARNING") as logged:
            self.authority('"policy:lst": "role:member"\n"friends": "role:member"')
        self.assertEqual(1, len(logged.output))
        self.assertIn("policy:lst", logged.output[0])

    def test_a_judgement_is_not_somebody_elses(self) -> None:
        authority = self.authority()
        same_name = Caller("a", roles=("member",))
        self.assertTrue(authority.allows("policy:create", ADMIN))
        self.assertFalse(authority.allows("policy:create", same_name))
        self.assertTrue(authority.allows("policy:create", ADMIN))


class OptionTest(unittest.TestCase):
    def test_without_any_configuration_the_defaults_hold(self) -> None:
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[])
        self.assertTrue(Authority(conf, ManualClock()).allows("policy:list", ADMIN))
