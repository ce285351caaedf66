"""Tests of congress.engine.lang.layout."""

import textwrap
import unittest

from congress.engine import parse
from congress.engine.lang.layout import lay_out
from congress.model.diagnostic import Refused

LONG = "table_of_{0}(some_variable, other_variable, yet_another_variable)"


def dedent(text: str) -> str:
    return textwrap.dedent(text).removeprefix("\n")


class LayoutTest(unittest.TestCase):
    def check(self, text: str, expected: str) -> None:
        laid_out = lay_out(dedent(text))
        self.assertEqual(dedent(expected), laid_out)
        self.assertEqual(laid_out, lay_out(laid_out))
        self.assertEqual(parse(dedent(text)), parse(laid_out))

    def test_statements_stand_on_lines_of_their_own(self) -> None:
        self.check(
            "p ( 1 ).  p('a');q(x):-NOT r( x ) , p(x)",
            """
            p(1)
            p("a")
            q(x) :- not r(x), p(x)
            """,
        )

    def test_a_long_rule_has_its_literals_on_lines(self) -> None:
        literals = [LONG.format(number) for number in range(2)]
        self.check(
            f"p(x) :- {literals[0]}, {literals[1]}",
            f"""
            p(x) :-
              {literals[0]},
              {literals[1]}
            """,
        )

    def test_one_blank_line_is_kept(self) -> None:
        self.check(
            """

            p(1)



            p(2)
            # on p(3)
            p(3)

            # on nothing

            """,
            """
            p(1)

            p(2)
            # on p(3)
            p(3)

            # on nothing
            """,
        )

    def test_comments_stay_with_what_they_are_about(self) -> None:
        self.check(
            """
            // first
            p(1) # one
            r(x) :- # the head
              p(x), # a
              /* b */ /* c */
              not q( # d
                x, y),
              s(x) # e
            """,
            """
            // first
            p(1)  # one
            r(x) :-  # the head
              p(x),  # a
              /* b */
              /* c */
              not q(x, y),  # d
              s(x)  # e
            """,
        )

    def test_nothing_follows_an_open_comment(self) -> None:
        self.check(
            """
            r(x) :- p(x, # one
              # two
              y), q(y # three
              ) /* four */
            """,
            """
            r(x) :-
              # one
              p(x, y),  # two
              q(y)  # three
            /* four */
            """,
        )

    def test_comments_inside_a_fact_or_an_event_go_behind(self) -> None:
        self.check(
            """
            p(1, /* a */ 2)
            insert[p(x) :- # b
              q(x); "t"]
            """,
            """
            p(1, 2)  /* a */
            insert[p(x) :- q(x); "t"]  # b
            """,
        )

    def test_a_name_with_a_dot_in_front_stays_one(self) -> None:
        self.check("p(1); .q(2)", "p(1);\n.q(2)\n")

    def test_text_without_statements(self) -> None:
        self.check("", "")
        self.check("  # only this ", "# only this\n")

    def test_what_does_not_read_is_refused_with_every_problem(self) -> None:
        with self.assertRaises(Refused) as caught:
            lay_out("p(\nq(1)\nr(")
        self.assertEqual(["syntax", "syntax"], [d.code for d in caught.exception.diagnostics])
