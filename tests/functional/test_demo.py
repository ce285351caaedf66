"""The demo does what it says, and leaves nothing behind."""

import os
import pathlib
import pty
import signal
import subprocess
import sys
import tempfile
import unittest

from tests.functional.system import wait_until

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

    def test_on_a_terminal_until_interrupted(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            near, far = pty.openpty()
            self.addCleanup(os.close, near)
            process = subprocess.Popen(
                [sys.executable, str(ROOT / "script/demo.py")],
                env={"TMPDIR": folder, "PATH": "/usr/bin:/bin", "TERM": "xterm"},
                stdin=far,
                stdout=far,
                stderr=far,
                start_new_session=True,
            )
            os.close(far)
            os.set_blocking(near, False)
            self.addCleanup(process.kill)
            self.seen = b""
            wait_until(lambda: b"unexpected listener" in self.screen(near), "it shows", 90)
            os.killpg(process.pid, signal.SIGINT)
            wait_until(lambda: self.screen(near) and process.poll() is not None, "it ends")
            self.assertEqual(0, process.returncode, self.screen(near)[-2000:])
            self.assertEqual([], list(pathlib.Path(folder).iterdir()))

    def screen(self, terminal: int) -> bytes:
        """Everything that was shown so far."""
        try:
            while more := os.read(terminal, 65536):
                self.seen += more
        except OSError:
            pass
        return self.seen
