"""What is given to a datasource from outside: rows pushed by the API, webhooks.

Imports the interfaces and the model only. Jobs of the data loop.

Invariants: rows worth keeping are stored before they are published, and published
before the giver hears of success; what a giver says twice under one idempotency
key has effect once; a driver that was given something that then could not be
stored is given back what holds.
"""

from collections.abc import Callable, Iterable, Sequence

from congress.interfaces.datasource import Accepts, DriverError
from congress.interfaces.runtime import Clock
from congress.model.delta import Batch, Snapshot
from congress.model.diagnostic import Refused, refuse
from congress.model.schema import Schema
from congress.model.values import Row, row_order_key, row_to_plain
from congress.roles.datasource.board import Board
from congress.roles.datasource.keeping import Keeper, Kept
from congress.roles.datasource.publisher import DatasourcePublisher
from congress.roles.datasource.rows import Checked

#: Idempotency keys remembered where rows are not stored, so that the memory of a
#: push lasts exactly as long as its rows do.
REMEMBERED_KEYS = 10_000


class Intake:
    """The door for data that come by themselves.

    :param keeper: where accepted rows are stored and restored, if they are.
    :param schema: asks the driver for its schema.
    """

    def __init__(
        self,
        driver: object,
        keeper: Keeper | None,
        clock: Clock,
        publisher: DatasourcePublisher,
        board: Board,
        explain: Callable[[Exception], str],
        schema: Callable[[], Schema],
    ) -> None:
        self._driver = driver
        self._keeper = keeper
        self._clock = clock
        self._publisher = publisher
        self._board = board
        self._explain = explain
        self._schema = schema
        self._seen: dict[str | None, None] = {}

    def restore(self) -> None:
        """Give the driver what was stored, and publish it under this epoch.

        :raises StorageError: storage is away.
        """
        stored = self._keeper.load() if self._keeper else []
        for kept in stored:
            self._remind(kept)
        if stored:
            self._schema()
            snapshots = tuple(Snapshot(kept.table, kept.rows) for kept in stored)
            batch = Batch(snapshots, self._clock.time())
            self._publisher.publish(self._publisher.check([batch]))
            self._board.updated()

    def push(self, table: str, rows: object, key: str | None) -> None:
        """Replace or change a table as the driver understands the rows.

        :raises Refused: nothing is changed.
        """
        if key not in self._seen:
            batch = self._accepted(rows, table)
            self._take(batch, self._publisher.check_all, key)

    def webhook(self, payload: object) -> None:
        """Take a notification as the driver understands it.

        :raises Refused: nothing is changed.
        """
        self._take(self._accepted(payload, None), self._publisher.check, None)

    def _accepted(self, payload: object, table: str | None) -> Batch:
        if not isinstance(self._driver, Accepts):
            raise refuse(
                "unsupported",
                "this datasource reads its service by itself and is given no data",
                hint="create a datasource with a driver for pushed data, such as push",
            )
        try:
            return self._driver.accept(payload, table)
        except Refused:
            raise
        except DriverError as error:
            raise refuse("driver-error", self._explain(error)) from None
        except Exception as error:
            message = self._explain(error)
            raise refuse("invalid", f"the driver cannot use this: {message}") from None

    def _take(
        self, batch: Batch, check: Callable[[Iterable[Batch]], Checked], key: str | None
    ) -> None:
        """Check, store and publish what the driver made of something."""
        schema = self._schema()
        try:
            checked = check([batch])
            news = self._keeper is None or self._keeper.store(checked.changes, schema, key)
            if news:
                self._publisher.publish(checked)
        except Refused:
            self._give_back(sorted(batch.tables), schema)
            raise
        if not news:
            self._give_back(sorted(batch.tables), schema)
            return
        self._board.updated()
        if key and self._keeper is None:
            self._seen[key] = None
            if len(self._seen) > REMEMBERED_KEYS:
                del self._seen[next(iter(self._seen))]

    def _give_back(self, tables: Sequence[str], schema: Schema) -> None:
        """Let the driver know what its tables hold after all."""
        for name in tables:
            declared = schema.table(name)
            columns = declared.column_names if declared else ()
            self._remind(Kept(name, self._publisher.rows(name) or frozenset(), columns))

    def _remind(self, kept: Kept) -> None:
        """Tell the driver the rows of a table. One that remembers no rows may refuse."""
        if not isinstance(self._driver, Accepts):
            return
        rows = [_named(row, kept.columns) for row in sorted(kept.rows, key=row_order_key)]
        try:
            self._driver.accept(rows, kept.table)
        except Refused:
            return
        except Exception as error:
            self._explain(error)


def _named(row: Row, columns: Sequence[str]) -> object:
    """A row as an object where its columns are known, else as a list."""
    plain = row_to_plain(row)
    return dict(zip(columns, plain, strict=True)) if len(columns) == len(plain) else plain
