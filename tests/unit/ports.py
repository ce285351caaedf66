"""Ports of loopback on which nobody listens."""

import socket
import unittest


def deaf_port(case: unittest.TestCase) -> int:
    """A port that refuses connections, and is given to nobody else, until the test ends.

    A server that is told to may listen there; when it has ended, connections are refused.
    """
    held = case.enterContext(socket.socket())
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return int(held.getsockname()[1])
