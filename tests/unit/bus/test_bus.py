"""The bus as roles see it, over the ``inproc`` transport."""

from typing import Any
from unittest import mock

from congress.interfaces.role import Coverage, Epoch
from congress.model.delta import Delta, Snapshot
from congress.model.diagnostic import Diagnostic, Refused, refuse
from congress.model.schema import Schema, TableSchema
from congress.model.status import Health, State
from congress.model.values import FALSE, TRUE
from congress.plugins.bus.inproc import InprocTransport
from congress.testing.buses import BusTestCase, Recorder

COVERED = Coverage(as_of=5.0, complete=True)


def rows(*values: Any) -> frozenset[Any]:
    return frozenset((value,) for value in values)


class TableDataTest(BusTestCase):
    def test_a_subscriber_elsewhere_follows_a_publisher(self) -> None:
        one, two = self.bus("one"), self.bus("two")
        seen = Recorder()
        two.subscribe("nova", ["servers"], seen.on_arrival, seen.on_state)
        publisher = one.publisher("nova", Epoch(1, "x"))
        publisher.publish([Snapshot("servers", rows(1, 2))], {"servers": COVERED})
        self.until(lambda: seen.tables.get("servers") == rows(1, 2))
        self.assertEqual({"servers": "live"}, seen.state)
        self.assertEqual({"servers": COVERED}, seen.coverage)
        publisher.publish([Delta("servers", rows(3), rows(1))], {})
        self.until(lambda: seen.tables["servers"] == rows(2, 3), 0.1)
        self.assertIsInstance(seen.arrivals[-1].changes[0], Delta)

    def test_a_subscriber_on_the_same_node_does_too(self) -> None:
        one, seen = self.bus("one"), Recorder()
        publisher = one.publisher("nova", Epoch(1, "x"))
        publisher.publish([Snapshot("servers", rows(1))], {"servers": COVERED})
        one.subscribe("nova", ["servers"], seen.on_arrival, seen.on_state)
        self.until(lambda: seen.tables.get("servers") == rows(1), 0.1)
        publisher.publish([Snapshot("servers", rows(2))], {})
        self.until(lambda: seen.tables["servers"] == rows(2), 0.1)
        self.assertEqual("live", seen.state["servers"])

    def test_what_happened_before_start_takes_effect(self) -> None:
        one, seen = self.bus("one", start=False), Recorder()
        one.publisher("nova", Epoch(1, "x")).publish([Snapshot("t", rows(1))], {})
        one.subscribe("nova", ["t"], seen.on_arrival)
        one.start()
        self.addCleanup(one.stop, 5)
        self.until(lambda: seen.tables.get("t") == rows(1), 0.1)

    def test_values_survive_the_way(self) -> None:
        one, two, seen = self.bus("one"), self.bus("two"), Recorder()
        row = (None, TRUE, FALSE, 1, 1.5, -(2**70), "ä\U0001f600", "\ud800", "\x00")
        one.publisher("s", Epoch(1, "x")).publish([Snapshot("t", frozenset([row]))], {})
        two.subscribe("s", ["t"], seen.on_arrival)
        self.until(lambda: seen.tables.get("t") == frozenset([row]))
        (got,) = seen.tables["t"]
        self.assertEqual([type(v) for v in row], [type(v) for v in got])

    def test_tables_can_be_added_and_removed(self) -> None:
        one, two, seen = self.bus("one"), self.bus("two"), Recorder()
        publisher = one.publisher("s", Epoch(1, "x"))
        publisher.publish([Snapshot("a", rows(1)), Snapshot("b", rows(2))], {})
        subscription = two.subscribe("s", ["a"], seen.on_arrival)
        self.until(lambda: "a" in seen.tables)
        self.assertNotIn("b", seen.tables)
        subscription.set_tables(["a", "b"])
        self.until(lambda: seen.tables.get("b") == rows(2), 0.1)
        self.assertEqual({"a": "live", "b": "live"}, subscription.states())
        subscription.set_tables(["b"])
        count = len(seen.arrivals)
        publisher.publish([Snapshot("a", rows(9))], {})
        self.clock.advance(2)
        self.assertEqual(count, len(seen.arrivals))

    def test_publishers_know_what_is_wanted(self) -> None:
        one, two = self.bus("one"), self.bus("two")
        told: list[frozenset[str]] = []
        publisher = one.publisher("s", Epoch(1, "x"), on_wanted=told.append)
        near = one.subscribe("s", ["a"], lambda arrival: None)
        far = two.subscribe("s", ["b"], lambda arrival: None)
        self.until(lambda: publisher.wanted() == {"a", "b"})
        near.close()
        self.until(lambda: publisher.wanted() == {"b"}, 0.1)
        far.close()
        self.until(lambda: publisher.wanted() == set(), 0.1)
        self.threads.run_ready()
        self.assertEqual(frozenset(), told[-1])

    def test_a_closed_subscription_hears_no_more(self) -> None:
        one, seen = self.bus("one"), Recorder()
        publisher = one.publisher("s", Epoch(1, "x"))
        publisher.publish([Snapshot("t", rows(1))], {})
        subscription = one.subscribe("s", ["t"], seen.on_arrival)
        self.until(lambda: bool(seen.arrivals))
        publisher.publish([Snapshot("t", rows(2))], {})
        subscription.close()
        self.clock.advance(1)
        self.assertEqual(1, len(seen.arrivals))

    def test_the_schema_is_asked_of_the_publisher(self) -> None:
        one, two = self.bus("one"), self.bus("two")
        schema = Schema.of([TableSchema("t", ())], closed=True)
        one.publisher("s", Epoch(1, "x"), schema=lambda: schema)
        one.publisher("plain", Epoch(1, "x"))
        self.until(lambda: any("s" in peer.sources for peer in two.peers()))
        self.assertEqual(schema, two.schema_of("s", 1))
        self.assertEqual(schema, one.schema_of("s", 1))
        self.assertIsNone(two.schema_of("plain", 1))
        with self.assertRaises(Refused) as caught:
            two.schema_of("nobody", 1)
        self.assertEqual("unavailable", caught.exception.code)


