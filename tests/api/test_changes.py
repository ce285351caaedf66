"""The changes of a table: as JSON, and as a stream that ends in good order."""

import json
from typing import Any

from congress.api.watchers import KEEP_ALIVE
from congress.model.diagnostic import refuse
from tests.api.case import ApiTestCase
from tests.api.fakes import told

PATH = "/v1/policies/classification/tables/error/changes"
CHANGE = {"transaction": 2, "removed": [["vm1", 3]], "added": []}


class ChangesTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.engine = self.behind.engine
        self.engine.rows["classification", "error"] = [["vm1", 3]]

    def asked(self) -> list[str | None]:
        """The nodes that were asked for changes."""
        return [node for method, node in self.behind.bus.asked if method == "change_list"]


class JsonTest(ChangesTestCase):
    def test_all_rows_at_first(self) -> None:
        found = self.get(PATH)
        self.assertEqual("start", found["reset"])
        self.assertEqual("node/engine-1", found["mark"])
        self.assertEqual(
            [{"transaction": 1, "removed": [], "added": [["vm1", 3]]}], found["changes"]
        )

    def test_what_came_after_a_mark_in_pieces(self) -> None:
        more = {**CHANGE, "transaction": 3}
        self.engine.news.append(told(None, [CHANGE], "x", 3))
        self.engine.pieces += [{"piece": [], "rest": "x"}, {"piece": [more], "rest": None}]
        found = self.get(PATH + "?since=node/engine-1")
        self.assertEqual([CHANGE, more], found["changes"])
        self.assertEqual("node/engine-3", found["mark"])

    def test_the_engine_of_the_mark_is_asked_while_it_is_there(self) -> None:
        self.get(PATH + "?since=node/engine-1")
        self.get(PATH + "?since=gone/engine-1")
        self.assertEqual(["node", None], self.asked())

    def test_an_engine_that_goes_is_replaced_by_another(self) -> None:
        self.behind.bus.unreachable.add("node")
        self.assertEqual("start", self.get(PATH + "?since=node/engine-1")["reset"])
        self.assertEqual(["node", None], self.asked())

    def test_a_table_that_is_not_there(self) -> None:
        self.refused(404, "GET", "/v1/policies/classification/tables/no/changes")


class StreamTest(ChangesTestCase):
    def open(self, status: int = 200, **headers: str) -> Any:
        response = self.send("GET", PATH, headers={"Accept": "text/event-stream", **headers})
        self.addCleanup(response.close)
        self.assertEqual(status, response.status_code)
        return response

    def events(self, response: Any, count: int) -> list[tuple[str, Any]]:
        """The next events of a stream: name and data; an id comes with the name."""
        found: list[tuple[str, Any]] = []
        while len(found) < count:
            text = next(response.response).decode()
            fields = dict(line.split(": ", 1) for line in text.strip().split("\n"))
            if "event" in fields:
                name = " ".join(filter(None, (fields["event"], fields.get("id"))))
                found.append((name, json.loads(fields["data"])))
        return found

    def test_all_rows_then_changes(self) -> None:
        response = self.open()
        self.assertEqual("text/event-stream", response.content_type.split(";")[0])
        first = {"transaction": 1, "removed": [], "added": [["vm1", 3]]}
        mark = {"transaction": 1, "coverage": []}
        self.assertEqual(
            [
                ("columns", ["a", "b"]),
                ("reset", {"reason": "start"}),
                ("change", first),
                ("mark node/engine-1", mark),
            ],
            self.events(response, 4),
        )
        self.engine.news += [told(None, []), told(None, [CHANGE], number=2)]
        expected = [("change", CHANGE), ("mark node/engine-2", {**mark, "transaction": 2})]
        self.assertEqual(expected, self.events(response, 2))

    def test_going_on_after_a_break(self) -> None:
        self.engine.news.append(told(None, [CHANGE], number=2))
        response = self.open(**{"Last-Event-ID": "node/engine-1"})
        names = [name for name, _ in self.events(response, 3)]
        self.assertEqual(["columns", "change", "mark node/engine-2"], names)

    def test_a_sign_of_life(self) -> None:
        response = self.open()
        self.events(response, 4)

        def later(**args: Any) -> Any:
            self.parts.clock.advance(KEEP_ALIVE)
            return told(None, [], number=7)

        self.engine.change_list = later
        self.assertEqual(["mark node/engine-7"], [name for name, _ in self.events(response, 1)])

    def test_a_table_that_goes_ends_the_stream(self) -> None:
        response = self.open()
        self.events(response, 4)
        del self.engine.rows["classification", "error"]
        self.engine.change_list = lambda **args: self.engine.table_show("classification", "error")
        ((name, data),) = self.events(response, 1)
        self.assertEqual("end", name)
        self.assertEqual(404, data["error"]["error_code"])
        self.assertEqual([], list(response.response))

    def test_an_engine_that_is_away_for_a_while(self) -> None:
        response = self.open()
        self.events(response, 4)
        engine = self.behind.bus.services.pop("policy-engine")
        watchers = self.app.extensions["congress"].watchers
        watchers._closed.wait = lambda seconds: self.parts.clock.advance(KEEP_ALIVE)
        self.assertIn(b": the policy engine", next(response.response))
        self.behind.bus.services["policy-engine"] = engine
        self.engine.news.append(told(None, [CHANGE], number=2))
        self.assertEqual("change", self.events(response, 1)[0][0])

    def test_one_that_breaks_off_within_a_change_tells_no_mark(self) -> None:
        self.engine.news.append(told(None, [CHANGE], "x", 2))
        self.engine.listing_more = lambda listing: (_ for _ in ()).throw(
            refuse("not-found", "given up")
        )
        response = self.open(**{"Last-Event-ID": "node/engine-1"})
        names = [name for name, _ in self.events(response, 3)]
        self.assertEqual(["columns", "change", "end"], names)

    def test_too_many(self) -> None:
        self.parts.conf.set_override("watchers", 1, group="api")
        first = self.open()
        refused = self.open(503)
        self.assertEqual("2", refused.headers["Retry-After"])
        first.close()
        self.open()

    def test_a_refused_stream_is_not_counted(self) -> None:
        self.parts.conf.set_override("watchers", 1, group="api")
        path = "/v1/policies/classification/tables/no/changes"
        headers = {"Accept": "text/event-stream"}
        for _ in range(2):
            self.refused(404, "GET", path, headers=headers)
        self.open()

    def test_all_end_when_the_server_does(self) -> None:
        response = self.open()
        self.events(response, 4)
        watchers = self.app.extensions["congress"].watchers
        watchers.close()
        self.assertEqual([], list(response.response))
        self.open(503)

    def test_one_ends_when_its_time_is_over(self) -> None:
        response = self.open()
        self.events(response, 4)
        self.parts.clock.advance(float(self.parts.conf.api.watch_lifetime))
        self.assertEqual([], list(response.response))
