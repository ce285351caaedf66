"""Tests of congress.engine.lang.parser and congress.engine.lang.ast."""

import unittest

from congress.engine.lang.ast import Aggregate, Constant, Event, Modal, Rule, Variable
from congress.engine.lang.parser import MOST_ARGUMENTS, MOST_LITERALS, parse, read
from congress.engine.lang.tokens import MOST_PROBLEMS
from congress.model.diagnostic import Refused


def rule(text: str) -> Rule:
    (statement,) = parse(text)
    assert isinstance(statement, Rule)
    return statement


def codes(text: str) -> list[str]:
    return [problem.code for problem in read(text)[1]]


class ParserTest(unittest.TestCase):
    def test_fact_has_no_body_and_rule_has_one(self) -> None:
        self.assertIsNone(rule("p(1)").body)
        self.assertEqual(len(rule("p(1) :- true").literals), 1)

    def test_names_are_split_at_the_first_colon(self) -> None:
        atom = rule("a : b:c+(x)").head
        self.assertEqual((atom.policy, atom.table, atom.sign), ("a", "b:c+", "+"))

    def test_terms(self) -> None:
        head = rule("p(x, 'a', -1, true, null, sum<c>, True)").head
        self.assertEqual(head.arguments[0], Variable("x"))
        self.assertEqual(head.arguments[2], Constant(-1))
        self.assertIsNone(head.arguments[4].value)  # type: ignore[union-attr]
        self.assertEqual(head.arguments[5], Aggregate("sum", Variable("c")))
        self.assertIsInstance(head.arguments[6], Variable)

    def test_columns_are_sorted_numbers_first(self) -> None:
        atom = rule("p(z=1, 2=x, a=y, 10=w)").head
        self.assertEqual([column for column, _ in atom.columns], [2, 10, "a", "z"])

    def test_minus_must_touch_its_number(self) -> None:
        self.assertEqual(codes("p(- 3)"), ["syntax"])
        self.assertEqual(codes("p(-x)"), ["syntax"])

    def test_column_problems(self) -> None:
        for text in ("p(a=x, y)", "p(x, 0=y)", "p(a=x, a=y)", "p(3=x, 3=y)"):
            with self.subTest(text=text):
                self.assertEqual(codes(text), ["arguments"])

    def test_event_and_modal_atom(self) -> None:
        event, modal = parse('insert[p(x) :- q(x). "t"] insert[p(1)] :- q')
        self.assertIsInstance(event, Event)
        self.assertEqual((event.target, event.modal), ("t", Modal.INSERT))  # type: ignore[union-attr]
        self.assertIsInstance(modal, Rule)

    def test_several_heads(self) -> None:
        self.assertEqual(len(rule("a(x), not b(x) :- c(x)").heads), 2)

    def test_what_does_not_read(self) -> None:
        texts = (
            "tide(1);;",
            "a(1), b(2)",
            "not p(1)",
            "p(1,)",
            "p(",
            "delete(7)",
            "a:execute(1)",
            "p[+](x)",
            'p(u"a")',
            'p("""a""")',
            'p("a" "b")',
            "p :- ",
            "p <- q",
            "p++",
            ";",
            "insert[p(x) :- q(x); t]",
            "p(x<3)",
            "execute[p(1)",
        )
        for text in texts:
            with self.subTest(text=text):
                self.assertTrue(set(codes(text)) & {"syntax", "lexical"})

    def test_one_problem_per_broken_statement(self) -> None:
        statements, problems = read("a(1); b(; c(3); d(ñ); e(5)")
        self.assertEqual(len(statements), 3)
        self.assertEqual([p.code for p in problems], ["syntax", "lexical"])

    def test_recovery_at_a_name_that_begins_a_line(self) -> None:
        statements, problems = read("a(1,\nb(2)\nc(3)")
        self.assertEqual(len(problems), 1)
        self.assertEqual([s.head.table for s in statements if isinstance(s, Rule)], ["c"])

    def test_problems_are_bounded(self) -> None:
        self.assertLessEqual(len(read("p(;" * 500)[1]), MOST_PROBLEMS)

    def test_spans_tell_where(self) -> None:
        with self.assertRaises(Refused) as caught:
            parse("a(1)\nb(2,,)")
        span = caught.exception.diagnostics[0].span
        assert span is not None
        self.assertEqual((span.line, span.column), (2, 5))

    def test_text_is_only_text(self) -> None:
        self.assertEqual(codes("-h"), ["syntax"])
        self.assertEqual(codes("--help"), ["syntax"])

    def test_long_texts_need_no_deep_stack(self) -> None:
        heads = parse(", ".join(["q(x)"] * 2000) + " :- p")[0]
        assert isinstance(heads, Rule)
        self.assertEqual(len(heads.heads), 2000)

    def test_bodies_and_atoms_have_a_size(self) -> None:
        for start, part, end, most in (
            ("p :- q", ", q", "", MOST_LITERALS),
            ("p(1", ", 1", ")", MOST_ARGUMENTS),
            ("p(0=1", ", {}=1", ")", MOST_ARGUMENTS),
        ):
            with self.subTest(start=start):
                parts = [part.format(number) for number in range(1, most + 1)]
                self.assertEqual(len(parse(start + "".join(parts[:-1]) + end)), 1)
                with self.assertRaises(Refused) as caught:
                    parse(start + "".join(parts) + end)
                self.assertEqual(caught.exception.code, "budget")
        self.assertEqual(len(parse("p(1) " * 2000)), 2000)
