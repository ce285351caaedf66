"""The driver ``push``: rows that others put, and webhooks that change some of them.

May import the interfaces, the model and its own folder.

Invariants: a payload that is refused changes nothing. What the driver remembers
of a table is what it gave last, so an upsert removes exactly the rows it replaces.

A host that kept rows over a restart gives them back through ``accept`` with the
table's name, before anything else; rows as objects bring inferred names back too.
"""

from collections.abc import Mapping, Sequence

from congress.interfaces.datasource import Config, DatasourceDriver, DriverContext
from congress.interfaces.plugin import PluginInfo
from congress.model.delta import Batch, Change, Delta, Snapshot, applied
from congress.model.diagnostic import refuse
from congress.model.schema import Schema, TableSchema
from congress.model.values import Row
from congress.plugins.datasource.naming import name_problem
from congress.plugins.datasource.push.merging import lenient, merge
from congress.plugins.datasource.push.rows import check_list, convert_rows, infer_table
from congress.plugins.datasource.push.settings import OPTIONS, read_settings

_FIELDS = frozenset({"table", "rows", "upsert", "delete"})


class PushDriver(DatasourceDriver):
    """Tables that others fill through the API."""

    def __init__(self, config: Config, ctx: DriverContext) -> None:
        super().__init__(config, ctx)
        self._settings, _ = read_settings(config)
        self._tables = {name: table for name, table in self._settings.tables.items() if table}
        self._rows: dict[str, frozenset[Row]] = {}

    @classmethod
    def describe(cls) -> PluginInfo:
        """See ``Plugin.describe``."""
        return PluginInfo(
            name="push",
            summary="Tables that others fill through the API, by PUT or by webhook.",
            options=OPTIONS,
            features={"persist": True},
        )

    @classmethod
    def check(cls, config: Config, settings: Config) -> Sequence[str]:
        """Problems with the declared tables."""
        return read_settings(config)[1]

    def schema(self) -> Schema:
        """The declared tables, and those whose first push decided their columns."""
        closed = not self._settings.open and len(self._tables) == len(self._settings.tables)
        return Schema.of(self._tables.values(), closed=closed)

    def accept(self, payload: object, table: str | None) -> Batch:
        """Take the rows of one table, or a webhook.

        :param payload: with a table, its rows: a list of lists or of objects, which
            replace what was there; or an object with ``upsert`` and ``delete`` (rows by the
            table's key; without a key by all columns). Without a table an object
            ``{"table": NAME}`` with either ``rows`` (replace all), or those two.
        :raises Refused: for a payload that does not fit.
        """
        change = self._webhook(payload) if table is None else self._change(table, payload)
        before = self._rows.get(change.table, frozenset())
        self._rows[change.table] = applied(before, change)
        return Batch((change,), self.ctx.clock.time())

    def _webhook(self, payload: object) -> Change:
        """The change that a webhook asks for."""
        if not isinstance(payload, Mapping) or not isinstance(payload.get("table"), str):
            raise refuse("invalid", "the payload must be an object with the field 'table'")
        if unknown := sorted(str(key) for key in payload if key not in _FIELDS):
            raise refuse("invalid", f"unknown field {unknown[0]!r}", where=unknown[0])
        partial = "upsert" in payload or "delete" in payload
        if ("rows" in payload) == partial:
            raise refuse("invalid", "the payload must have either 'rows', or 'upsert' or 'delete'")
        if partial:
            return self._modify(
                payload["table"], payload.get("upsert", []), payload.get("delete", [])
            )
        return self._replace(payload["table"], payload["rows"])

    def _change(self, name: str, payload: object) -> Change:
        """What is pushed to a table."""
        if isinstance(payload, Mapping) and payload and payload.keys() <= {"upsert", "delete"}:
            return self._modify(name, payload.get("upsert", []), payload.get("delete", []))
        return self._replace(name, payload)

    def _replace(self, name: str, plain: object) -> Snapshot:
        """All rows of a table."""
        self._check_name(name)
        rows = check_list(plain, self._settings.max_rows)
        if not rows:
            return Snapshot(name, frozenset())
        table = self._tables.get(name) or infer_table(name, rows)
        snapshot = Snapshot(name, frozenset(convert_rows(rows, table, self._settings.max_text)))
        self._learn(table)
        return snapshot

    def _modify(self, name: str, upsert: object, delete: object) -> Delta:
        """Some rows of a table."""
        self._check_name(name)
        put = check_list(upsert, self._settings.max_rows)
        drop = check_list(delete, self._settings.max_rows)
        if not put and not drop:
            return Delta(name)
        table = self._tables.get(name) or infer_table(name, put or drop)
        delta = merge(
            self._rows.get(name, frozenset()),
            table,
            put=convert_rows(put, table, self._settings.max_text),
            drop=convert_rows(drop, lenient(table), self._settings.max_text),
        )
        self._check_growth(delta)
        self._learn(table)
        return delta

    def _check_growth(self, delta: Delta) -> None:
        """Refuse to let a table grow beyond the limit bit by bit."""
        present = len(self._rows.get(delta.table, ()))
        if present + len(delta.added) - len(delta.removed) > self._settings.max_rows:
            raise refuse(
                "too-large",
                f"the table would have more than {self._settings.max_rows} rows",
                hint="raise max_rows of the datasource",
                where="upsert",
            )

    def _check_name(self, name: str) -> None:
        """Refuse tables that this datasource does not take."""
        settings = self._settings
        if name in settings.tables or name in self._tables:
            return
        if not settings.open:
            raise refuse(
                "invalid",
                f"no table {name!r} in this datasource",
                hint=f"it takes {', '.join(sorted(settings.tables))}",
                where="table",
            )
        if problem := name_problem(name):
            raise refuse("invalid", f"table {problem}", where="table")
        if len(self._tables) >= settings.max_tables:
            raise refuse("too-large", f"more than {settings.max_tables} tables", where="table")

    def _learn(self, table: TableSchema) -> None:
        """Keep the columns that a first push decided."""
        if table.name not in self._tables:
            self._tables[table.name] = table
            self.ctx.schema_changed(self.schema())
