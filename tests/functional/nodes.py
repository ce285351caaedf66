"""Several nodes in processes of their own, over the example transport."""

import json
import os
import select
import subprocess
import sys
import sysconfig
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from congress.testing.plugins import Shelf

DEADLINE = 60.0
SERVER = Path(sysconfig.get_path("scripts")) / "congress-server"
ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "congress-bus-example"
CONFIGURATION = """
[DEFAULT]
state_path = {folder}/state
bind_port = 0
auth_strategy = noauth
{options}
[dse]
heartbeat_interval = 0.1
leader_timeout = 1
peer_timeout = 1
[bus_unix]
folder = {folder}/bus
"""


class NodesCase(unittest.TestCase):
    """A folder with a configuration, and the nodes that are started from it."""

    def options(self) -> str:
        """More options of ``[DEFAULT]``."""
        return ""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.spawned: set[str] = set()
        shelf = self.enterContext(Shelf())
        metadata = shelf.install("radio", {"bus": {"unix": "congress_bus_example:UnixTransport"}})
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONWARNINGS": "ignore",
            "PYTHONPATH": f"{metadata.parent}:{EXAMPLE}:{ROOT}",
        }
        (self.folder / "congress.conf").write_text(
            CONFIGURATION.format(folder=self.folder, options=self.options())
        )

    def spawn(self, name: str, *flags: str) -> "subprocess.Popen[str]":
        """Start a node; its errors are in a file of its name."""
        self.spawned.add(name)
        command = [sys.executable, str(SERVER), "--config-file", f"{self.folder}/congress.conf"]
        with (self.folder / name).open("a") as errors:
            process = subprocess.Popen(
                [*command, "--node-id", name, *flags],
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self.environment,
                text=True,
            )
        self.addCleanup(self.clear_away, process)
        return process

    def clear_away(self, process: "subprocess.Popen[str]") -> None:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()

    def banner(self, process: "subprocess.Popen[str]") -> str:
        assert process.stdout
        select.select([process.stdout], [], [], DEADLINE)
        text = process.stdout.readline()
        self.assertIn("is serving", text, self.errors())
        return text.strip()

    def errors(self) -> str:
        files = [self.folder / name for name in self.spawned]
        return "\n".join(f"{file.name}: {file.read_text()}" for file in files)

    def call(self, path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers)
        if path.endswith("/rows") and body is not None:
            request.get_method = lambda: "PUT"  # type: ignore[method-assign]
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text.strip() else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def rows(self, path: str) -> Any:
        status, answer = self.call(path)
        return sorted(row["data"] for row in answer["results"]) if status == 200 else status

    def expect(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"{what}\n{self.errors()}")
            select.select([], [], [], 0.05)
