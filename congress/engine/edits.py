"""The edits a transaction is made of.

May import ``congress.model`` only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from congress.model.policy import PolicyKind
from congress.model.schema import Schema
from congress.model.values import Row


@dataclass(frozen=True, slots=True)
class CreatePolicy:
    """Make an empty policy. Kind ``datasource`` stands for one that a datasource fills."""

    name: str
    kind: str = PolicyKind.NONRECURSIVE


@dataclass(frozen=True, slots=True)
class DropPolicy:
    """Remove a policy with its rules, rows and schema; references to it become empty."""

    name: str


@dataclass(frozen=True, slots=True)
class SetSchema:
    """Declare the tables of a datasource's policy, in place of what was declared."""

    policy: str
    schema: Schema


@dataclass(frozen=True, slots=True)
class InsertRules:
    """Insert every statement of a text.

    ``rule_id`` names the statement, if the text holds just one. With ``lenient``
    a statement that does not fit is kept, switched off, with its diagnostics,
    instead of refusing the transaction: for rules that come from storage.
    """

    policy: str
    text: str
    rule_id: str | None = None
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class DeleteRules:
    """Delete every statement of a text; one that is not there is passed over."""

    policy: str
    text: str


@dataclass(frozen=True, slots=True)
class ReplaceTables:
    """New full contents of some tables of a policy; rules stay as they are."""

    policy: str
    tables: Mapping[str, Iterable[Row]]


class UpdateTable(NamedTuple):
    """Remove rows from a table, then add rows to it."""

    policy: str
    table: str
    add: Iterable[Row] = ()
    remove: Iterable[Row] = ()


@dataclass(frozen=True, slots=True)
class Tick:
    """Set the one row of the table ``now``, as ``YYYY-MM-DD HH:MM:SS``."""

    now: str


Edit: TypeAlias = (
    CreatePolicy
    | DropPolicy
    | SetSchema
    | InsertRules
    | DeleteRules
    | ReplaceTables
    | UpdateTable
    | Tick
)
