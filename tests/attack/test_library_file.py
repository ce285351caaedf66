"""A file in the folder of the policy library that somebody prepared."""

import os
import pathlib
import tempfile
import tracemalloc
import unittest

from congress.roles.policy.library_files import MAX_FILE_BYTES, Shelf, read_shelf

GOOD = "name: good\nrules: []\n"


class LibraryFileTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.folder / "z.yaml").write_text(GOOD)

    def read(self, text: str) -> Shelf:
        """What the folder offers with such a file in it; the good one in any case."""
        (self.folder / "a.yaml").write_text(text)
        shelf = read_shelf([self.folder])
        self.assertIn("good", shelf.policies)
        return shelf

    def test_code_is_not_run(self) -> None:
        mark = self.folder / "mark"
        for text in (
            f"!!python/object/apply:os.mkdir ['{mark}']\n",
            f"name: !!python/object/new:os.mkdir ['{mark}']\nrules: []\n",
            "name: !!python/name:os.system\nrules: []\n",
        ):
            self.assertEqual(["good"], list(self.read(text).policies))
        self.assertFalse(mark.exists())

    def test_a_small_file_does_not_become_a_huge_value(self) -> None:
        lines = ["a0: &a0 [x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        shelf = self.read("\n".join([*lines, "name: bomb", "rules: *a9"]))
        _, peak = tracemalloc.get_traced_memory()
        self.assertEqual(["good"], list(shelf.policies))
        self.assertLess(peak, 10_000_000)

    def test_a_huge_or_deep_file_is_left_out(self) -> None:
        for text in ("#" * (MAX_FILE_BYTES + 1), "[" * 100_000, "{a: " * 50_000):
            shelf = self.read(text)
            self.assertEqual(["good"], list(shelf.policies))
            self.assertTrue(shelf.problems)

    def test_a_file_that_never_ends_does_not_stop_the_node(self) -> None:
        os.mkfifo(self.folder / "pipe.yaml")
        (self.folder / "zero.yaml").symlink_to("/dev/zero")
        self.assertEqual(["good"], list(self.read("").policies))

    def test_no_file_becomes_a_rule_by_its_name(self) -> None:
        for name in ("x:y(), z", "p(x) :- q(x)", "a b", "../../etc"):
            self.assertEqual(["good"], list(self.read(f"name: '{name}'\nrules: []\n").policies))
