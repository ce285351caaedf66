"""Regular expressions whose search takes time linear in the text.

May import the standard library and this folder only. The usual notation:
literals, ``.``, classes, ``\\d \\w \\s``, groups, ``|``, ``* + ? {m,n}``, ``^ $ \\b``.
References to groups and looking around are refused, since they are what makes
matching slow. A pattern becomes a program; all its threads advance together.

Invariant: a search visits each state of the program at most once per character,
and gives up beyond a fixed number of visits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from congress.plugins.builtin.pattern import (
    Alternatives,
    Assertion,
    Characters,
    Node,
    Repeat,
    Sequence,
    parse_pattern,
)

LARGEST_PROGRAM = 5_000
MOST_VISITS = 1_000_000

Test = Callable[[str], bool]


class Op(Enum):
    """What an instruction does."""

    TAKE = "take one character"
    ASSERT = "look at where we are"
    SPLIT = "go on in two places"
    MATCH = "be done"


@dataclass(slots=True)
class Instruction:
    """One state of the program. ``next`` and ``other`` are where to go on."""

    op: Op
    next: int = 0
    other: int = 0
    test: Test | None = None
    assertion: str = ""


class Expression:
    """A compiled pattern."""

    def __init__(self, pattern: str, *, ignore_case: bool = False) -> None:
        """Compile a pattern.

        :raises ValueError: if it is malformed, too large, or not of the linear kind.
        """
        self._ignore_case = ignore_case
        self._program: list[Instruction] = []
        start = self._compile(parse_pattern(pattern), self._emit(Instruction(Op.MATCH)))
        self._start = start

    def search(self, text: str) -> bool:
        """Whether some part of the text fits.

        :raises ValueError: if finding out takes too long.
        """
        left = MOST_VISITS
        threads: list[int] = []
        for place in range(len(text) + 1):
            seen: set[int] = set()
            states = self._close([*threads, self._start], text, place, seen)
            if states is None:
                return True
            left -= len(seen)
            if left < 0:
                raise ValueError("the pattern is too costly for this text")
            if place < len(text):
                threads = self._step(states, text[place])
        return False

    def _step(self, states: list[int], character: str) -> list[int]:
        """Where the threads are behind a character."""
        threads: list[int] = []
        for state in states:
            instruction = self._program[state]
            if instruction.test is not None and instruction.test(character):
                threads.append(instruction.next)
        return threads

    def _close(self, threads: list[int], text: str, place: int, seen: set[int]) -> list[int] | None:
        """The states that wait for a character; None once there is a match."""
        states: list[int] = []
        while threads:
            state = threads.pop()
            if state in seen:
                continue
            seen.add(state)
            instruction = self._program[state]
            if instruction.op is Op.MATCH:
                return None
            if instruction.op is Op.TAKE:
                states.append(state)
            elif instruction.op is Op.SPLIT:
                threads += (instruction.next, instruction.other)
            elif _holds(instruction.assertion, text, place):
                threads.append(instruction.next)
        return states

    # -- compiling --------------------------------------------------------------

    def _emit(self, instruction: Instruction) -> int:
        if len(self._program) >= LARGEST_PROGRAM:
            raise ValueError("the pattern is too large")
        self._program.append(instruction)
        return len(self._program) - 1

    def _compile(self, node: Node, after: int) -> int:
        """Add a node's program in front of a state; where it begins."""
        if isinstance(node, Characters):
            test = _either_case(node.test) if self._ignore_case else node.test
            return self._emit(Instruction(Op.TAKE, after, test=test))
        if isinstance(node, Assertion):
            return self._emit(Instruction(Op.ASSERT, after, assertion=node.kind))
        if isinstance(node, Sequence):
            for part in reversed(node.parts):
                after = self._compile(part, after)
            return after
        if isinstance(node, Alternatives):
            start = self._compile(node.parts[-1], after)
            for part in reversed(node.parts[:-1]):
                start = self._emit(Instruction(Op.SPLIT, self._compile(part, after), start))
            return start
        return self._repeated(node, after)

    def _repeated(self, node: Repeat, after: int) -> int:
        if node.most is None:
            loop = self._emit(Instruction(Op.SPLIT, other=after))
            self._program[loop].next = self._compile(node.part, loop)
            after = loop
        else:
            end = after
            for _ in range(node.most - node.least):
                after = self._emit(Instruction(Op.SPLIT, self._compile(node.part, after), end))
        for _ in range(node.least):
            after = self._compile(node.part, after)
        return after


def compiled(pattern: str, *, ignore_case: bool = False) -> Expression:
    """The expression of a pattern, from a cache that remembers bad patterns too.

    :raises ValueError: if the pattern is malformed, too large, or not of the linear kind.
    """
    result = _attempt(pattern, ignore_case)
    if isinstance(result, str):
        raise ValueError(result)  # noqa: TRY004 - the pattern has a wrong value, not a wrong type
    return result


@lru_cache(maxsize=256)
def _attempt(pattern: str, ignore_case: bool) -> Expression | str:
    try:
        return Expression(pattern, ignore_case=ignore_case)
    except ValueError as error:
        return str(error)


def _either_case(test: Test) -> Test:
    return lambda character: (
        test(character) or test(character.lower()[:1]) or test(character.upper()[:1])
    )


def _holds(assertion: str, text: str, place: int) -> bool:
    size = len(text)
    if assertion == "^":
        return place == 0
    if assertion == "$":
        return place == size or (place == size - 1 and text[place] == "\n")
    if assertion == "Z":
        return place == size
    before = place > 0 and _word(text[place - 1])
    behind = place < size and _word(text[place])
    return (before != behind) == (assertion == "b")


def _word(character: str) -> bool:
    return character.isalnum() or character == "_"
