"""The guide to high availability says what the server and the agent understand."""

import re
import shlex
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from pathlib import Path

from congress.cli.server import parse
from congress.kernel.check import check
from congress.kernel.options.node import chosen_roles
from tests.ocf.agent import ROOT, AgentCase
from tests.ocf.guide import TEXT, commands, configuration, section, shell_of_pacemaker

SERVER = "python /usr/local/bin/congress-server "


class GuideTest(unittest.TestCase):
    def test_the_servers_it_starts_can_use_its_configuration(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        file = Path(folder) / "congress.conf"
        file.write_text(configuration().replace("/var/lib/congress", folder))
        roles = []
        for line in (one for one in commands(TEXT) if one.startswith(SERVER)):
            flags = shlex.split(line.removeprefix(SERVER))
            conf = parse(["--config-file", str(file), *flags])
            self.assertEqual((), tuple(check(conf).errors))
            roles.append(set(chosen_roles(conf)))
        self.assertEqual([{"policy-engine", "api"}, {"datasources"}], roles)

    def test_the_files_it_names_are_there(self) -> None:
        named = set(re.findall(r"(?<![\w/])(?:etc|script)/[\w/@.-]+\w", TEXT))
        self.assertGreaterEqual(len(named), 4)
        self.assertEqual([], [name for name in named if not (ROOT / name).exists()])


def resource(words: Iterable[str]) -> dict[str, str]:
    """What defines a resource, by kind and name, from the words behind its agent."""
    found, kind = {}, "params"
    words = iter(words)
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            found[f"{kind} {name}"] = value
        else:
            kind = f"{word} {next(words)}" if word == "op" else word
    return found


class ResourceTest(unittest.TestCase):
    def test_it_is_that_of_the_seeds(self) -> None:
        first = "primitive ds-node ocf:openstack:congress-datasource"
        text = re.sub(r"\s+", " ", shell_of_pacemaker().replace("\\\n", ""))
        self.assertTrue(text.startswith(first), text)
        self.assertIn('params config="/etc/congress/congress.conf" node_id="datasource-node"', text)
        self.assertIn('op monitor interval="30s" timeout="30s"', text)

    def test_both_tools_make_the_same_of_it(self) -> None:
        _, _, _, *words = shlex.split(shell_of_pacemaker().replace("\\\n", ""))
        by_crm = resource(words[: words.index("commit")])
        for line in commands(section(4)):
            if line.startswith("crm configure set ds-node."):
                name, value = line.removeprefix("crm configure set ds-node.").split()
                by_crm[f"op {name.replace('.', ' ')}"] = value
        (pcs,) = (line for line in commands(section(4)) if line.startswith("pcs "))
        self.assertEqual(by_crm, resource(shlex.split(pcs)[5:]))


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
