"""Tests of congress.engine.lang.tokens."""

import unittest

from congress.engine.lang.tokens import Kind, Lines, tokenize


def read(text: str) -> list[tuple[str, object]]:
    tokens, _ = tokenize(text, Lines(text))
    return [(token.text, token.value) for token in tokens[:-1]]


def problems(text: str) -> list[str]:
    _, found = tokenize(text, Lines(text))
    return [problem.message for problem in found]


class TokensTest(unittest.TestCase):
    def test_dot_after_parenthesis_ends_a_statement(self) -> None:
        self.assertEqual([text for text, _ in read("p().q")], ["p", "(", ")", ".", "q"])

    def test_dot_inside_a_name_belongs_to_it(self) -> None:
        self.assertEqual([text for text, _ in read("a.b .c d.")], ["a.b", ".c", "d", "."])

    def test_dot_after_bracket_touching_a_name_belongs_to_it(self) -> None:
        self.assertEqual([text for text, _ in read("].q ]. q")], ["]", ".q", "]", ".", "q"])

    def test_number_formats(self) -> None:
        text = "7 000 2.5 .5 3. 1e2 2E-1 0x1F 0o17 0b101 007.5"
        values = [value for _, value in read(text)]
        self.assertEqual(values, [7, 0, 2.5, 0.5, 3.0, 100.0, 0.2, 31, 15, 5, 7.5])

    def test_numbers_that_do_not_exist(self) -> None:
        for text in ("012", "1e400", "9" * 5000, "0x" + "f" * 2000):
            with self.subTest(text=text[:10]):
                self.assertEqual(len(problems(text)), 1)

    def test_escapes(self) -> None:
        [(_, value)] = read(r'"a\"b\n\t\r\\ \u00e9 \q \u12 \ud83d\ude00"')
        self.assertEqual(value, 'a"b\n\t\r\\ é \\q \\u12 😀')

    def test_half_a_surrogate_pair_is_reported(self) -> None:
        self.assertEqual(len(problems(r'"\ud83d"')), 1)
        self.assertEqual(len(problems('"\ud83d"')), 1)

    def test_string_ends_on_its_line(self) -> None:
        self.assertIn("does not end on its line", problems('p("a\n)')[0])

    def test_comments_and_blank_space(self) -> None:
        self.assertEqual(read("// a\n# b\r\n/* c\n */ # to the end"), [])

    def test_comment_without_end(self) -> None:
        self.assertEqual(problems("/* a"), ["a comment that does not end"])

    def test_every_problem_is_reported_once_and_reading_goes_on(self) -> None:
        tokens, found = tokenize("a ñ b ? c \f", Lines("a ñ b ? c \f"))
        self.assertEqual(len(found), 3)
        self.assertEqual([t.text for t in tokens if t.kind is Kind.NAME], ["a", "b", "c"])

    def test_lines_and_columns_count_from_one(self) -> None:
        span = Lines("ab\ncd").span(4, 5)
        self.assertEqual((span.line, span.column, span.start, span.end), (2, 2, 4, 5))

    def test_reserved_words(self) -> None:
        tokens, _ = tokenize("not NOT Not execute", Lines("not NOT Not execute"))
        kinds = [token.kind for token in tokens[:-1]]
        self.assertEqual(kinds, [Kind.RESERVED, Kind.RESERVED, Kind.NAME, Kind.RESERVED])
