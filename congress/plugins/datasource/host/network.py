"""Network interfaces, their addresses and their traffic.

May import ``congress.model``, psutil and its own folder.
"""

import socket
from collections.abc import Iterator, Mapping

import psutil

from congress.plugins.datasource.columns import boolean, integer, string
from congress.plugins.datasource.host.reading import Reading, clean
from congress.plugins.datasource.host.table import RawRow, table

_FAMILIES: Mapping[int, str] = {
    socket.AF_INET: "ipv4",
    socket.AF_INET6: "ipv6",
    psutil.AF_LINK: "mac",
}
_DUPLEX: Mapping[int, str] = {psutil.NIC_DUPLEX_FULL: "full", psutil.NIC_DUPLEX_HALF: "half"}


def _interfaces(reading: Reading) -> Iterator[RawRow]:
    for name, state in reading.machine.interfaces().items():
        yield (
            clean(name),
            bool(state.isup),
            state.mtu,
            state.speed or None,
            _DUPLEX.get(state.duplex),
        )


def _addresses(reading: Reading) -> Iterator[RawRow]:
    for name, addresses in reading.machine.addresses().items():
        for item in addresses:
            family = _FAMILIES.get(item.family)
            if family is not None:
                address, _, _ = item.address.partition("%")
                yield (clean(name), family, address, item.netmask, item.broadcast)


def _traffic(reading: Reading) -> Iterator[RawRow]:
    for name, counters in reading.machine.traffic().items():
        yield (
            clean(name),
            counters.bytes_sent,
            counters.bytes_recv,
            counters.errin + counters.errout,
            counters.dropin + counters.dropout,
        )


_NAME = string("interface", "Name of the interface.", nullable=False)

TABLES = (
    table(
        "interfaces",
        "The network interfaces.",
        (
            _NAME,
            boolean("up", "Whether it is up."),
            integer("mtu", "Largest packet in bytes."),
            integer("speed", "Speed in megabits per second; null if unknown."),
            string("duplex", "full or half; null if unknown."),
        ),
        _interfaces,
        key=("interface",),
    ),
    table(
        "addresses",
        "Addresses of the network interfaces.",
        (
            _NAME,
            string("family", "ipv4, ipv6 or mac.", nullable=False),
            string("address", "The address, without a zone.", nullable=False),
            string("netmask", "Its network mask."),
            string("broadcast", "Its broadcast address."),
        ),
        _addresses,
    ),
    table(
        "interface_usage",
        "Traffic of the network interfaces since the start. Changes with every poll.",
        (
            _NAME,
            integer("sent", "Bytes sent."),
            integer("received", "Bytes received."),
            integer("errors", "Packets with errors, both ways."),
            integer("drops", "Packets dropped, both ways."),
        ),
        _traffic,
        key=("interface",),
        lazy=True,
    ),
)
