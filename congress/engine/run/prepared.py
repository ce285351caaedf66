"""Atoms that are asked again and again with other strings in them, read only once.

May import ``congress.engine`` below the facade and ``congress.model`` only. A text
is taken apart into its strings and the rest; texts with the same rest share what
was found out about it.

Invariant: what is remembered is used only while the table has the columns it had,
and gives exactly what reading the text anew would give.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from congress.engine.lang.ast import Constant, Variable
from congress.engine.lang.printer import print_row
from congress.engine.lang.resolved import Lookup, TableId
from congress.engine.results import Answers
from congress.engine.run.question import Question, read_question
from congress.engine.run.relation import Stored
from congress.engine.run.table import Table, key_of
from congress.engine.workspace import Workspace
from congress.model.diagnostic import Refused
from congress.model.order import in_order
from congress.model.schema import TableSchema
from congress.model.values import Row, Value, row_order_key

#: Values that are asked for, in ascending order of their columns.
Bound: TypeAlias = tuple[Value, ...]

_STRINGS = re.compile(r'"([^"\\\n]*)"')
#: Texts with comments or other quotes are not taken apart.
_INTRICATE = re.compile(r"[%#'\\]|//|/\*")
#: Strings that may stand for something else, depending on the column.
_CLASSIC = frozenset({"True", "False", "None"})
_SLOT = "\u2026{}"
_MOST = 1000
#: In a table of this size rows are found quickly one way or another.
_SMALL = 1000


@dataclass(frozen=True, slots=True)
class Prepared:
    """An atom over one table, with places for strings, and without numbers.

    An answer spells a number as the question did, so these are read as a whole.

    ``columns`` are those whose values are asked for, in ascending order, ``places`` where
    these come from: a constant, or the number of a string; ``same`` are pairs of columns
    with one variable.
    """

    table: TableId
    name: str
    arity: int
    schema: TableSchema | None
    columns: tuple[int, ...]
    places: tuple[tuple[Value, int | None], ...]
    same: tuple[tuple[int, int], ...]

    def valid(self, workspace: Workspace) -> bool:
        """Whether the table has the columns it had."""
        known = workspace.declared(self.table) is self.schema
        return known and workspace.arity(self.table) == self.arity

    def bound(self, strings: Sequence[str]) -> Bound:
        """The values that are asked for, in the order of ``columns``."""
        return tuple([value if slot is None else strings[slot] for value, slot in self.places])

    def quick(self, table: Stored, bound: Bound) -> list[Row] | None:
        """The rows that fit, in no order; None if it would take long to find them."""
        columns = self.columns
        if not isinstance(table, Table) or len(columns) == self.arity:
            return self.rows(table, bound)
        index = table.usable(columns) if columns else None
        if index is None and columns and len(table) <= _SMALL and table.wanted(columns):
            index = table.need(columns)
        if index is None:
            return self._fitting(table.rows, bound) if len(table) <= _SMALL else None
        if index.columns == columns:
            return self._alike(index.get(key_of(bound)))
        values = dict(zip(columns, bound, strict=True))
        return self._fitting(index.get(key_of([values[each] for each in index.columns])), bound)

    def rows(self, table: Stored, bound: Bound) -> list[Row]:
        """The rows that fit, in no order."""
        if len(bound) == self.arity:
            # Without numbers equal rows are written alike.
            return [bound] if bound in table else []
        if not bound:
            return self._alike(table.rows)
        return self._alike(table.index(self.columns).get(key_of(bound), ()))

    def _fitting(self, rows: Iterable[Row], bound: Bound) -> list[Row]:
        """Those rows that have the values asked for."""
        wanted = list(zip(self.columns, bound, strict=True))
        return self._alike(
            row for row in rows if all(row[column] == value for column, value in wanted)
        )

    def _alike(self, rows: Iterable[Row]) -> list[Row]:
        """Those rows in which columns with one variable are equal."""
        if not self.same:
            return list(rows)
        return [row for row in rows if all(row[a] == row[b] for a, b in self.same)]

    def answers(self, rows: list[Row], limit: int | None) -> Answers:
        """Rows as answers."""
        rows = rows[:limit]
        if len(rows) > 1:
            rows = in_order(rows, row_order_key)
        return Answers(rows, lambda: [print_row(self.name, row) for row in rows])


class Preparations:
    """What is remembered of texts, by policy and by the text without its strings."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Prepared | None] = {}

    def find(
        self, workspace: Workspace, policy: str, text: str
    ) -> "tuple[Prepared, list[str]] | None":
        """The atom a text asks for and its strings; None if it is to be read as a whole."""
        parts: list[str] = _STRINGS.split(text)
        strings = parts[1::2]
        if not _CLASSIC.isdisjoint(strings) or workspace.kind(policy) is None:
            return None
        key = (policy, *parts[::2])
        if key in self._known:
            prepared = self._known[key]
            if prepared is None or prepared.valid(workspace):
                return None if prepared is None else (prepared, strings)
        elif len(self._known) >= _MOST:
            self._known.clear()
        prepared = self._known[key] = _prepare(workspace, policy, parts[::2])
        return None if prepared is None else (prepared, strings)


def _prepare(workspace: Workspace, policy: str, pieces: Sequence[str]) -> Prepared | None:
    rest = '""'.join(pieces)
    if _INTRICATE.search(rest) or ":-" in rest or "<-" in rest or "not" in rest:
        return None
    text = pieces[0]
    for number, piece in enumerate(pieces[1:]):
        text += f'"{_SLOT.format(number)}"{piece}'
    try:
        return _of_question(workspace, read_question(workspace, policy, text))
    except Refused:
        return None


def _of_question(workspace: Workspace, question: Question) -> Prepared | None:
    if question.head is not None or len(question.goals) != 1:
        return None
    goal = question.goals[0]
    if not isinstance(goal, Lookup) or workspace.arity(goal.table) != len(goal.terms):
        return None
    places: dict[int, tuple[Value, int | None]] = {}
    first: dict[str, int] = {}
    same: list[tuple[int, int]] = []
    for column, term in enumerate(goal.terms):
        if isinstance(term, Variable):
            if term.name in first:
                same.append((first[term.name], column))
            first.setdefault(term.name, column)
        elif isinstance(term, Constant):
            value = term.value
            if isinstance(value, str) and value[:1] == _SLOT[0]:
                places[column] = (None, int(value[1:]))
            elif isinstance(value, int | float):
                return None
            else:
                places[column] = (value, None)
    return Prepared(
        table=goal.table,
        name=question.shown[0].atom.name,
        arity=len(goal.terms),
        schema=workspace.declared(goal.table),
        columns=tuple(places),
        places=tuple(places.values()),
        same=tuple(same),
    )
