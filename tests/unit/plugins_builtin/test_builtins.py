"""Tests of the builtin sets: their descriptions, and each predicate's answers."""

import inspect
import unittest

from congress.engine.run.join import call
from congress.model.values import FALSE, TRUE, Value
from congress.testing.language import BUILTINS

BY_NAME = {builtin.name: builtin for builtin in BUILTINS}
FAILS = object()


def answer(name: str, *inputs: Value) -> object:
    builtin = BY_NAME[name]
    try:
        values = call(builtin.function, inputs, len(builtin.outputs))
    except Exception:
        return FAILS
    if values is None:
        return False
    if not builtin.outputs:
        return True
    return values[0] if len(values) == 1 else values


class CatalogueTest(unittest.TestCase):
    def test_every_name_once(self) -> None:
        self.assertEqual(len(BY_NAME), len(BUILTINS))
        self.assertEqual(len(BUILTINS), 42)

    def test_descriptions_are_complete(self) -> None:
        for builtin in BUILTINS:
            with self.subTest(name=builtin.name):
                self.assertTrue(builtin.description)
                self.assertEqual(len(builtin.types), builtin.arity)
                parameters = inspect.signature(builtin.function).parameters
                self.assertEqual(len(parameters), len(builtin.inputs))
                self.assertEqual(builtin.deterministic, builtin.name != "now")

    def test_inline_expressions_compute_the_same(self) -> None:
        samples: tuple[Value, ...] = (1, 2.5, "a", "b", TRUE, None, 0)
        for builtin in BUILTINS:
            if not builtin.inline:
                continue
            code = compile(builtin.inline, builtin.name, "eval")
            for x in samples:
                for y in samples:
                    inputs = (x, y)[: len(builtin.inputs)]
                    names = dict(zip(builtin.inputs, inputs, strict=True))
                    try:
                        inline = eval(code, {"len": len}, names)
                    except Exception:
                        inline = FAILS
                    with self.subTest(name=builtin.name, inputs=inputs):
                        self.assertEqual(inline, answer(builtin.name, *inputs))


