"""The parser: text in, statements out, by recursive descent without recursion.

May import ``congress.model`` and this package's tokens and nodes only. A
statement that does not read is reported and skipped, and reading goes on with
the next one, so that one pass finds every problem.

Invariant: whatever the text, nothing but ``Refused`` leaves this module.
"""

from dataclasses import replace
from typing import Never

from congress.engine.lang.ast import (
    Aggregate,
    Atom,
    Column,
    Constant,
    Event,
    Literal,
    Modal,
    Rule,
    Statement,
    Term,
    Variable,
    column_order,
)
from congress.engine.lang.tokens import MOST_PROBLEMS, Kind, Lines, Token, tokenize
from congress.model.diagnostic import Diagnostic, Refused, Span
from congress.model.values import FALSE, TRUE, Value

#: Making a rule ready takes time that grows with the square of these, and more.
MOST_LITERALS = 250
MOST_ARGUMENTS = 2_000

_CONSTANTS: dict[str, Value] = {"true": TRUE, "false": FALSE, "null": None}
_NEGATIONS = ("not", "NOT", "!")
_MODALS = {str(modal): modal for modal in Modal}
#: What to do where a symbol is missing.
_MISSING = {
    "(": "write the arguments in round brackets",
    ")": "put a comma between arguments, and close the bracket behind the last",
    "[": "this word takes square brackets, as in execute[datasource:action(x)]",
    "]": "close the square bracket",
    "<": "write the variable of an aggregate as in sum<x>",
    ">": "write the variable of an aggregate as in sum<x>",
    ":-": "write ':-' between head and body",
}
_LITERAL = "write a table with its arguments, as in p(x) or datasource:table(x, y)"
_TERM = "write a name for a variable, text in quotes, a number, true, false or null"


def parse(text: str) -> list[Statement]:
    """The statements of a text, in order.

    :raises Refused: with every problem of the text.
    """
    statements, problems = read(text)
    if problems:
        raise Refused(*problems)
    return statements


def read(text: str) -> tuple[list[Statement], list[Diagnostic]]:
    """The statements that could be read, and every problem, in text order."""
    lines = Lines(text)
    tokens, problems = tokenize(text, lines)
    parser = _Parser(tokens, lines)
    statements = parser.program()
    problems += parser.problems
    problems.sort(key=lambda problem: problem.span.start if problem.span else 0)
    return statements, problems[:MOST_PROBLEMS]


class _Unreadable(Exception):  # noqa: N818 - a jump to the recovery, never seen outside
    """The statement cannot be read any further."""


