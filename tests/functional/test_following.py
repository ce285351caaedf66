"""Tables followed on a real server: watchers, other requests beside them, and the end."""

import json
import unittest
from collections.abc import Iterator
from typing import Any

import requests

from tests.functional.system import System, wait_until

PATH = "/v1/policies/p/tables/q/changes"
OPTIONS = "[api]\nthreads = 2\nwatchers = 3\n"


class FollowingTest(unittest.TestCase):
    def setUp(self) -> None:
        self.system = System(self, OPTIONS)
        self.system.start()
        self.post("/v1/policies", {"name": "p", "rules": [{"rule": "q(x) :- s:t(x)"}]})
        source = {"name": "s", "driver": "push", "config": {"tables": {"t": ["x"]}}}
        self.post("/v1/data-sources", source)
        wait_until(lambda: self.push("a"), "rows can be pushed")
        wait_until(lambda: self.system.rows("p", "q") == [["a"]], "rows reach the rule")

    def post(self, path: str, body: Any) -> None:
        self.system.http.post(self.system.url + path, json=body, timeout=30).raise_for_status()

    def push(self, *values: str) -> bool:
        path = f"{self.system.url}/v1/data-sources/s/tables/t/rows"
        return self.system.http.put(path, json=[[value] for value in values], timeout=30).ok

    def watch(self, mark: str = "") -> requests.Response:
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": mark} if mark else {})}
        response = requests.get(self.system.url + PATH, headers=headers, stream=True, timeout=30)
        self.addCleanup(response.close)
        return response

    def events(self, response: requests.Response) -> Iterator[tuple[str, str, Any]]:
        """Name, id and data of each event."""
        fields: dict[str, str] = {}
        for line in response.iter_lines(chunk_size=1, decode_unicode=True):
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                yield fields["event"], fields.get("id", ""), json.loads(fields["data"])
                fields = {}

    def until_mark(self, events: Iterator[tuple[str, str, Any]]) -> tuple[set[str], set[str], str]:
        """What is added and removed up to the next mark that has changes, and the mark."""
        added: set[str] = set()
        removed: set[str] = set()
        for name, mark, data in events:
            if name == "change":
                added.update(row[0] for row in data["added"])
                removed.update(row[0] for row in data["removed"])
            elif name == "mark" and (added or removed):
                return added, removed, mark
        raise AssertionError("the stream ended")

    def test_watchers_beside_other_requests(self) -> None:
        streams = [self.events(self.watch()) for _ in range(3)]
        marks = [self.until_mark(events)[2] for events in streams]
        self.assertEqual(503, self.watch().status_code)
        self.assertTrue(self.push("b"))
        for events in streams:
            self.assertEqual(({"b"}, {"a"}), self.until_mark(events)[:2])
        self.assertTrue(self.push("b", "c"))
        since = PATH + "?since=" + marks[0]
        wait_until(lambda: len(self.system.get(since)["changes"]) == 2, "both changes are told")
        told = self.system.get(since)
        self.assertIsNone(told["reset"])
        self.assertEqual(["s"], [each["source"] for each in told["coverage"]])

    def test_going_on_after_a_break_and_after_a_restart(self) -> None:
        first = self.watch()
        *_, mark = self.until_mark(self.events(first))
        first.close()
        self.push("b")
        wait_until(lambda: self.system.rows("p", "q") == [["b"]], "the change is there")
        added, removed, mark = self.until_mark(self.events(self.watch(mark)))
        self.assertEqual(({"b"}, {"a"}), (added, removed))
        self.system.kill()
        self.system.start()
        wait_until(lambda: self.push("b"), "rows can be pushed again")
        wait_until(lambda: self.system.rows("p", "q") == [["b"]], "the rows are there again")
        told = self.system.get(PATH + "?since=" + mark)
        self.assertEqual("other-engine", told["reset"])
        self.assertEqual([["b"]], told["changes"][0]["added"])

    def test_streams_end_in_good_order_when_the_server_does(self) -> None:
        events = self.events(self.watch())
        self.until_mark(events)
        self.assertEqual(0, self.system.terminate())
        self.assertEqual([], [name for name, *_ in events if name != "mark"])

    def test_one_who_does_not_read_holds_up_nobody(self) -> None:
        self.watch()
        values = [f"{number:0200d}" for number in range(5000)]
        for turn in range(20):
            self.assertTrue(self.push(*values, str(turn)))
        wait_until(lambda: [str(19)] in self.system.rows("p", "q"), "the engine goes on")
        self.assertEqual(0, self.system.terminate())
