"""The leader strategy ``same-node``: the policy engine next door or none.

May import ``congress.interfaces``, ``congress.model`` and its own folder.

For deployments in which every node has a policy engine and no data source may
act on the word of another node. While the own engine is away, nothing is done.
"""

from congress.interfaces.leader import LeaderContext, LeaderEvent, Leadership, LeaderStrategy
from congress.interfaces.plugin import OptionValue, PluginInfo
from congress.plugins.leader.electorate import Electorate


class SameNodeStrategy(LeaderStrategy):
    """Own node only."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            "same-node", "The policy engine on the data source's own node, and no other."
        )

    def __init__(self, config: dict[str, OptionValue], ctx: LeaderContext) -> None:
        super().__init__(config, ctx)
        self._electorate = Electorate()

    def observe(self, event: LeaderEvent, now: float) -> None:
        if event.node == self.ctx.own_node:
            self._electorate.observe(event, now)

    def leader(self, now: float) -> Leadership | None:
        standing = self._electorate.standing(now, self.ctx.timeout())
        return self._electorate.install(next(iter(standing), None), now)
