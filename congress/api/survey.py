"""What the nodes of a Congress tell of themselves, gathered from all of them.

May import ``congress.model`` and ``congress.interfaces``.

Invariant: a node that does not answer in time holds nobody up for longer than
``PATIENCE`` a question, and is told of as such; what is known of it without asking is
told nevertheless.
"""

from typing import Any

from congress.api.backend import DATASOURCES, POLICY_ENGINE, Backend
from congress.interfaces.role import Peer
from congress.model.diagnostic import Refused

#: Seconds to wait for the answer of a node.
PATIENCE = 2.0

_BUS = "__bus"


def survey(behind: Backend) -> dict[str, Any]:
    """All nodes that are alive, the one that answers first, and all data sources."""
    nodes, datasources = [], {}
    for peer in behind.peers():
        node = _Node(behind, peer)
        nodes.append(node.report())
        datasources.update(node.datasources())
    return {"node": behind.node, "nodes": nodes, "datasources": dict(sorted(datasources.items()))}


class _Node:
    """One node while it is asked. Once it has not answered, it is not asked again."""

    def __init__(self, behind: Backend, peer: Peer) -> None:
        self._behind = behind
        self._peer = peer
        self._problem = ""

    def report(self) -> dict[str, Any]:
        """What is known of it, and what it tells."""
        peer = self._peer
        bus = self._ask(_BUS, "stats")
        engine = self._ask_service(POLICY_ENGINE, "engine_status")
        return {
            "node": peer.node,
            "instance": peer.instance,
            "answers": not self._problem,
            "message": self._problem,
            "services": {
                name: {"state": str(health.state), "message": health.message, "since": health.since}
                for name, health in sorted(peer.services.items())
            },
            "sources": {
                name: {"epoch": position.epoch.number, "seq": position.seq}
                for name, position in sorted(peer.sources.items())
            },
            "facts": dict(sorted(peer.info.items())),
            "bus": bus,
            "engine": engine,
        }

    def datasources(self) -> dict[str, Any]:
        """The data sources that run there, in detail."""
        found = self._ask_service(DATASOURCES, "datasource_status_all") or {}
        details = {name: standing["detail"] for name, standing in found.items()}
        return {name: detail for name, detail in details.items() if detail}

    def _ask_service(self, service: str, method: str) -> Any:
        return self._ask(service, method) if service in self._peer.services else None

    def _ask(self, service: str, method: str) -> Any:
        if self._problem:
            return None
        try:
            return self._behind.ask_at(self._peer.node, service, method, PATIENCE)
        except Refused as refusal:
            if refusal.code == "timeout":
                self._problem = str(refusal)
            return None
