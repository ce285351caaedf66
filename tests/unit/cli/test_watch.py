"""``congress watch``: what it prints, and how it goes on after a break."""

import json
import unittest
from collections.abc import Iterator, Mapping
from unittest import mock

import requests_mock

from congress.cli.client import Client, RequestFailed
from congress.cli.commands import watch
from congress.cli.events import Event, read_events
from congress.cli.transports import PlainTransport
from congress.model.diagnostic import Diagnostic
from tests.api.fakes import told
from tests.unit.cli.case import CliTestCase

CHANGE = {"transaction": 2, "removed": [["vm1", 3]], "added": [["\x1b[2J", None]]}
GONE = {"error": {"message": "gone", "diagnostics": [{"code": "not-found", "message": "gone"}]}}
END = ("event: end", f"data: {json.dumps(GONE)}", "")


class EventTest(unittest.TestCase):
    def test_events_are_read_from_lines(self) -> None:
        lines = [
            *("retry: 2000", ""),
            *("id: m1", "event: mark", "data: {", "data: }", ""),
            ": alive",
            "",
            *("event:columns", 'data:["a"]', ""),
            *("event: cut off", "data: 1"),
        ]
        expected = [Event("mark", {}, "m1"), Event("columns", ["a"])]
        self.assertEqual(expected, list(read_events(lines)))


class WatchTest(CliTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.behind.engine.rows["classification", "error"] = [["vm1", 3]]
        self.pauses: list[float] = []
        stand_in = self.enterContext(mock.patch.object(watch, "threading"))
        stand_in.Event.return_value.wait.side_effect = self.pauses.append

    def answers(self, *streams: tuple[str, ...] | RequestFailed) -> None:
        """Let the server answer with some streams, one after the other."""
        left = iter(streams)
        self.asked: list[Mapping[str, str]] = []

        def lines(
            path: str, query: Mapping[str, str], headers: Mapping[str, str]
        ) -> tuple[int, Iterator[str]]:
            self.asked.append(headers)
            stream = next(left)
            if isinstance(stream, RequestFailed):
                raise stream
            return 200, iter(stream)

        self.transport.lines = lines  # type: ignore[method-assign]

    def watch(self, *options: str) -> tuple[int, list[str], str]:
        code, out, err = self.run_command("watch", "classification", "error", *options)
        return code, out.splitlines(), err

    def test_changes_as_they_come(self) -> None:
        change = ("event: change", f"data: {json.dumps(CHANGE)}", "")
        self.answers((*change, *END))
        code, out, err = self.watch()
        self.assertEqual((1, ['- ["vm1", 3]', r'+ ["\u001b[2J", null]']), (code, out))
        self.assertIn("error[not-found]: gone", err)

    def test_all_rows_at_first(self) -> None:
        self.answers(("event: reset", 'data: {"reason": "start"}', "", *END))
        self.assertEqual(["# all rows (start)"], self.watch()[1])

    def test_events_as_json(self) -> None:
        self.answers(("id: m1", "event: mark", 'data: {"transaction": 1}', "", *END))
        [line] = self.watch("--json")[1]
        expected = {"event": "mark", "data": {"transaction": 1}, "mark": "m1"}
        self.assertEqual(expected, json.loads(line))

    def test_a_connection_that_is_lost_is_made_again_from_the_last_mark(self) -> None:
        lost = RequestFailed("", (Diagnostic("unavailable", "lost"),))
        self.answers(("id: m7", "event: mark", "data: {}", ""), lost, END)
        code, _out, err = self.watch()
        self.assertEqual([None, "m7", "m7"], [sent.get("Last-Event-ID") for sent in self.asked])
        self.assertEqual([watch.PAUSE] * 2, self.pauses)
        self.assertIn("connecting again", err)
        self.assertEqual(1, code)

    def test_a_server_that_was_never_there(self) -> None:
        self.answers(RequestFailed("", (Diagnostic("unavailable", "no server answers"),)))
        code, _out, err = self.watch()
        self.assertEqual((1, []), (code, self.pauses))
        self.assertIn("no server answers", err)

    def test_a_refusal(self) -> None:
        code, out, err = self.run_command("watch", "classification", "nosuch")
        self.assertEqual((1, ""), (code, out))
        self.assertIn("error[not-found]", err)

    def test_the_stream_of_the_server(self) -> None:
        self.behind.engine.news.append(told(None, [CHANGE], number=2))
        path = ("policies", "classification", "tables", "error", "changes")
        events = Client(self.transport).events(*path, since="node/engine-1")
        found = [next(events) for _ in range(3)]
        events.close()  # type: ignore[attr-defined]
        self.assertEqual(["columns", "change", "mark"], [event.name for event in found])
        self.assertEqual(("node/engine-2", CHANGE), (found[2].mark, found[1].data))

    def test_once(self) -> None:
        code, out, _err = self.watch("--once")
        self.assertEqual(
            (0, ["# all rows (start)", '+ ["vm1", 3]', "# node/engine-1"]), (code, out)
        )
        self.behind.engine.news.append(told(None, [CHANGE], number=2))
        _code, out, _err = self.watch("--once", "--since", "node/engine-1")
        self.assertEqual('- ["vm1", 3]', out[0])


class TransportTest(unittest.TestCase):
    def test_a_stream_over_http(self) -> None:
        with requests_mock.Mocker() as mocked:
            mocked.get("http://b:1/v1/x", text="event: a\ndata: 1\n\n")
            events = list(Client(PlainTransport("http://b:1")).events("x", since="m"))
            self.assertEqual([Event("a", 1)], events)
            self.assertEqual("m", mocked.last_request.headers["Last-Event-ID"])
            mocked.get("http://b:1/v1/x", json=GONE, status_code=404)
            with self.assertRaises(RequestFailed) as caught:
                list(Client(PlainTransport("http://b:1")).events("x"))
            self.assertEqual(404, caught.exception.status)
