"""What is given to a datasource from outside: rows pushed by the API, webhooks.

Imports the interfaces and the model only. Jobs of the data loop.

Invariants: rows worth keeping are stored before they are published, and published
before the giver hears of success; what a giver says twice under one idempotency
key has effect once.
"""

from collections.abc import Callable

from congress.interfaces.datasource import Accepts, DriverError
from congress.interfaces.runtime import Clock
from congress.interfaces.storage import Fenced, StorageBackend, StorageError, Transaction
from congress.model.delta import Batch, Change, Snapshot
from congress.model.diagnostic import Refused, refuse
from congress.roles.datasource.board import Board
from congress.roles.datasource.leases import Tenure
from congress.roles.datasource.publisher import DatasourcePublisher
from congress.roles.datasource.rows import Checked

#: Idempotency keys remembered where rows are not stored, so that the memory of a
#: push lasts exactly as long as its rows do.
REMEMBERED_KEYS = 10_000


class Intake:
    """The door for data that come by themselves.

    :param keeps: whether accepted rows are stored and restored.
    """

    def __init__(
        self,
        datasource_id: str,
        driver: object,
        keeps: bool,
        storage: StorageBackend,
        tenure: Tenure,
        clock: Clock,
        publisher: DatasourcePublisher,
        board: Board,
        explain: Callable[[Exception], str],
    ) -> None:
        self._id = datasource_id
        self._driver = driver
        self._keeps = keeps
        self._storage = storage
        self._tenure = tenure
        self._clock = clock
        self._publisher = publisher
        self._board = board
        self._explain = explain
        self._seen: dict[str | None, None] = {}

    def restore(self) -> None:
        """Publish what was stored, under this epoch.

        :raises StorageError: storage is away.
        """
        if not self._keeps:
            return
        tables = self._storage.read(lambda tx: tx.pushed.tables(self._id))
        if tables:
            now = self._clock.time()
            snapshots = tuple(Snapshot(name, rows) for name, rows in sorted(tables.items()))
            self._publisher.publish(self._publisher.check([Batch(snapshots, now)]))
            self._board.updated()

    def push(self, table: str, rows: object, key: str | None) -> None:
        """Replace or change a table as the driver understands the rows.

        :raises Refused: nothing is changed.
        """
        batch = self._accepted(rows, table)
        self._take(self._publisher.check_all([batch]), key)

    def webhook(self, payload: object) -> None:
        """Take a notification as the driver understands it.

        :raises Refused: nothing is changed.
        """
        self._take(self._publisher.check([self._accepted(payload, None)]), None)

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

    def _take(self, checked: Checked, key: str | None) -> None:
        if key in self._seen or (self._keeps and not self._store(checked, key)):
            return
        self._publisher.publish(checked)
        self._board.updated()
        if key:
            self._seen[key] = None
            if len(self._seen) > REMEMBERED_KEYS:
                del self._seen[next(iter(self._seen))]

    def _store(self, checked: Checked, key: str | None) -> bool:
        """Store what is worth keeping; whether it is news."""

        def work(tx: Transaction) -> bool:
            if key and tx.pushed.seen(self._id, key):
                return False
            if self._keeps:
                for change in checked.changes:
                    _apply(tx, self._id, change)
            return True

        try:
            return self._storage.run(work, fence=self._tenure.fence)
        except Fenced:
            hint = "try again in a few seconds"
            raise refuse("unavailable", "another node takes over", hint=hint) from None
        except KeyError:
            raise refuse("not-found", "the datasource was deleted") from None
        except StorageError as error:
            message = f"the rows could not be stored: {error}"
            raise refuse("unavailable", message, hint="try again later") from None


def _apply(tx: Transaction, datasource_id: str, change: Change) -> None:
    if isinstance(change, Snapshot):
        tx.pushed.apply(datasource_id, change.table, add=tuple(change.rows), clear=True)
    else:
        removed, added = tuple(change.removed), tuple(change.added)
        tx.pushed.apply(datasource_id, change.table, add=added, remove=removed)
