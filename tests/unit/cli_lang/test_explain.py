"""Tests of ``congress lang explain``."""

import json

from tests.unit.cli_lang.case import LangTestCase


class ExplainTest(LangTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.write("shop.yaml", "- schema: {policy: shop, tables: {stock: [owner, number]}}")
        self.write("p.rules", "over(o) :- shop:stock(o, n), builtin:gt(n, 10)")
        self.write("q.rules", "copy(o) :- p:over(o)")
        self.write("rows.yaml", "- replace: {policy: shop, tables: {stock: [[a, 20], [b, 5]]}}")
        self.files = ("p.rules", "q.rules", "--given", "shop.yaml", "--when", "rows.yaml")

    def test_why(self) -> None:
        out = self.output("explain", 'over("a")', *self.files)
        self.assertTrue(out.startswith('over("a") holds, because\n'), out)
        self.assertIn('shop:stock("a", 20): a row of shop', out)

    def test_why_not(self) -> None:
        out = self.output("explain", 'over("b")', *self.files)
        self.assertIn("does not hold", out)
        self.assertIn("fails: builtin:gt(5, 10)", out)

    def test_in_another_policy_and_as_an_object(self) -> None:
        out = self.output("explain", "copy(x)", *self.files, "--policy", "q", "--json")
        found = json.loads(out)
        self.assertEqual(["a"], found["why"][0]["row"])

    def test_what_keeps_it_from_being_given(self) -> None:
        self.write("bad.rules", "over(o) :- shop:stock(o, n), builtin:gt(m, 10)")
        self.write("steps.yaml", "- {no: 1}")
        given = ("--given", "shop.yaml")
        cases = [
            (("over(", "p.rules", *given), "query:1:6: error[syntax]"),
            (("over(x)", "p.rules", *given, "--policy", "no"), "query: error[no-policy]"),
            (("over(x)", "bad.rules", *given), "bad.rules:1:30: error[unsafe]"),
            (("over(x)", "gone.rules"), "gone.rules: error[invalid]"),
            (("over(x)", "p.rules", *given, "--when", "steps.yaml"), "steps.yaml, step 1: error"),
            (("over(x)", "p.rules", *given, "--when", "gone.yaml"), "gone.yaml: error[invalid]"),
        ]
        for words, told in cases:
            with self.subTest(words=words):
                code, out, err = self.lang("explain", *words)
                self.assertEqual((1, ""), (code, out))
                self.assertIn(told, err)

    def test_texts_of_others_do_not_command_the_terminal(self) -> None:
        self.write("p.rules", 'over("\x1b[31mred") :- x(')
        for command in (("check", "p.rules"), ("explain", "over(x)", "p.rules")):
            _code, out, err = self.lang(*command)
            self.assertIn(r"\x1b[31mred", out + err)
            self.assertNotIn("\x1b", out + err)
