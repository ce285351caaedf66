"""What became of the actions of a trial, from what was pushed and what was received.

Invariant: what is counted here does not depend on what Congress says of itself, but for
the list of actions in doubt.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.ha.receiver import Call


@dataclass(frozen=True, slots=True)
class Account:
    """One trial.

    :param due: rows that were pushed.
    :param lost: those of them that were never received.
    :param doubled: what was done twice, or without having been pushed.
    :param doubtful: rows whose action is listed as in doubt.
    :param gap: seconds of the longest time without any action.
    :param seconds: how long rows were pushed.
    :param settled: whether all was received or listed before the time was over.
    """

    due: int
    lost: frozenset[str]
    doubled: frozenset[str]
    doubtful: frozenset[str]
    gap: float
    seconds: float
    settled: bool = True

    @property
    def unlisted(self) -> frozenset[str]:
        """What was lost, and nobody is told of it."""
        return self.lost - self.doubtful


def balance(
    pushed: Collection[str],
    calls: Sequence[Call],
    doubtful: Collection[str],
    *,
    repeats: bool,
    span: tuple[float, float],
    settled: bool = True,
) -> Account:
    """The account of a trial.

    :param repeats: whether the receiver takes calls with one key for one.
    :param span: when pushing began and ended, monotonic.
    """
    due = frozenset(pushed)
    told = {(call.key, call.payload) for call in calls} if repeats else calls_of(calls)
    times = Counter(payload for _, payload in told)
    return Account(
        due=len(due),
        lost=due - times.keys(),
        doubled=frozenset(row for row, count in times.items() if count > 1 or row not in due),
        doubtful=due.intersection(doubtful),
        gap=longest_gap([call.at for call in calls if span[0] <= call.at <= span[1]]),
        seconds=span[1] - span[0],
        settled=settled,
    )


def calls_of(calls: Sequence[Call]) -> list[tuple[str, str]]:
    """Key and payload of each call."""
    return [(call.key, call.payload) for call in calls]


def longest_gap(times: Sequence[float]) -> float:
    """The longest time between one and the next."""
    return max((later - earlier for earlier, later in pairwise(sorted(times))), default=0.0)
