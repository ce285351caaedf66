"""The main job, on live input: this machine changes, a policy notices, an action runs once."""

import socket
import unittest
from typing import Any

from tests.functional.system import System, wait_until
from tests.ports import free_port

POLL_SECONDS = 1


class MainJobTest(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.system = System(self)
        self.system.start()
        self.system.congress(
            "datasource", "create", "host", "box", "--config", f"poll_time={POLL_SECONDS}"
        )
        self.system.congress("datasource", "create", "notify", "notify")

    def watch(self, port: int) -> None:
        """Install rules that notice and report a listener on a port."""
        for rule in (
            f"watched({port})",
            "open(port) :- box:listeners(port=port), watched(port)",
            'execute[notify:log("somebody listens", port)] :- open(port)',
        ):
            self.system.congress("policy", "rule", "create", "classification", rule)

    def listen(self, port: int) -> socket.socket:
        return self.enterContext(socket.create_server(("127.0.0.1", port)))

    def calls(self, port: int) -> list[dict[str, Any]]:
        return [entry for entry in self.system.ledger() if port in entry["arguments"]]

    def done(self, port: int) -> bool:
        return [entry["state"] for entry in self.calls(port)] == ["done"]

    def test_a_listener_is_noticed_and_reported_once_whatever_happens(self) -> None:
        port = free_port()
        self.watch(port)
        wait_until(lambda: self.polls() > 1, "the machine has been read")
        self.assertEqual([], self.system.rows("classification", "open"))

        listener = self.listen(port)
        before = wait_until(self.polls, "the datasource answers")
        wait_until(lambda: self.polls() >= before + 2, "a reading that began later is over")
        self.assertIn(port, self.listeners(), "it is noticed when the machine is next read")
        wait_until(lambda: [port] in self.system.rows("classification", "open"), "the rule holds")
        wait_until(lambda: self.done(port), "the action ran")

        self.system.kill()
        self.system.start()
        wait_until(lambda: self.system.rows("classification", "open") == [[port]], "it is seen")
        before = wait_until(self.polls, "the datasource answers")
        wait_until(lambda: self.polls() >= before + 2, "and has been read again and again")
        entries = self.calls(port)
        self.assertEqual([("done", 1)], [(e["state"], e["generation"]) for e in entries])
        reports = self.system.log.read_text().count(f"somebody listens {port}")
        self.assertEqual(1, reports)

        listener.close()
        wait_until(lambda: self.system.rows("classification", "open") == [], "it is gone")
        self.listen(port)
        wait_until(lambda: [e["generation"] for e in self.calls(port)] == [2], "it rose again")
        wait_until(lambda: self.done(port), "the second action ran")
        self.assertEqual(0, self.system.terminate())

    def listeners(self) -> set[int]:
        """The ports that somebody listens on, as the machine was last read."""
        found = self.system.get("/v1/data-sources/box/tables/listeners/rows")["results"]
        return {row["data"][3] for row in found}

    def polls(self) -> int:
        """How often the machine has been read since the server started.

        The killed server's lease on the datasource has to expire first.
        """
        status = self.system.http.get(f"{self.system.url}/v1/data-sources/box/status", timeout=30)
        return int(status.json()["number_of_updates"]) if status.ok else 0
