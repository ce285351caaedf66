"""A rule made ready to run: functions for all it derives and for each change it reads.

May import ``congress.engine`` below it and ``congress.model`` only. Functions are
made when first needed, since most never are, and share code by their text.

Invariant: a function of a clause may be called with any rows of the table its
literal reads; it sees the other tables as they are at that moment.
"""

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any, Protocol, TypeAlias

from congress.engine.lang.resolved import Goal, Lookup, Plain, TableId
from congress.engine.plan.source import CallNeed, ConstantNeed, Need, Source
from congress.engine.plan.steps import Plan, Scan, Slot, make_plan
from congress.engine.run.budget import OverBudget, RuleName
from congress.engine.run.drafts import Place, Shape, Tables, draft_of
from congress.engine.run.join import solve_merged, tuple_maker
from congress.engine.run.meter import Meter
from congress.engine.run.naive import integral
from congress.engine.run.table import Former, Table
from congress.model.builtin import Builtin
from congress.model.values import Row, Value, from_plain

#: Adds ``sign`` to the count of each head row that follows from the given rows.
Function: TypeAlias = Callable[[Iterable[Row], int, dict[Row, int], Meter], None]
#: For positions of a body, the table as it was instead of as it is.
Formers: TypeAlias = Mapping[int, Former]

_NONE: Formers = {}
_HEAD = -1
#: An integer below this is surely small enough.
_LARGE = 1 << 62


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
        self._tables.outdate()

    def full(self) -> Function:
        """Counts all that follows; ignores its rows."""
        return _make(self.body, self.terms, None, self._tables, self._meter).bind({})

    def delta(self, position: int, formers: Formers) -> Function:
        """Counts what follows from rows of the literal at a position, as if it were positive."""
        if not formers and (known := self.functions.get(position)) is not None:
            return known
        function = self._maker(position).bind(formers)
        if not formers:
            self.functions[position] = function
        return function

    def fusible(self, position: int) -> tuple[Source, tuple[object, ...]] | None:
        """The text of a delta and its parameters, if it has one."""
        maker = self._maker(position)
        return maker.source_and_parameters() if isinstance(maker, _Compiled) else None

    def _maker(self, position: int) -> "Maker":
        maker = self._makers.get(position)
        if maker is None:
            goal = self.body[position]
            if not isinstance(goal, Lookup):
                raise TypeError("only lookups change")
            body = list(self.body)
            body[position] = Lookup(goal.table, goal.terms)
            maker = _make(body, self.terms, position, self._tables, self._meter)
            self._makers[position] = maker
        return maker

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
    """Rules of one shape over tables alike share what was thought out for the first."""
    shape = Shape(body, terms, given, tables)
    draft = draft_of(shape, body, tables)
    if draft.plan is None:
        return _Nothing()
    if draft.code is None or draft.source is None:
        return _Interpreted(make_plan(body, draft.order), terms, given, tables, meter)
    return _Compiled(draft.code, draft.source, body, shape.constants, tables, meter)


class _Nothing:
    """A head with an open variable: nothing can be derived."""

    def bind(self, formers: Formers) -> Function:
        return lambda rows, sign, out, meter: None


class _Interpreted:
    """A body with more loops than Python can nest, or than pay."""

    def __init__(
        self,
        plan: Plan,
        terms: Sequence[Plain],
        given: int | None,
        tables: Tables,
        meter: Meter,
    ) -> None:
        self._plan = plan
        head = [part for term in terms if (part := plan.part(term)) is not None]
        self._head = tuple_maker(head)
        self._kept = frozenset(part.place for part in head if isinstance(part, Slot))
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
            found = solve_merged(self._plan, read, counter, meter.failures, self._kept)
            for environment, number in found:
                row = integral(self._head(environment))
                out[row] = out.get(row, 0) + sign * number

        return function


class _Compiled:
    """A body as Python code."""

    def __init__(
        self,
        code: CodeType,
        source: Source,
        body: Sequence[Goal],
        constants: Sequence[Value],
        tables: Tables,
        meter: Meter,
    ) -> None:
        self._code = code
        self._source = source
        self._body = body
        self._constants = constants
        self._tables = tables
        self._meter = meter

    def bind(self, formers: Formers) -> Function:
        return function_of(self._code, self._parameters(formers))

    def source_and_parameters(self) -> tuple[Source, tuple[object, ...]]:
        """What a function of several rules is made of."""
        return self._source, self._parameters(_NONE)

    def _parameters(self, formers: Formers) -> tuple[object, ...]:
        return tuple([self._bound(need, formers) for need in self._source.needs])

    def _bound(self, need: Need, formers: Formers) -> object:
        if isinstance(need, ConstantNeed):
            place = need.value
            return self._constants[int(place)] if isinstance(place, Place) else place
        if isinstance(need, CallNeed):
            if need.fault:
                return _fault(need.builtin.name, self._meter)
            return _caller(need.builtin, self._meter)
        table: Table | Former | None = formers.get(need.position)
        if table is None:
            goal = self._body[need.position]
            table = self._tables.table(goal.table if isinstance(goal, Lookup) else need.table)
        return table if need.columns is None else table.need(need.columns)


def function_of(code: CodeType, parameters: tuple[object, ...]) -> Callable[..., None]:
    """A function whose last parameters are given."""
    return FunctionType(code, _GLOBALS, "f", parameters)


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
