"""The one owner of the engine: a single writer, and readers of what it committed.

Imports the engine and the interfaces. No I/O.

Invariant: only jobs of the engine loop change the engine, so what its listeners
see after a transaction is exactly that transaction. Readers on any thread see
the state between two transactions, never inside one.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from congress.engine import Changes, Edit, Engine
from congress.interfaces.runtime import Clock, Loop

T = TypeVar("T")

#: Tells when time is over, as the engine asks for it.
Deadline = Callable[[], bool]
#: Told of a transaction, and whether it may have changed rules, policies or schemas.
Listener = Callable[[Changes, bool], None]


class EngineRuntime:
    """An engine with its loop.

    :param engine: which may be asked directly for what takes long.
    :param patience: seconds a transaction may take.
    :param query_patience: seconds a query or simulation may take.
    """

    def __init__(
        self,
        engine: Engine,
        loop: Loop,
        clock: Clock,
        *,
        patience: Callable[[], float],
        query_patience: Callable[[], float],
    ) -> None:
        self.engine = engine
        self._clock = clock
        self._patience = patience
        self._query_patience = query_patience
        self._listeners: list[Listener] = []
        self._recorders: list[Listener] = []
        self.loop = loop
        self.transactions = 0
        #: The newest transaction that may have changed rules, policies or schemas.
        self.structure = 0

    def listen(self, listener: Listener) -> None:
        """Be told of every committed transaction, on the engine loop, in order."""
        self._listeners.append(listener)

    def record(self, recorder: Listener) -> None:
        """Be told of the quiet transactions too, before any listener."""
        self._recorders.append(recorder)

    def read(self, work: Callable[[Engine], T]) -> T:
        """Do several short readings of one committed state. Any thread."""
        with self.engine.guard:
            return work(self.engine)

    def query_deadline(self) -> Deadline:
        """The hook for a query that begins now."""
        return self._deadline(self._query_patience())

    def transact(
        self,
        edits: Sequence[Edit],
        *,
        structural: bool = False,
        quiet: bool = False,
        also: Callable[[], None] | None = None,
    ) -> Changes:
        """Change the engine; on the engine loop only.

        :param structural: rules, policies or schemas may have changed.
        :param quiet: tell no listener; another transaction follows.
        :param also: done with the change, so that no reader sees one without the other.
        :raises Refused: nothing was changed.
        """
        with self.engine.guard:
            changes = self.engine.transact(edits, deadline=self._deadline(self._patience()))
            self.transactions = changes.number
            if structural:
                self.structure = changes.number
            if also:
                also()
        for recorder in self._recorders:
            recorder(changes, structural)
        for listener in () if quiet else self._listeners:
            listener(changes, structural)
        return changes

    def trial(self, edits: Sequence[Edit]) -> Changes:
        """Tell what a transaction would do, and leave no trace of it.

        :raises Refused: it would be refused.
        """
        deadline = self._deadline(self._patience())
        return self.engine.transact(edits, deadline=deadline, dry_run=True)

    def _deadline(self, seconds: float) -> Deadline:
        end = self._clock.monotonic() + seconds
        return lambda: self._clock.monotonic() > end
