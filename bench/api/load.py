"""Load from ``wrk``: many requests at a time, and how long they took.

May import the standard library only.
"""

import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 8

#: Seconds one answer may take; on a busy machine a write takes several at times.
PATIENCE = 60

_SENT = re.compile(r"(\d+) requests in ")
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_LATENCY = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)\s*$", re.MULTILINE)
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_FAILED = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)")


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured: requests in a second, seconds that half of them, or all but one
    in a hundred, took at most, and processor seconds that the server spent on one."""

    rate: float
    half: float
    most: float
    processor: float


def load(url: str, script: str, seconds: int, spent: Callable[[], float]) -> Load:
    """Send requests as fast as they are answered.

    :param script: in Lua, as wrk wants it; makes the requests. Empty for plain ones.
    :param spent: tells the processor seconds of the server so far.
    :raises RuntimeError: some were not answered well.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = ["wrk", "--latency", f"--timeout={PATIENCE}s", "-t1"]
        command += [f"-c{CONNECTIONS}", f"-d{seconds}s"]
        if script:
            file = Path(folder) / "requests.lua"
            file.write_text(script)
            command += ["-s", str(file)]
        before = spent()
        done = subprocess.run([*command, url], capture_output=True, text=True, check=False)
        took = spent() - before
    if done.returncode:
        raise RuntimeError(f"wrk {url} ended with {done.returncode}: {done.stdout}{done.stderr}")
    if failed := _FAILED.search(done.stdout):
        raise RuntimeError(f"{url}: {failed[0]}")
    rate = _RATE.search(done.stdout)
    sent = _SENT.search(done.stdout)
    assert rate and sent
    times = {
        part: float(number) * _SECONDS[unit] for part, number, unit in _LATENCY.findall(done.stdout)
    }
    return Load(float(rate[1]), times["50"], times["99"], took / max(1, int(sent[1])))
