"""Runs every case of the language's conformance files, one test per case or program."""

import unittest
from collections.abc import Callable
from pathlib import Path

from congress.testing.language import read_cases

CASES = Path(__file__).parent / "cases"


class LanguageTest(unittest.TestCase):
    """The test methods are made from the files below."""


def _method(run: Callable[[], str | None]) -> Callable[[LanguageTest], None]:
    def test(self: LanguageTest) -> None:
        self.assertIsNone(run())

    return test


def _collect() -> None:
    for path in sorted(CASES.iterdir()):
        for name, run in read_cases(path):
            word = name.replace("/", "_").replace("-", "_")
            setattr(LanguageTest, f"test_{word}", _method(run))


_collect()
