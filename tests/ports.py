"""Ports of loopback: for servers that are told which to take, and such as nobody listens on.

Invariants: nobody listens on a port that is given out; it is given to no other process of
the tests while this one lives; and it is none of those that the system itself gives out,
so that it is not taken by a connection before the server is there.
"""

import fcntl
import os
import pathlib
import random
import socket
import tempfile
import unittest

#: Where the system gives out none, in blocks that are given out whole.
FIRST, END, BLOCK = 20_000, 32_000, 10

#: The open files of the blocks that this process has.
_taken: list[int] = []


def free_port() -> int:
    """A port for this process."""
    return free_ports(1)


def free_ports(count: int) -> int:
    """The first of some ports in a row for this process, ``BLOCK`` at most."""
    assert count <= BLOCK
    while True:
        first = random.randrange(FIRST, END, BLOCK)
        if _take(first) and all(map(_is_free, range(first, first + count))):
            return first


def deaf_port(case: unittest.TestCase) -> int:
    """A port that refuses connections, and is given to nobody else, until the test ends.

    A server that is told to may listen there; when it has ended, connections are refused.
    """
    held = case.enterContext(socket.socket())
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return int(held.getsockname()[1])


def _take(first: int) -> bool:
    """Take a block, if no process of the tests has it."""
    folder = pathlib.Path(tempfile.gettempdir(), f"congress-test-ports-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    file = os.open(folder / str(first), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    _taken.append(file)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
