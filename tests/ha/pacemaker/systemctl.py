"""What ``systemctl`` does to services, for a machine without systemd.

Called as it: ``daemon-reload``, ``enable --now UNIT``, ``start UNIT``, ``stop UNIT`` and
``restart UNIT``. Of a unit it knows how to start it; it needs the standard library only.
"""

import configparser
import os
import pathlib
import select
import shlex
import signal
import string
import subprocess
import sys

FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system")


def command(unit: str) -> list[str]:
    """How to start a unit."""
    name, at, instance = unit.partition("@")
    (file, *_) = (
        path for folder in FOLDERS if (path := pathlib.Path(folder, f"{name}{at}.service")).exists()
    )
    parser = configparser.ConfigParser(interpolation=None, delimiters="=", strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(file)
    service = parser["Service"]
    settings = dict(one.split("=", 1) for one in shlex.split(service.get("Environment", "")))
    line = string.Template(service["ExecStart"].replace("%i", instance))
    return shlex.split(line.safe_substitute(settings))


def start(unit: str) -> None:
    """Start a unit, without waiting."""
    with open(f"/var/log/{unit}.log", "ab") as log:
        process = subprocess.Popen(
            command(unit), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    pathlib.Path(f"/run/{unit}.pid").write_text(str(process.pid))


def stop(unit: str) -> None:
    """Stop a unit, if it was started, and wait until it has ended."""
    file = pathlib.Path(f"/run/{unit}.pid")
    if file.exists():
        pid = int(file.read_text())
        file.unlink()
        ended = os.pidfd_open(pid)
        signal.pidfd_send_signal(ended, signal.SIGTERM)
        select.select([ended], [], [])


if __name__ == "__main__":
    verb, unit = sys.argv[1], sys.argv[-1]
    if verb in ("stop", "restart"):
        stop(unit)
    if verb in ("enable", "start", "restart"):
        start(unit)
