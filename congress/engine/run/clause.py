"""A rule made ready to run: functions for all it derives and for each change it reads.

May import ``congress.engine`` below it and ``congress.model`` only. Functions are
made when first needed, since most never are, and share code by their text.

Invariant: a function of a clause may be called with any rows of the table its
literal reads; it sees the other tables as they are at that moment.
"""

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from types import CodeType, FunctionType
from typing import Any, Protocol, TypeAlias

from congress.engine.lang.resolved import Goal, Lookup, Plain, TableId
from congress.engine.plan.choice import index_columns, order_freely, order_from
from congress.engine.plan.source import (
    MOST_LOOPS,
    CallNeed,
    Columns,
    ConstantNeed,
    Need,
    Source,
    loops,
    write,
)
from congress.engine.plan.steps import Part, Plan, Scan, make_plan
from congress.engine.run.budget import OverBudget, RuleName
from congress.engine.run.join import solve, tuple_maker
from congress.engine.run.meter import Meter
from congress.engine.run.naive import integral
from congress.engine.run.table import Former, Table
from congress.model.builtin import Builtin
from congress.model.values import Row, Value, from_plain

#: Adds ``sign`` to the count of each head row that follows from the given rows.
Function: TypeAlias = Callable[[Iterable[Row], int, dict[Row, int], Meter], None]
#: For positions of a body, the table as it was instead of as it is.
Formers: TypeAlias = Mapping[int, Former]

_SAMPLE = 64
_HEAD = -1
#: An integer below this is surely small enough.
_LARGE = 1 << 62
#: An index is begun with only if each key has less than this part of the rows.
_RARE = 8
_MOST_TEXTS = 20_000
_CODE: dict[str, CodeType] = {}


class Tables(Protocol):
    """Where the tables of bodies are found."""

    def table(self, table: TableId) -> Table:
        """The rows of a table."""


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


class Clause:
    """One rule body and the head row it gives.

    :param terms: the head's terms; those of an aggregate are its variables.
    :param name: under which limits speak of the rule.
    :param functions: those made so far, by the position whose rows they are given.
    """

    __slots__ = ("_makers", "_meter", "_tables", "body", "functions", "live", "name", "terms")

    def __init__(
        self,
        name: RuleName,
        terms: tuple[Plain, ...],
        body: tuple[Goal, ...],
        tables: Tables,
        meter: Meter,
    ) -> None:
        self.name = name
        self.terms = terms
        self.body = body
        self.live = False
        self._tables = tables
        self._meter = meter
        self._makers: dict[int, Maker] = {}
        self.functions: dict[int, Function] = {}

    def forget(self) -> None:
        """Make functions anew when they are needed next: tables are not what they were."""
        self._makers.clear()
        self.functions.clear()

    def full(self) -> Function:
        """Counts all that follows; ignores its rows."""
        return _make(self.body, self.terms, None, self._tables, self._meter).bind({})

    def delta(self, position: int, formers: Formers) -> Function:
        """Counts what follows from rows of the literal at a position, as if it were positive."""
        if not formers and (known := self.functions.get(position)) is not None:
            return known
        maker = self._makers.get(position)
        if maker is None:
            goal = self.body[position]
            if not isinstance(goal, Lookup):
                raise TypeError("only lookups change")
            body = list(self.body)
            body[position] = Lookup(goal.table, goal.terms)
            maker = _make(body, self.terms, position, self._tables, self._meter)
            self._makers[position] = maker
        function = maker.bind(formers)
        if not formers:
            self.functions[position] = function
        return function

    def check(self, head: TableId) -> Function:
        """Counts how often each of some head rows follows."""
        function = self.functions.get(_HEAD)
        if function is None:
            body = [Lookup(head, self.terms), *self.body]
            function = _make(body, self.terms, 0, self._tables, self._meter).bind({})
            self.functions[_HEAD] = function
        return function


class Maker(Protocol):
    """Makes functions that differ in the tables they see."""

    def bind(self, formers: Formers) -> Function:
        """A function that sees these tables as they were and others as they are."""


