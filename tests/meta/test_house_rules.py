"""Tests of the tree itself: sizes, docstrings, and what must not be left behind."""

import ast
import pathlib
import re
import unittest
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE_LINES = 600
FUNCTION_LINES = 60
FORBIDDEN_NAMES = {"utils.py", "util.py", "common.py", "helpers.py", "helper.py", "misc.py"}
LEFT_OPEN = re.compile(r"#\s*(TODO|FIXME|XXX)|raise NotImplementedError")
THREADS = re.compile(r"\bthreading\.Thread\(|\btime\.sleep\(|\btime\.(time|monotonic)\(\)")
#: The kernel, which makes what others use; the suite that tries transports in real
#: time; and the simulator's fibres, which are threads that take turns.
MAY_MAKE_THREADS = {
    "congress/kernel/threads.py",
    "congress/kernel/clock.py",
    "congress/testing/bus.py",
    "congress/testing/fibre.py",
}


def sources(*folders: str) -> Iterator[tuple[str, str]]:
    """Name and text of every Python file below some folders."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text()


class SizeTest(unittest.TestCase):
    def test_files_and_functions_are_short(self) -> None:
        long = []
        for name, text in sources("congress"):
            if text.count("\n") > FILE_LINES:
                long.append(f"{name}: {text.count(chr(10))} lines")
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef):
                    size = (node.end_lineno or node.lineno) - node.lineno + 1
                    if size > FUNCTION_LINES:
                        long.append(f"{name}:{node.lineno} {node.name}: {size} lines")
        self.assertEqual([], long)


class WritingTest(unittest.TestCase):
    def test_every_module_says_what_it_is_for(self) -> None:
        silent = [
            name
            for name, text in sources("congress", "osc", "tests", "script", "examples")
            if text.strip() and not ast.get_docstring(ast.parse(text))
        ]
        self.assertEqual([], silent)

    def test_public_classes_and_functions_have_docstrings(self) -> None:
        silent = []
        for name, text in sources("congress"):
            for node in ast.parse(text).body:
                if (
                    isinstance(node, ast.ClassDef | ast.FunctionDef)
                    and not node.name.startswith("_")
                    and not ast.get_docstring(node)
                ):
                    silent.append(f"{name}:{node.lineno} {node.name}")
        self.assertEqual([], silent)

    def test_names_say_something(self) -> None:
        vague = [
            name for name, _ in sources("congress") if pathlib.Path(name).name in FORBIDDEN_NAMES
        ]
        self.assertEqual([], vague)

    def test_nothing_is_left_open(self) -> None:
        found = [
            f"{name}:{number}"
            for name, text in sources("congress", "osc", "script", "examples")
            for number, line in enumerate(text.splitlines(), 1)
            if LEFT_OPEN.search(line)
        ]
        self.assertEqual([], found)


class RuntimeTest(unittest.TestCase):
    def test_threads_and_time_come_from_the_kernel(self) -> None:
        found = [
            f"{name}:{number}"
            for name, text in sources("congress")
            if name not in MAY_MAKE_THREADS
            for number, line in enumerate(text.splitlines(), 1)
            if THREADS.search(line)
        ]
        self.assertEqual([], found)


class TestTest(unittest.TestCase):
    def test_tests_do_not_sleep(self) -> None:
        found = [name for name, text in sources("tests") if re.search(r"time\.sleep\(", text)]
        self.assertEqual([], [name for name in found if not name.endswith("test_house_rules.py")])
