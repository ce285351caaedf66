"""The policy engines a data source hears of, and when it last did.

May import ``congress.interfaces`` and ``congress.model`` only.

Invariant: an engine is listed under one instance only, the latest; one that has
been silent for longer than the timeout does not stand.
"""

from dataclasses import dataclass

from congress.interfaces.leader import Heard, LeaderEvent, Leadership, Left, Requested, Unhealthy


@dataclass(slots=True)
class Engine:
    """One policy engine. ``order`` is its place among those heard; times are monotonic."""

    node: str
    instance: str
    order: int
    last: float
    complete: bool = False


class Electorate:
    """The engines that stand for election, and the office itself."""

    def __init__(self) -> None:
        self._engines: dict[str, Engine] = {}
        self._heard = 0
        self._held: Leadership | None = None
        self._epoch = 0

    def observe(self, event: LeaderEvent, now: float) -> None:
        """Take note of what happened to an engine."""
        known = self._engines.get(event.node)
        same = known is not None and known.instance == event.instance
        if isinstance(event, Heard | Requested):
            engine = known if known is not None and same else self._enter(event, now)
            engine.last = max(engine.last, now)
            engine.complete = engine.complete or isinstance(event, Requested)
        elif isinstance(event, Left | Unhealthy) and same:
            del self._engines[event.node]

    def standing(self, now: float, timeout: float) -> list[Engine]:
        """The engines heard of lately, first heard first.

        If any has published its complete actions, only those that have: there is
        nothing to obey the others in.
        """
        lately = [one for one in self._engines.values() if now - one.last <= timeout]
        complete = [one for one in lately if one.complete]
        return sorted(complete or lately, key=lambda one: one.order)

    def incumbent(self, standing: list[Engine]) -> Engine | None:
        """The engine that leads, if it still stands."""
        held = self._held
        for engine in standing:
            if held and (engine.node, engine.instance) == (held.node, held.instance):
                return engine
        return None

    def install(
        self, engine: Engine | None, now: float, epoch: int | None = None
    ) -> Leadership | None:
        """Give the office to an engine; the same office if it has it already.

        :param epoch: that of the choice, where it is not counted here.
        """
        held = self._held
        if engine is None:
            self._held = None
            return None
        same = held is not None and (held.node, held.instance) == (engine.node, engine.instance)
        if not same or epoch not in (None, self._epoch):
            self._epoch = self._epoch + 1 if epoch is None else epoch
            self._held = Leadership(engine.node, engine.instance, self._epoch, now)
        return self._held

    def _enter(self, event: Heard | Requested, now: float) -> Engine:
        self._heard += 1
        engine = Engine(event.node, event.instance, self._heard, now)
        self._engines[event.node] = engine
        return engine
