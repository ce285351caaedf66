"""Tests of congress.engine.lang.strata."""

import unittest

from congress.engine.lang.strata import components, cyclic, reachable


class StrataTest(unittest.TestCase):
    def test_dependencies_come_first(self) -> None:
        graph = {"a": ["b"], "b": ["c"], "c": ["b", "d"], "d": []}
        found = [sorted(each) for each in components(graph, graph.__getitem__)]
        self.assertEqual(found, [["d"], ["b", "c"], ["a"]])

    def test_reachable_includes_the_start(self) -> None:
        graph = {1: [2], 2: [1, 3], 3: [], 4: [1]}
        self.assertEqual(reachable([1], graph.__getitem__), {1, 2, 3})

    def test_cycles(self) -> None:
        graph = {"a": ["b"], "b": ["a"], "c": ["c"], "d": ["a"]}
        found = {node: cyclic([node], graph.__getitem__) for node in "cd"}
        self.assertEqual(found, {"c": True, "d": False})
        self.assertTrue(cyclic(["a", "b"], graph.__getitem__))

    def test_long_chains_need_no_deep_stack(self) -> None:
        size = 20_000

        def after(node: int) -> list[int]:
            return [node + 1] if node < size else []

        self.assertEqual(len(components([0], after)), size + 1)
        self.assertEqual(len(components([0], lambda n: [(n + 1) % size])), 1)
        self.assertEqual(len(reachable([0], after)), size + 1)
