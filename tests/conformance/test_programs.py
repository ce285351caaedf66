"""The runner reads files of random programs, and tells what is wrong with one."""

import contextlib
import gzip
import io
import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from congress.testing.language import main, read_cases
from tests.conformance.make_programs import program

GIVEN = Path(__file__).parent / "cases" / "random.jsonl.gz"


class ProgramTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.program = program(4)

    def run_lines(self, *lines: str, name: str = "programs.jsonl") -> tuple[int, str]:
        """Exit code and output for a file of these lines."""
        data = "\n".join(lines).encode()
        path = self.folder / name
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = main([str(path)])
        return code, out.getvalue()

    def test_plain_and_compressed(self) -> None:
        line = json.dumps(self.program)
        for name in ("programs.jsonl", "programs.jsonl.gz"):
            with self.subTest(name=name):
                outcome = self.run_lines(line, "", line, name=name)
                self.assertEqual((0, "2 passed, 0 failed\n"), outcome)

    def test_the_file_holds_what_the_generator_draws(self) -> None:
        first = json.loads(gzip.decompress(GIVEN.read_bytes()).split(b"\n")[0])
        self.assertEqual(program(first["seed"]), first)
        self.assertEqual(16, len(read_cases(GIVEN)))

    def test_line_separators_inside_of_strings_do_not_end_a_line(self) -> None:
        self.program["id"] = "a\u2028b\x85c"
        self.program["fired_by_rules"].pop()
        _code, out = self.run_lines(json.dumps(self.program, ensure_ascii=False))
        self.assertTrue(out.startswith("a\u2028b\x85c: fired_by_rules"), out)

    def test_every_difference_is_noticed(self) -> None:
        def no_rows(made: dict[str, Any]) -> None:
            made["checks"][1]["tables"]["main:reach"] = []

        def no_action(made: dict[str, Any]) -> None:
            made["fired_by_rules"].pop()

        def one_action_more(made: dict[str, Any]) -> None:
            made["fired_by_updates"].append('desk:call.none("x")')

        def late_check(made: dict[str, Any]) -> None:
            made["checks"].append({"after": 1000, "tables": {}})

        def no_program(made: dict[str, Any]) -> None:
            del made["rules"]

        def bad_rule(made: dict[str, Any]) -> None:
            made["rules"].append({"policy": "main", "text": "x("})

        cases = {
            no_rows: "after 10 updates: main:reach: expected []",
            no_action: "fired_by_rules: missing [], surplus ['desk:call",
            one_action_more: "fired_by_updates: missing ['desk:call.none(\"x\")']",
            late_check: "a check after 1000 of 20 updates",
            no_program: "crashed: KeyError('rules')",
            bad_rule: "refused: ",
        }
        for change, message in cases.items():
            with self.subTest(change=change.__name__):
                changed = json.loads(json.dumps(self.program))
                change(changed)
                code, out = self.run_lines(json.dumps(changed), json.dumps(self.program))
                self.assertEqual(1, code)
                self.assertTrue(out.startswith(f"own004: {message}"), out)
                self.assertTrue(out.endswith("1 passed, 1 failed\n"), out)

    def test_files_that_cannot_be_read_count_as_failed(self) -> None:
        cases = {
            "broken.jsonl": (b"{", "broken.jsonl"),
            "broken.jsonl.gz": (b"no gzip", "broken.jsonl.gz"),
            "broken.yaml": (b"[", "broken.yaml"),
        }
        for name, (data, told) in cases.items():
            with self.subTest(name=name):
                (self.folder / name).write_bytes(data)
                out = io.StringIO()
                with contextlib.redirect_stdout(out):
                    code = main([str(self.folder / name), str(self.folder / "gone.yaml")])
                self.assertEqual(1, code)
                self.assertIn(told, out.getvalue())
                self.assertIn("0 passed, 2 failed", out.getvalue())
