"""Tests of congress.model.basis: which of two conclusions is the later one."""

import unittest

from congress.model.basis import Basis, covers, from_text, joined, newer, part, to_text


class OrderTest(unittest.TestCase):
    def test_it_is_newer_if_it_is_ahead_somewhere_and_behind_nowhere(self) -> None:
        old: Basis = {"s:t": (1, 5), "u:v": (1, 7)}
        self.assertTrue(newer({"s:t": (1, 6), "u:v": (1, 7)}, old))
        self.assertFalse(newer({"s:t": (1, 6), "u:v": (1, 6)}, old))
        self.assertFalse(newer(old, old))
        self.assertTrue(covers(old, old))

    def test_a_later_epoch_is_ahead_whatever_the_number(self) -> None:
        self.assertTrue(newer({"s:t": (2, 1)}, {"s:t": (1, 9)}))
        self.assertFalse(covers({"s:t": (1, 9)}, {"s:t": (2, 1)}))

    def test_what_only_one_of_them_names_decides_nothing(self) -> None:
        self.assertTrue(covers({"s:t": (1, 1)}, {"u:v": (9, 9)}))
        self.assertFalse(newer({"s:t": (1, 1)}, {"u:v": (0, 1)}))
        self.assertFalse(newer({}, {}))

    def test_joined_covers_both(self) -> None:
        one: Basis = {"s:t": (1, 5), "u:v": (2, 1)}
        two: Basis = {"s:t": (1, 6), "x:y": (1, 1)}
        self.assertEqual({"s:t": (1, 6), "u:v": (2, 1), "x:y": (1, 1)}, joined(one, two))

    def test_of_what_a_part_does_not_know_it_is_nowhere(self) -> None:
        self.assertEqual({"s:t": (1, 5), "u:v": (0, 0)}, part({"s:t": (1, 5)}, ["s:t", "u:v"]))


class TextTest(unittest.TestCase):
    def test_there_and_back(self) -> None:
        basis: Basis = {"policy": (0, 3), "s:t": (1, 5)}
        self.assertEqual(basis, from_text(to_text(basis)))

    def test_what_is_no_basis_is_refused(self) -> None:
        for text in ("", "[]", '{"s:t":5}', '{"s:t":[1]}', '{"s:t":["1",2]}'):
            with self.subTest(text), self.assertRaises(ValueError):
                from_text(text)
