"""Builtins on addresses and networks.

May import ``congress.model``, ``congress.interfaces``, netaddr and this folder
only. Families are never mixed: an IPv4 address sorts before every IPv6 address
and lies in no IPv6 network.
"""

import operator
from collections.abc import Callable

from netaddr import INET_ATON, IPAddress, IPNetwork

from congress.interfaces.builtin import BuiltinSet
from congress.model.builtin import Builtin
from congress.model.values import Value
from congress.plugins.builtin.arguments import integer, string

_COMPARISONS = (
    ("equal", operator.eq, "the same address as"),
    ("lt", operator.lt, "before"),
    ("lteq", operator.le, "before or the same as"),
    ("gt", operator.gt, "after"),
    ("gteq", operator.ge, "after or the same as"),
)


def address(value: Value) -> IPAddress:
    """An address, from its text (short forms too) or its number.

    :raises ValueError: if it is none.
    """
    if not isinstance(value, str):
        return IPAddress(integer(value))
    return IPAddress(_unspaced(value), flags=INET_ATON)


def network(value: Value) -> IPNetwork:
    """A network; the mask may be a length or an address, host bits do not matter.

    :raises ValueError: if it is none.
    """
    return IPNetwork(_unspaced(string(value)), expand_partial=True)


def _unspaced(text: str) -> str:
    """The text, if it holds no white space, behind which the C library reads no further."""
    if any(character.isspace() for character in text):
        raise ValueError(f"{text!r} is not an address")
    return text


def _comparing(compare: Callable[..., bool]) -> Callable[[Value, Value], bool]:
    return lambda x, y: compare(address(x), address(y))


def _equal(x: Value, y: Value) -> bool:
    return bool(network(x) == network(y))


def _overlap(x: Value, y: Value) -> bool:
    left, right = network(x), network(y)
    if left.version != right.version:
        return False
    return bool(left.first <= right.last and right.first <= left.last)


def _contains(x: Value, y: Value) -> bool:
    return address(x) in network(y)


_PAIR = ("string", "string")

BUILTINS: BuiltinSet = (
    *(
        Builtin(
            name=f"ips_{name}",
            inputs=("x", "y"),
            outputs=(),
            function=_comparing(compare),
            types=("string or number", "string or number"),
            description=f"address x is {words} address y",
        )
        for name, compare, words in _COMPARISONS
    ),
    Builtin(
        name="networks_equal",
        inputs=("x", "y"),
        outputs=(),
        function=_equal,
        types=_PAIR,
        description="x and y are the same network",
    ),
    Builtin(
        name="networks_overlap",
        inputs=("x", "y"),
        outputs=(),
        function=_overlap,
        types=_PAIR,
        description="x and y share an address",
    ),
    Builtin(
        name="ip_in_network",
        inputs=("x", "y"),
        outputs=(),
        function=_contains,
        types=("string or number", "string"),
        description="address x lies in network y",
    ),
)
