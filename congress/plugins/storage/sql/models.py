"""The tables.

May import SQLAlchemy and the shared files of ``congress.plugins.storage``.

Invariant: what must be unique is a primary key or a unique constraint here, and
no key is longer than the 3072 bytes that InnoDB allows. Names of tables differ
from those of the former Congress, so its database cannot be taken for one of ours.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from congress.plugins.storage.limits import RESOURCE
from congress.plugins.storage.sql.types import Json, Name, Serial, Text

VERSION_TABLE = "congress_version"

#: The only row of ``policy_revision``.
REVISION_ROW = 1

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

_MYSQL = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mysql_row_format": "DYNAMIC",
}


class Base(DeclarativeBase):
    """The parent of all tables."""

    metadata = sa.MetaData(naming_convention=_NAMING)
    __table_args__: Any = _MYSQL
    type_annotation_map = {
        str: Text(),
        int: sa.BigInteger(),
        float: sa.Double(),
        bool: sa.Boolean(),
        dict[str, Any]: Json(),
        list[Any]: Json(),
    }


def _owner(column: str) -> Mapped[str]:
    """A reference to the thing that this one goes with."""
    return mapped_column(Name(), sa.ForeignKey(column, ondelete="CASCADE"))


class Policy(Base):
    """See ``model.policy.PolicyDef``."""

    __tablename__ = "policy"

    id: Mapped[str] = mapped_column(Name(), primary_key=True)
    name: Mapped[str] = mapped_column(Name(), unique=True)
    kind: Mapped[str]
    abbreviation: Mapped[str]
    description: Mapped[str]
    owner: Mapped[str]


class PolicyRule(Base):
    """See ``model.policy.RuleDef``. ``digest`` is that of the rule's fingerprint."""

    __tablename__ = "policy_rule"
    __table_args__ = (sa.UniqueConstraint("policy_id", "digest"), _MYSQL)

    position: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Name(), unique=True)
    policy_id: Mapped[str] = _owner("policy.id")
    digest: Mapped[str] = mapped_column(sa.String(64))
    name: Mapped[str | None]
    text: Mapped[str]
    comment: Mapped[str]


class Datasource(Base):
    """See ``DatasourceRecord``."""

    __tablename__ = "datasource"

    id: Mapped[str] = mapped_column(Name(), primary_key=True)
    name: Mapped[str] = mapped_column(Name(), unique=True)
    driver: Mapped[str]
    config: Mapped[dict[str, Any]]
    description: Mapped[str | None]
    enabled: Mapped[bool]
    sealed: Mapped[list[Any]]
    generation: Mapped[int]


class LibraryPolicy(Base):
    """See ``LibraryRecord``."""

    __tablename__ = "library_policy"

    id: Mapped[str] = mapped_column(Name(), primary_key=True)
    name: Mapped[str] = mapped_column(Name(), unique=True)
    kind: Mapped[str]
    abbreviation: Mapped[str]
    description: Mapped[str]
    rules: Mapped[list[Any]]
    digest: Mapped[str]


class PushedTable(Base):
    """A table with rows from outside. ``version`` grows with every change of them."""

    __tablename__ = "pushed_table"
    __table_args__ = (sa.UniqueConstraint("datasource_id", "name"), _MYSQL)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    datasource_id: Mapped[str] = _owner("datasource.id")
    name: Mapped[str] = mapped_column(Name())
    version: Mapped[int]


class PushedRow(Base):
    """A row as typed JSON. ``digest`` depends on nothing but its values."""

    __tablename__ = "pushed_row"

    table_id: Mapped[int] = mapped_column(
        Serial, sa.ForeignKey("pushed_table.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    content: Mapped[list[Any]]


class PushKey(Base):
    """An idempotency key that was used."""

    __tablename__ = "push_key"

    datasource_id: Mapped[str] = mapped_column(
        Name(), sa.ForeignKey("datasource.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    noted_at: Mapped[float] = mapped_column(index=True)


class Ledger(Base):
    """See ``LedgerEntry``."""

    __tablename__ = "ledger"
    __table_args__ = (sa.Index(None, "bus_id", "datasource"), _MYSQL)

    bus_id: Mapped[str] = mapped_column(Name(), primary_key=True)
    action_key: Mapped[str] = mapped_column(Name(), primary_key=True)
    policy: Mapped[str]
    rule: Mapped[str]
    datasource: Mapped[str] = mapped_column(Name())
    action: Mapped[str]
    arguments: Mapped[list[Any]]
    generation: Mapped[int]
    active: Mapped[bool]
    state: Mapped[str]
    promise: Mapped[str]
    fence: Mapped[int]
    attempts: Mapped[int]
    manual: Mapped[bool]
    result: Mapped[Any] = mapped_column(Json(), nullable=False)
    message: Mapped[str]
    created_at: Mapped[float]
    updated_at: Mapped[float]


class Lease(Base):
    """See ``LeaseRecord``. ``checks`` is changed by every fenced transaction, so
    that one which relied on the lease collides with one that takes it away."""

    __tablename__ = "lease"

    bus_id: Mapped[str] = mapped_column(Name(), primary_key=True)
    resource: Mapped[str] = mapped_column(Name(RESOURCE), primary_key=True)
    owner: Mapped[str] = mapped_column(Name())
    epoch: Mapped[int]
    expires_at: Mapped[float]
    checks: Mapped[int]


class PolicyRevision(Base):
    """One row: the revision, and that up to which changes are no longer kept."""

    __tablename__ = "policy_revision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    trimmed: Mapped[int]


class PolicyChange(Base):
    """See ``ChangeRecord``."""

    __tablename__ = "policy_change"

    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    op: Mapped[str]
    kind: Mapped[str]
    object_id: Mapped[str]
    payload: Mapped[dict[str, Any]]


class Audit(Base):
    """See ``AuditRecord``."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    at: Mapped[float]
    actor: Mapped[str]
    verb: Mapped[str]
    target: Mapped[str]
    outcome: Mapped[str]
    request_id: Mapped[str]
    revision: Mapped[int]
    details: Mapped[dict[str, Any]]


class Fact(Base):
    """A named text about the installation."""

    __tablename__ = "fact"

    name: Mapped[str] = mapped_column(Name(), primary_key=True)
    value: Mapped[str]
