"""The changes of one table, asked of a policy engine again and again.

May import ``congress.model`` and ``congress.interfaces``.

Invariant: as long as the engine that gave a mark can be reached, it is the one that
is asked what came after.
"""

from collections.abc import Iterator
from typing import Any

from congress.api.backend import POLICY_ENGINE, Backend
from congress.model.diagnostic import Refused
from congress.model.mark import read_mark

#: Seconds that the engine of this node lets a call wait for a change.
_WAIT = 1.0


class Changes:
    """A table, and how far its changes are known.

    :param since: the mark up to which they are known; ``None`` if they are not.
    """

    def __init__(self, behind: Backend, policy: str, table: str, since: str | None) -> None:
        self._behind = behind
        self._table = {"policy": policy, "table": table}
        self._since = since
        self._node: str | None = None

    @property
    def waits(self) -> bool:
        """Whether ``next`` waits for a change: engines of other nodes would have to
        spend a thread on it."""
        return self._node == self._behind.node

    def next(self, *, wait: bool = True) -> dict[str, Any]:
        """What is new, as the method ``change_list`` of a policy engine tells it.

        :param wait: a moment, if there is nothing new and the engine is this node's.
        :raises Refused: by the engine; the next call repeats the question.
        """
        mark = read_mark(self._since) if self._since else None
        self._node = mark.node if mark and self._behind.reaches(mark.node) else None
        patience = _WAIT if wait and self.waits else 0.0
        args = {**self._table, "since": self._since, "wait": patience}
        try:
            told: dict[str, Any] = self._behind.engine_at(self._node, "change_list", args)
        except Refused as refused:
            if self._node is None or refused.code != "unavailable":
                raise
            told = self._behind.engine_at(None, "change_list", args)
        return told

    def of(self, told: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Every change of what ``next`` told, fetched as it is needed. When all were
        fetched, they are known.

        :raises Refused: the engine went away meanwhile; the changes are not known then.
        """
        yield from told["changes"]
        rest = told["rest"]
        while rest:
            more = self._behind.more(POLICY_ENGINE, rest)
            yield from more["piece"]
            rest = more["rest"]
        self._since = told["mark"]
