"""The leader strategy ``first-heard``: whoever was heard first, wherever it runs.

May import ``congress.interfaces``, ``congress.model`` and its own folder.
"""

from congress.interfaces.leader import LeaderContext, LeaderEvent, Leadership, LeaderStrategy
from congress.interfaces.plugin import OptionValue, PluginInfo
from congress.plugins.leader.electorate import Electorate


class FirstHeardStrategy(LeaderStrategy):
    """The first engine heard leads until it is silent, leaves or is unwell."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo("first-heard", "The first policy engine the data source heard of.")

    def __init__(self, config: dict[str, OptionValue], ctx: LeaderContext) -> None:
        super().__init__(config, ctx)
        self._electorate = Electorate()

    def observe(self, event: LeaderEvent, now: float) -> None:
        self._electorate.observe(event, now)

    def leader(self, now: float) -> Leadership | None:
        standing = self._electorate.standing(now, self.ctx.timeout())
        chosen = self._electorate.incumbent(standing) or next(iter(standing), None)
        return self._electorate.install(chosen, now)
