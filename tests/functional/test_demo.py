"""The demo does what it says, and leaves nothing behind."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class DemoTest(unittest.TestCase):
    def test_once(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, str(ROOT / "script/demo.py"), "--once"],
                env={"TMPDIR": folder, "PATH": "/usr/bin:/bin", "COLUMNS": "160"},
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
            self.assertIn("unexpected listener", done.stdout)
            self.assertIn("done", done.stdout)
            self.assertEqual([], list(pathlib.Path(folder).iterdir()))
