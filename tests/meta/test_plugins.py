"""Tests over everything this distribution announces: importable, described, documented."""

import configparser
import importlib
import pathlib
import unittest

from congress.cli.command import ApiCommand
from congress.interfaces.plugin import Option, Plugin, PluginInfo
from congress.model.builtin import Builtin

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = {
    "congress.datasource.drivers": "driver",
    "congress.bus.transports": "bus",
    "congress.leader.strategies": "leader",
    "congress.storage.backends": "storage",
    "congress.node.roles": "role",
    "congress.builtins": "builtin",
    "congress.api.auth": "auth",
    "congress.secrets": "secrets",
}
OPTION_TYPES = {"string", "integer", "number", "boolean", "list", "object"}


def announced(folder: str = ".") -> dict[str, dict[str, str]]:
    """Namespace -> name -> target, as the setup.cfg of a distribution has them."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / folder / "setup.cfg")
    section = parser["options.entry_points"]
    result: dict[str, dict[str, str]] = {}
    for namespace, lines in section.items():
        entries = (line.partition("=") for line in lines.strip().splitlines())
        result[namespace] = {name.strip(): target.strip() for name, _, target in entries}
    return result


def load(target: str) -> object:
    """What an entry point names."""
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


class EntryPointTest(unittest.TestCase):
    def test_every_entry_point_can_be_imported(self) -> None:
        for namespace, entries in announced().items():
            for name, target in entries.items():
                with self.subTest(namespace=namespace, name=name):
                    self.assertIsNotNone(load(target))

    def test_openstackclient_gets_every_command_that_asks_the_server(self) -> None:
        asking = {
            f"congress_{name}": target
            for name, target in announced()["congress.cli"].items()
            if issubclass(load(target), ApiCommand)  # type: ignore[arg-type]
        }
        self.assertEqual(asking, announced("osc")["openstack.congress.v1"])

    def test_every_plugin_describes_itself(self) -> None:
        for namespace in PAGES:
            for name, target in announced()[namespace].items():
                with self.subTest(namespace=namespace, name=name):
                    plugin = load(target)
                    if namespace == "congress.builtins":
                        self.assertTrue(all(isinstance(b, Builtin) for b in plugin))  # type: ignore[attr-defined]
                        continue
                    assert isinstance(plugin, type) and issubclass(plugin, Plugin)
                    info = plugin.describe()
                    self.assertIsInstance(info, PluginInfo)
                    self.assertEqual(name, info.name)
                    self.assertTrue(info.summary)
                    for option in info.options:
                        self.check_option(option)

    def check_option(self, option: Option) -> None:
        self.assertIn(option.type, OPTION_TYPES, option.name)
        self.assertTrue(option.description, f"option {option.name} has no description")
        self.assertFalse(option.required and option.default is not None, option.name)

    def test_no_two_builtins_share_a_name(self) -> None:
        names = [
            builtin.name
            for target in announced()["congress.builtins"].values()
            for builtin in load(target)  # type: ignore[attr-defined]
        ]
        self.assertEqual(sorted(set(names)), sorted(names))


class DocumentationTest(unittest.TestCase):
    def test_every_kind_has_a_page_that_names_its_plugins(self) -> None:
        for namespace, page in PAGES.items():
            text = (ROOT / "doc/source/plugins" / f"{page}.rst").read_text()
            self.assertIn(f"congress/interfaces/{self.interface(page)}.py", text)
            if page not in ("driver", "builtin", "role"):
                for name in announced()[namespace]:
                    with self.subTest(page=page, plugin=name):
                        self.assertIn(f"``{name}``", text)

    def interface(self, page: str) -> str:
        return {"driver": "datasource"}.get(page, page)
