"""Rows given to datasources from outside, in memory.

May import the standard library, ``congress.interfaces`` and ``congress.model``.
"""

from collections.abc import Mapping, Sequence

from congress.interfaces.runtime import Clock
from congress.model.values import Row
from congress.plugins.storage.limits import PUSH_KEY_AGE, checked_name
from congress.plugins.storage.memory.contents import Drafts


class MemoryPushedRows:
    """See ``PushedRowStore``."""

    def __init__(self, drafts: Drafts, clock: Clock) -> None:
        self._drafts = drafts
        self._clock = clock

    def tables(self, datasource_id: str) -> Mapping[str, frozenset[Row]]:
        pushed = self._drafts.pushed.rows.items()
        return {table: rows for (owner, table), rows in pushed if owner == datasource_id}

    def apply(
        self,
        datasource_id: str,
        table: str,
        *,
        add: Sequence[Row] = (),
        remove: Sequence[Row] = (),
        clear: bool = False,
    ) -> None:
        self._check(datasource_id)
        pushed = self._drafts.pushed.edit()
        key = (datasource_id, checked_name("table", table))
        kept = frozenset() if clear else pushed.get(key, frozenset())
        pushed[key] = (kept - frozenset(remove)) | frozenset(add)

    def seen(self, datasource_id: str, idempotency_key: str) -> bool:
        self._check(datasource_id)
        now = self._clock.time()
        noted = self._drafts.push_keys.edit()
        for key in [key for key, at in noted.items() if at < now - PUSH_KEY_AGE]:
            del noted[key]
        known = (datasource_id, idempotency_key) in noted
        if not known:
            noted[datasource_id, idempotency_key] = now
        return known

    def _check(self, datasource_id: str) -> None:
        """:raises KeyError: no such datasource."""
        if datasource_id not in self._drafts.datasources.rows:
            raise KeyError(datasource_id)
