"""Parts of the rows of a table."""

import unittest
from typing import Any

from congress.model.diagnostic import Refused
from congress.model.values import FALSE, TRUE, Row
from congress.roles.listings import PIECE_ROWS, Listings
from congress.roles.selection import Selection, read_selection
from congress.testing.runtime import ManualClock

ROWS: list[Row] = [("b", 2), ("a", 1.5), (None, 0), (TRUE, 7), ("a", 1), (3, FALSE), ("null", 9)]
COLUMNS = ["name", "size"]
LISTINGS = Listings("node", ManualClock())
IN_ORDER = [[None, 0], [True, 7], [3, False], ["a", 1], ["a", 1.5], ["b", 2], ["null", 9]]


class SelectionTest(unittest.TestCase):
    def rows(self, **wanted: Any) -> list[Any]:
        found: list[Any] = read_selection(**wanted).of(ROWS, COLUMNS, LISTINGS)["rows"]
        return found

    def test_all_in_one_order(self) -> None:
        self.assertEqual(IN_ORDER, self.rows())
        self.assertEqual(
            {"rows": IN_ORDER, "rest": None, "more": None}, Selection().of(ROWS, [], LISTINGS)
        )

    def test_parts_make_the_whole(self) -> None:
        for limit in range(1, 9):
            after, parts, more = None, [], True
            while more:
                found = read_selection(after=after, limit=limit).of(ROWS, COLUMNS, LISTINGS)
                self.assertLessEqual(len(found["rows"]), limit)
                parts += found["rows"]
                after = more = found["more"]
                self.assertIn(more, (None, found["rows"][-1]))
            self.assertEqual(IN_ORDER, parts)

    def test_a_part_goes_on_where_a_row_was(self) -> None:
        self.assertEqual([["b", 2], ["null", 9]], self.rows(after=["a", 7]))

    def test_filters(self) -> None:
        for where, expected in (
            ({"name": ["a"]}, [["a", 1], ["a", 1.5]]),
            ({"name": ["a", "b"], "size": ["2", "1.5"]}, [["a", 1.5], ["b", 2]]),
            ({"name": ["null"]}, [[None, 0], ["null", 9]]),
            ({"name": ["true"]}, [[True, 7]]),
            ({"size": ["false"]}, [[3, False]]),
            ({"name": []}, []),
            ({"nosuch": ["a"]}, IN_ORDER),
        ):
            with self.subTest(where=where):
                self.assertEqual(expected, self.rows(where=where))

    def test_counts_are_of_all_that_a_filter_takes(self) -> None:
        wanted = read_selection({"name": ["a"]}, ["a", 1], 1, count_only=True)
        self.assertEqual({"count": 2}, wanted.of(ROWS, COLUMNS, LISTINGS))

    def test_many_rows_come_in_pieces(self) -> None:
        rows: list[Row] = [(number,) for number in range(2 * PIECE_ROWS + 5)]
        found = read_selection(limit=2 * PIECE_ROWS + 1).of(rows, ["n"], LISTINGS)
        self.assertEqual([2 * PIECE_ROWS], found["more"])
        pieces, rest = [found["rows"]], found["rest"]
        self.assertTrue(rest.startswith("node/"))
        while rest:
            more = LISTINGS.more(rest)
            pieces.append(more["piece"])
            rest = more["rest"]
        self.assertEqual([PIECE_ROWS, PIECE_ROWS, 1], [len(piece) for piece in pieces])
        self.assertEqual(list(range(2 * PIECE_ROWS + 1)), [row[0] for p in pieces for row in p])

    def test_wrong_forms(self) -> None:
        for wrong in ({"limit": "x"}, {"limit": -1}, {"where": []}, {"after": [[]]}):
            with self.subTest(wrong=wrong), self.assertRaises(Refused):
                read_selection(**wrong)
