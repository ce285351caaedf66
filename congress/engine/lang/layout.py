"""The canonical layout of a text: how statements, comments and blank lines are set.

May import this package and ``congress.model`` only.

Invariants: the laid out text holds the same statements and the same comments in
the same order; laying it out again changes nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from congress.engine.lang.ast import Event, Literal, Statement
from congress.engine.lang.parser import parse
from congress.engine.lang.printer import print_literal, print_statement
from congress.engine.lang.tokens import Comment, Lines, comments, tokenize

#: A rule that fits in so many columns stays on one line.
WIDTH = 88
_INDENT = "  "


def lay_out(text: str) -> str:
    """The text in its canonical layout, with all its comments.

    :raises Refused: with every problem, if the text does not read.
    """
    statements = parse(text)
    tokens, _ = tokenize(text, Lines(text))
    remaining = list(comments(text, tokens))
    source = _without(text, remaining)
    page = _Page(source)
    for statement, following in zip_longest(statements, statements[1:]):
        start, end = _extent(statement)
        while remaining and remaining[0].start < start:
            page.comment(remaining.pop(0))
        inner = []
        while remaining and remaining[0].start < end:
            inner.append(remaining.pop(0))
        parts = _parts(source, statement, inner)
        page.place(start, end, _lines(parts, _closing(following)), open_=parts[-1].open)
    for comment in remaining:
        page.comment(comment)
    return page.text()


def _without(text: str, found: Iterable[Comment]) -> str:
    """The text with spaces in place of comments: its line ends are those outside of them."""
    pieces: list[str] = []
    end = 0
    for comment in found:
        pieces += [text[end : comment.start], " " * (comment.end - comment.start)]
        end = comment.end
    return "".join([*pieces, text[end:]])


class _Page:
    """The lines laid out so far."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lines: list[str] = []
        self._open = False
        #: Where in the source the last thing on the page ends.
        self._end = 0

    def text(self) -> str:
        """The whole page."""
        return "".join(f"{line}\n" for line in self._lines)

    def place(self, start: int, end: int, lines: Iterable[str], *, open_: bool) -> None:
        """Set something on lines of its own; one blank line above it is kept.

        :param open_: whether nothing can follow on the last line.
        """
        if self._lines and self._source.count("\n", self._end, start) > 1:
            self._lines.append("")
        self._lines += lines
        self._end, self._open = end, open_

    def comment(self, comment: Comment) -> None:
        """Set a comment: behind what it follows on its line, or on its own."""
        start, end = comment.start, comment.end
        if not self._lines or self._open or "\n" in self._source[self._end : start]:
            self.place(start, end, [comment.text], open_=comment.open)
            return
        self._lines[-1] += f"  {comment.text}"
        self._end, self._open = end, comment.open


@dataclass(slots=True)
class _Part:
    """A piece of a rule that stands on one line, and the comments that go with it."""

    text: str
    start: int
    end: int
    above: list[Comment] = field(default_factory=list)
    behind: list[Comment] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether nothing can follow on the line of its last comment."""
        return bool(self.behind) and self.behind[-1].open

    def follow(self, comment: Comment) -> None:
        """Put a comment behind; those that nothing can follow go above."""
        if self.open:
            self.above += self.behind
            self.behind = []
        self.behind.append(comment)

    def lines(self, mark: str, indent: str) -> Iterator[str]:
        """The part with its comments.

        :param mark: what follows it in the rule.
        """
        for comment in self.above:
            yield indent + comment.text
        yield "  ".join([f"{indent}{self.text}{mark}", *(c.text for c in self.behind)])


def _parts(source: str, statement: Statement, inner: list[Comment]) -> list[_Part]:
    """What stands on lines of its own: a whole statement, or its head and its literals.

    :param inner: the comments inside the statement.
    """
    start, end = _extent(statement)
    whole = _Part(print_statement(statement), start, end)
    parts = [whole]
    if not isinstance(statement, Event):
        heads = ", ".join(print_literal(head) for head in statement.heads)
        parts = [_Part(heads, start, _place(statement.heads[-1], end)[1])]
        parts += [_Part(print_literal(each), *_place(each, end)) for each in statement.literals]
    for comment in inner:
        _attach(source, parts, comment)
    *others, last = parts
    if len(whole.text) > WIDTH or last.above or any(part.above or part.behind for part in others):
        return parts
    whole.behind = last.behind
    return [whole]


def _attach(source: str, parts: list[_Part], comment: Comment) -> None:
    """Give a comment to the part that it follows on a line, or else to the next one."""
    number = sum(part.start <= comment.start for part in parts) - 1
    if "\n" in source[parts[number].end : comment.start] and number + 1 < len(parts):
        parts[number + 1].above.append(comment)
    else:
        parts[number].follow(comment)


def _closing(following: Statement | None) -> str:
    """What ends a statement: nothing, unless a name with a dot in front comes next."""
    return ";" if following and print_statement(following).startswith(".") else ""


def _lines(parts: list[_Part], closing: str) -> Iterator[str]:
    """The lines of a statement: the head, and what its body consists of."""
    last = len(parts) - 1
    for number, part in enumerate(parts):
        mark = closing if number == last else "," if number else " :-"
        yield from part.lines(mark, _INDENT if number else "")


def _extent(statement: Statement) -> tuple[int, int]:
    """Where a statement begins and ends."""
    span = statement.span
    if span is None:
        raise AssertionError("unreachable")
    return span.start, span.end


def _place(literal: Literal, end: int) -> tuple[int, int]:
    span = literal.atom.span
    return (end, end) if span is None else (span.start, span.end)
