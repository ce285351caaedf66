"""Files and paths that mean harm: refused, bounded, and without harm to the others."""

import contextlib
import os
import pathlib
import tracemalloc

from congress.interfaces.datasource import DriverError
from congress.plugins.datasource.file.confinement import Confinement
from congress.plugins.datasource.file.faults import BadFile
from tests.unit.plugins_datasource.folder import FolderCase


class PathTest(FolderCase):
    def test_link_out_of_the_root(self):
        outside = self.root / "secret.csv"
        outside.write_text("x\nsecret\n")
        (self.folder / "a.csv").symlink_to(outside)
        self.write("b.csv", "x\n1\n")
        found, failed = self.read(self.driver())
        self.assertEqual({"b": {(1,)}}, found)
        self.assertIn("outside", failed["a"])
        self.assertNotIn("secret", failed["a"])
        self.assertIn("outside", self.problems(path=str(self.folder / "a.csv"))[0])

    def test_link_within_the_root(self):
        target = self.write("a.data", "x\n1\n")
        (self.folder / "b.csv").symlink_to(target)
        self.assertEqual({(1,)}, self.read(self.driver())[0]["b"])

    def test_folder_link_out_of_the_root(self):
        outside = self.root / "other"
        outside.mkdir()
        (outside / "a.csv").write_text("x\nsecret\n")
        (self.folder / "sub").symlink_to(outside)
        self.assertIn("outside", self.problems(path=str(self.folder / "sub"))[0])
        with self.assertRaisesRegex(DriverError, "outside"):
            self.driver(path=str(self.folder / "sub"))

    def test_link_loop(self):
        (self.folder / "a.csv").symlink_to(self.folder / "a.csv")
        self.assertTrue(self.problems(path=str(self.folder / "a.csv")))
        self.assertIn("a", self.read(self.driver())[1])

    def test_sibling_that_begins_like_the_root(self):
        self.assertIn("outside", self.problems(path=f"{self.folder}-more/a.csv")[0])

    def test_whether_it_exists_plays_no_part(self):
        (self.root / "there.csv").write_text("x\n")
        there = self.problems(path=str(self.root / "there.csv"))
        self.assertEqual(there, self.problems(path=str(self.root / "absent.csv")))

    def test_link_that_appears_after_the_check_is_not_followed(self):
        path = self.write("a.csv", "x\n1\n")
        (self.root / "secret.csv").write_text("x\nsecret\n")
        confinement = Confinement([str(self.folder)])
        real = confinement._locate(path)
        confinement._locate = lambda _: real
        path.unlink()
        path.symlink_to(self.root / "secret.csv")
        with self.assertRaises(OSError):
            confinement.open(path)

    def test_no_roots_no_files(self):
        self.assertIn("[driver_file] roots", Confinement([]).problem(self.folder))
        with self.assertRaises(BadFile):
            Confinement([]).open(self.folder / "a.csv")

    def test_pipes_and_folders_are_no_files(self):
        os.mkfifo(self.folder / "a.csv")
        (self.folder / "b.csv").mkdir()
        _, failed = self.read(self.driver())
        self.assertEqual(
            {"a": "a.csv: not a regular file", "b": "b.csv: not a regular file"}, failed
        )

    def test_descriptors_are_given_back(self):
        for name in ("a.csv", "b.json", "c.yaml"):
            self.write(name, "[")
        (self.root / "outside.csv").write_text("x\n1\n")
        (self.folder / "d.csv").symlink_to(self.root / "outside.csv")
        os.mkfifo(self.folder / "e.csv")
        driver = self.driver()
        for _ in range(5):
            self.read(driver)
        self.assertEqual([], self.open_below(self.root))

    def open_below(self, root):
        """What this process has open below a folder."""
        found = []
        for descriptor in pathlib.Path("/proc/self/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                found.append(descriptor.readlink())
        return [path for path in found if path.is_relative_to(root.resolve())]


class ContentTest(FolderCase):
    CASES = {
        "ragged.csv": ("a,b\n1,2\n1\n", "line 3: 1 cells instead of 2"),
        "wide.csv": ("a,b\n1,2\n1,2,3\n", "line 3: 3 cells instead of 2"),
        "twice.csv": ("a,a\n1,2\n", "two columns are named 'a'"),
        "alike.csv": ("a-b,a b\n1,2\n", "two columns are named 'a_b'"),
        "quote.csv": ('a\n"x', "line 2: unexpected end of data"),
        "field.csv": ("a\n" + "x" * 200_000, "line 2: field larger"),
        "text.csv": ("a\n" + "x" * 70_000, "line 2: column 'a': a text of 70000"),
        "zero.csv": (b"a\n1\n\0\n", "line 3: not a text file"),
        "noise.csv": (bytes(range(128, 256)), "line 1: not utf-8 text"),
        "noise2.json": (b'[\n"\xff"]', "line 2: not utf-8 text"),
        "nan.json": ("[[1],\n[NaN]]", "line 2: JSON is malformed"),
        "infinite.json": ("[1e999]", "Number out of range"),
        "huge.json": ("[" + "9" * 5000 + "]", "out of range"),
        "deep.json": ("[" * 100_000, "nested too deeply"),
        "nest.json": ("[" + "[" * 900 + "]" * 900 + "]", ""),
        "half.json": ('["\\ud800"]', ""),
        "none.json": ("", "truncated"),
        "mixed.json": ('[1, {"a": 2}]', "a mixture"),
        "uneven.json": ("[[1], [1, 2]]", "record 2: 2 values instead of 1"),
        "scalar.json": ("7", "neither a list"),
        "flat.json": ('{"a": 1}', "select"),
        "lines.jsonl": ('{"a": 1}\n\n{"a": \n', "line 3:"),
        "bomb.yaml": (
            "\n".join(
                f"l{i}: &l{i} [{','.join([f'*l{i - 1}'] * 9)}]" if i else "l0: &l0 [x]"
                for i in range(30)
            ),
            "aliases that stand for too much",
        ),
        "merge.yaml": (
            "\n".join(
                f"l{i}: &l{i}\n  <<: [{','.join([f'*l{i - 1}'] * 9)}]" if i else "l0: &l0 {x: 1}"
                for i in range(30)
            ),
            "aliases that stand for too much",
        ),
        "chain.yaml": (
            "- &l0 [x]\n" + "\n".join(f"- &l{i} [*l{i - 1}]" for i in range(1, 3000)),
            "nested too deeply",
        ),
        "loop.yaml": ("a: &a [*a]", "line 1: an alias inside of what it stands for"),
        "steep.yaml": ("- " * 100_000, "line 1: nested too deeply"),
        "nan2.yaml": ("- .nan", "not finite"),
        "object.yaml": ("- !!python/object/apply:os.getpid []", "line 1: could not determine"),
        "two.yaml": ("[1]\n---\n[2]\n", "line 2: expected a single document"),
        "keys.yaml": ("- {1: 2}", "a key that is not a string"),
        "dates.yaml": ("- !!timestamp 2024-01-01", "a date"),
        "tab.yaml": ("a:\n\t- 1", "line 2:"),
    }

    def test_each_is_refused_alone_and_where_it_is_wrong(self):
        for name, (content, _) in self.CASES.items():
            self.write(name, content)
        self.write("good.csv", "x\n1\n")
        found, failed = self.read(self.driver())
        self.assertEqual({(1,)}, found["good"])
        for name, (_, problem) in self.CASES.items():
            with self.subTest(name=name):
                table = name.split(".")[0]
                if table == "nest":
                    self.assertEqual(1, len(found[table]))
                    continue
                self.assertIn(problem, failed[table])
                self.assertTrue(failed[table].startswith(f"{name}: "))
                self.assertLess(len(failed[table]), 300)
                self.assertNotIn(str(self.folder), failed[table])

    def test_bombs_take_little_memory(self):
        for name in ("bomb.yaml", "merge.yaml", "chain.yaml", "loop.yaml"):
            self.write(name, self.CASES[name][0])
        tracemalloc.start()
        try:
            self.driver()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        self.assertLess(peak, 40_000_000)

    def test_limits(self):
        self.write("a.csv", "x\n1\n2\n3\n")
        self.write("b.json", "[1, 2, 3]")
        self.write("c.jsonl", "1\n2\n3\n")
        _, failed = self.read(self.driver(max_rows=2))
        self.assertEqual({"a", "b", "c"}, set(failed))
        _, failed = self.read(self.driver(max_bytes=5))
        self.assertEqual({"a", "b", "c"}, set(failed))
        self.assertIn("max_bytes", failed["a"])

    def test_mark_of_byte_order(self):
        for name, content in {"a.csv": "x\n1\n", "b.json": "[1]", "c.yaml": "[1]"}.items():
            self.write(name, b"\xef\xbb\xbf" + content.encode())
        driver = self.driver()
        found, failed = self.read(driver)
        self.assertEqual({}, failed)
        self.assertEqual({(1,)}, found["a"] & found["b"] & found["c"])
        self.assertEqual([("x", "integer")], self.columns(driver, "a"))
