"""The leader strategy ``auto``: the policy engine next door, else the first heard.

May import ``congress.interfaces``, ``congress.model`` and its own folder.

Where policy engine and data source share a node, no network lies between them;
where they do not, the first engine heard is as good as any and stays until it is
silent. The engine next door takes over as soon as its actions are complete.
"""

from congress.interfaces.leader import LeaderContext, LeaderEvent, Leadership, LeaderStrategy
from congress.interfaces.plugin import OptionValue, PluginInfo
from congress.plugins.leader.electorate import Electorate


class AutoStrategy(LeaderStrategy):
    """Own node first, then whoever was heard first."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            "auto", "The policy engine on the data source's own node, else the first one heard."
        )

    def __init__(self, config: dict[str, OptionValue], ctx: LeaderContext) -> None:
        super().__init__(config, ctx)
        self._electorate = Electorate()

    def observe(self, event: LeaderEvent, now: float) -> None:
        self._electorate.observe(event, now)

    def leader(self, now: float) -> Leadership | None:
        standing = self._electorate.standing(now, self.ctx.timeout())
        own = next((one for one in standing if one.node == self.ctx.own_node), None)
        chosen = own or self._electorate.incumbent(standing) or next(iter(standing), None)
        return self._electorate.install(chosen, now)
