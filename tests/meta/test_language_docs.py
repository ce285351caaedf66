"""Runs the examples of the language documentation."""

import pathlib
import textwrap
import unittest
from collections.abc import Iterator

from congress.engine import CreatePolicy, Engine, InsertRules
from tests.meta.test_plugins import announced, load

DOCS = pathlib.Path(__file__).resolve().parents[2] / "doc/source/language"
BUILTINS = [
    builtin
    for target in announced()["congress.builtins"].values()
    for builtin in load(target)  # type: ignore[attr-defined]
]
OPENING = ".. code-block:: prolog\n   :class: example\n\n"


def examples(text: str) -> Iterator[str]:
    """The example blocks of a page."""
    for rest in text.split(OPENING)[1:]:
        lines = []
        for line in rest.splitlines():
            if line and not line.startswith("   "):
                break
            lines.append(line)
        yield textwrap.dedent("\n".join(lines)).strip()


def questions(example: str) -> Iterator[tuple[str, set[str]]]:
    """The queries of an example with their answers."""
    query, answers = None, set[str]()
    for line in [*example.splitlines(), "# ? end"]:
        if line.startswith("# ? "):
            if query is not None:
                yield query, answers
            query, answers = line.removeprefix("# ? "), set()
        elif line.startswith("# = "):
            answers.add(line.removeprefix("# = "))


class ExampleTest(unittest.TestCase):
    def test_every_example_answers_as_it_says(self) -> None:
        asked = 0
        for page in sorted(DOCS.glob("*.rst")):
            for number, example in enumerate(examples(page.read_text())):
                kind = "datalog" if "# kind: datalog" in example else "nonrecursive"
                engine = self.engine(kind, example)
                for query, answers in questions(example):
                    with self.subTest(page=page.name, example=number, query=query):
                        self.assertEqual(answers, set(engine.query("p", query).texts))
                        asked += 1
        self.assertGreater(asked, 8)

    def engine(self, kind: str, text: str) -> Engine:
        engine = Engine(BUILTINS)
        engine.transact([CreatePolicy("p", kind), InsertRules("p", text)])
        return engine
