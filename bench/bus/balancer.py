"""HAProxy in front of the engines, as the sample configuration has it.

May import the standard library and this folder.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.bus.client import Client
from bench.bus.nodes import Node, await_true, free_port

SAMPLE = Path(__file__).resolve().parents[2] / "etc/haproxy/congress.cfg"
_PATHS = os.environ["PATH"] + ":/usr/sbin"


class Balancer:
    """Runs in a ``with`` statement."""

    def __init__(self, folder: Path, engines: Sequence[Node]) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._client = Client("127.0.0.1", port)
        self._file = folder / "haproxy.cfg"
        lines = [
            line
            for line in SAMPLE.read_text().splitlines()
            if not line.strip().startswith(("server ", "stats socket", "log ", "option httplog"))
        ]
        text = "\n".join(lines).replace("bind :1789", f"bind 127.0.0.1:{port}")
        text += "".join(
            f"\n    server pe-{number} 127.0.0.1:{node.port} cookie pe-{number}"
            for number, node in enumerate(engines, 1)
        )
        self._file.write_text(text + "\n")

    def __enter__(self) -> "Balancer":
        self._process = subprocess.Popen(
            ["haproxy", "-db", "-f", str(self._file)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PATH": _PATHS},
        )
        await_true(lambda: self._client.ask("GET", "/v1/policies")[0] == 200, "the balancer works")
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.wait()
