"""Policies, datasources and library policies in the database.

May import SQLAlchemy, ``congress.interfaces`` and ``congress.model``.

Invariant: a name or id that is taken is found before it is inserted, so the
transaction stays usable; only one that is taken at the same moment by somebody
else is left to the unique constraint, and is a conflict.
"""

import abc
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import sqlalchemy as sa

from congress.interfaces.storage import DatasourceRecord, Duplicate, LibraryRecord
from congress.model.policy import PolicyDef, PolicyKind
from congress.plugins.storage.limits import checked_name
from congress.plugins.storage.sql.models import Datasource, LibraryPolicy, Policy
from congress.plugins.storage.sql.session import Found, Session


class Named(Protocol):
    """What the store needs to know of a thing."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


class NamedStore(abc.ABC, Generic[N]):
    """Things of one kind in one table."""

    kind: ClassVar[str]
    model: ClassVar[type[Any]]

    def __init__(self, session: Session) -> None:
        self._session = session

    @abc.abstractmethod
    def _columns(self, thing: N) -> Mapping[str, Any]:
        """What is stored besides id and name."""

    @abc.abstractmethod
    def _thing(self, row: Found) -> N:
        """What is read."""

    def add(self, thing: N) -> None:
        checked_name(self.kind, thing.id)
        self._check_name(thing)
        if self._find(self.model.id == thing.id):
            raise Duplicate(self.kind, thing.id)
        values = {"id": thing.id, "name": thing.name, **self._columns(thing)}
        self._session.insert(self.model, values)

    def get(self, id_or_name: str) -> N | None:
        found = self._either(id_or_name)
        return found.get("name") or found.get("id")

    def list(self) -> Sequence[N]:
        rows = self._session.all(sa.select(*self.model.__table__.c))
        return sorted((self._thing(row) for row in rows), key=lambda thing: thing.name)

    def replace(self, thing: N) -> bool:
        if not self._find(self.model.id == thing.id):
            return False
        self._check_name(thing)
        values = {"name": thing.name, **self._columns(thing)}
        statement = sa.update(self.model).where(self.model.id == thing.id).values(**values)
        return self._session.change(statement) > 0

    def remove(self, thing_id: str) -> bool:
        return self._session.change(sa.delete(self.model).where(self.model.id == thing_id)) > 0

    def _either(self, key: str) -> dict[str, N]:
        """What has the key as its name, and what has it as its id."""
        condition = sa.or_(self.model.name == key, self.model.id == key)
        found: dict[str, N] = {}
        for row in self._session.all(sa.select(*self.model.__table__.c).where(condition)):
            for column in ("name", "id"):
                if getattr(row, column) == key:
                    found[column] = self._thing(row)
        return found

    def _find(self, condition: sa.ColumnElement[bool]) -> str | None:
        """The id of a thing that meets the condition."""
        row = self._session.first(sa.select(self.model.id).where(condition))
        return None if row is None else str(row[0])

    def _check_name(self, thing: N) -> None:
        """:raises Duplicate: if another thing has the name."""
        other = self._find(self.model.name == checked_name(self.kind, thing.name))
        if other is not None and other != thing.id:
            raise Duplicate(self.kind, thing.name)


class SqlPolicies(NamedStore[PolicyDef]):
    """See ``PolicyStore``. Rules go with their policy by foreign key."""

    kind = "policy"
    model = Policy

    def _columns(self, thing: PolicyDef) -> Mapping[str, Any]:
        return {
            "kind": str(thing.kind),
            "abbreviation": thing.abbreviation,
            "description": thing.description,
            "owner": thing.owner,
        }

    def _thing(self, row: Found) -> PolicyDef:
        return PolicyDef(
            row.id, row.name, PolicyKind(row.kind), row.abbreviation, row.description, row.owner
        )


class SqlDatasources(NamedStore[DatasourceRecord]):
    """See ``DatasourceStore``. Pushed rows go with their datasource by foreign key."""

    kind = "datasource"
    model = Datasource

    def _columns(self, thing: DatasourceRecord) -> Mapping[str, Any]:
        return {
            "driver": thing.driver,
            "config": dict(thing.config),
            "description": thing.description,
            "enabled": thing.enabled,
            "sealed": list(thing.sealed),
            "generation": thing.generation,
        }

    def _thing(self, row: Found) -> DatasourceRecord:
        return DatasourceRecord(
            id=row.id,
            name=row.name,
            driver=row.driver,
            config=row.config,
            description=row.description,
            enabled=row.enabled,
            sealed=tuple(row.sealed),
            generation=row.generation,
        )


class SqlLibrary(NamedStore[LibraryRecord]):
    """See ``LibraryStore``."""

    kind = "library policy"
    model = LibraryPolicy

    def get(self, id_or_name: str) -> LibraryRecord | None:
        found = self._either(id_or_name)
        return found.get("id") or found.get("name")

    def _columns(self, thing: LibraryRecord) -> Mapping[str, Any]:
        return {
            "kind": thing.kind,
            "abbreviation": thing.abbreviation,
            "description": thing.description,
            "rules": [dict(rule) for rule in thing.rules],
            "digest": thing.digest,
        }

    def _thing(self, row: Found) -> LibraryRecord:
        return LibraryRecord(
            row.id,
            row.name,
            row.kind,
            row.abbreviation,
            row.description,
            tuple(row.rules),
            row.digest,
        )
