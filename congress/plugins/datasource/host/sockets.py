"""Sockets: what listens, what is connected, and whose it is.

May import ``congress.model`` and its own folder.

Invariant: a socket whose owner cannot be read has a row with nulls for it.
"""

import socket
from collections.abc import Iterator
from typing import Any

from congress.plugins.datasource.columns import integer, string
from congress.plugins.datasource.host.reading import Reading
from congress.plugins.datasource.host.table import RawRow, table

_LISTENING = "LISTEN"


def _protocol(item: Any) -> tuple[str, str]:
    """Protocol and address family of a socket."""
    return (
        "tcp" if item.type == socket.SOCK_STREAM else "udp",
        "ipv6" if item.family == socket.AF_INET6 else "ipv4",
    )


def _owner(reading: Reading, pid: int | None) -> RawRow:
    """Process number, process name, user name and user id of a socket's owner."""
    facts = reading.processes.get(pid) if pid is not None else None
    if facts is None:
        return (pid, None, None, None)
    return (pid, facts.name, facts.username, facts.effective_uid)


def _listens(item: Any) -> bool:
    """Whether a socket waits for anybody: listening TCP, or bound UDP without a peer."""
    if item.type == socket.SOCK_STREAM:
        return bool(item.status == _LISTENING)
    return bool(item.laddr) and not item.raddr


def _listeners(reading: Reading) -> Iterator[RawRow]:
    for item in reading.sockets:
        if _listens(item) and item.laddr:
            address, port = item.laddr[:2]
            yield (*_protocol(item), address, port, *_owner(reading, item.pid))


def _connections(reading: Reading) -> Iterator[RawRow]:
    for item in reading.sockets:
        if item.raddr and not _listens(item):
            status = item.status.lower() if item.type == socket.SOCK_STREAM else None
            near, far = item.laddr[:2], item.raddr[:2]
            yield (*_protocol(item), *near, *far, status, *_owner(reading, item.pid))


_KIND = (
    string("protocol", "tcp or udp.", nullable=False),
    string("family", "ipv4 or ipv6.", nullable=False),
)
_OWNER = (
    integer("pid", "Process that holds the socket; null if that may not be read."),
    string("process", "Name of that process."),
    string("username", "User who owns that process."),
    integer("uid", "Effective user id of that process."),
)

TABLES = (
    table(
        "listeners",
        "Sockets that wait for connections or datagrams.",
        (
            *_KIND,
            string("address", "Address it is bound to; 0.0.0.0 or :: is every interface."),
            integer("port", "Port it is bound to."),
            *_OWNER,
        ),
        _listeners,
    ),
    table(
        "connections",
        "Sockets that are connected to a peer.",
        (
            *_KIND,
            string("local_address", "Own address."),
            integer("local_port", "Own port."),
            string("remote_address", "Address of the peer."),
            integer("remote_port", "Port of the peer."),
            string("status", "State of a TCP connection: established, time_wait ..."),
            *_OWNER,
        ),
        _connections,
        lazy=True,
    ),
)
