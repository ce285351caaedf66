"""Writes of policy that are only tried: what they would answer, and what would follow.

Imports the engine and the model. Any thread; does not hold up the engine or others'
writes.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from congress.engine import Changes
from congress.model.action import DesiredAction
from congress.model.delta import Delta
from congress.model.diagnostic import diagnostic_to_plain
from congress.model.values import Row, row_order_key, row_to_plain
from congress.roles.policy.book import Book
from congress.roles.policy.requests import Origin
from congress.roles.policy.trial import Trial
from congress.roles.policy.writer import Plan

T = TypeVar("T")

#: Rows that are shown of each table, besides their number.
SHOWN = 100


class Rehearsal:
    """Stands in for the writer, once.

    ``changes`` is what the write would change; ``None`` if there is nothing to do.
    """

    def __init__(self, book: Book, trial: Trial) -> None:
        self._book = book
        self._trial = trial
        self.changes: Changes | None = None

    def write(self, make: Callable[[Book], tuple[Plan | None, T]], origin: Origin) -> T:
        """Make a plan and try it.

        :raises Refused: what ``make`` or the engine refuses.
        """
        plan, answer = make(self._book)
        if plan is not None:
            self.changes = self._trial.foresee(
                self._book, plan.records, plan.rules, allow_parked=plan.allow_parked
            )
        return answer


def impact_to_plain(result: object, changes: Changes | None) -> dict[str, Any]:
    """What a write would answer and change, as a JSON object."""
    tables: Mapping[tuple[str, str], Delta] = changes.tables if changes else {}
    return {
        "valid": True,
        "result": result,
        "warnings": [diagnostic_to_plain(each) for each in changes.warnings] if changes else [],
        "tables": [
            {
                "policy": policy,
                "table": table,
                "added": len(delta.added),
                "removed": len(delta.removed),
                "added_rows": _shown(delta.added),
                "removed_rows": _shown(delta.removed),
            }
            for (policy, table), delta in sorted(tables.items())
        ],
        "actions": {
            "activated": _actions(changes.activated if changes else ()),
            "deactivated": _actions(changes.deactivated if changes else ()),
        },
    }


def _shown(rows: frozenset[Row]) -> list[list[Any]]:
    return [row_to_plain(row) for row in sorted(rows, key=row_order_key)[:SHOWN]]


def _actions(actions: Iterable[DesiredAction]) -> list[dict[str, Any]]:
    shown = [
        {
            "datasource": action.datasource,
            "action": action.action,
            "arguments": row_to_plain(action.arguments),
            "policy": action.policy,
            "rule": action.rule,
        }
        for action in actions
    ]
    return sorted(shown, key=str)
