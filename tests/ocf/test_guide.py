"""The guide to high availability says what the server and the agent understand."""

import re
import shlex
import tempfile
import textwrap
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from congress.cli.server import parse
from congress.kernel.check import check
from congress.kernel.options.node import chosen_roles
from tests.ocf.agent import ROOT, AgentCase

TEXT = (ROOT / "doc/source/admin/high-availability.rst").read_text()
CONFIGURATION = re.compile(r"   :class: configuration\n\n((?:   .*\n|\n)+)")
SERVER = re.compile(r"\$ python /usr/local/bin/congress-server (.*)")


class GuideTest(unittest.TestCase):
    def test_the_servers_it_starts_can_use_its_configuration(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        file = Path(folder) / "congress.conf"
        (block,) = CONFIGURATION.findall(TEXT)
        file.write_text(textwrap.dedent(block).replace("/var/lib/congress", folder))
        roles = []
        for line in SERVER.findall(TEXT):
            conf = parse(["--config-file", str(file), *shlex.split(line)])
            self.assertEqual((), tuple(check(conf).errors))
            roles.append(set(chosen_roles(conf)))
        self.assertEqual([{"policy-engine", "api"}, {"datasources"}], roles)

    def test_the_files_it_names_are_there(self) -> None:
        named = set(re.findall(r"(?<![\w/])(?:etc|script)/[\w/@.-]+\w", TEXT))
        self.assertGreaterEqual(len(named), 4)
        self.assertEqual([], [name for name in named if not (ROOT / name).exists()])


class ParameterTest(AgentCase):
    def setUp(self) -> None:
        super().setUp()
        self.described = ElementTree.fromstring(self.run_action("meta-data").stdout)

    def test_its_table_has_the_parameters_of_the_agent(self) -> None:
        table = TEXT.partition("list-table:: Parameters")[2]
        rows = re.findall(r"   \* - ``(\w+)``\n     -(?: ``(\S+)``)?\n", table)
        defaults = {
            one.attrib["name"]: one.find("content").attrib["default"]  # type: ignore[union-attr]
            for one in self.described.iter("parameter")
        }
        self.assertEqual(defaults, dict(rows))

    def test_the_resource_gives_no_action_less_time_than_the_agent_advises(self) -> None:
        advised = {
            one.attrib["name"]: int(one.attrib["timeout"].rstrip("s"))
            for one in self.described.iter("action")
        }
        given = re.findall(r"op (\w+)(?: interval=\S+)? timeout=\"?(\d+)s", TEXT)
        self.assertEqual(["start", "stop", "monitor"] * 2, [name for name, _ in given])
        for name, seconds in given:
            self.assertGreaterEqual(int(seconds), advised[name])