class _Parser:
    """Reads one list of tokens once."""

    def __init__(self, tokens: list[Token], lines: Lines) -> None:
        self._tokens = tokens
        self._lines = lines
        self._at = 0
        self.problems: list[Diagnostic] = []

    # -- statements -----------------------------------------------------------

    def program(self) -> list[Statement]:
        """Read to the end of the text."""
        statements: list[Statement] = []
        while self._here.kind is not Kind.END and len(self.problems) < MOST_PROBLEMS:
            try:
                statements.append(self._statement())
                self._accept(";") or self._accept(".")
            except _Unreadable:
                self._recover()
        return statements

    def _statement(self) -> Statement:
        start = self._here.start
        if self._here.text in ("insert", "delete") and self._here.kind is Kind.RESERVED:
            return self._event_or_clause(start)
        return self._clause(start)

    def _event_or_clause(self, start: int) -> Statement:
        """Something that begins with ``insert`` or ``delete``: see behind the bracket."""
        mark = self._at
        modal = Modal(self._take().text)
        self._expect("[")
        heads = [self._literal()]
        while self._accept(","):
            heads.append(self._literal())
        if self._here.text != ":-" and len(heads) == 1:
            self._at = mark
            return self._clause(start)
        self._expect(":-")
        rule = Rule(tuple(heads), self._body(), self._span(start))
        target: str | None = None
        if self._accept(";") or self._accept("."):
            if self._here.kind is not Kind.STRING:
                self._fail("an event's target is a policy", "write its name in quotes")
            target = str(self._take().value)
        self._expect("]")
        return Event(modal, rule, target, self._span(start))

    def _clause(self, start: int) -> Rule:
        heads = [self._literal()]
        while self._accept(","):
            heads.append(self._literal())
        if self._accept(":-"):
            return Rule(tuple(heads), self._body(), self._span(start))
        if len(heads) > 1 or heads[0].negated:
            what = "several heads" if len(heads) > 1 else "a negated literal"
            self._fail(f"{what} without a body", "write ':-' and a body, or one fact at a time")
        return Rule(tuple(heads), None, self._span(start))

    def _body(self) -> tuple[Literal, ...]:
        start = self._here.start
        literals = [self._literal()]
        while self._accept(","):
            literals.append(self._literal())
        self._limit(len(literals), MOST_LITERALS, "a body", "literals", start)
        return tuple(literals)

    # -- literals and atoms ---------------------------------------------------

    def _literal(self) -> Literal:
        negated = self._here.text in _NEGATIONS and self._here.kind is not Kind.STRING
        if negated:
            self._at += 1
        modal = _MODALS.get(self._here.text) if self._here.kind is Kind.RESERVED else None
        if modal is None:
            return Literal(self._atom(None, self._here.start), negated)
        start = self._take().start
        self._expect("[")
        atom = self._atom(modal, start)
        self._expect("]")
        return Literal(replace(atom, span=self._span(start)), negated)

    def _atom(self, modal: Modal | None, start: int) -> Atom:
        policy, table = self._table()
        arguments: list[Term] = []
        columns: list[tuple[Column, Term]] = []
        if self._accept("(") and not self._accept(")"):
            self._argument(arguments, columns)
            while self._accept(","):
                self._argument(arguments, columns)
            self._expect(")")
        count = len(arguments) + len(columns)
        self._limit(count, MOST_ARGUMENTS, "an atom", "arguments", start)
        self._check_columns(arguments, columns, start)
        columns.sort(key=lambda pair: column_order(pair[0]))
        span = self._span(start)
        return Atom(policy, table, tuple(arguments), tuple(columns), modal, span)

    def _table(self) -> tuple[str | None, str]:
        parts = [self._name("a table", _LITERAL)]
        while self._accept(":"):
            parts.append(self._name("a table", _LITERAL))
        sign = "+" if self._accept("+") else "-" if self._accept("-") else ""
        policy = parts[0] if len(parts) > 1 else None
        return policy, ":".join(parts[1:] or parts) + sign

    def _argument(self, arguments: list[Term], columns: list[tuple[Column, Term]]) -> None:
        token, after = self._here, self._tokens[min(self._at + 1, len(self._tokens) - 1)]
        named = token.kind is Kind.NAME or isinstance(token.value, int)
        if not (named and after.kind is Kind.SYMBOL and after.text == "="):
            if columns:
                message = "an argument by position after one by column"
                self._report("arguments", message, token, "put positional arguments first")
            arguments.append(self._term())
            return
        self._at += 2
        column = token.value if isinstance(token.value, int) else token.text
        columns.append((column, self._term()))

    def _check_columns(
        self, arguments: list[Term], columns: list[tuple[Column, Term]], start: int
    ) -> None:
        seen: set[Column] = set()
        for column, _ in columns:
            twice = column in seen or (isinstance(column, int) and column < len(arguments))
            if twice:
                span = self._span(start)
                message = f"column {column} is given twice"
                self.problems.append(Diagnostic("arguments", message, span, "leave one out"))
            seen.add(column)

    def _term(self) -> Term:
        token = self._here
        if token.kind is Kind.NAME:
            self._at += 1
            if self._here.text == "<" and self._here.kind is Kind.SYMBOL:
                return self._aggregate(token)
            span = self._lines.span(token.start, token.end)
            if token.text in _CONSTANTS:
                return Constant(_CONSTANTS[token.text], span)
            return Variable(token.text, span)
        if token.kind in (Kind.NUMBER, Kind.STRING):
            self._at += 1
            return Constant(token.value, self._lines.span(token.start, token.end))
        if token.text == "-" and token.kind is Kind.SYMBOL:
            return self._negative(token)
        return self._fail(f"expected a variable or a value, found {_shown(token)}", _TERM)

    def _negative(self, sign: Token) -> Constant:
        self._at += 1
        number = self._here
        if isinstance(number.value, int | float) and number.start == sign.end:
            self._at += 1
            return Constant(-number.value, self._lines.span(sign.start, number.end))
        return self._fail(
            "a minus sign must touch a number", "write -3; use builtin:minus(x, y, z)"
        )

    def _aggregate(self, function: Token) -> Aggregate:
        self._expect("<")
        token = self._here
        name = self._name("the variable of the aggregate", _MISSING["<"])
        self._expect(">")
        variable = Variable(name, self._lines.span(token.start, token.end))
        return Aggregate(function.text, variable, self._span(function.start))

    # -- tokens ---------------------------------------------------------------

    @property
    def _here(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _accept(self, symbol: str) -> bool:
        token = self._tokens[self._at]
        if token.kind is Kind.SYMBOL and token.text == symbol:
            self._at += 1
            return True
        return False

    def _expect(self, symbol: str) -> None:
        if not self._accept(symbol):
            self._fail(f"expected {symbol!r}, found {_shown(self._here)}", _MISSING[symbol])

    def _name(self, purpose: str, hint: str) -> str:
        token = self._here
        if token.kind is Kind.NAME:
            self._at += 1
            return token.text
        if token.kind is Kind.RESERVED:
            message = f"{token.text!r} is reserved and cannot name {purpose}"
            return self._fail(message, "choose another name")
        return self._fail(f"expected {purpose}, found {_shown(token)}", hint)

    # -- problems -------------------------------------------------------------

    def _span(self, start: int) -> Span:
        return self._lines.span(start, max(start, self._tokens[self._at - 1].end))

    def _limit(self, count: int, most: int, what: str, parts: str, start: int) -> None:
        """Report something that has too many parts to be worked with."""
        if count > most:
            message = f"{what} has at most {most} {parts}, this one has {count}"
            hint = "make several rules or tables of it"
            self.problems.append(Diagnostic("budget", message, self._span(start), hint))

    def _report(self, code: str, message: str, token: Token, hint: str) -> None:
        span = self._lines.span(token.start, max(token.end, token.start))
        self.problems.append(Diagnostic(code, message, span, hint))

    def _fail(self, message: str, hint: str) -> Never:
        """Give the statement up; a BROKEN token has been reported already."""
        if self._here.kind is not Kind.BROKEN:
            self._report("syntax", message, self._here, hint)
        raise _Unreadable

    def _recover(self) -> None:
        """Skip to behind a terminator, or to a name that begins a line."""
        if self._here.text not in (";", ".") and self._here.kind is not Kind.END:
            self._at += 1
        while self._here.kind is not Kind.END:
            if self._accept(";") or self._accept("."):
                return
            token = self._here
            starts = token.kind in (Kind.NAME, Kind.RESERVED)
            if starts and self._lines.span(token.start, token.end).column == 1:
                return
            self._at += 1


def _shown(token: Token) -> str:
    if token.kind is Kind.END:
        return str(token.kind.value)
    return repr(token.text if len(token.text) <= 40 else token.text[:37] + "...")
