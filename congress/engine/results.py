"""What the engine answers.

May import ``congress.model`` only.
"""

import enum
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from congress.model.action import DesiredAction
from congress.model.delta import Delta
from congress.model.diagnostic import Diagnostic
from congress.model.values import Row


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that a table cannot hold, and why; it was left out."""

    policy: str
    table: str
    row: Row
    reason: str


class TableChanges(Mapping[tuple[str, str], Delta]):
    """The net change of each table, made into a delta when it is asked for.

    :param rows: the rows that came and went, which nobody changes any more.
    """

    __slots__ = ("_rows",)

    def __init__(
        self, rows: Mapping[tuple[str, str], tuple[Collection[Row], Collection[Row]]]
    ) -> None:
        self._rows = rows

    def __getitem__(self, table: tuple[str, str]) -> Delta:
        added, removed = self._rows[table]
        return Delta(table[1], frozenset(added), frozenset(removed))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class Changes(NamedTuple):
    """What a transaction changed.

    :param number: counts the transactions of the engine, from 1.
    :param accepted: statements that changed the stored contents.
    :param tables: the net change of each table's rows, stored and derived
        together, by policy and table; tables that did not change are left out.
    """

    number: int
    accepted: int = 0
    tables: Mapping[tuple[str, str], Delta] = MappingProxyType({})
    activated: frozenset[DesiredAction] = frozenset()
    deactivated: frozenset[DesiredAction] = frozenset()
    rejected: tuple[RejectedRow, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a query, sorted and without duplicates.

    ``rows`` are the values of the atom, or of the head of a rule, where all of
    them are known. ``write`` makes the texts, which most who ask do not need.
    """

    rows: list[Row]
    write: Callable[[], list[str]]

    @property
    def texts(self) -> list[str]:
        """The answers as the language writes them."""
        return self.write()


@dataclass(frozen=True, slots=True)
class Simulation:
    """The answers of a query after a sequence of changes that were never made."""

    result: list[str]
    trace: str | None = None


class RuleState(enum.StrEnum):
    """Whether a stored statement takes effect."""

    ACTIVE = "active"
    PARKED = "parked"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """The state of one statement, and what keeps it from being active."""

    state: RuleState
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class LiteralCoverage:
    """Whether rows were seen that make a literal hold, and rows that make it fail.

    None stands where that cannot be: ``true`` never fails, and a literal that takes
    whatever a table has fails only while the table is empty.
    """

    literal: str
    held: bool | None
    failed: bool | None


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """Whether rows were seen for which the whole body of a rule holds."""

    policy: str
    rule: str
    held: bool
    literals: tuple[LiteralCoverage, ...]
