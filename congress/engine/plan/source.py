"""Python text for the plan of one rule.

May import ``congress.engine`` below the plans and ``congress.model`` only. The
text names no table, constant or builtin: these are parameters, listed apart, so
that rules of one shape share one text and one code object.

Invariant: the function adds ``sign`` to the count of a head row once for every
combination of rows that makes the body true. Calls of builtins that fail end the
combination, negated or not.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from congress.engine.lang.resolved import TableId
from congress.engine.plan.steps import Apply, Given, Part, Plan, Scan, Settle, Slot, Step, filled
from congress.model.builtin import Builtin
from congress.model.values import Value

Columns: TypeAlias = tuple[int, ...]

#: Loops within loops multiply, and Python allows 20 nested blocks: a rule with more of
#: them is not written out, but worked off by values that matter.
MOST_LOOPS = 8
#: With more loops that only count, their product is a cost that is better avoided.
MOST_IDLE_LOOPS = 3
#: Names that each part of a fused function has for itself.
_OWN = re.compile(r"(?<!\.)\b([KTIFX]\d+|out|get|n)\b")
#: Rows looked at before the meter hears of them.
_STRIDE = 4096


@dataclass(frozen=True, slots=True)
class ConstantNeed:
    """A constant of the rule."""

    value: Value


@dataclass(frozen=True, slots=True)
class TableNeed:
    """The table that the goal at a position reads; with columns an index over them."""

    position: int
    table: TableId
    columns: Columns | None = None


@dataclass(frozen=True, slots=True)
class CallNeed:
    """A builtin, or with ``fault`` what is told when its inlined form fails."""

    builtin: Builtin
    fault: bool = False


Need: TypeAlias = ConstantNeed | TableNeed | CallNeed
Choose: TypeAlias = Callable[[Scan], Columns | None]


@dataclass(frozen=True, slots=True)
class Source:
    """The lines of a function ``f(rows, sign, out, meter, ...)`` and its further parameters."""

    lines: tuple[str, ...]
    needs: tuple[Need, ...]

    @property
    def names(self) -> list[str]:
        """The further parameters."""
        return [f"{_letter(need)}{number}" for number, need in enumerate(self.needs, 1)]

    @property
    def text(self) -> str:
        """The whole function."""
        start = f"def f({', '.join(['rows', 'sign', 'out', 'meter', *self.names])}):"
        return "\n".join([start, "    get = out.get", *self.lines])


def write(
    plan: Plan,
    head: Sequence[Part],
    choose: Choose,
    dirty: Callable[[Scan], bool],
    given: int | None = None,
) -> Source:
    """The function that works a plan off.

    :param choose: the columns of the index that a scan uses, among its key columns;
        none to go through all rows; None if the key is the row itself.
    :param dirty: whether a scan may give floats that equal integers.
    :param given: the position of the scan that reads ``rows``, the first step.
    """
    writer = _Writer(plan, head, choose, dirty, given)
    for step in plan.steps:
        writer.step(step)
    return writer.close()


class _Writer:
    def __init__(
        self,
        plan: Plan,
        head: Sequence[Part],
        choose: Choose,
        dirty: Callable[[Scan], bool],
        given: int | None,
    ) -> None:
        self._head = head
        self._choose = choose
        self._dirty_scan = dirty
        self._given = given
        self._lines: list[str] = []
        self._needs: list[Need] = []
        self._names: dict[Need, str] = {}
        self._depth = 1
        self._places = 0
        self._dirty: set[int] = set()
        self._rows = 0
        self._metered = False
        self._used = _used(plan.steps, head)
        if given is None:
            self._open("for _ in (0,):")

    # -- text -----------------------------------------------------------------------

    def _line(self, text: str) -> None:
        self._lines.append("    " * self._depth + text)

    def _open(self, text: str) -> None:
        self._line(text)
        self._depth += 1

    def _skip_if(self, condition: str) -> None:
        self._line(f"if {condition}: continue")

    def _name(self, need: Need, letter: str) -> str:
        """The parameter for something a rule needs."""
        if isinstance(need, ConstantNeed):
            return self._add(need, letter)
        known = self._names.get(need)
        if known is None:
            known = self._names[need] = self._add(need, letter)
        return known

    def _add(self, need: Need, letter: str) -> str:
        self._needs.append(need)
        return f"{letter}{len(self._needs)}"

    def _part(self, part: Part) -> str:
        if isinstance(part, Given):
            return self._name(ConstantNeed(part.value), "K")
        return f"v{part.place}"

    def _tuple(self, parts: Sequence[str]) -> str:
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"

    def close(self) -> Source:
        """All that was written."""
        parts = []
        for part in self._head:
            text = self._part(part)
            dirty = isinstance(part, Slot) and part.place in self._dirty
            parts.append(f"N({text})" if dirty else text)
        self._line(f"h = {self._tuple(parts)}")
        self._line("out[h] = get(h, 0) + sign")
        lines = self._lines
        if self._metered:
            lines = ["    n = 0", *lines, "    if n: meter(n, len(out))"]
        return Source(tuple(lines), tuple(self._needs))

    # -- steps ----------------------------------------------------------------------

    def step(self, step: Step) -> None:
        """Write one step."""
        if isinstance(step, Settle):
            self._skip_if("True") if not step.truth else None
        elif isinstance(step, Apply):
            self._apply(step)
        elif step.negated:
            self._member(step, "in")
        else:
            self._scan(step)

    def _member(self, step: Scan, relation: str) -> None:
        table = self._name(TableNeed(step.position, step.table), "T")
        key = self._tuple([self._part(part) for part in step.key])
        self._skip_if(f"{key} {relation} {table}.rows")

    def _scan(self, step: Scan) -> None:
        first = self._places
        self._places += len(step.take)
        if self._dirty_scan(step):
            self._dirty.update(range(first, self._places))
        row = f"r{self._rows}"
        self._rows += 1
        rest = dict(zip(step.key_columns, step.key, strict=True))
        if step.position == self._given:
            self._open(f"for {row} in rows:")
        else:
            columns = self._choose(step)
            if columns is None:
                self._member(step, "not in")
                return
            self._loop(step, row, columns)
            for column in columns:
                del rest[column]
        for column, part in rest.items():
            self._skip_if(f"{row}[{column}] != {self._part(part)}")
        for left, right in step.same:
            self._skip_if(f"{row}[{left}] != {row}[{right}]")
        for number, column in enumerate(step.take):
            if first + number in self._used:
                self._line(f"v{first + number} = {row}[{column}]")

    def _loop(self, step: Scan, row: str, columns: Columns) -> None:
        """Open the loop over a table's rows, by way of an index over some columns."""
        self._metered = True
        if not columns:
            table = self._name(TableNeed(step.position, step.table), "T")
            self._line(f"n += len({table}.rows)")
            self._line(f"if n > {_STRIDE}: n = meter(n, len(out))")
            self._open(f"for {row} in {table}.rows:")
            return
        index = self._name(TableNeed(step.position, step.table, columns), "I")
        key = [self._part(step.key[step.key_columns.index(column)]) for column in columns]
        text = key[0] if len(key) == 1 else self._tuple(key)
        bucket = f"b{row[1:]}"
        self._line(f"{bucket} = {index}.map.get({text})")
        self._skip_if(f"{bucket} is None")
        self._line(f"if {bucket}.__class__ is tuple: {bucket} = ({bucket},)")
        self._open("else:")
        self._line(f"n += len({bucket})")
        self._line(f"if n > {_STRIDE}: n = meter(n, len(out))")
        self._depth -= 1
        self._open(f"for {row} in {bucket}:")

    def _apply(self, step: Apply) -> None:
        inputs = [self._part(part) for part in step.inputs]
        builtin = step.builtin
        result = f"t{step.position}"
        self._open("try:")
        if builtin.inline and not builtin.outputs:
            self._line(f"{result} = ({_inlined(builtin, inputs)})")
        else:
            call = self._name(CallNeed(builtin), "F")
            self._line(f"{result} = {call}({', '.join(inputs)})")
        self._depth -= 1
        self._open("except Exception as error:")
        fault = self._name(CallNeed(builtin, fault=True), "X")
        self._line(f"{fault}(error)")
        self._line("continue")
        self._depth -= 1
        if not builtin.outputs:
            self._skip_if(result if step.negated else f"not {result}")
        else:
            self._outputs(step, result)

    def _outputs(self, step: Apply, result: str) -> None:
        many = len(step.outputs) > 1
        tests: list[str] = []
        for number, part in enumerate(step.outputs):
            value = f"{result}[{number}]" if many else result
            if part is not None:
                tests.append(f"{self._part(part)} == {value}")
            elif number not in step.ignored:
                self._line(f"v{self._places} = {value}")
                self._dirty.add(self._places)
                self._places += 1
        if tests and step.negated:
            self._skip_if(" and ".join(tests))
        elif tests:
            self._skip_if(f"not ({' and '.join(tests)})")


