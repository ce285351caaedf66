"""Runs the examples of the page on language tools: its files, and its commands on them."""

import pathlib
import re
import shlex
import textwrap
from collections.abc import Iterator

from tests.unit.cli_lang.case import LangTestCase

PAGE = pathlib.Path(__file__).resolve().parents[2] / "doc/source/language/tools.rst"
FILE = re.compile(r"   :class: file\n\n(   # file: (\S+)\n(?:   .*\n|\n)+)")
COMMAND = re.compile(r"::\n\n    \$ congress lang (.*)\n((?:    .*\n|\n)*)")


def commands(text: str) -> Iterator[tuple[list[str], str]]:
    """The commands that are shown, and what they are said to print."""
    for words, shown in COMMAND.findall(text):
        yield shlex.split(words), textwrap.dedent(shown).strip()


class ToolsPageTest(LangTestCase):
    def test_every_command_prints_what_is_shown(self) -> None:
        text = PAGE.read_text()
        for content, name in FILE.findall(text):
            self.write(name, content)
        shown = list(commands(text))
        for words, expected in shown:
            with self.subTest(command=" ".join(words)):
                _code, out, err = self.lang(*words)
                self.assertEqual(expected, (out + err).strip())
        self.assertGreaterEqual(len(shown), text.count("$ congress lang"))
