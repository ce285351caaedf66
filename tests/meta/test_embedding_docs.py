"""Runs the Python session of the page on embedding the engine."""

import doctest
import pathlib
import unittest

PAGE = pathlib.Path(__file__).resolve().parents[2] / "doc/source/language/embedding.rst"


class EmbeddingPageTest(unittest.TestCase):
    def test_the_session_goes_as_shown(self) -> None:
        told: list[str] = []
        example = doctest.DocTestParser().get_doctest(PAGE.read_text(), {}, PAGE.name, None, 0)
        outcome = doctest.DocTestRunner().run(example, out=told.append)
        self.assertEqual("", "".join(told))
        self.assertGreater(outcome.attempted, 20)
