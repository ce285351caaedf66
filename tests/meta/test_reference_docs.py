"""The reference pages name all there is: commands, drivers, builtins, diagnostics."""

import argparse
import importlib
import pathlib
import re
import types
import unittest

from congress.interfaces.datasource import DatasourceDriver
from congress.model.diagnostic import CODES
from congress.roles.policy.library_files import read_shelf
from tests.meta.test_plugins import announced, load

DOCS = pathlib.Path(__file__).resolve().parents[2] / "doc/source"
CLIFF = importlib.import_module("cliff.command")


def page(name: str) -> str:
    """A page, on one line."""
    return " ".join((DOCS / name).read_text().split())


def options(command: str, target: str) -> set[str]:
    """The long options that a command adds to those of all commands of its sort."""
    kind = load(target)
    assert isinstance(kind, type)
    above = next(base for base in kind.__mro__ if base.__module__ == "congress.cli.command")
    parsers = [
        types.MethodType(one.get_parser, kind(types.SimpleNamespace(), None))(command)
        for one in (kind, above)
    ]
    own, common = ({name for one in _actions(parser) for name in one} for parser in parsers)
    return {name for name in own - common if name.startswith("--")}


def _actions(parser: argparse.ArgumentParser) -> list[list[str]]:
    return [list(action.option_strings) for action in parser._actions]


class CommandTest(unittest.TestCase):
    def setUp(self) -> None:
        self.text = page("user/commands.rst")
        self.commands = {
            name.replace("_", " "): target for name, target in announced()["congress.cli"].items()
        }

    def test_every_command_is_mentioned(self) -> None:
        for name in self.commands:
            with self.subTest(command=name):
                if f"policy {name}" in self.commands:
                    name = f"policy {name}"
                self.assertIn(f"congress {name}", self.text)

    def test_every_command_mentioned_exists(self) -> None:
        for words in re.findall(r"``congress ([a-z -]+)", self.text):
            with self.subTest(command=words):
                self.assertIn(words.strip(), self.commands)

    def test_every_option_is_mentioned(self) -> None:
        for name, target in self.commands.items():
            if name.startswith("plugin"):
                continue
            for option in options(name, target):
                with self.subTest(command=name, option=option):
                    self.assertIn(f"``{option}", self.text)


class DriverTest(unittest.TestCase):
    def test_every_driver_is_described_with_its_options_tables_and_actions(self) -> None:
        text = (DOCS / "user/drivers.rst").read_text()
        for name, target in announced()["congress.datasource.drivers"].items():
            driver = load(target)
            assert isinstance(driver, type) and issubclass(driver, DatasourceDriver)
            self.assertIn(f"\n{name}\n====", text)
            schema = driver.static_schema()
            mentioned = [option.name for option in driver.describe().options]
            mentioned += schema.tables if schema else ()
            mentioned += [action.name for action in driver.static_actions()]
            for word in mentioned:
                with self.subTest(driver=name, word=word):
                    self.assertRegex(text, rf"``(\[\w+\] )?{word}\b")


class LibraryTest(unittest.TestCase):
    def test_the_policies_of_the_library_are_listed(self) -> None:
        listed = re.findall(r"^``([A-Z]\w+)``  ", (DOCS / "user/library.rst").read_text(), re.M)
        shelf = read_shelf([DOCS.parents[1] / "congress" / "library"])
        self.assertEqual(set(shelf.policies), set(listed))


class LanguageTest(unittest.TestCase):
    def test_every_builtin_is_described_with_its_arguments(self) -> None:
        text = page("language/builtins.rst")
        for target in announced()["congress.builtins"].values():
            for builtin in load(target):  # type: ignore[attr-defined]
                arguments = ", ".join(builtin.inputs)
                if builtin.outputs:
                    arguments += "; " + ", ".join(builtin.outputs)
                with self.subTest(builtin=builtin.name):
                    self.assertIn(f"``{builtin.name}({arguments})``", text)

    def test_every_diagnostic_is_described_as_the_registry_does(self) -> None:
        text = page("language/diagnostics.rst")
        for code, meaning in CODES.items():
            with self.subTest(code=code):
                self.assertIn(f"``{code}`` {meaning[0].upper()}{meaning[1:]}.", text)
        self.assertEqual(len(CODES), len(re.findall(r"``[a-z-]+`` [A-Z]", text)))
