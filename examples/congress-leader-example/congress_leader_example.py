"""The leader strategy ``preferred``: nodes in an order that the operator gives.

It shows what a strategy needs: it takes note of events, and answers who leads
from what it noted and the time it is given.
"""

from congress.interfaces.leader import (
    Heard,
    LeaderContext,
    LeaderEvent,
    Leadership,
    LeaderStrategy,
    Left,
    Requested,
    Unhealthy,
)
from congress.interfaces.plugin import Option, OptionValue, PluginInfo, Scope


class PreferredStrategy(LeaderStrategy):
    """The first node of a list that is heard leads; nodes that are not listed never do."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            "preferred",
            "The first of a list of nodes that is there.",
            (
                Option(
                    "nodes",
                    "list",
                    "Names of nodes with a policy engine, the best first.",
                    required=True,
                    scope=Scope.NODE,
                ),
            ),
        )

    def __init__(self, config: dict[str, OptionValue], ctx: LeaderContext) -> None:
        super().__init__(config, ctx)
        nodes = config["nodes"]
        self._nodes = [str(node) for node in nodes] if isinstance(nodes, list) else []
        self._heard: dict[str, tuple[str, float]] = {}
        self._leader: Leadership | None = None
        self._epoch = 0

    def observe(self, event: LeaderEvent, now: float) -> None:
        if isinstance(event, Heard | Requested):
            self._heard[event.node] = (event.instance, now)
        elif isinstance(event, Left | Unhealthy):
            known = self._heard.get(event.node)
            if known and known[0] == event.instance:
                del self._heard[event.node]

    def leader(self, now: float) -> Leadership | None:
        chosen = self._choose(now)
        if chosen is None:
            self._leader = None
        elif self._leader is None or (self._leader.node, self._leader.instance) != chosen:
            self._epoch += 1
            self._leader = Leadership(*chosen, self._epoch, now)
        return self._leader

    def _choose(self, now: float) -> tuple[str, str] | None:
        for node in self._nodes:
            instance, last = self._heard.get(node, ("", float("-inf")))
            if now - last <= self.ctx.timeout():
                return node, instance
        return None
