"""The changes of chosen tables, transaction by transaction, for whoever embeds the engine.

May import ``congress.model`` and the engine's results only.

Invariant: the rows a watch begins with, and the changes it gives after that, lead to
the rows there are: no change of its tables is left out or given twice.
"""

from collections.abc import Collection, Mapping

from congress.engine.lang.resolved import TableId
from congress.engine.results import Changes
from congress.model.values import Row


class Watch:
    """Collects changes until they are taken; one that nobody holds any more ends.

    :param number: the transaction that the rows are of.
    :param rows: the tables that are watched, and what they hold when this begins.
    """

    def __init__(self, number: int, rows: Mapping[TableId, Collection[Row]]) -> None:
        self.number = number
        self.rows = rows
        self._collected: list[Changes] = []

    def take(self) -> list[Changes]:
        """What was committed since this was asked last, in order.

        Each tells of the watched tables only, and of all actions; transactions that
        changed neither are left out.
        """
        taken, self._collected = self._collected, []
        return taken

    def note(self, changes: Changes) -> None:
        """A transaction was committed."""
        tables = {name: changes.tables[name] for name in self.rows if name in changes.tables}
        if tables or changes.activated or changes.deactivated:
            self._collected.append(changes._replace(tables=tables))