@dataclass(frozen=True, slots=True)
class Fusible:
    """A function that may become a part of another. ``lost`` turns its sign round."""

    source: Source
    lost: bool


@lru_cache(maxsize=4096)
def fuse(parts: tuple[Fusible, ...]) -> str:
    """The text of one function that does what several do with rows that came and went.

    It is ``f(came, went, pending, schedule, meter, ...)``; for each part follow the node
    whose counts in ``pending`` it adds to, the rule's name, and its own parameters.
    """
    parameters = ["came", "went", "pending", "schedule", "meter"]
    opening: list[str] = []
    inner: list[str] = []
    closing: list[str] = []
    for number, part in enumerate(parts, 1):
        own = [f"node_{number}", f"rule_{number}", *(f"{n}_{number}" for n in part.source.names)]
        parameters += own
        opening.append(f"    out_{number} = pending[node_{number}]")
        opening.append(f"    get_{number} = out_{number}.get")
        inner.append(f"        meter.rule = rule_{number}")
        for line in part.source.lines:
            text = _OWN.sub(lambda name, number=number: f"{name[0]}_{number}", line)  # type: ignore[misc]
            inner.append("    " + (text.replace("+ sign", "- sign") if part.lost else text))
        closing.append(f"    if out_{number}: schedule(node_{number})")
    start = f"def f({', '.join(parameters)}):"
    loop = "    for rows, sign in ((came, 1), (went, -1)):"
    return "\n".join([start, *opening, loop, *inner, *closing])


