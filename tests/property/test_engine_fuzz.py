"""Texts near to what people write: parser and checker refuse them or take them, nothing else."""

import contextlib
import functools
import pathlib
import unittest
from collections.abc import Iterator

import yaml
from hypothesis import given
from hypothesis import strategies as st

from congress.engine import (
    CreatePolicy,
    Engine,
    InsertRules,
    Rule,
    SetSchema,
    parse,
    pretty_rule,
    print_statement,
    rule_fingerprint,
)
from congress.engine.lang.parser import read
from congress.model.diagnostic import Refused
from congress.model.schema import Column, ColumnType, Schema, TableSchema
from congress.testing.language import BUILTINS

CASES = pathlib.Path(__file__).parents[1] / "conformance" / "cases"
KEYS = ("text", "parse", "query", "sequence", "constants")
POLICIES = {"p": "nonrecursive", "g": "datalog", "s": "datasource", "acts": "action"}

NAMES = (
    "p",
    "q",
    "r",
    "s:t",
    "s:u",
    "g:r",
    "acts:a",
    "p:q",
    "nope:x",
    "true",
    "false",
    "now",
    "a.b",
)
CALLS = (*(f"builtin:{builtin.name}" for builtin in BUILTINS), "builtin:none", "lt", "plus")
TERMS = (
    "x",
    "y",
    "z",
    "_",
    "1",
    "-2.5",
    '"a"',
    '"True"',
    "null",
    "true",
    "True",
    "0x1f",
    '"\\u0041"',
)
COLUMNS = ("id=x", "0=y", "1=_", 'name="a"', "flag=True", "9=z", "id=1")
AGGREGATES = ("count<x>", "sum<y>", "max<_>", "avg<z>", "mean<x>")
MODALS = ("execute[{}]", "insert[{}]", "delete[{}]")


@st.composite
def atoms(draw: st.DrawFn, *, head: bool = False) -> str:
    """An atom by the grammar, which may or may not fit the tables there are."""
    name = draw(st.sampled_from(NAMES if head else NAMES + CALLS))
    name += draw(st.sampled_from(("", "", "", "", "+", "-")))
    terms = TERMS + AGGREGATES if head else TERMS
    arguments = draw(st.lists(st.sampled_from(terms), max_size=4))
    arguments += draw(st.lists(st.sampled_from(COLUMNS), max_size=2))
    atom = name if not arguments and draw(st.booleans()) else f"{name}({', '.join(arguments)})"
    return draw(st.sampled_from(MODALS)).format(atom) if draw(st.integers(0, 9)) == 0 else atom


@st.composite
def statements(draw: st.DrawFn) -> str:
    """A fact, a rule or an event."""
    heads = ", ".join(draw(st.lists(atoms(head=True), min_size=1, max_size=2)))
    if draw(st.integers(0, 3)) == 0:
        return heads
    signs = st.sampled_from(("", "", "not ", "! "))
    body = [draw(signs) + draw(atoms()) for _ in range(draw(st.integers(1, 4)))]
    rule = f"{heads} :- {', '.join(body)}"
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(("insert[{}]", 'delete[{}; "g"]'))).format(rule)
    return rule


@functools.cache
def written() -> tuple[str, ...]:
    """Every text of the conformance cases."""
    found: dict[str, None] = {}
    for path in sorted(CASES.glob("*.yaml")):
        found.update(dict.fromkeys(_texts(yaml.safe_load(path.read_text()))))
    return tuple(found)


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("text", "parse", "query", "sequence", "constants") and isinstance(
                value, str
            ):
                yield value
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A text of the cases, cut, doubled and spliced with another."""
    text = draw(st.sampled_from(written()))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        other = draw(st.sampled_from(written()))
        cut = draw(st.integers(0, len(other)))
        piece = draw(
            st.sampled_from(
                ("", text[start:end] * 2, other[cut : cut + 12], ",", ")", ":-", "not ")
            )
        )
        text = text[:start] + piece + text[end:]
    return text


TEXTS = st.one_of(
    st.lists(statements(), min_size=1, max_size=3).map(" ; ".join), mutated(), mutated()
)


def engine_with_everything() -> Engine:
    columns = (Column("id"), Column("name", ColumnType.STRING), Column("flag", ColumnType.BOOLEAN))
    engine = Engine(BUILTINS)
    engine.transact([CreatePolicy(name, kind) for name, kind in POLICIES.items()])
    schema = Schema.of([TableSchema("t", columns), TableSchema("u", columns[:1])])
    engine.transact([SetSchema("s", schema)])
    engine.transact([InsertRules("p", "q(1, 2) q(2, 3)"), InsertRules("acts", "action(0)")])
    return engine


class FuzzTest(unittest.TestCase):
    def test_the_cases_hold_many_texts(self) -> None:
        self.assertGreater(len(written()), 200)

    @given(TEXTS)
    def test_what_reads_prints_to_what_reads_the_same(self, text: str) -> None:
        self.check_printing(text)

    @given(TEXTS, st.sampled_from(sorted(POLICIES)))
    def test_checks_end_in_diagnostics_or_acceptance(self, text: str, policy: str) -> None:
        self.check_inserting(text, policy)

    def check_printing(self, text: str) -> None:
        found, problems = read(text)
        for problem in problems:
            assert problem.span is not None
            self.assertTrue(0 <= problem.span.start <= problem.span.end <= len(text))
            self.assertTrue(problem.render(text))
        for statement in found if not problems else ():
            printed = print_statement(statement)
            self.assertEqual(parse(printed), [statement])
            self.assertEqual(print_statement(parse(printed)[0]), printed)
            self.assertEqual(parse(pretty_rule(printed)), [statement])
            self.assertEqual(rule_fingerprint(printed), rule_fingerprint(pretty_rule(printed)))

    def check_inserting(self, text: str, policy: str) -> None:
        engine = engine_with_everything()
        before = engine.content(policy)
        try:
            engine.transact([InsertRules(policy, text)])
        except Refused as refusal:
            self.assertEqual(engine.content(policy), before)
            for diagnostic in refusal.diagnostics:
                self.assertTrue(diagnostic.code and diagnostic.message)
        else:
            self.assert_same_when_printed(engine, policy)
        for ask in (engine.query, engine.trace):
            with contextlib.suppress(Refused):
                ask(policy, text)
        with contextlib.suppress(Refused):
            engine.simulate(policy, "q(x, y)", text, "acts", delta=True, trace=True)

    def assert_same_when_printed(self, engine: Engine, policy: str) -> None:
        """What is stored can be printed, inserted elsewhere, and is the same there."""
        content = engine.content(policy)
        other = engine_with_everything()
        other.transact([InsertRules(policy, " ; ".join(content))])
        self.assertEqual(other.content(policy), content)
        for line in content:
            (statement,) = parse(line)
            self.assertIsInstance(statement, Rule)
