"""Runs the commands of the quickstart, in order, against a real server."""

import pathlib
import shlex
import unittest
from collections.abc import Iterator

from tests.functional.system import System, wait_until

PAGE = pathlib.Path(__file__).resolve().parents[2] / "doc/source/user/quickstart.rst"


def commands() -> Iterator[tuple[str, int, list[str]]]:
    """Each command with its exit code and the texts that its output must contain."""
    found: list[tuple[str, int, list[str]]] = []
    inside = False
    for line in PAGE.read_text().splitlines():
        if line.startswith(".. code-block:: console"):
            inside = True
        elif line and not line.startswith("   "):
            inside = False
        elif inside and line.startswith("   $ "):
            command, _, expected = line.removeprefix("   $ ").partition("  # exit ")
            found.append((command, int(expected or 0), []))
        elif inside and line.strip():
            found[-1][2].append(line.strip())
    yield from found


class QuickstartTest(unittest.TestCase):
    def test_every_command_works_as_written(self) -> None:
        system = System(self)
        system.start()
        done = 0
        for command, code, texts in commands():
            program, *arguments = shlex.split(command)
            self.assertEqual("congress", program)
            if "row" in arguments or "simulate" in arguments:
                wait_until(
                    lambda words=arguments: system.congress(*words, check=False).stdout.strip(),
                    f"{command} gives an answer",
                )
            result = system.congress(*arguments, check=False)
            output = result.stdout + result.stderr
            self.assertEqual(code, result.returncode, f"{command}\n{output}")
            for text in texts:
                self.assertIn(text, output)
            done += 1
        self.assertGreater(done, 8)
        wait_until(lambda: system.ledger(), "the action rule has acted")