class CallTest(BusTestCase):
    def test_calls_go_where_the_service_is(self) -> None:
        one, two = self.bus("one"), self.bus("two")
        one.serve("calc", {"add": lambda a, b=1: a + b})
        self.assertEqual(3, one.call("calc", "add", {"a": 2}, timeout=1))
        self.until(lambda: any("calc" in peer.services for peer in two.peers()))
        self.assertEqual(7, two.call("calc", "add", {"a": 2, "b": 5}, timeout=1))
        self.assertEqual(3, two.call("calc", "add", {"a": 2}, timeout=1, node="one"))

    def test_what_cannot_be_called_is_refused_alike_near_and_far(self) -> None:
        one, two = self.bus("one"), self.bus("two")

        def fail() -> None:
            raise KeyError("a secret")

        def refuse_it() -> None:
            raise Refused(Diagnostic("no-policy", "no p", hint="make it", where="p"))

        one.serve("s", {"f": lambda a: a, "fail": fail, "refuse": refuse_it})
        self.until(lambda: any("s" in peer.services for peer in two.peers()))
        for bus in (one, two):
            for method, args, code in [
                ("f", {}, "invalid"),
                ("f", {"a": 1, "b": 2}, "invalid"),
                ("nope", {}, "unsupported"),
                ("__init__", {}, "unsupported"),
            ]:
                with self.subTest(bus=bus.node, method=method), self.assertRaises(Refused) as got:
                    bus.call("s", method, args, timeout=1)
                self.assertEqual(code, got.exception.code)
            with self.assertRaises(Refused) as got:
                bus.call("s", "refuse", timeout=1)
            self.assertEqual(("no-policy", "make it"), (got.exception.code, _hint(got.exception)))
            with self.assertLogs("congress.bus"), self.assertRaises(Refused) as got:
                bus.call("s", "fail", timeout=1)
            self.assertEqual("internal", got.exception.code)
            self.assertNotIn("secret", str(got.exception))
            with self.assertRaises(Refused) as got:
                bus.call("absent", "f", timeout=1)
            self.assertEqual("unavailable", got.exception.code)

    def test_a_withdrawn_service_is_not_served(self) -> None:
        one, two = self.bus("one"), self.bus("two")
        one.serve("s", {"f": lambda: 1})
        self.until(lambda: any("s" in peer.services for peer in two.peers()))
        one.withdraw("s")
        with self.assertRaises(Refused) as caught:
            two.call("s", "f", timeout=1)
        self.assertEqual("unavailable", caught.exception.code)

    def test_healthy_servers_are_preferred_and_take_turns(self) -> None:
        client = self.bus("client")
        for name in ("a", "b", "c"):
            state = State.DEGRADED if name == "b" else State.OK
            self.bus(name).serve("s", {"who": lambda n=name: n}, lambda s=state: Health(s))
        self.until(lambda: sum("s" in peer.services for peer in client.peers()) == 3)
        self.assertEqual({"a", "c"}, {client.call("s", "who", timeout=1) for _ in range(6)})

    def test_a_result_that_has_no_json_form_is_a_fault(self) -> None:
        one, two = self.bus("one"), self.bus("two")
        one.serve("s", {"f": lambda: object(), "rows": lambda: [[TRUE, "\ud800"]]})
        self.until(lambda: any("s" in peer.services for peer in two.peers()))
        with self.assertLogs("congress.bus"), self.assertRaises(Refused) as caught:
            two.call("s", "f", timeout=1)
        self.assertEqual("internal", caught.exception.code)
        self.assertEqual([[True, "\ud800"]], two.call("s", "rows", timeout=1))

    def test_names_are_served_once(self) -> None:
        one = self.bus("one")
        one.serve("s", {})
        with self.assertRaises(ValueError):
            one.serve("s", {})


