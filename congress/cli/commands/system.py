"""``congress system status``: how the nodes fare."""

import argparse
from collections.abc import Mapping
from typing import Any

from congress.cli.command import ApiLister, Listing, listing

COLUMNS = ("node", "state", "revision", "tables_behind", "lag_seconds", "problems")


class ListSystemStatus(ApiLister):
    """List the nodes that are alive, how far each is, and what is wrong."""

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        found = self.client.get("system", "status")
        return listing([_line(node) for node in found["nodes"]], COLUMNS)


def _line(node: Mapping[str, Any]) -> dict[str, Any]:
    bus, engine = node["bus"] or {}, node["engine"] or {}
    subscriptions = bus.get("subscriptions", ())
    states = [state for one in subscriptions for state in one["tables"].values()]
    return {
        "node": node["node"],
        "state": "ok" if node["answers"] else "silent",
        "revision": engine.get("revision"),
        "tables_behind": sum(1 for state in states if state != "live"),
        "lag_seconds": round(max((one["lag_seconds"] for one in subscriptions), default=0.0), 1),
        "problems": "; ".join(_problems(node, bus)),
    }


def _problems(node: Mapping[str, Any], bus: Mapping[str, Any]) -> list[str]:
    """What somebody should look at, in words."""
    found = [node["message"]] if node["message"] else []
    for name, health in node["services"].items():
        if health["state"] != "ok":
            found.append(f"{name} is {health['state']}: {health['message']}")
    for one in bus.get("refused", ()):
        found.append(f"{one['node']} {one['message']}: {one['hint']}")
    return found
