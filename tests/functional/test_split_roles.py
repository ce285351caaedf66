"""One Congress in several processes: each role in its own, over the example transport."""

import json
import os
import select
import signal
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
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "congress-bus-example"
CONFIGURATION = """
[DEFAULT]
state_path = {folder}/state
bind_port = 0
auth_strategy = noauth
[dse]
heartbeat_interval = 0.1
leader_timeout = 1
peer_timeout = 1
[bus_unix]
folder = {folder}/bus
"""


class SplitTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        shelf = self.enterContext(Shelf())
        metadata = shelf.install("radio", {"bus": {"unix": "congress_bus_example:UnixTransport"}})
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONWARNINGS": "ignore",
            "PYTHONPATH": f"{metadata.parent}:{EXAMPLE}",
        }
        (self.folder / "congress.conf").write_text(CONFIGURATION.format(folder=self.folder))

    def spawn(self, name: str, *flags: str) -> "subprocess.Popen[str]":
        """Start a node; its errors are in a file of its name."""
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
        names = ("ds", "pe", "api")
        files = [self.folder / name for name in names if (self.folder / name).is_file()]
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

    def test_roles_in_processes_of_their_own(self) -> None:
        api = self.spawn("api", "--api")
        self.url = self.banner(api).rpartition(" ")[2]
        pe = self.spawn("pe", "--policy-engine")
        ds = self.spawn("ds", "--datasources")
        self.banner(pe)
        self.banner(ds)
        self.expect(lambda: self.call("/v1/policies", {"name": "p"})[0] in (201, 409), "a policy")
        self.assertEqual(201, self.call("/v1/policies/p/rules", {"rule": "q(x) :- s:t(x)"})[0])
        source = {"name": "s", "driver": "push", "config": {"tables": {"t": ["x"]}}}
        self.expect(lambda: self.call("/v1/data-sources", source)[0] in (201, 409), "a source")
        self.expect(lambda: self.push([["a"], ["b"]]), "rows can be pushed")
        self.expect(self.has([["a"], ["b"]]), "the rows reach the rule")
        self.replace_datasource_node(ds)
        self.replace_policy_engine(pe)
        for process in (api, *self.successors):
            process.terminate()
        for process in (api, *self.successors):
            self.assertEqual(0, process.wait(DEADLINE), self.errors())

    def push(self, rows: list[list[str]]) -> bool:
        return self.call("/v1/data-sources/s/tables/t/rows", rows)[0] == 200

    def has(self, rows: list[list[str]]) -> Callable[[], bool]:
        return lambda: self.rows("/v1/policies/p/tables/q/rows") == rows

    def replace_datasource_node(self, old: "subprocess.Popen[str]") -> None:
        """A second node of that name is turned away; after a kill it takes over."""
        double = self.spawn("ds", "--datasources")
        self.assertEqual(3, double.wait(DEADLINE), self.errors())
        old.send_signal(signal.SIGKILL)
        old.wait()
        self.successors = [self.spawn("ds", "--datasources")]
        self.banner(self.successors[0])
        self.expect(lambda: self.push([["c"]]), "the successor takes rows")
        self.expect(self.has([["c"]]), "the successor's rows reach the rule")

    def replace_policy_engine(self, old: "subprocess.Popen[str]") -> None:
        """Without an engine the API says so; with a new one everything is there again."""
        old.send_signal(signal.SIGKILL)
        old.wait()
        self.expect(lambda: self.rows("/v1/policies/p/tables/q/rows") == 503, "503 meanwhile")
        self.successors.append(self.spawn("pe2", "--policy-engine"))
        self.banner(self.successors[1])
        self.expect(self.has([["c"]]), "the new engine has the rows")
