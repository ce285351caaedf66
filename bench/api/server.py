"""The server that is measured, as the bench sees it: its addresses, its contents, its time.

May import the standard library, ``bench.inventory``, ``bench.policies`` and this folder.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.inventory import COLUMNS
from bench.policies import FULL

_DEADLINE = 600.0


class Api:
    """The server that is measured, filled."""

    def __init__(self, folder: Path, servers: int) -> None:
        self.folder, self.servers = folder, servers
        config = folder / "congress.conf"
        config.write_text(
            f"[DEFAULT]\nstate_path = {folder}/state\nbind_port = 0\nverbose = false\n"
            "custom_driver_endpoints = cloud=bench.api.driver:CloudDriver\n"
            "[limits]\ntransaction_seconds = 600\n[audit]\nsink = none\n"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.api.node", "--config-file", str(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.urls: Mapping[str, str] = self._line()

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=60)

    def seconds(self) -> float:
        """The processor time it has taken so far."""
        parts = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    def middleware(self) -> Mapping[str, float]:
        """See ``stack.cost``."""
        assert self._process.stdin
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        told: Mapping[str, float] = self._line()
        return told

    def _line(self) -> Any:
        """What the server says next."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the server ended")
        return json.loads(line)

    def call(self, path: str, body: Any = None) -> Any:
        """The JSON of an answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.urls["api"] + path, data, headers)
        with urllib.request.urlopen(request, timeout=_DEADLINE) as answer:
            return json.loads(answer.read())

    def fill(self) -> None:
        """Make the policies, then the cloud, and wait until all of it is there."""
        names = "|".join(COLUMNS)
        text = re.sub(rf"(?<![\w:])({names})\(", r"inventory:\1(", FULL)
        statements = [one for one in re.split(r"\n(?=\w)", text.strip()) if one]
        rules = [{"rule": one.replace("\n", " ")} for one in statements]
        self.call("/v1/policies", {"name": "cloud", "kind": "datalog", "rules": rules})
        hundred = [{"rule": f'list("vm{number:03d}", {number})'} for number in range(100)]
        self.call("/v1/policies", {"name": "hundred", "rules": hundred})
        self.call("/v1/policies", {"name": "probe", "rules": []})
        config = {"servers": self.servers, "churn_file": str(self.folder / "churn")}
        self.call("/v1/data-sources", {"name": "inventory", "driver": "cloud", "config": config})
        told = self.call("/v1/policies/cloud/tables/error/changes")
        while not told["changes"] or not all(each["complete"] for each in told["coverage"]):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
                raise RuntimeError("the server ended")
            told = self.call("/v1/policies/cloud/tables/error/changes")

    def churn(self, rate: int) -> None:
        """Have so many servers change in a second from now on."""
        (self.folder / "churn").write_text(str(rate))
