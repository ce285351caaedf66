"""Whatever text there is: it reads or is refused, and what reads prints back the same."""

import contextlib
import unittest

from hypothesis import given
from hypothesis import strategies as st

from congress.engine import (
    CreatePolicy,
    Engine,
    InsertRules,
    SetSchema,
    parse,
    pretty_rule,
    print_statement,
    rule_fingerprint,
)
from congress.engine.lang.ast import (
    Aggregate,
    Atom,
    Constant,
    Event,
    Literal,
    Modal,
    Rule,
    Statement,
    Variable,
    column_order,
)
from congress.engine.lang.layout import lay_out
from congress.engine.lang.parser import read
from congress.engine.lang.tokens import Lines, comments, tokenize
from congress.model.diagnostic import Refused
from congress.model.schema import Column, Schema, TableSchema
from congress.model.values import from_plain
from congress.testing.language import BUILTINS

WORDS = st.sampled_from(["p", "q", "x", "Y", "_z", "a.b", ".c", "true_", "NoT", "len", "builtin"])
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
).map(lambda value: Constant(from_plain(value)))
VARIABLES = st.one_of(WORDS, st.just("_")).map(Variable)
TERMS = st.one_of(VALUES, VARIABLES)
HEAD_TERMS = st.one_of(TERMS, st.builds(Aggregate, st.sampled_from(["sum", "no"]), VARIABLES))


@st.composite
def atoms(draw: st.DrawFn, terms: st.SearchStrategy[object] = TERMS, modal: bool = False) -> Atom:
    arguments = tuple(draw(st.lists(terms, max_size=3)))
    names = st.one_of(WORDS, st.integers(len(arguments), 9))
    columns = draw(st.dictionaries(names, TERMS, max_size=2))
    pairs = tuple(sorted(columns.items(), key=lambda pair: column_order(pair[0])))
    table = ":".join(draw(st.lists(WORDS, min_size=1, max_size=2)))
    policy = draw(WORDS) if ":" in table or draw(st.booleans()) else None
    table += draw(st.sampled_from(["", "", "+", "-"]))
    mode = draw(st.sampled_from([None, *Modal])) if modal else None
    return Atom(policy, table, arguments, pairs, mode)  # type: ignore[arg-type]


LITERALS = st.builds(Literal, atoms(modal=True), st.booleans())
BODIES = st.lists(LITERALS, min_size=1, max_size=3).map(tuple)
HEADS = st.builds(Literal, atoms(HEAD_TERMS, modal=True))
RULES = st.builds(Rule, st.lists(HEADS, min_size=1, max_size=2).map(tuple), BODIES)
FACTS = st.builds(Rule, st.tuples(HEADS))
EVENTS = st.builds(
    Event, st.sampled_from([Modal.INSERT, Modal.DELETE]), RULES, st.one_of(st.none(), WORDS)
)
STATEMENTS: st.SearchStrategy[Statement] = st.one_of(RULES, FACTS, EVENTS)

PIECES = st.sampled_from(
    [
        *"()[]<>,;.:=+-!\"'\\ \n_#",
        ":-",
        "not ",
        "execute[",
        "insert[",
        "p",
        "q(x)",
        "p(1)",
        "x",
        "1.5",
        "0x",
        "/*",
        "//",
        "true",
        "sum<x>",
        "builtin:plus(",
        "s:t(",
        "id=",
        "0=",
        "ñ",
        "\ud800",
        "\f",
    ]
)
TEXTS = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=25).map("".join))


#: What may stand between two tokens.
GAPS = st.lists(
    st.sampled_from([" ", "\n", "\n\n\n", " # a b\n", "//\r\n", "/**/", "/* c\n  d */"]), max_size=4
).map("".join)


@st.composite
def spread_texts(draw: st.DrawFn) -> tuple[list[Statement], str]:
    """Statements, and a text of them with white space and comments everywhere."""
    statements = draw(st.lists(STATEMENTS, max_size=3))
    printed = " ; ".join(print_statement(statement) for statement in statements)
    pieces = [draw(GAPS)]
    for token in tokenize(printed, Lines(printed))[0]:
        pieces.append(token.text)
        pieces.append("" if token.text == "-" else f" {draw(GAPS)}")
    return statements, "".join(pieces)


def comments_of(text: str) -> list[str]:
    return [comment.text for comment in comments(text, tokenize(text, Lines(text))[0])]


def columns_of(schema: str) -> SetSchema:
    columns = tuple(Column(name) for name in schema.split())
    return SetSchema("s", Schema.of([TableSchema("t", columns)]))


class LanguageTest(unittest.TestCase):
    @given(st.lists(STATEMENTS, max_size=3))
    def test_what_is_printed_reads_the_same(self, statements: list[Statement]) -> None:
        text = " ; ".join(print_statement(statement) for statement in statements)
        again = parse(text)
        self.assertEqual(again, statements)
        self.assertEqual(" ; ".join(print_statement(statement) for statement in again), text)

    @given(spread_texts())
    def test_a_layout_keeps_statements_and_comments(
        self, spread: tuple[list[Statement], str]
    ) -> None:
        statements, text = spread
        laid_out = lay_out(text)
        self.assertEqual(parse(laid_out), statements)
        self.assertEqual(comments_of(laid_out), comments_of(text))
        self.assertEqual(lay_out(laid_out), laid_out)

    @given(RULES, st.randoms())
    def test_a_fingerprint_does_not_depend_on_order(self, rule: Rule, random: object) -> None:
        body = list(rule.literals)
        random.shuffle(body)  # type: ignore[attr-defined]
        other = Rule(tuple(reversed(rule.heads)), tuple(body))
        print_of = rule_fingerprint(print_statement(rule))
        self.assertEqual(print_of, rule_fingerprint(print_statement(other)))
        self.assertEqual(print_of, rule_fingerprint(pretty_rule(print_statement(rule))))

    @given(TEXTS)
    def test_any_text_reads_or_is_reported(self, text: str) -> None:
        statements, problems = read(text)
        for problem in problems:
            assert problem.span is not None
            self.assertLessEqual(0, problem.span.start)
            self.assertLessEqual(problem.span.end, len(text))
            self.assertTrue(problem.render(text))
        if not problems:
            self.assertEqual(parse(text), statements)

    @given(
        st.one_of(
            TEXTS,
            st.lists(STATEMENTS, max_size=2).map(
                lambda statements: " ; ".join(print_statement(each) for each in statements)
            ),
        )
    )
    def test_the_engine_raises_nothing_but_refusals(self, text: str) -> None:
        engine = Engine(BUILTINS)
        kinds = {"p": "datalog", "s": "datasource", "acts": "action"}
        engine.transact([CreatePolicy(name, kind) for name, kind in kinds.items()])
        engine.transact([columns_of("id n")])
        for policy in kinds:
            with contextlib.suppress(Refused):
                engine.transact([InsertRules(policy, text)])
            engine.transact([InsertRules(policy, text, "r", lenient=True)])
            engine.transact([columns_of("n"), columns_of("id n x")])
            with contextlib.suppress(Refused):
                engine.query(policy, text)
            with contextlib.suppress(Refused):
                engine.trace(policy, text)
            with contextlib.suppress(Refused):
                engine.simulate(policy, "p(x)", text, policy, delta=True, trace=True)
        self.assertEqual(dict(engine.policies()), kinds)
