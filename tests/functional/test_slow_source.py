"""A source that hangs, comes late or fails: nothing else waits for it, and nothing acts on it."""

import os
import unittest
from unittest import mock

from tests.functional.system import System, wait_until

ROWS = "/v1/data-sources/box/tables/t/rows"
DRIVER = '''
"""A driver that does what a file says: hang, fail, or give rows."""
import json
import pathlib
import threading
from congress.interfaces.datasource import DatasourceDriver, Done, DriverError
from congress.interfaces.plugin import Option, PluginInfo
from congress.model.action import ActionResult, ActionSpec
from congress.model.delta import Batch, Snapshot
from congress.model.schema import Column, ColumnType, Schema, TableSchema

class MoodyDriver(DatasourceDriver):
    @classmethod
    def describe(cls):
        options = [Option("mood", required=True, description="A file.")]
        options += [Option(name, "number", "Seconds.") for name in ("poll_time", "poll_timeout")]
        return PluginInfo("moody", "Has moods.", tuple(options))

    def schema(self):
        return Schema.of([TableSchema("t", (Column("a", ColumnType.STRING),))], closed=True)

    def poll(self, request):
        mood = pathlib.Path(self.config["mood"]).read_text()
        while mood == "hang":
            threading.Event().wait(0.05)
            mood = pathlib.Path(self.config["mood"]).read_text()
        if mood == "fail":
            raise DriverError("not today")
        if mood == "break":
            raise ZeroDivisionError("oops")
        yield Batch((Snapshot("t", frozenset((a,) for a in json.loads(mood))),),
                    self.ctx.clock.time())
        yield Done()

    def actions(self):
        return [ActionSpec("hang", description="Never ends.", parameters={"type": "object"})]

    def execute(self, call, deadline):
        threading.Event().wait()
'''


class SlowSourceTest(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        options = "custom_driver_endpoints = moody=moody_driver:MoodyDriver\nshutdown_timeout = 3\n"
        self.system = System(self, options)
        (self.system.folder / "moody_driver.py").write_text(DRIVER)
        self.mood = self.system.folder / "mood"
        environment = {"PYTHONPATH": str(self.system.folder)}
        self.enterContext(mock.patch.dict(os.environ, environment))
        self.feel("fail")
        self.system.start()
        config = {"mood": str(self.mood), "poll_time": 0.2, "poll_timeout": 1}
        self.system.create("/v1/data-sources", name="moody", driver="moody", config=config)
        self.system.create(
            "/v1/data-sources", name="box", driver="push", config={"tables": {"t": ["a"]}}
        )
        self.system.create("/v1/data-sources", name="notify", driver="notify")
        for rule in (
            "seen(x) :- box:t(x)",
            "missing(x) :- box:t(x), not moody:t(x)",
            'execute[notify:log("missing", x)] :- missing(x)',
            "odd(s, t) :- _status:tables(source=s, table=t, stale=true)",
            "unread(s, t) :- _status:tables(source=s, table=t, complete=false)",
        ):
            self.system.create("/v1/policies/classification/rules", rule=rule)

    def feel(self, mood: str) -> None:
        other = self.mood.with_suffix(".new")
        other.write_text(mood)
        other.rename(self.mood)

    def hang(self) -> None:
        """Have it hang until it is told to feel otherwise: what ends meanwhile waits not for it."""
        self.feel("hang")
        wait_until(lambda: self.error() == "the poll does not end", "the hang is reported")

    def await_rows(self, table: str, *rows: list[str]) -> None:
        wait_until(
            lambda: sorted(self.system.rows("classification", table)) == sorted(rows),
            f"{table} holds {rows}",
        )

    def done(self) -> list[str]:
        """What was logged by the action, by value."""
        entries = [one for one in self.system.ledger() if one["state"] == "done"]
        return sorted(entry["arguments"][1] for entry in entries)

    def test_nobody_waits_for_it_and_nothing_acts_on_what_it_did_not_say(self) -> None:
        self.hang()
        self.system.push(ROWS, "a", "b")
        self.await_rows("seen", ["a"], ["b"])
        self.await_rows("missing", ["a"], ["b"])
        self.await_rows("unread", ["moody", "t"])
        self.assertEqual([], self.done())

        self.feel('["a"]')
        self.await_rows("missing", ["b"])
        wait_until(lambda: self.done() == ["b"], "what is missing has been told")
        self.await_rows("unread")

        for mood in ("fail", "break", "hang"):
            with self.subTest(mood=mood):
                self.feel(mood)
                self.await_rows("odd", ["moody", "t"])
                self.system.push(ROWS, "a", "b", mood)
                self.await_rows("missing", ["b"], [mood])
                self.assertNotIn(mood, self.done())
                self.feel(f'["a", "{mood}"]')
                self.await_rows("odd")
                self.await_rows("missing", ["b"])
        self.assertEqual(["b"], self.done())

    def test_a_hanging_one_holds_up_neither_others_nor_the_end(self) -> None:
        url = f"{self.system.url}/v1/data-sources/moody?action=execute"
        self.hang()
        answer = self.system.http.post(url, json={"name": "hang"}, timeout=30)
        self.assertEqual(200, answer.status_code, answer.text)
        self.system.push(ROWS, "a")
        self.await_rows("seen", ["a"])
        self.system.create("/v1/data-sources", name="other", driver="notify")
        self.assertEqual(0, self.system.terminate(), self.system.tail())

    def test_one_that_is_dropped_while_in_use_is_waited_for_again(self) -> None:
        self.system.push(ROWS, "a")
        self.await_rows("missing", ["a"])
        answer = self.system.http.delete(f"{self.system.url}/v1/data-sources/moody", timeout=30)
        self.assertEqual(200, answer.status_code, answer.text)
        self.system.push(ROWS, "a", "b")
        self.await_rows("missing", ["a"], ["b"])
        self.assertEqual([], self.done())
        self.feel('["b"]')
        config = {"mood": str(self.mood), "poll_time": 0.2}
        self.system.create("/v1/data-sources", name="moody", driver="moody", config=config)
        wait_until(lambda: self.done() == ["a"], "what is missing has been told")

    def error(self) -> str:
        return str(self.system.get("/v1/data-sources/moody/status")["last_error"])
