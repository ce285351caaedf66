"""Types of text columns: whatever is found, nothing is invented and nothing is lost."""

import csv
import io
import math
import unittest

from hypothesis import given
from hypothesis import strategies as st

from congress.model.schema import ColumnType
from congress.model.values import Boolean, canonical, to_plain
from congress.plugins.datasource.file.building import build_table
from congress.plugins.datasource.file.delimited import read_delimited
from congress.plugins.datasource.file.inference import infer_texts, infer_values, read_text
from congress.plugins.datasource.flattening import flatten

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
CELLS = st.one_of(
    TEXTS, st.integers().map(str), NUMBERS.map(repr), st.sampled_from(["true", "False", "", "NaN"])
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)


class TextColumnTest(unittest.TestCase):
    @given(st.lists(CELLS, min_size=1))
    def test_every_value_has_the_type_of_its_column(self, texts):
        kind, values = infer_texts(texts)
        self.assertEqual(len(texts), len(values))
        for text, value in zip(texts, values, strict=True):
            self.assertEqual(value is None, not text)
            if value is not None:
                self.assertTrue(kind.accepts(value))
                self.assertEqual(value, read_text(text, kind))

    @given(st.lists(TEXTS, min_size=1))
    def test_columns_of_texts_stay_as_they_are(self, texts):
        kind, values = infer_texts([*texts, "no number"])
        self.assertIs(ColumnType.STRING, kind)
        self.assertEqual([text or None for text in texts], values[:-1])

    @given(st.lists(st.integers(), min_size=1))
    def test_integers_come_back(self, numbers):
        kind, values = infer_texts([*map(str, numbers), ""])
        self.assertEqual((ColumnType.INTEGER, [*numbers, None]), (kind, values))

    @given(st.lists(NUMBERS, min_size=1))
    def test_numbers_come_back(self, numbers):
        kind, values = infer_texts([*map(repr, numbers), "0.5"])
        self.assertEqual((ColumnType.NUMBER, [*numbers, 0.5]), (kind, values))

    @given(st.lists(st.booleans(), min_size=1))
    def test_truth_values_come_back(self, truths):
        kind, values = infer_texts([str(truth) for truth in truths])
        self.assertIs(ColumnType.BOOLEAN, kind)
        self.assertEqual(truths, [to_plain(value) for value in values])

    def test_what_only_looks_like_a_number(self):
        for text in (
            "007",
            "+49",
            "1_000",
            "0x10",
            "٣",
            "1e999",
            "NaN",
            "Infinity",
            "1.",
            ".5",
            "9" * 400,
        ):
            with self.subTest(text=text):
                self.assertEqual((ColumnType.STRING, [text]), infer_texts([text]))

    @given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1))
    def test_written_files_are_read_whole(self, records):
        records = [["1", "2"], *(record for record in records if any(record))]
        text = io.StringIO(newline="")
        csv.writer(text).writerows([["a", "b"], *records])
        sheet = read_delimited(text.getvalue(), delimiter=",", header=True, most=10**6)
        self.assertEqual(records, [list(record) for record in sheet.records])
        table, rows = build_table("t", sheet, None, longest=10**6)
        self.assertEqual([], [table.problem(row) for row in rows if table.problem(row)])
        self.assertLessEqual(len(rows), len(records))


class DocumentTest(unittest.TestCase):
    @given(JSON)
    def test_any_json_value_is_a_cell(self, value):
        cell = flatten(value, 10**6)
        self.assertIsInstance(canonical((cell,)), str)
        self.assertTrue(infer_values([cell]).accepts(cell) or cell is None)
        if isinstance(value, bool):
            self.assertIsInstance(cell, Boolean)

    @given(st.dictionaries(TEXTS, JSON, min_size=1))
    def test_order_of_keys_does_not_matter(self, value):
        turned = dict(reversed(list(value.items())))
        self.assertEqual(flatten(value, 10**6), flatten(turned, 10**6))

    def test_what_a_table_cannot_hold(self):
        deep = []
        for _ in range(100_000):
            deep = [deep]
        for value in (
            math.nan,
            math.inf,
            [math.nan],
            {1, 2},
            [{1}],
            b"x",
            "\ud800",
            ["\ud800"],
            2**5000,
            "x" * 11,
            deep,
        ):
            with self.subTest(value=str(type(value))), self.assertRaises(ValueError):
                flatten(value, 10)
