"""Reads the notation of regular expressions into a tree.

May import the standard library only. Whatever linear-time matching cannot do
is refused here, with a reason.

Invariant: nesting is bounded, so that nothing that walks the tree recurses deeply.
"""

import string
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Never, TypeAlias

LONGEST_PATTERN = 1_000
DEEPEST_NESTING = 50
MOST_REPEATS = 1_000

Test: TypeAlias = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Characters:
    """One character that passes a test."""

    test: Test


@dataclass(frozen=True, slots=True)
class Assertion:
    """A place: ``^``, ``$``, ``b``, ``B`` or ``Z``."""

    kind: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after the other."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Any of the parts."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part several times; without ``most`` as often as one likes."""

    part: "Node"
    least: int
    most: int | None


Node: TypeAlias = Characters | Assertion | Sequence | Alternatives | Repeat

_CLASSES: dict[str, Test] = {
    "d": str.isdecimal,
    "D": lambda c: not c.isdecimal(),
    "s": str.isspace,
    "S": lambda c: not c.isspace(),
    "w": lambda c: c.isalnum() or c == "_",
    "W": lambda c: not (c.isalnum() or c == "_"),
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "0": "\0"}
_PLACES = {"b": "b", "B": "B", "A": "^", "Z": "Z"}
_HEXADECIMAL = frozenset(string.hexdigits)
_LENGTHS = {"x": 2, "u": 4, "U": 8}


def parse_pattern(pattern: str) -> Node:
    """The tree of a pattern.

    :raises ValueError: if it is malformed or not of the linear kind.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"a pattern has at most {LONGEST_PATTERN} characters")
    return _Reader(pattern).whole()


class _Reader:
    """Reads one pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        """The whole pattern."""
        node = self._alternatives()
        if self._at < len(self._pattern):
            self._fail("a ')' that nothing opens")
        return node

    def _alternatives(self) -> Node:
        parts = [self._sequence()]
        while self._accept("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Alternatives(tuple(parts))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            parts.append(self._repeats(self._item()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeats(self, part: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return part
        if isinstance(part, Assertion):
            self._fail("a place cannot be repeated")
        self._accept("?")
        if self._at < len(self._pattern) and self._pattern[self._at] in "*+?":
            self._fail("a repetition of a repetition")
        return Repeat(part, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._accept(sign):
                return bounds
        if not self._pattern.startswith("{", self._at):
            return None
        end = self._pattern.find("}", self._at)
        low, comma, high = self._pattern[self._at + 1 : max(end, 0)].partition(",")
        if end < 0 or not (low + high).isdecimal() or not (low or comma):
            return None
        self._at = end + 1
        least = int(low or 0)
        most = (int(high) if high else None) if comma else least
        if max(least, most or 0) > MOST_REPEATS or (most is not None and most < least):
            self._fail("a repetition with these bounds")
        return least, most

    def _item(self) -> Node:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return Characters(self._class())
        if character == "\\":
            return self._escape()
        if character == ".":
            return Characters(lambda c: c != "\n")
        if character in "^$":
            return Assertion(character)
        if character in "*+?":
            self._fail("a repetition of nothing")
        return Characters(character.__eq__)

    def _group(self) -> Node:
        if self._accept("?"):
            if self._accept("P<"):
                end = self._pattern.find(">", self._at)
                if end < 0 or not self._pattern[self._at : end].isidentifier():
                    self._fail("a malformed name of a group")
                self._at = end + 1
            elif not self._accept(":"):
                self._fail("looking around and flags inside a pattern")
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            self._fail("groups nested this deeply")
        node = self._alternatives()
        if not self._accept(")"):
            self._fail("a group that does not end")
        self._depth -= 1
        return node

    def _escape(self) -> Node:
        character = self._next()
        if character in _CLASSES:
            return Characters(_CLASSES[character])
        if character in _PLACES:
            return Assertion(_PLACES[character])
        return Characters(self._escaped(character).__eq__)

    def _escaped(self, character: str) -> str:
        """The character that an escape stands for."""
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character in _LENGTHS:
            digits = self._pattern[self._at : self._at + _LENGTHS[character]]
            self._at += len(digits)
            if len(digits) < _LENGTHS[character] or not set(digits) <= _HEXADECIMAL:
                self._fail("an escape without its digits")
            code = int(digits, 16)
            return (
                chr(code) if code <= sys.maxunicode else self._fail("an escape that is too large")
            )
        if character.isalnum():
            self._fail(f"\\{character}")
        return character

    def _class(self) -> Test:
        """A class in brackets; the opening one has been read."""
        negated = self._accept("^")
        tests: list[Test] = []
        single: set[str] = set()
        first = True
        while first or not self._accept("]"):
            first = False
            low = self._member(tests)
            if low is None:
                continue
            if self._ranged():
                self._at += 1
                high = self._member([])
                if high is None or high < low:
                    self._fail("a range of characters with these ends")
                tests.append(_between(low, high))
            else:
                single.add(low)
        return _any_of(frozenset(single), tuple(tests), negated=negated)

    def _ranged(self) -> bool:
        rest = self._pattern[self._at : self._at + 2]
        return len(rest) == 2 and rest[0] == "-" and rest[1] != "]"

    def _member(self, tests: list[Test]) -> str | None:
        """A single character of a class, or None for a class within, which joins the tests."""
        character = self._next()
        if character != "\\":
            return character
        escaped = self._next()
        if escaped in _CLASSES:
            tests.append(_CLASSES[escaped])
            return None
        return "\b" if escaped == "b" else self._escaped(escaped)

    def _next(self) -> str:
        if self._at >= len(self._pattern):
            self._fail("an end in the middle")
        self._at += 1
        return self._pattern[self._at - 1]

    def _accept(self, text: str) -> bool:
        if self._pattern.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def _fail(self, what: str) -> Never:
        raise ValueError(f"the pattern has {what} at {self._at}, which cannot be read")


def _between(low: str, high: str) -> Test:
    return lambda character: low <= character <= high


def _any_of(single: frozenset[str], tests: tuple[Test, ...], *, negated: bool) -> Test:
    def test(character: str) -> bool:
        inside = character in single or any(each(character) for each in tests)
        return inside != negated

    return test
