"""Servers of one test alone, which it may kill, stop, pause and start again.

They are instances that ``script/services`` runs in a folder and on ports of their own.
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile
from contextlib import ExitStack
from typing import Self

from tests.functional.system import halt, wait_until
from tests.ports import free_ports

ROOT = pathlib.Path(__file__).resolve().parents[2]

#: Ports in a row that an instance of each service takes.
PORTS = {"rabbitmq": 3, "galera": 9, "mariadb": 1, "postgresql": 1}


class PrivateServer:
    """An instance of a service; entered, it runs.

    :param name: what ``script/services`` calls it.
    """

    def __init__(self, name: str, **environment: str) -> None:
        self.name = name
        self._environment = {**os.environ, **environment}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # The servers run as users of their own, who must be able to get there.
            folder = stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp"))
            os.chmod(folder, 0o711)
            self.folder = pathlib.Path(folder, "services")
            self.port = free_ports(PORTS[self.name])
            self._environment |= {
                "CONGRESS_SERVICES_DIR": str(self.folder),
                f"CONGRESS_{self.name.upper()}_PORT": str(self.port),
            }
            stack.callback(self.stop)
            self.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def start(self) -> None:
        """Start it, or what is missing of it."""
        self._services("start", self.name)

    def stop(self) -> None:
        """Stop it in order."""
        self._services("stop", self.name)

    def restart(self) -> None:
        """Stop it in order, keeping its data, and start it."""
        number = self.process()
        os.kill(number, signal.SIGTERM)
        wait_until(lambda: not _lives(number), f"{self.name} has ended")
        self.start()

    def kill(self, member: str = "") -> None:
        """``kill -9``, of one member if it is a cluster."""
        number = self.process(member)
        os.kill(number, signal.SIGKILL)
        wait_until(lambda: not _lives(number), f"{self.name} is killed")

    @contextlib.contextmanager
    def paused(self, member: str = ""):  # type: ignore[no-untyped-def]
        """``kill -STOP``, and ``kill -CONT`` at the end."""
        number = self.process(member)
        halt(number)
        try:
            yield
        finally:
            os.kill(number, signal.SIGCONT)

    def urls(self) -> list[str]:
        """Where nodes find it; a cluster is found at several places."""
        lines = self._services("env").splitlines()
        (line,) = [line for line in lines if f"127.0.0.1:{self.port}" in line]
        return line.partition("=")[2].strip("'").split()

    def process(self, member: str = "") -> int:
        """The id of its process. That of PostgreSQL is the one which the others end with."""
        places = {"postgresql": "data/postmaster.pid"}
        file = self.folder / self.name / member / places.get(self.name, "pid")
        return int(file.read_text().split()[0])

    def _services(self, *arguments: str) -> str:
        done = subprocess.run(
            ["script/services", *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"script/services {' '.join(arguments)}: {done.stderr}")
        return done.stdout


class PrivateBroker(PrivateServer):
    """A RabbitMQ, of its own or of the cluster of another one."""

    def __init__(self, join: "PrivateBroker | None" = None) -> None:
        environment = {"CONGRESS_RABBITMQ_JOIN": str(join.folder)} if join else {}
        super().__init__("rabbitmq", **environment)

    @property
    def url(self) -> str:
        """Where nodes find it."""
        return self.urls()[0]

    def control(self, *arguments: str) -> str:
        """What ``rabbitmqctl`` answers."""
        return self._services("rabbitmqctl", *arguments)

    def queues(self, bus: str) -> list[str]:
        """The names of the queues of a bus."""
        names = self.control("list_queues", "name").splitlines()
        return sorted(name for name in names if f"congress.{bus}." in name)

    def has_written_down(self, bus: str) -> bool:
        """Whether it would know the queues of a bus after it was killed.

        RabbitMQ writes the names of replicated queues some seconds after it made them;
        one that it did not write is dead for ever when it comes back.
        """
        (file,) = (self.folder / "rabbitmq" / "data").glob("*/quorum/*/names.dets")
        text = file.read_bytes()
        queues = self.queues(bus)
        return bool(queues) and all(name.encode() in text for name in queues)


def _lives(number: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        return os.path.exists(f"/proc/{number}/exe")
    except PermissionError:
        return True