class PeersTest(BusTestCase):
    def test_nodes_hear_of_each_other(self) -> None:
        one, two = self.bus("one"), self.bus("two")
        one.announce("version", lambda: "13")
        one.publisher("nova", Epoch(4, "x"))
        self.until(lambda: len(two.peers()) == 2 and "version" in two.peers()[1].info)
        own, other = two.peers()
        self.assertEqual(("two", "one", one.instance), (own.node, other.node, other.instance))
        self.assertEqual("13", other.info["version"])
        self.assertEqual(Epoch(4, "x"), other.sources["nova"].epoch)

    def test_every_heartbeat_is_told_the_own_too(self) -> None:
        one = self.bus("one")
        heard: list[tuple[str, str]] = []
        one.on_peers(lambda event, peer: heard.append((event, peer.node)))
        self.clock.advance(1.6)
        self.assertEqual([("heard", "one")] * 4, heard)

    def test_a_node_that_says_goodbye_leaves_at_once(self) -> None:
        one, two = self.bus("one"), self.bus("two")
        events: list[str] = []
        one.on_peers(lambda event, peer: events.append(event) if peer.node == "two" else None)
        self.until(lambda: len(one.peers()) == 2)
        two.stop(5)
        self.until(lambda: len(one.peers()) == 1, 0.1)
        self.threads.run_ready()
        self.assertEqual("left", events[-1])

    def test_nobody_waits_for_the_answer_of_a_node_that_left(self) -> None:
        one, two = self.bus("one"), self.bus("two")
        self.until(lambda: len(one.peers()) == 2)
        with mock.patch.object(InprocTransport, "give_up") as give_up:
            two.stop(5)
            self.until(lambda: len(one.peers()) == 1, 0.1)
        give_up.assert_called_once_with("two")

    def test_a_silent_node_leaves_after_the_timeout(self) -> None:
        one = self.bus("one")
        self.bus("two")
        self.until(lambda: len(one.peers()) == 2)
        self.threads.group("two").pause()
        self.clock.advance(2.4)
        self.assertEqual(2, len(one.peers()))
        self.clock.advance(1.2)
        self.assertEqual(1, len(one.peers()))
        self.threads.group("two").resume()

    def test_a_clock_step_frightens_nobody(self) -> None:
        one = self.bus("one")
        self.bus("two")
        self.until(lambda: len(one.peers()) == 2)
        for step in (3600, -7200):
            self.clock.step_wall(step)
            self.clock.advance(5)
            self.assertEqual(2, len(one.peers()))

    def test_a_node_that_was_held_up_does_not_declare_others_dead(self) -> None:
        one = self.bus("one")
        self.bus("two")
        events: list[str] = []
        one.on_peers(lambda event, peer: events.append(event) if peer.node == "two" else None)
        self.clock.advance(1)
        self.threads.group("one").pause()
        self.clock.advance(60)
        self.threads.group("one").resume()
        self.clock.advance(2)
        self.assertNotIn("left", events)

    def test_a_second_node_of_the_same_id_is_refused(self) -> None:
        self.bus("one")
        second = self.bus("one", start=False)
        with self.assertRaises(Refused) as caught:
            second.start()
        self.assertEqual("duplicate", caught.exception.code)
        self.assertEqual(State.NOT_READY, second.health().state)

    def test_a_dead_node_of_the_same_id_is_replaced(self) -> None:
        watcher = self.bus("watcher")
        self.bus("one")
        self.until(lambda: len(watcher.peers()) == 2)
        self.threads.group("one").kill()
        again = self.bus("one")
        self.until(lambda: watcher.peers()[1].instance == again.instance, 2)

    def test_a_fact_that_fails_does_not_stop_the_heart(self) -> None:
        one, two = self.bus("one"), self.bus("two")
        one.announce("bad", lambda: 1 / 0)
        one.announce("strange", object)
        one.announce("good", lambda: 1)
        with self.assertLogs("congress.bus"):
            self.until(lambda: len(two.peers()) == 2 and two.peers()[1].info == {"good": 1})


