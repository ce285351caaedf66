"""A real server for functional tests: a process of its own, in a folder of its own."""

import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

#: Seconds a server may take to start or to end.
DEADLINE = 60.0

_SERVING = re.compile(rb"is serving at (http://\S+)")


class LiveServer:
    """``congress-server`` on a free port. ``url`` is where it listens.

    :param settings: configuration after ``[DEFAULT] state_path`` and ``bind_port``.
    :param arguments: the command line besides the configuration file.
    """

    def __init__(self, settings: str = "", arguments: Sequence[str] = ("--standalone",)) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        file = self.configure(settings)
        self._log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "congress.cli.server", *arguments, "--config-file", file],
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )
        try:
            self.url = self._await_url()
        except BaseException:
            self.close()
            raise

    def _await_url(self) -> str:
        """Wait for the line that says where it serves."""
        assert self._process.stdout is not None
        printed, end = b"", time.monotonic() + DEADLINE
        while not (found := _SERVING.search(printed)):
            ready, _, _ = select.select([self._process.stdout], [], [], end - time.monotonic())
            piece = os.read(self._process.stdout.fileno(), 4096) if ready else b""
            if not piece:
                raise AssertionError(f"the server did not start: {self.log()}")
            printed += piece
        return found[1].decode()

    def configure(self, settings: str) -> Path:
        """Write its configuration file; where that is."""
        file = self.folder / "congress.conf"
        defaults = f"[DEFAULT]\nstate_path = {self.folder}/state\nbind_port = 0\n"
        file.write_text(defaults + settings)
        return file

    def reload(self) -> None:
        """Have it read the file again."""
        self._process.send_signal(signal.SIGHUP)

    def log(self) -> str:
        """What it logged up to now."""
        return (self.folder / "log").read_text(errors="replace")

    def close(self) -> int:
        """End it; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(DEADLINE)
        finally:
            self._process.kill()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._log.close()
            self._folder.cleanup()
        return code
