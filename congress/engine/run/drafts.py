"""Plans of rules, thought out once for all rules of one shape.

May import ``congress.engine`` below it and ``congress.model`` only. Tenants have the
same rules with other names and constants in them; what is thought out for the first
serves the others, as long as their tables are alike.

Invariant: a draft depends on the shape alone, so that it is right for every rule of
that shape, and good for those whose tables are as large.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from operator import itemgetter
from types import CodeType
from typing import Protocol

from congress.engine.lang.ast import Constant
from congress.engine.lang.resolved import Goal, Lookup, Plain, TableId, Truth
from congress.engine.plan.choice import index_columns, order_freely, order_from
from congress.engine.plan.source import (
    MOST_IDLE_LOOPS,
    MOST_LOOPS,
    Columns,
    Source,
    idle_loops,
    loops,
    write,
)
from congress.engine.plan.steps import Plan, Scan, make_plan
from congress.engine.run.table import Table
from congress.model.values import Value

_SAMPLE = 64
#: An index is begun with only if each key has less than this part of the rows.
_RARE = 8
_MOST_TEXTS = 20_000
_CODE: dict[str, CodeType] = {}


class Tables(Protocol):
    """Where the tables of bodies are found, and the drafts made so far."""

    drafts: "dict[tuple[Hashable, ...], Draft]"

    def outdate(self) -> None:
        """Functions that several rules share are to be made anew."""

    def table(self, table: TableId) -> Table:
        """The rows of a table."""

    def alike(self, table: TableId) -> Hashable:
        """Equal for tables for which the same plans are good."""


class Sample:
    """What a look at some rows of each table tells."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._known: dict[tuple[TableId, Columns], float] = {}

    def size(self, table: TableId) -> int:
        """The number of rows."""
        return len(self._tables.table(table).rows)

    def indexed(self, table: TableId, columns: Columns) -> bool:
        """Whether there is an index over some columns."""
        return columns in self._tables.table(table).indexes

    def spread(self, table: TableId, columns: Columns) -> float:
        """About how many rows share their values in some columns."""
        known = self._known.get((table, columns))
        if known is None:
            known = self._known[table, columns] = self._spread(table, columns)
        return known

    def _spread(self, table: TableId, columns: Columns) -> float:
        rows = self._tables.table(table).rows
        index = self._tables.table(table).indexes.get(columns)
        if index is not None and rows:
            return len(rows) / len(index.map)
        sample = list(map(itemgetter(*columns), islice(rows, _SAMPLE)))
        if not sample:
            return 1.0
        distinct = len(set(sample))
        return (len(sample) if distinct * 2 >= len(sample) else len(rows)) / distinct


class Place(str):
    """Stands for the constant of a number, in the draft of a shape."""

    __slots__ = ()


class Shape:
    """What rules have in common that differ in names and constants alone.

    :param key: equal for rules that may share a draft.
    :param constants: the rule's own, by number.
    """

    def __init__(
        self, body: Sequence[Goal], terms: Sequence[Plain], given: int | None, tables: Tables
    ) -> None:
        self.constants: list[Value] = []
        self.given = given
        self._body = body
        self._terms = terms
        self._names: dict[str, int] = {}
        parts: list[Hashable] = [given]
        for goal in body:
            if isinstance(goal, Truth):
                parts.append(goal.truth)
                continue
            what = tables.alike(goal.table) if isinstance(goal, Lookup) else goal.builtin.name
            parts.append((what, goal.negated, *map(self._term, goal.terms)))
        parts.append(tuple(map(self._term, terms)))
        self.key = tuple(parts)

    def placed(self) -> tuple[list[Goal], tuple[Plain, ...]]:
        """Body and head with places in place of constants."""
        count = 0
        body: list[Goal] = []
        for goal in self._body:
            if not isinstance(goal, Truth):
                terms = goal.terms
                goal = replace(goal, terms=_placed(terms, count))
                count += sum(isinstance(term, Constant) for term in terms)
            body.append(goal)
        return body, _placed(self._terms, count)

    def _term(self, term: Plain) -> Hashable:
        if isinstance(term, Constant):
            self.constants.append(term.value)
            return None
        if term.anonymous:
            return "_"
        return self._names.setdefault(term.name, len(self._names))


