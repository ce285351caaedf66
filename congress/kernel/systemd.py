"""Word to systemd about the state of the process, as in sd_notify(3).

May import the standard library only. Without ``NOTIFY_SOCKET`` nothing is said.
"""

import logging
import os
import socket

LOG = logging.getLogger(__name__)

READY = "READY=1"
RELOADING = "RELOADING=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"


def notify(state: str) -> bool:
    """Tell the service manager; whether there is one and the word got out."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return False
    address = "\0" + path[1:] if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.sendto(state.encode(), address)
    except OSError as error:
        LOG.warning("cannot tell the service manager %s: %s", state, error)
        return False
    return True


def watchdog_interval() -> float | None:
    """Seconds between two signs of life the service manager asks for, if it does."""
    try:
        microseconds = int(os.environ.get("WATCHDOG_USEC", "0"))
        watched = int(os.environ.get("WATCHDOG_PID", str(os.getpid())))
    except ValueError:
        return None
    if microseconds <= 0 or watched != os.getpid():
        return None
    return microseconds / 2_000_000