def _make(
    body: Sequence[Goal],
    terms: Sequence[Plain],
    given: int | None,
    tables: Tables,
    meter: Meter,
) -> Maker:
    sample = Sample(tables)
    none: frozenset[str] = frozenset()
    if given is None:
        order = order_freely(body, none, sample)
    else:
        order = order_from(body, none, given, sample)
    plan = make_plan(body, order)
    head = [plan.part(term) for term in terms]
    if any(part is None for part in head):
        return _Nothing()
    known = [part for part in head if part is not None]
    if loops(plan) > MOST_LOOPS:
        return _Interpreted(plan, known, given, tables, meter)

    def choose(scan: Scan) -> Columns | None:
        goal = body[scan.position]
        arity = len(goal.terms) if isinstance(goal, Lookup) else 0
        columns = index_columns(scan.table, scan.key_columns, arity, sample)
        opening = given is None and scan.position == order[0]
        if opening and columns and not sample.indexed(scan.table, columns):
            rare = sample.spread(scan.table, columns) * _RARE < sample.size(scan.table)
            return columns if rare and tables.table(scan.table).wanted(columns) else ()
        return columns

    def dirty(scan: Scan) -> bool:
        return tables.table(scan.table).floats

    return _Compiled(write(plan, known, choose, dirty, given), tables, meter)


class _Nothing:
    """A head with an open variable: nothing can be derived."""

    def bind(self, formers: Formers) -> Function:
        return lambda rows, sign, out, meter: None


class _Interpreted:
    """A body with more loops than Python can nest."""

    def __init__(
        self, plan: Plan, head: Sequence[Part], given: int | None, tables: Tables, meter: Meter
    ) -> None:
        self._plan = plan
        self._head = tuple_maker(head)
        self._given = given
        self._tables = tables
        self._meter = meter

    def bind(self, formers: Formers) -> Function:
        def function(rows: Iterable[Row], sign: int, out: dict[Row, int], meter: Meter) -> None:
            first = Table(rows or ())

            def read(scan: Scan) -> Any:
                if scan.position == self._given:
                    return first
                return formers.get(scan.position) or self._tables.table(scan.table)

            counter: Any = meter
            for environment in solve(self._plan, read, counter, meter.failures):
                row = integral(self._head(environment))
                out[row] = out.get(row, 0) + sign

        return function


class _Compiled:
    """A body as Python code."""

    def __init__(self, source: Source, tables: Tables, meter: Meter) -> None:
        self._code = _code(source.text)
        self._needs = source.needs
        self._tables = tables
        self._meter = meter

    def bind(self, formers: Formers) -> Function:
        bound = tuple([self._bound(need, formers) for need in self._needs])
        return FunctionType(self._code, _GLOBALS, "f", bound)

    def _bound(self, need: Need, formers: Formers) -> object:
        if isinstance(need, ConstantNeed):
            return need.value
        if isinstance(need, CallNeed):
            if need.fault:
                return _fault(need.builtin.name, self._meter)
            return _caller(need.builtin, self._meter)
        table = formers.get(need.position) or self._tables.table(need.table)
        return table if need.columns is None else table.need(need.columns)


def _code(text: str) -> CodeType:
    code = _CODE.get(text)
    if code is None:
        if len(_CODE) >= _MOST_TEXTS:
            _CODE.clear()
        module = compile(text, "<rule>", "exec")
        code = next(each for each in module.co_consts if isinstance(each, CodeType))
        _CODE[text] = code
    return code


def _fault(name: str, meter: Meter) -> Callable[[Exception], None]:
    def told(error: Exception) -> None:
        if isinstance(error, OverBudget):
            raise error
        if isinstance(error, MemoryError):
            meter.oversize(f"builtin {name}: {error}")
        meter.failures[name] += 1

    return told


def _caller(builtin: Builtin, meter: Meter) -> Callable[..., object]:
    """The builtin's function, with what it computes converted and checked."""
    function, count = builtin.function, len(builtin.outputs)
    if count == 0:
        return function

    def checked(value: object) -> Value:
        result = from_plain(value)
        meter.check(result)
        return result

    longest = meter.limits.string_length

    def one(*inputs: Value) -> Value:
        value = function(*inputs)
        kind = type(value)
        if kind is str and len(value) <= longest:  # type: ignore[arg-type]
            return value  # type: ignore[return-value]
        if kind is int and -_LARGE < value < _LARGE:  # type: ignore[operator]
            return value  # type: ignore[return-value]
        return checked(value)

    if count == 1:
        return one

    def several(*inputs: Value) -> tuple[Value, ...]:
        values = function(*inputs)
        if not isinstance(values, tuple) or len(values) != count:
            raise TypeError("the builtin gave another number of outputs than it declares")
        return tuple([checked(value) for value in values])

    return several


def _integral(value: Value) -> Value:
    return int(value) if type(value) is float and value.is_integer() else value


_GLOBALS: dict[str, object] = {"__builtins__": builtins, "N": _integral}
