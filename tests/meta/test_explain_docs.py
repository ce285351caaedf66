"""Runs the explanations on the page about them."""

import pathlib
import re
import textwrap
import unittest
from dataclasses import replace

from congress.engine import (
    Bounds,
    CreatePolicy,
    Engine,
    InsertRules,
    Standing,
    UpdateTable,
    explanation_to_text,
    parse,
)
from congress.engine.explain.tree import CUTS, End
from congress.engine.lang.ast import Constant, Rule
from congress.model.values import Row
from tests.meta.test_language_docs import BUILTINS, examples

PAGE = pathlib.Path(__file__).resolve().parents[2] / "doc/source/user/explain.rst"
BLOCK = re.compile(r":class: explanation\n\n((?:   .*\n)+)")
AGE = 12.0


class ExplainPageTest(unittest.TestCase):
    def setUp(self) -> None:
        self.page = PAGE.read_text()
        (policy,) = examples(self.page)
        self.engine = Engine(BUILTINS)
        self.engine.transact([CreatePolicy("p"), CreatePolicy("nova", "datasource")])
        rows = re.findall(r"^# nova:(servers\(.*\))$", policy, re.MULTILINE)
        self.engine.transact([UpdateTable("nova", "servers", [row_of(text) for text in rows])])
        self.engine.transact([InsertRules("p", policy)])

    def test_every_explanation_reads_as_the_page_has_it(self) -> None:
        blocks = [textwrap.dedent(block).strip() for block in BLOCK.findall(self.page)]
        self.assertEqual(5, len(blocks))
        for block in blocks:
            command, _, expected = block.partition("\n")
            query = command.removeprefix("$ congress explain p '").removesuffix("'")
            with self.subTest(query=query):
                found = self.engine.explain("p", query)
                known = {("nova", "servers"): Standing(AGE)}
                self.assertEqual(expected, explanation_to_text(replace(found, standings=known)))

    def test_the_bounds_are_those_of_the_engine(self) -> None:
        for name in Bounds.__slots__:
            section = self.page.partition(f"\n``--{name}``\n")[2].partition("\n\n")[0]
            with self.subTest(bound=name):
                self.assertTrue(section.endswith(f": {getattr(Bounds(), name)}."), section)

    def test_every_end_is_named(self) -> None:
        for end in End:
            self.assertIn(f"``{end}``", self.page)
        self.assertEqual({"depth", "nodes", "budget"}, set(CUTS))


def row_of(text: str) -> Row:
    """The row of a ground atom."""
    (statement,) = parse(text)
    assert isinstance(statement, Rule)
    return tuple([t.value for t in statement.head.arguments if isinstance(t, Constant)])
