"""The tokens of the policy language: text in, a list of tokens and problems out.

May import ``congress.model`` only. Reading never stops at a problem: what
cannot be a token is reported, stands as a BROKEN token, and reading goes on.

Invariant: every character of the text is white space, comment, part of one
token; every BROKEN token has one diagnostic; no text makes this module raise.
"""

import enum
import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from congress.model.diagnostic import Diagnostic, Span
from congress.model.values import Value

MOST_PROBLEMS = 100
RESERVED = frozenset({"not", "NOT", "execute", "insert", "delete"})
INTEGER_BITS = 4096

# Possessive repetitions (``++``): the others remember each step, which takes much memory.
_COMMENT = re.compile(r"//[^\n]*+|#[^\n]*+|/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(rf"(?:[ \t\r\n]++|{_COMMENT.pattern})++", re.DOTALL)
_NAME = re.compile(r"(?:[A-Za-z_]|\.+[A-Za-z_])[A-Za-z0-9_]*(?:\.+[A-Za-z0-9_]+)*")
_NUMBER = re.compile(
    r"0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+"
    r"|(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+"
    r"|[0-9]+"
)
_STRING = re.compile(r"\"(?:[^\"\\\n\r]++|\\[^\n\r])*+\"|'(?:[^'\\\n\r]++|\\[^\n\r])*+'")
_OPEN_STRING = re.compile(r"[\"'][^\n]*")
_DOTS = re.compile(r"\.+")
_BROKEN_WORD = re.compile(r"[^\W\d]\w*")
_ESCAPE = re.compile(
    r"\\(?:u([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|(.))",
    re.DOTALL,
)
_PLAIN_ESCAPES = {'"': '"', "'": "'", "\\": "\\", "n": "\n", "t": "\t", "r": "\r"}
_SYMBOL = re.compile(r":-|[()\[\]<>,;.:=+\-!]")
#: Symbols that nothing else begins with.
_MARKS = frozenset("()[]<>,;:=+-!")
_SPACE_BEGINS = frozenset(" \t\r\n/#")
_DECIMAL_DIGITS = int(INTEGER_BITS * math.log10(2)) + 1


class Kind(enum.Enum):
    """What sort of token it is."""

    NAME = "a name"
    RESERVED = "a reserved word"
    NUMBER = "a number"
    STRING = "a string"
    SYMBOL = "a symbol"
    BROKEN = "something unreadable"
    END = "the end of the text"


@dataclass(frozen=True, slots=True)
class Token:
    """One token. ``value`` is set for numbers and strings, ``text`` is the source."""

    kind: Kind
    text: str
    start: int
    end: int
    value: Value = None


class Lines:
    """Turns offsets in a text into spans with line and column."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def span(self, start: int, end: int) -> Span:
        """The span of the characters from ``start`` to before ``end``."""
        line = bisect_right(self._starts, start)
        return Span(start, end, line, start - self._starts[line - 1] + 1)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its marks, but without the end of its line."""

    text: str
    start: int
    end: int

    @property
    def open(self) -> bool:
        """Whether it goes on to the end of the line, whatever follows."""
        return not self.text.startswith("/*")


def comments(text: str, tokens: Iterable[Token]) -> Iterator[Comment]:
    """The comments of a text, in order: what else stands between its tokens is white space."""
    before = 0
    for token in tokens:
        for match in _COMMENT.finditer(text, before, token.start):
            yield Comment(match.group().rstrip(), match.start(), match.end())
        before = token.end


def tokenize(text: str, lines: Lines) -> tuple[list[Token], list[Diagnostic]]:
    """The tokens of a text, closed by an END token, and its lexical problems.

    Beyond ``MOST_PROBLEMS`` the rest of the text is not looked at.
    """
    problems: list[Diagnostic] = []
    tokens = list(_Reader(text, lines, problems).tokens())
    return tokens, problems


class _Reader:
    """One pass over a text."""

    def __init__(self, text: str, lines: Lines, problems: list[Diagnostic]) -> None:
        self._text = text
        self._lines = lines
        self._problems = problems
        self._at = 0
        self._plain_dots = 0

    def tokens(self) -> Iterator[Token]:
        """The tokens in order."""
        text, size = self._text, len(self._text)
        previous = ""
        while True:
            if text[self._at : self._at + 1] in _SPACE_BEGINS and (
                space := _SPACE.match(text, self._at)
            ):
                self._at = space.end()
            if self._at >= size or len(self._problems) >= MOST_PROBLEMS:
                yield Token(Kind.END, "", size, size)
                return
            token = self._token(previous)
            self._at = token.end
            previous = token.text if token.kind is Kind.SYMBOL else ""
            yield token

    def _token(self, previous: str) -> Token:
        text, start = self._text, self._at
        character = text[start]
        if character in _MARKS:
            return self._symbol()
        if character == "." and (previous == ")" or start < self._plain_dots):
            return Token(Kind.SYMBOL, ".", start, start + 1)
        if match := _NAME.match(text, start):
            return self._name(match)
        if match := _NUMBER.match(text, start):
            return self._number(match)
        if character in "\"'":
            return self._string()
        if run := _DOTS.match(text, start):
            # No name follows; without this note each dot would look for one anew.
            self._plain_dots = run.end() - 1
            return self._symbol()
        return self._nothing()

    def _symbol(self) -> Token:
        match = _SYMBOL.match(self._text, self._at)
        return (
            self._nothing() if match is None else Token(Kind.SYMBOL, match.group(), *match.span())
        )

    def _name(self, match: re.Match[str]) -> Token:
        word = match.group()
        kind = Kind.RESERVED if word in RESERVED else Kind.NAME
        return Token(kind, word, match.start(), match.end())

    def _number(self, match: re.Match[str]) -> Token:
        word, start, end = match.group(), match.start(), match.end()
        try:
            value = _number_value(word)
        except ValueError as error:
            hint = "put it into quotes if it is meant as a text"
            return self._skip(end, f"{_shortened(word)} is no number: {error}", hint)
        return Token(Kind.NUMBER, word, start, end, value)

    def _string(self) -> Token:
        match = _STRING.match(self._text, self._at)
        if match is None:
            rest = _OPEN_STRING.match(self._text, self._at)
            end = rest.end() if rest else self._at + 1
            return self._skip(end, "a string that does not end on its line", "close the quotes")
        value = _decoded(match.group()[1:-1])
        if any("\ud800" <= character <= "\udfff" for character in value):
            hint = "write both halves, as \\ud83d\\ude00, or the character itself"
            return self._skip(match.end(), "a string with half of a surrogate pair", hint)
        return Token(Kind.STRING, match.group(), match.start(), match.end(), value)

    def _nothing(self) -> Token:
        text, start = self._text, self._at
        if text.startswith("/*", start):
            return self._skip(len(text), "a comment that does not end", "close it with */")
        word = _BROKEN_WORD.match(text, start)
        if word:
            hint = "names are ASCII letters, digits, '_' and '.'; other text goes into quotes"
            return self._skip(word.end(), f"{_shortened(word.group())} cannot be a name", hint)
        message = f"the character {text[start]!r} is not part of the language"
        return self._skip(start + 1, message, "leave it out, or put the text into quotes")

    def _skip(self, end: int, message: str, hint: str) -> Token:
        start = self._at
        self._problems.append(Diagnostic("lexical", message, self._lines.span(start, end), hint))
        return Token(Kind.BROKEN, self._text[start:end], start, end)


def _number_value(word: str) -> int | float:
    """The number a literal stands for, with a reason in the error if it is none."""
    if word[:2].lower() in ("0x", "0o", "0b"):
        return _bounded(int(word, 0))
    if word.isdigit():
        if len(word) > _DECIMAL_DIGITS:
            raise ValueError(f"integers end at {INTEGER_BITS} bits")
        if word[0] == "0" and word.strip("0"):
            raise ValueError("an integer does not begin with 0; octal is written 0o17")
        return _bounded(int(word))
    value = float(word)
    if not math.isfinite(value):
        raise ValueError("it is too large for a float")
    return value


def _bounded(value: int) -> int:
    if value.bit_length() > INTEGER_BITS:
        raise ValueError(f"integers end at {INTEGER_BITS} bits")
    return value


def _shortened(word: str) -> str:
    return word if len(word) <= 40 else f"{word[:20]}...{word[-10:]}"


def _decoded(body: str) -> str:
    """A string's source without quotes, escapes decoded, unknown ones kept."""
    return _ESCAPE.sub(_escape, body) if "\\" in body else body


def _escape(match: re.Match[str]) -> str:
    high, low, code, other = match.groups()
    if high:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00))
    if code:
        return chr(int(code, 16))
    return _PLAIN_ESCAPES.get(other, match.group())