class NoticeTest(BusTestCase):
    def test_everybody_hears_a_notice(self) -> None:
        one, two = self.bus("one"), self.bus("two")
        heard: list[tuple[str, str, Any]] = []
        for bus in (one, two):
            bus.on_notice(
                "policy", lambda node, payload, b=bus: heard.append((b.node, node, payload["r"]))
            )
        one.notify("policy", {"r": 3})
        one.notify("other", {})
        self.threads.run_ready()
        self.assertEqual([("one", "one", 3), ("two", "one", 3)], sorted(heard))


class StatsTest(BusTestCase):
    def test_status_tells_of_tables_and_publishers(self) -> None:
        one, two, seen = self.bus("one"), self.bus("two"), Recorder()
        publisher = one.publisher("s", Epoch(2, "x"))
        publisher.publish([Snapshot("t", rows(1, 2))], {})
        two.subscribe("s", ["t"], seen.on_arrival)
        self.until(lambda: bool(seen.arrivals))
        (subscription,) = two.stats()["subscriptions"]
        self.assertEqual(
            {
                "source": "s",
                "tables": {"t": "live"},
                "epoch": 2,
                "seq": 1,
                "lag": 0,
                "lag_seconds": 0.0,
                "inbox_rows": 0,
            },
            subscription,
        )
        self.assertEqual(
            {"epoch": 2, "seq": 1, "rows": {"t": 2}, "wanted": ["t"], "subscribers": ["two"]},
            one.stats()["publishers"]["s"],
        )
        self.assertEqual(two.call("__bus", "stats", timeout=1), two.stats())

    def test_status_tells_how_far_behind_and_for_how_long(self) -> None:
        one, two, seen = self.bus("one"), self.bus("two"), Recorder()
        two.subscribe("s", ["t"], seen.on_arrival)
        self.clock.advance(4)
        (subscription,) = two.stats()["subscriptions"]
        self.assertEqual({"t": "pending"}, subscription["tables"])
        self.assertAlmostEqual(4.0, subscription["lag_seconds"], delta=0.5)
        one.publisher("s", Epoch(1, "x")).publish([Snapshot("t", rows(1))], {})
        self.until(lambda: bool(seen.arrivals))
        self.clock.advance(1)
        self.assertEqual(0.0, two.stats()["subscriptions"][0]["lag_seconds"])


def _hint(refused: Refused) -> str:
    return refused.diagnostics[0].hint


class RefuseTest(BusTestCase):
    def test_a_bus_that_is_not_started_calls_nobody(self) -> None:
        bus = self.bus("one", start=False)
        bus.serve("s", {"no": lambda: (_ for _ in ()).throw(refuse("conflict", "no"))})
        with self.assertRaises(Refused) as caught:
            bus.call("s", "no", timeout=1)
        self.assertEqual("conflict", caught.exception.code)
        with self.assertRaises(Refused) as caught:
            bus.call("elsewhere", "f", timeout=1)
        self.assertEqual("unavailable", caught.exception.code)
