"""All tables, as they were at first.

Invariant: a migration says by itself what it does and does not follow the models
when they change. Only the column types are shared with them.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from congress.plugins.storage.sql.types import Json, Name, Serial, Text

revision: str = "13_0_initial"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the tables."""
    _create_policies()
    _create_datasources()
    _create_pushed_rows()
    _create_ledger()
    _create_leases()
    _create_history()


def _create(table: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        table,
        *parts,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_row_format="DYNAMIC",
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, Text(), nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _times(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double(), nullable=False) for name in names]


def _name(name: str, length: int = 255) -> sa.Column[str]:
    return sa.Column(name, Name(length), nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, Json(), nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _serial(name: str) -> sa.Column[int]:
    return sa.Column(name, Serial, nullable=False, autoincrement=True)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _owner(table: str, column: str, owner: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [owner], name=name, ondelete="CASCADE")


def _create_policies() -> None:
    _create(
        "policy",
        _name("id"),
        _name("name"),
        *_texts("kind", "abbreviation", "description", "owner"),
        _key("policy", "id"),
        _unique("policy", "name"),
    )
    _create(
        "policy_rule",
        _serial("position"),
        _name("id"),
        _name("policy_id"),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("name", Text(), nullable=True),
        *_texts("text", "comment"),
        _key("policy_rule", "position"),
        _unique("policy_rule", "id"),
        _unique("policy_rule", "policy_id", "digest"),
        _owner("policy_rule", "policy_id", "policy.id"),
    )
    _create(
        "library_policy",
        _name("id"),
        _name("name"),
        *_texts("kind", "abbreviation", "description"),
        _json("rules"),
        *_texts("digest"),
        _key("library_policy", "id"),
        _unique("library_policy", "name"),
    )


def _create_datasources() -> None:
    _create(
        "datasource",
        _name("id"),
        _name("name"),
        *_texts("driver"),
        _json("config"),
        sa.Column("description", Text(), nullable=True),
        _flag("enabled"),
        _json("sealed"),
        *_numbers("generation"),
        _key("datasource", "id"),
        _unique("datasource", "name"),
    )


def _create_pushed_rows() -> None:
    _create(
        "pushed_table",
        _serial("id"),
        _name("datasource_id"),
        _name("name"),
        *_numbers("version"),
        _key("pushed_table", "id"),
        _unique("pushed_table", "datasource_id", "name"),
        _owner("pushed_table", "datasource_id", "datasource.id"),
    )
    _create(
        "pushed_row",
        sa.Column("table_id", Serial, nullable=False, autoincrement=False),
        sa.Column("digest", sa.String(32), nullable=False),
        _json("content"),
        _key("pushed_row", "table_id", "digest"),
        _owner("pushed_row", "table_id", "pushed_table.id"),
    )
    _create(
        "push_key",
        _name("datasource_id"),
        sa.Column("digest", sa.String(64), nullable=False),
        *_times("noted_at"),
        _key("push_key", "datasource_id", "digest"),
        _owner("push_key", "datasource_id", "datasource.id"),
    )
    op.create_index("ix_push_key_noted_at", "push_key", ["noted_at"])


def _create_ledger() -> None:
    _create(
        "ledger",
        _name("bus_id"),
        _name("action_key"),
        *_texts("policy", "rule"),
        _name("datasource"),
        *_texts("action"),
        _json("arguments"),
        *_numbers("generation"),
        _flag("active"),
        *_texts("state", "promise"),
        *_numbers("fence", "attempts"),
        _flag("manual"),
        _json("result"),
        *_texts("message"),
        *_times("created_at", "updated_at"),
        _key("ledger", "bus_id", "action_key"),
    )
    op.create_index("ix_ledger_bus_id_datasource", "ledger", ["bus_id", "datasource"])


def _create_leases() -> None:
    _create(
        "lease",
        _name("bus_id"),
        _name("resource", 400),
        _name("owner"),
        *_numbers("epoch"),
        *_times("expires_at"),
        *_numbers("checks"),
        _key("lease", "bus_id", "resource"),
    )


def _create_history() -> None:
    _create(
        "policy_revision",
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
        *_numbers("number", "trimmed"),
        _key("policy_revision", "id"),
    )
    op.execute("INSERT INTO policy_revision (id, number, trimmed) VALUES (1, 0, 0)")
    _create(
        "policy_change",
        sa.Column("revision", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("position", sa.BigInteger(), nullable=False, autoincrement=False),
        *_texts("op", "kind", "object_id"),
        _json("payload"),
        _key("policy_change", "revision", "position"),
    )
    _create(
        "audit",
        _serial("id"),
        *_times("at"),
        *_texts("actor", "verb", "target", "outcome", "request_id"),
        *_numbers("revision"),
        _json("details"),
        _key("audit", "id"),
    )
    _create("fact", _name("name"), *_texts("value"), _key("fact", "name"))