class AnswersTest(unittest.TestCase):
    def check(self, cases: list[tuple[object, ...]]) -> None:
        for name, *inputs, expected in cases:
            with self.subTest(name=name, inputs=inputs):
                self.assertEqual(answer(str(name), *inputs), expected)  # type: ignore[arg-type]

    def test_comparison(self) -> None:
        self.check(
            [
                ("lt", 1, 2, True),
                ("lt", 1, 1.5, True),
                ("lt", "a", "b", True),
                ("lt", 1, "2", FAILS),
                ("lt", "1", 2, FAILS),
                ("lt", TRUE, 2, FAILS),
                ("lt", None, 2, FAILS),
                ("gteq", 2, 2.0, True),
                ("gt", "b", "B", True),
                ("lteq", 3, 2, False),
                ("equal", 1, 1.0, True),
                ("equal", TRUE, 1, False),
                ("equal", None, None, True),
                ("equal", "1", 1, False),
                ("equal", TRUE, FALSE, False),
            ]
        )

    def test_arithmetic(self) -> None:
        self.check(
            [
                ("max", 1.0, 1, 1.0),
                ("max", 1, 2, 2),
                ("max", "a", "b", "b"),
                ("max", "a", 1, FAILS),
                ("max", TRUE, 1, FAILS),
                ("plus", 1, 2.5, 3.5),
                ("plus", "a", "b", "ab"),
                ("plus", "a", 1, FAILS),
                ("plus", TRUE, 1, FAILS),
                ("plus", None, 1, FAILS),
                ("plus", 1e308, 1e308, FAILS),
                ("minus", 1, 3, -2),
                ("minus", "a", "a", FAILS),
                ("mul", 3, 4, 12),
                ("mul", "ab", 2, "abab"),
                ("mul", 2, "ab", "abab"),
                ("mul", "a", "b", FAILS),
                ("mul", "ab", -1, ""),
                ("div", 7, 2, 3),
                ("div", -7, 2, -4),
                ("div", 7.0, 2, 3.5),
                ("div", 1, 0, FAILS),
                ("div", 1.0, 0, FAILS),
                ("div", 10**400, 0.5, FAILS),
                ("float", "2.5", 2.5),
                ("float", 3, 3.0),
                ("float", "x", FAILS),
                ("float", "nan", FAILS),
                ("float", "1_0", FAILS),
                ("float", TRUE, FAILS),
                ("int", 4.9, 4),
                ("int", -4.9, -4),
                ("int", "42", 42),
                ("int", "4.2", FAILS),
                ("int", "0x10", FAILS),
                ("int", None, FAILS),
                ("int", "9" * 9999, FAILS),
            ]
        )
        for inputs in (("a", 10**12), (1 << 700_000, 1 << 700_000)):
            with self.assertRaises(MemoryError):
                BY_NAME["mul"].function(*inputs)

    def test_text(self) -> None:
        self.check(
            [
                ("concat", "a", "b", "ab"),
                ("concat", 1, 2, 3),
                ("concat", "a", 1, FAILS),
                ("len", "Łódź", 4),
                ("len", "", 0),
                ("len", 12, FAILS),
                ("len", None, FAILS),
            ]
        )

    def test_reading_dates(self) -> None:
        text = "2021-03-04 05:06:07.5"
        self.check(
            [
                ("unpack_date", text, (2021, 3, 4)),
                ("unpack_time", text, (5, 6, 7)),
                ("unpack_datetime", text, (2021, 3, 4, 5, 6, 7)),
                ("extract_date", "05/06/2020", "2020-05-06"),
                ("extract_time", text, "05:06:07.500000"),
                ("extract_time", "10:30", "10:30:00"),
                ("extract_date", "10:30", "1900-01-01"),
                ("extract_date", "1-2-68", "2068-01-02"),
                ("extract_date", "1-2-69", "1969-01-02"),
                ("unpack_date", "soon", FAILS),
                ("unpack_date", 20210304, FAILS),
                ("unpack_date", "2021-02-30", FAILS),
                ("unpack_date", "1" * 1000, FAILS),
                ("unpack_date", "", FAILS),
                ("datetime_to_seconds", "1900-01-02", 86400),
                ("datetime_to_seconds", "1899-12-31 23:59:59.5", 0),
                ("datetime_to_seconds", "1899-12-31", -86400),
            ]
        )

    def test_writing_dates(self) -> None:
        self.check(
            [
                ("pack_time", 1, 2, 3, "1:2:3"),
                ("pack_date", "x", "y", "z", "x-y-z"),
                ("pack_datetime", 2021, 3, 4, 5, 6, 7, "2021-3-4 5:6:7"),
                ("pack_date", TRUE, 1, 1, FAILS),
            ]
        )

    def test_calculating_with_dates(self) -> None:
        start = "2021-03-04 23:00:00"
        self.check(
            [
                ("datetime_plus", start, "2:30:00", "2021-03-05 01:30:00"),
                ("datetime_plus", start, 90, "2021-03-04 23:01:30"),
                ("datetime_plus", start, 0.5, "2021-03-04 23:00:00.500000"),
                ("datetime_plus", start, "90", "2021-03-04 23:01:30"),
                ("datetime_plus", start, "1:0:0:0:0", "2021-03-11 23:00:00"),
                ("datetime_minus", start, "1:00", "2021-03-04 22:59:00"),
                ("datetime_minus", start, start, FAILS),
                ("datetime_plus", start, "1:1:1:1:1:1", FAILS),
                ("datetime_plus", start, 1e300, FAILS),
                ("datetime_plus", start, TRUE, FAILS),
                ("datetime_lt", "2020-01-01", "2020-01-02", True),
                ("datetime_equal", "2020-01-01T00:00:00Z", "2020-01-01 00:00:00+05:00", True),
                ("datetime_gteq", "Jan 2 2020", "2020-01-02", True),
                ("datetime_gt", "2020", "x", FAILS),
                ("now", FAILS),
            ]
        )

    def test_addresses(self) -> None:
        self.check(
            [
                ("ips_equal", "10.1", "10.0.0.1", True),
                ("ips_equal", 1, "0.0.0.1", True),
                ("ips_equal", "::ffff:1.2.3.4", "1.2.3.4", False),
                ("ips_lt", "255.255.255.255", "::1", True),
                ("ips_lt", "10.0.0.9", "10.0.0.10", True),
                ("ips_equal", "1.2.3.4/24", "1.2.3.4", FAILS),
                ("ips_gt", "x", "1.2.3.4", FAILS),
                ("ips_equal", "10.0.0.1 x", "10.0.0.1", FAILS),
                ("ips_lteq", TRUE, 1, FAILS),
            ]
        )

    def test_networks(self) -> None:
        wide, narrow = "10.0.0.0/8", "10.2.0.0/16"
        self.check(
            [
                ("networks_equal", "10.2.3.4/16", "10.2.0.0/255.255.0.0", True),
                ("networks_equal", wide, narrow, False),
                ("networks_overlap", wide, narrow, True),
                ("networks_overlap", narrow, wide, True),
                ("networks_overlap", "10.2.0.0/16", "10.3.0.0/16", False),
                ("networks_overlap", "0.0.0.0/0", "::/0", False),
                ("ip_in_network", "10.2.0.9", narrow, True),
                ("ip_in_network", "::1", wide, False),
                ("ip_in_network", "10.3.0.9", narrow, False),
                ("networks_equal", 1, wide, FAILS),
                ("networks_overlap", "x", wide, FAILS),
                ("ip_in_network", "x", wide, FAILS),
            ]
        )

    def test_validation_of_numbers(self) -> None:
        for good in ((2, 7, 5), (2, 7, "5"), ("", 7, -100), (2, "", 100), (2, 7, 5.0)):
            self.assertEqual(answer("validate_int", *good), "")
            self.assertEqual(answer("validate_float", *good), "")
        for bad in ((2, 7, 9), (2, 7, 1), (2, 7, "x"), (2, 7, "")):
            self.assertIn(str(bad[2]), str(answer("validate_int", *bad)))
            self.assertTrue(answer("validate_float", *bad))
        self.assertTrue(answer("validate_int", 2, 7, 5.5))
        self.assertEqual(answer("validate_float", 2, 7, 5.5), "")
        self.assertTrue(answer("validate_float", "", "", "inf"))
        for broken in ((7, 2, 5), ("x", 2, 5), (1, 2, TRUE), (1, 2, None)):
            self.assertIs(answer("validate_int", *broken), FAILS)

    def test_validation_of_strings(self) -> None:
        cases = [
            (("^a+$", 0, 0, 0, "aaa"), True),
            (("^a+$", 0, 0, 0, "aab"), False),
            (("b", "", 0, 0, "abc"), True),
            (("B", 0, 0, 1, "abc"), True),
            (("B", 0, 0, 0, "abc"), False),
            (("", 3, 0, 0, "abcd"), False),
            (("", 3, 1, 0, '"abc"'), True),
            (("", 0, 1, 0, "'abc"), False),
            (("", 0, 1, 0, "'"), False),
            (("5", 0, 0, 0, 15), True),
        ]
        for inputs, good in cases:
            with self.subTest(inputs=inputs):
                self.assertEqual(answer("validate_string", *inputs) == "", good)
        for inputs in (("(", 0, 0, 0, "a"), ("(?=a)", 0, 0, 0, "a"), ("a", 0, 0, 0, TRUE)):
            self.assertIs(answer("validate_string", *inputs), FAILS)
