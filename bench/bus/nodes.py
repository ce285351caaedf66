"""The nodes that are measured: as many ``congress-server`` processes as it takes.

May import the standard library, SQLAlchemy and this folder. Over RabbitMQ they are engines
with the API and one datasource node; without it, one process with all roles.
"""

import http.client
import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.bus.client import Client

SCRIPTS = Path(sysconfig.get_path("scripts"))
#: Seconds that anything may take, on a busy machine.
DEADLINE = 300.0

_CONFIG = """[DEFAULT]
state_path = {folder}/state
auth_strategy = noauth
bind_host = 127.0.0.1
bind_port = {port}
verbose = false
{shared}
[limits]
transaction_seconds = 600
[audit]
sink = none
"""

_SHARED = """replicated_policy_engine = true
encryption_key_path = {folder}/keys
transport_url = {broker}
[dse]
bus_id = {bus}
[database]
connection = {database}"""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_true(condition: Callable[[], Any], what: str, seconds: float = DEADLINE) -> None:
    """Wait until something holds. :raises RuntimeError: it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds:g} s: {what}")
        time.sleep(0.01)


class Node:
    """One process."""

    def __init__(self, name: str, folder: Path, shared: str, flags: tuple[str, ...]) -> None:
        folder.mkdir()
        self.port = free_port()
        self.client = Client("127.0.0.1", self.port)
        self._folder = folder
        config = folder / "congress.conf"
        config.write_text(_CONFIG.format(folder=folder, port=self.port, shared=shared))
        self._socket = folder / "health"
        self._command = [sys.executable, str(SCRIPTS / "congress-server"), "--node-id", name]
        self._command += ["--config-file", str(config), "--node-health-socket", str(self._socket)]
        self._command += flags
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, without waiting."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONWARNINGS": "ignore"},
            )

    def ready(self) -> bool:
        """Whether it says that it is ready.

        :raises RuntimeError: it has ended.
        """
        assert self._process is not None
        if self._process.poll() is not None:
            tail = (self._folder / "log").read_text()[-2000:]
            raise RuntimeError(f"a server ended with {self._process.returncode}: {tail}")
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.settimeout(5)
            connection.sock.connect(str(self._socket))
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def kill(self) -> None:
        """``kill -9``, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Cluster:
    """A Congress; use it in a ``with`` statement.

    :param engines: how many engines; 0 for one process with all roles, without a broker.
    """

    def __init__(self, engines: int) -> None:
        self._number = engines
        self._stack = ExitStack()
        self.engines: list[Node] = []
        self.folder = Path()

    def __enter__(self) -> "Cluster":
        with ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            if self._number:
                self._make_several(stack)
            else:
                self.source = Node("all", self.folder / "all", "", ())
                self.engines = [self.source]
            self.nodes = list(dict.fromkeys([*self.engines, self.source]))
            for node in self.nodes:
                stack.callback(node.kill)
                node.start()
            for node in self.nodes:
                await_true(node.ready, "a node is ready")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def _make_several(self, stack: ExitStack) -> None:
        """Nodes of their own for engines and for data sources, on a database of their own."""
        name = f"bench_{uuid.uuid4().hex[:12]}"
        server = os.environ["CONGRESS_TEST_MYSQL_URL"]
        url = sa.make_url(server).set(database=name).render_as_string(hide_password=False)
        admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        stack.callback(_drop, admin, name)
        shared = _SHARED.format(
            folder=self.folder,
            broker=os.environ["CONGRESS_TEST_RABBITMQ_URL"],
            bus=name,
            database=url,
        )
        self.engines = [
            Node(f"pe-{number}", self.folder / f"pe-{number}", shared, ("--api", "--policy-engine"))
            for number in range(1, self._number + 1)
        ]
        self.source = Node("ds", self.folder / "ds", shared, ("--datasources",))
        config = f"{self.folder}/ds/congress.conf"
        subprocess.run(
            [str(SCRIPTS / "congress-db-manage"), "--config-file", config, "upgrade"],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )


def _drop(admin: sa.Engine, name: str) -> None:
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    admin.dispose()
