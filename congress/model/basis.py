"""What a conclusion follows from: how far each of its sources had come.

May import the standard library only.

A *basis* maps names to positions: of a source's table (``nova:servers``) the epoch
and the sequence number, of policy (``policy``) its revision. Equal rules come to equal
conclusions from equal bases, whoever draws them; so bases tell which of two
conclusions is the later one, where no clock and no arrival can.

Invariant: of what a basis does not name nothing follows, and nothing is concluded.
"""

import json
from collections.abc import Iterable, Mapping
from typing import TypeAlias

Mark: TypeAlias = tuple[int, int]
Basis: TypeAlias = Mapping[str, Mark]

POLICY = "policy"

#: Before anything that a source ever published.
NOWHERE: Mark = (0, 0)


def covers(basis: Basis, other: Basis) -> bool:
    """Whether a basis is nowhere behind another, as far as it goes."""
    return all(mark >= other[name] for name, mark in basis.items() if name in other)


def newer(basis: Basis, other: Basis) -> bool:
    """Whether a basis is nowhere behind another, and somewhere ahead of it."""
    return covers(basis, other) and any(
        mark > other[name] for name, mark in basis.items() if name in other
    )


def joined(one: Basis, two: Basis) -> Basis:
    """The least basis that covers both; one of them itself, if it does."""
    if two.keys() >= one.keys() and covers(two, one):
        return two
    return {
        name: max(one.get(name, NOWHERE), two.get(name, NOWHERE))
        for name in sorted(one.keys() | two.keys())
    }


def part(basis: Basis, names: Iterable[str]) -> Basis:
    """A basis of these names only; of what it does not know it is nowhere."""
    return {name: basis.get(name, NOWHERE) for name in names}


def to_text(basis: Basis) -> str:
    """A basis as text."""
    return json.dumps(dict(basis), sort_keys=True, separators=(",", ":"))


def from_text(text: str) -> Basis:
    """The basis that a text says.

    :raises ValueError: none.
    """
    match json.loads(text):
        case dict(plain):
            return {name: _mark(value) for name, value in plain.items()}
    raise ValueError("a basis is a mapping")


def _mark(value: object) -> Mark:
    match value:
        case [int(first), int(second)]:
            return first, second
    raise ValueError("a mark is two integers")
