"""``congress system status``: what is told of each node."""

import unittest
from typing import Any

from congress.cli.commands.system import _line

WELL: dict[str, Any] = {
    "node": "pe-1",
    "answers": True,
    "message": "",
    "services": {"policy-engine": {"state": "ok", "message": ""}},
    "bus": {
        "refused": [],
        "subscriptions": [
            {"tables": {"a": "live", "b": "stale"}, "lag_seconds": 1.25},
            {"tables": {"c": "live"}, "lag_seconds": 0.0},
        ],
    },
    "engine": {"revision": 7},
}


class SystemStatusTest(unittest.TestCase):
    def test_a_node_on_one_line(self) -> None:
        line = _line(WELL)
        self.assertEqual(("pe-1", "ok", 7), (line["node"], line["state"], line["revision"]))
        self.assertEqual(
            (1, 1.2, ""), (line["tables_behind"], line["lag_seconds"], line["problems"])
        )

    def test_what_is_wrong_is_told(self) -> None:
        stranger = {"node": "x", "message": "does not sign its messages", "hint": "give it a key"}
        services = {"datasources": {"state": "degraded", "message": "nova is away"}}
        bus = {"refused": [stranger], "subscriptions": []}
        line = _line({**WELL, "services": services, "bus": bus})
        self.assertEqual(
            "datasources is degraded: nova is away; x does not sign its messages: give it a key",
            line["problems"],
        )

    def test_a_node_that_does_not_answer(self) -> None:
        silent = {"answers": False, "message": "no answer within 2 s", "bus": None, "engine": None}
        line = _line({**WELL, **silent})
        self.assertEqual(("silent", None), (line["state"], line["revision"]))
        self.assertEqual((0, 0.0), (line["tables_behind"], line["lag_seconds"]))
        self.assertEqual("no answer within 2 s", line["problems"])
