"""``kill -9`` at any moment: what was acted on is in the ledger once, and was done once."""

import collections
import json
import random
import threading
import unittest
from typing import Any

import requests

from tests.functional.system import System, select_pause, wait_until

ROUNDS = 3
PER_ROUND = 12


class CrashTest(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.system = System(self)
        self.system.start()
        config = {"tables": {"t": ["a"]}, "persist_data": True}
        self.system.create("/v1/data-sources", name="notify", driver="notify")
        self.system.create("/v1/data-sources", name="box", driver="push", config=config)
        rule = 'execute[notify:log("seen", x)] :- box:t(x)'
        self.system.create("/v1/policies/classification/rules", rule=rule)
        self.random = random.Random(7)

    def push(self, values: list[str]) -> bool:
        url = f"{self.system.url}/v1/data-sources/box/tables/t/rows"
        data = json.dumps([[value] for value in values])
        headers = {"Content-Type": "application/json"}
        try:
            return requests.put(url, data, headers=headers, timeout=30).ok
        except requests.RequestException:
            return False

    def entries(self) -> dict[str, list[dict[str, Any]]]:
        found = collections.defaultdict(list)
        for entry in self.system.ledger():
            found[entry["arguments"][1]].append(entry)
        return found

    def test_nothing_is_done_twice(self) -> None:
        values: list[str] = []
        for number in range(ROUNDS):
            values += [f"{number}x{index}x" for index in range(PER_ROUND)]
            pusher = threading.Thread(target=self.push, args=(list(values),))
            pusher.start()
            for _ in range(self.random.randrange(6)):
                select_pause()
            self.system.kill()
            pusher.join()
            self.system.start()
        wait_until(lambda: self.push(values), "rows are taken again")
        ended = {"done", "in_doubt"}
        wait_until(
            lambda: (
                len(found := self.entries()) == len(values)
                and all(one["state"] in ended for many in found.values() for one in many)
            ),
            "every row has been acted on",
        )
        log = self.system.log.read_text()
        for value, entries in self.entries().items():
            with self.subTest(value=value):
                self.assertEqual([1], [entry["generation"] for entry in entries])
                times = log.count(f"seen {value}")
                if entries[0]["state"] == "done":
                    self.assertEqual(1, times)
                else:
                    self.assertLessEqual(times, 1)