def loops(plan: Plan) -> int:
    """How many loops a plan's function would nest."""
    return sum(isinstance(step, Scan) and not step.negated for step in plan.steps)


def idle_loops(plan: Plan, head: Sequence[Part]) -> int:
    """How many loops would go through rows of which nothing but their number matters."""
    used, first, idle = _used(plan.steps, head), 0, 0
    for step in plan.steps:
        if isinstance(step, Scan):
            taken = range(first, first + len(step.take))
            idle += not step.negated and used.isdisjoint(taken)
        first += filled(step)
    return idle


def _letter(need: Need) -> str:
    if isinstance(need, ConstantNeed):
        return "K"
    if isinstance(need, CallNeed):
        return "X" if need.fault else "F"
    return "T" if need.columns is None else "I"


def _inlined(builtin: Builtin, inputs: Sequence[str]) -> str:
    """The builtin's expression over the given names."""
    names = dict(zip(builtin.inputs, inputs, strict=True))
    pattern = rf"\b({'|'.join(map(re.escape, names))})\b"
    return re.sub(pattern, lambda found: names[found[1]], builtin.inline)


def _used(steps: Sequence[Step], head: Sequence[Part]) -> set[int]:
    """The places whose values are asked for."""
    parts: list[Part | None] = list(head)
    for step in steps:
        if isinstance(step, Scan):
            parts.extend(step.key)
        elif isinstance(step, Apply):
            parts.extend(step.inputs)
            parts.extend(step.outputs)
    return {part.place for part in parts if isinstance(part, Slot)}
