"""A real ``congress-server --standalone`` for tests, with its API and its client."""

import os
import pathlib
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import unittest
from collections.abc import Callable
from typing import Any, TypeVar

import requests

from tests.ports import free_port

T = TypeVar("T")
SCRIPTS = pathlib.Path(sysconfig.get_path("scripts"))
DEADLINE = 40.0
PAUSE = 0.05


def wait_until(condition: Callable[[], T], what: str, seconds: float = DEADLINE) -> T:
    """The condition's first true value; a failure after the deadline."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        select_pause()
    return value


def select_pause() -> None:
    """Give the processor away for a moment, while waiting for another process."""
    signal.sigtimedwait([], PAUSE)


def halt(pid: int) -> None:
    """``kill -STOP``, and wait until it has: on a busy machine a process goes on for a while."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: _halted(pid), f"process {pid} stands still")


def _halted(pid: int) -> bool:
    """Whether each thread of a process is stopped; not yet while one is just ending."""
    try:
        states = [
            (task / "stat").read_text().rpartition(")")[2].split()[0]
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return set(states) == {"T"}


class System:
    """One installation: a folder, a port, and a server that can be killed and restarted."""

    def __init__(self, case: unittest.TestCase, options: str = "") -> None:
        self.folder = pathlib.Path(case.enterContext(tempfile.TemporaryDirectory()))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = case.enterContext(requests.Session())
        self.http.trust_env = False
        self.config = self.folder / "congress.conf"
        defaults = f"[DEFAULT]\nbind_port = {self.port}\nstate_path = {self.folder}/state\n"
        self.config.write_text(defaults + options)
        self.log = self.folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        case.addCleanup(self.kill)

    def start(self) -> None:
        """Start the server and wait until it is ready."""
        command = [sys.executable, str(SCRIPTS / "congress-server"), "--standalone"]
        command += ["--config-file", str(self.config), "--log-file", str(self.log)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self.ready, "the server is ready")

    def ready(self) -> bool:
        """Whether the server can serve; a failure if it has ended."""
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"server ended with {self.process.returncode}: {self.tail()}")
        try:
            return self.http.get(f"{self.url}/health/ready", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def tail(self) -> str:
        """The last lines of the log."""
        return "\n".join(self.log.read_text().splitlines()[-30:]) if self.log.exists() else ""

    def kill(self) -> None:
        """``kill -9``, if it runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=DEADLINE)

    def congress(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run the client; a failure if it fails and ``check`` is set."""
        done = subprocess.run(
            [str(SCRIPTS / "congress"), *arguments],
            env={**os.environ, "CONGRESS_ENDPOINT": self.url},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if check and done.returncode:
            raise AssertionError(f"congress {arguments}: {done.stdout}{done.stderr}")
        return done

    def get(self, path: str) -> Any:
        """The JSON of a GET that succeeds."""
        response = self.http.get(self.url + path, timeout=30)
        if not response.ok:
            raise AssertionError(f"{path}: {response.status_code} {response.text}")
        return response.json()

    def create(self, path: str, **body: object) -> None:
        """Make something through the API."""
        answer = self.http.post(self.url + path, json=body, timeout=30)
        if answer.status_code != 201:
            raise AssertionError(f"POST {path}: {answer.status_code} {answer.text}")

    def push(self, path: str, *values: object) -> None:
        """Put rows of one column, as soon as the data source is open: until then it is 503."""
        rows = [[value] for value in values]

        def put() -> bool:
            answer = self.http.put(self.url + path, json=rows, timeout=30)
            if answer.status_code not in (200, 503):
                raise AssertionError(f"PUT {path}: {answer.status_code} {answer.text}")
            return answer.status_code == 200

        wait_until(put, "the rows are taken")

    def rows(self, policy: str, table: str) -> list[list[Any]]:
        """The rows of a policy's table; none if there is no such table yet."""
        response = self.http.get(f"{self.url}/v1/policies/{policy}/tables/{table}/rows", timeout=30)
        return [row["data"] for row in response.json()["results"]] if response.ok else []

    def ledger(self) -> list[dict[str, Any]]:
        """All entries of the ledger."""
        return list(self.get("/v1/ledger")["results"])
