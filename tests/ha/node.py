"""One ``congress-server`` process, and what can be done to it."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from typing import Any

from tests.functional.system import halt, wait_until
from tests.ha.api import DEADLINE, Api

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER = pathlib.Path(sysconfig.get_path("scripts")) / "congress-server"

_ENVIRONMENT = {
    "PYTHONWARNINGS": "ignore",
    "PYTHONFAULTHANDLER": "1",
    "PYTHONPATH": str(ROOT),
}
_AUDIT = " congress.audit "

#: Options by group and name.
Settings = Mapping[str, Mapping[str, object]]


def merged(*settings: Settings) -> dict[str, dict[str, object]]:
    """Settings of which later ones take precedence."""
    result: dict[str, dict[str, object]] = {}
    for one in settings:
        for group, options in one.items():
            result.setdefault(group, {}).update(options)
    return result


def written(settings: Settings) -> str:
    """Settings as the text of a configuration file."""
    lines: list[str] = []
    for group, options in settings.items():
        lines.append(f"[{group}]")
        lines += [f"{name} = {value}" for name, value in options.items()]
    return "\n".join(lines) + "\n"


class Node:
    """A node. Its folder holds its configuration, state, log and health socket.

    :param name: what it is called on the bus.
    :param flags: more of the command line, its roles above all.
    :param port: where its API listens, if it has one.
    """

    def __init__(
        self,
        name: str,
        folder: pathlib.Path,
        flags: Sequence[str],
        settings: Settings,
        port: int = 0,
    ) -> None:
        folder.mkdir()
        self.name = name
        self.folder = folder
        self.log = folder / "log"
        self.port = port
        self.api = Api(f"http://127.0.0.1:{port}")
        self.has_api = "--api" in flags
        self.process: subprocess.Popen[bytes] | None = None
        self._socket = folder / "health"
        #: What differs in its environment, from the next start on.
        self.environment: dict[str, str] = {}
        self._flags = flags
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Write its configuration file; it reads it when it starts, or is told to reload."""
        self.settings = settings
        (self.folder / "congress.conf").write_text(written(settings))

    def start(self) -> None:
        """Start it, without waiting."""
        command = [sys.executable, str(SERVER), "--config-file", f"{self.folder}/congress.conf"]
        command += ["--node-id", self.name, "--node-health-socket", str(self._socket)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self._flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **_ENVIRONMENT, **self.environment},
            )

    def await_ready(self) -> None:
        """Wait until it says that it is ready; a failure if it ends."""
        wait_until(self.ready, f"node {self.name} is ready", DEADLINE)

    def ready(self) -> bool:
        """Whether it says that it is ready."""
        assert self.process is not None
        if self.process.poll() is not None:
            code = self.process.returncode
            raise AssertionError(f"node {self.name} ended with {code}: {self.tail()}")
        return self.health()[0] == 200

    def health(self, question: str = "ready") -> tuple[int, Any]:
        """Status and words of its health; status 0 if it tells none."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.settimeout(5)
            connection.sock.connect(str(self._socket))
            connection.request("GET", f"/health/{question}")
            answer = connection.getresponse()
            return answer.status, json.load(answer)
        except OSError:
            return 0, None
        finally:
            connection.close()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def pause(self) -> None:
        """``kill -STOP``: it does nothing, and knows nothing of it."""
        assert self.process is not None
        halt(self.process.pid)

    def resume(self) -> None:
        """``kill -CONT``."""
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """``kill -9``, if it runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def runs(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    def wait(self, seconds: float = DEADLINE) -> int:
        """The exit code of a process that ends by itself."""
        assert self.process is not None
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"node {self.name} does not end: {self.tail()}") from None

    def memory(self) -> int:
        """Kilobytes of memory that it takes."""
        assert self.process is not None
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def reports(self, text: str) -> int:
        """How often it logged something."""
        return self.log.read_text().count(text) if self.log.exists() else 0

    def tail(self, lines: int = 40) -> str:
        """The last lines of its log, without those that tell who asked for what."""
        text = self.log.read_text() if self.log.exists() else ""
        return "\n".join([line for line in text.splitlines() if _AUDIT not in line][-lines:])
