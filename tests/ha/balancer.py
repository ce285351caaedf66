"""HAProxy with the sample configuration, in front of the nodes of a test."""

import os
import pathlib
import re
import subprocess

from tests.functional.system import wait_until
from tests.ha.api import DEADLINE, Api
from tests.ha.node import ROOT, Node
from tests.ports import free_port

SAMPLE = ROOT / "etc/haproxy/congress.cfg"
PATHS = os.environ["PATH"] + ":/usr/sbin"
COOKIE = "CONGRESS_NODE"


class Balancer:
    """The sample with other addresses; everything else is as shipped. It is for two nodes,
    with the names that the sample has."""

    def __init__(self, folder: pathlib.Path, *nodes: Node) -> None:
        self.nodes = nodes
        port = free_port()
        self.api = Api(f"http://127.0.0.1:{port}")
        self._folder = folder
        self._file = folder / "haproxy.cfg"
        ports = {node.name: node.port for node in nodes}
        text = SAMPLE.read_text().replace("bind :1789", f"bind 127.0.0.1:{port}")
        text = text.replace("/run/haproxy-congress.sock", f"{folder}/haproxy.sock")
        self._file.write_text(
            re.sub(
                r"192\S+ cookie (\S+)",
                lambda found: f"127.0.0.1:{ports[found[1]]} cookie {found[1]}",
                text,
            )
        )

    def __enter__(self) -> "Balancer":
        with (self._folder / "haproxy.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["haproxy", "-db", "-f", str(self._file)],
                stdout=log,
                stderr=log,
                env={**os.environ, "PATH": PATHS},
            )
        self.await_in_use(*self.nodes)
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.wait()

    def await_in_use(self, *nodes: Node) -> None:
        """Wait until requests come to these nodes, and to no others."""
        wanted = {node.name for node in nodes}
        wait_until(lambda: self.in_use() == wanted, f"requests come to {sorted(wanted)}", DEADLINE)

    def in_use(self) -> set[str]:
        """The nodes that requests without a cookie come to."""
        return {self.answered_by("") for _ in range(4)}

    def answered_by(self, name: str) -> str:
        """The node that answers a client that has the cookie of a node; '' if none does."""
        headers = {"Cookie": f"{COOKIE}={name}"} if name else {}
        try:
            answer = self.api.ask("GET", "/v1/policies", **headers)
        except OSError:
            return ""
        return (answer.cookies.get(COOKIE) or name) if answer.ok else ""
