"""Tests of congress.engine.lang.printer."""

import unittest

from congress.engine.lang.parser import parse
from congress.engine.lang.printer import print_pretty, print_row, print_statement, print_value
from congress.model.values import FALSE, TRUE


class PrinterTest(unittest.TestCase):
    def test_values(self) -> None:
        values = {'a"b\\\n\t\r': r'"a\"b\\\n\t\r"', 1: "1", 2.5: "2.5", -3: "-3", None: "null"}
        for value, text in values.items():
            self.assertEqual(print_value(value), text)
        self.assertEqual(print_value("\x00\x1b[2J\x9b"), r'"\u0000\u001b[2J\u009b"')
        self.assertEqual((print_value(TRUE), print_value(FALSE)), ("true", "false"))
        self.assertEqual(print_value(1e300), "1e+300")

    def test_statements(self) -> None:
        texts = (
            "t()",
            "t(x, 2=y, name=z)",
            "execute[a:b.c(x)] :- p:q(x), not r(_), not t()",
            'insert[h(x) :- b(x); "target"]',
            "n(p, count<c>) :- item(p, c)",
            "a(x), not b(x) :- c(x)",
            "p(1e+300, -0.5)",
        )
        for text in texts:
            with self.subTest(text=text):
                self.assertEqual(print_statement(parse(text)[0]), text)

    def test_pretty(self) -> None:
        (statement,) = parse('a(x) :- b(x, ")"), not c(x)')
        self.assertEqual(print_pretty(statement), 'a(x) :-\n  b(x, ")"),\n  not c(x)')
        self.assertEqual(print_pretty(parse("a( 1 )")[0]), "a(1)")

    def test_row(self) -> None:
        self.assertEqual(print_row("p:t+", ("a", 1, None)), 'p:t+("a", 1, null)')
