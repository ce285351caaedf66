"""The test case of the language tools: ``congress lang`` on files of a folder of its own."""

import contextlib
import io
import tempfile
import textwrap
import unittest
from pathlib import Path
from unittest import mock

from congress.cli.main import main
from tests.unit.cli.case import own_logging


class LangTestCase(unittest.TestCase):
    """Runs commands in a folder that is there for one test."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.enterContext(contextlib.chdir(self.folder))

    def write(self, name: str, text: str) -> str:
        """Put a text into a file, without the margin it has here; return the name."""
        (self.folder / name).write_text(textwrap.dedent(text).removeprefix("\n"))
        return name

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def lang(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error of ``congress lang``."""
        out, err = io.StringIO(), io.StringIO()
        with mock.patch("sys.stdout", out), mock.patch("sys.stderr", err), own_logging():
            try:
                code = main(["lang", *arguments])
            except SystemExit as ending:
                code = int(ending.code or 0)
        return code, out.getvalue(), err.getvalue()

    def output(self, *arguments: str) -> str:
        """What a command that must succeed printed."""
        code, out, err = self.lang(*arguments)
        self.assertEqual(0, code, out + err)
        return out
