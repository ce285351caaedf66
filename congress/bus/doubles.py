"""Two nodes of one id on one bus: found before the second begins, or told in its health.

May import ``congress.model``, ``congress.interfaces`` and this package.
"""

from congress.bus.calls import Calls
from congress.bus.membership import Membership
from congress.bus.messages import Request
from congress.bus.options import BusOptions
from congress.interfaces.bus import TimedOut, Unreachable
from congress.interfaces.runtime import Clock
from congress.model.diagnostic import Refused, refuse
from congress.model.status import Health, State

#: The service in which buses speak to each other.
OWN_SERVICE = "__bus"
#: How often another node with the same id is looked for. More than once, because
#: a broker may hand the first question to the one who asks.
PROBES = 2


class Doubles:
    """The look-out of one node for others with its id."""

    def __init__(
        self,
        identity: tuple[str, str],
        calls: Calls,
        membership: Membership,
        clock: Clock,
        options: BusOptions,
    ) -> None:
        self._node, self._instance = identity
        self._calls = calls
        self._membership = membership
        self._clock = clock
        self._options = options

    def refuse(self) -> None:
        """Look for another node with this id. One that does not answer is gone, or will be
        replaced; see ``Membership``.

        :raises Refused: code ``duplicate`` if there is one.
        """
        request = Request(OWN_SERVICE, "probe")
        for _ in range(PROBES):
            deadline = self._clock.monotonic() + self._options.probe_timeout()
            try:
                found = self._calls.ask(self._node, request, deadline)
            except (Unreachable, TimedOut, Refused):
                return
            if isinstance(found, dict) and found.get("instance") != self._instance:
                raise refuse(
                    "duplicate",
                    f"a node with the id {self._node!r} is running already",
                    hint="stop it, or give this node another id ([node] id)",
                )

    def health(self) -> Health:
        """A fault if another node with this id was heard lately; a failure if that one
        began later: it found this one silent, and takes its place."""
        if self._membership.replaced:
            return Health(State.FAILED, f"another node with the id {self._node!r} took its place")
        heard_at = self._membership.double_heard_at
        recent = self._options.peer_timeout() * 3
        if heard_at is not None and self._clock.monotonic() - heard_at < recent:
            return Health(State.DEGRADED, f"another node with the id {self._node!r} is on this bus")
        return Health()