def _placed(terms: Sequence[Plain], number: int) -> tuple[Plain, ...]:
    """Terms with places in place of constants, numbered from a number on."""
    placed: list[Plain] = []
    for term in terms:
        if isinstance(term, Constant):
            placed.append(Constant(Place(number)))
            number += 1
        else:
            placed.append(term)
    return tuple(placed)


@dataclass(frozen=True, slots=True)
class Draft:
    """What was thought out for a shape: no plan if nothing can follow, no code if too deep.

    :param wish: the position of a table, gone through as a whole, and the columns
        an index over which would save that.
    """

    order: list[int]
    plan: Plan | None
    code: CodeType | None
    source: Source | None
    wish: tuple[int, Columns] | None = None


def think(shape: Shape, tables: Tables) -> Draft:
    """Think out how to work a shape off."""
    (body, terms), given = shape.placed(), shape.given
    sample = Sample(tables)
    none: frozenset[str] = frozenset()
    if given is None:
        order = order_freely(body, none, sample)
    else:
        order = order_from(body, none, given, sample)
    plan = make_plan(body, order)
    head = [part for term in terms if (part := plan.part(term)) is not None]
    if len(head) < len(terms):
        return Draft(order, None, None, None)
    if loops(plan) > MOST_LOOPS or idle_loops(plan, head) > MOST_IDLE_LOOPS:
        return Draft(order, plan, None, None)
    choice = _Choice(body, order[0] if given is None and order else None, sample, tables)
    source = write(plan, head, choice.columns, choice.dirty, given)
    return Draft(order, plan, code_of(source.text), source, choice.wish)


class _Choice:
    """How each scan finds its rows.

    :param opening: the position of the scan that is begun with, for a whole evaluation.
    """

    def __init__(
        self, body: Sequence[Goal], opening: int | None, sample: Sample, tables: Tables
    ) -> None:
        self.wish: tuple[int, Columns] | None = None
        self._body = body
        self._opening = opening
        self._sample = sample
        self._tables = tables

    def columns(self, scan: Scan) -> Columns | None:
        """The columns of the index to use; none to go through all rows."""
        goal, sample = self._body[scan.position], self._sample
        arity = len(goal.terms) if isinstance(goal, Lookup) else 0
        columns = index_columns(scan.table, scan.key_columns, arity, sample)
        if scan.position != self._opening or not columns or sample.indexed(scan.table, columns):
            return columns
        if sample.spread(scan.table, columns) * _RARE >= sample.size(scan.table):
            return ()
        if self._tables.table(scan.table).wanted(columns):
            return columns
        self.wish = (scan.position, columns)
        return ()

    def dirty(self, scan: Scan) -> bool:
        """Whether rows may hold floats that equal integers."""
        return self._tables.table(scan.table).floats


def draft_of(shape: Shape, body: Sequence[Goal], tables: Tables) -> Draft:
    """The draft of a shape, thought out now if it is not known or an index is worth making."""
    drafts = tables.drafts
    draft = drafts.get(shape.key)
    if draft is not None and draft.wish is not None:
        position, columns = draft.wish
        goal = body[position]
        if isinstance(goal, Lookup) and tables.table(goal.table).wanted(columns):
            draft = None
    if draft is None:
        if len(drafts) >= _MOST_TEXTS:
            drafts.clear()
        draft = drafts[shape.key] = think(shape, tables)
    return draft


def code_of(text: str) -> CodeType:
    """The code of the one function that a text defines, compiled if it is new."""
    code = _CODE.get(text)
    if code is None:
        if len(_CODE) >= _MOST_TEXTS:
            _CODE.clear()
        module = compile(text, "<rule>", "exec")
        code = next(each for each in module.co_consts if isinstance(each, CodeType))
        _CODE[text] = code
    return code
