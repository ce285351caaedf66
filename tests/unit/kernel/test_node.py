"""A node of fakes: made, started, stopped, watched and reloaded."""

import logging
from typing import Any

from congress.kernel.health import liveness, readiness
from congress.kernel.node import Node
from congress.model.diagnostic import Refused, refuse
from congress.model.status import Health, State
from congress.testing.plugins import FakeService
from congress.testing.runtime import ManualClock, SimThreads
from tests.unit.kernel.support import FAKE_NODE, FakeBus, KernelTestCase

FAILED = Health(State.FAILED, "kaputt")


class NodeTestCase(KernelTestCase):
    def setUp(self) -> None:
        super().setUp()
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.install_fakes()
        self.clock = ManualClock()
        self.threads = SimThreads(self.clock)
        self.hub: dict[str, Any] = {}
        self.failures: list[str] = []

    def make(self, text: str = FAKE_NODE, *, bus_fails: Exception | None = None) -> Node:
        def make_bus(transport: Any, **arguments: Any) -> FakeBus:
            bus = self.hub["bus"] = FakeBus(transport, **arguments)
            bus.fails = bus_fails
            return bus

        return Node(
            self.conf(text),
            make_bus=make_bus,
            clock=self.clock,
            threads=self.threads,
            hub=self.hub,
            on_failure=self.failures.append,
        )

    def started(self, text: str = FAKE_NODE) -> Node:
        node = self.make(text)
        node.start()
        self.addCleanup(node.stop, 1.0)
        return node

    @property
    def service(self) -> FakeService:
        service: FakeService = self.hub["service"]
        return service


class LifeTest(NodeTestCase):
    def test_starts_and_stops_everything_once(self) -> None:
        node = self.started()
        self.assertEqual(["start fake"], self.hub["events"])
        self.assertEqual(["start"], self.hub["bus"].events)
        self.assertEqual([self.service], node.services())
        node.stop(5.0)
        node.stop(5.0)
        self.assertEqual(["start fake", "stop fake"], self.hub["events"])
        self.assertEqual(["start", "stop"], self.hub["bus"].events)
        self.assertEqual({}, node.health())

    def test_the_role_gets_its_parts(self) -> None:
        node = self.started()
        parts = self.hub["parts"]
        self.assertIs(node.conf, parts.conf)
        self.assertIs(self.hub["bus"], parts.bus)
        self.assertIs(node.plugins, parts.plugins)
        self.assertIs(self.hub, parts.hub)
        self.assertEqual({"storage", "bus", "fake"}, set(parts.node_health()))

    def test_the_bus_gets_its_arguments(self) -> None:
        node = self.started(FAKE_NODE.replace("[dse]", "[dse]\nbus_id = b"))
        arguments = self.hub["bus"].arguments
        self.assertEqual(
            ("b", "n1", node.instance),
            (arguments["bus_id"], arguments["node"], arguments["instance"]),
        )
        self.assertEqual(0.5, arguments["options"].heartbeat_interval)

    def test_two_lives_have_two_instances(self) -> None:
        self.assertNotEqual(self.make().instance, self.make().instance)

    def test_nothing_runs_after_a_role_cannot_start(self) -> None:
        self.hub["fails"] = OSError("port 1789 is taken")
        node = self.make()
        with self.assertRaisesRegex(Refused, "role fake: fake cannot start: port 1789 is taken"):
            node.start()
        self.assertEqual(["start", "stop"], self.hub["bus"].events)
        self.assertEqual((["stop fake"], {}), (self.hub["events"], node.health()))

    def test_a_refusal_keeps_its_code(self) -> None:
        self.hub["fails"] = refuse("schema-version", "the schema is old", hint="upgrade")
        with self.assertRaises(Refused) as caught:
            self.make().start()
        self.assertEqual("schema-version", caught.exception.code)
        self.assertEqual("upgrade", caught.exception.diagnostics[0].hint)

    def test_a_fault_is_told_as_one(self) -> None:
        self.hub["fails"] = ZeroDivisionError("x")
        with self.assertRaises(Refused) as caught:
            self.make().start()
        self.assertEqual("internal", caught.exception.code)

    def test_a_bus_that_cannot_start_is_named(self) -> None:
        node = self.make(bus_fails=refuse("duplicate", "node n1 is alive already"))
        with self.assertRaises(Refused) as caught:
            node.start()
        self.assertEqual("duplicate", caught.exception.code)
        self.assertIn("bus fake cannot start", str(caught.exception))
        self.assertNotIn("parts", self.hub)

    def test_a_service_that_cannot_stop_does_not_keep_the_rest(self) -> None:
        node = self.started()
        self.service.stop = lambda timeout: 1 // 0  # type: ignore[method-assign, assignment, return-value]
        node.stop(1.0)
        self.assertEqual(["start", "stop"], self.hub["bus"].events)

    def test_two_nodes_with_different_settings_live_side_by_side(self) -> None:
        one = self.started(FAKE_NODE + "[role_fake]\nmood = glad\n")
        first = self.hub["parts"]
        two = self.started(FAKE_NODE.replace("n1", "n2") + "[role_fake]\nmood = sad\n")
        second = self.hub["parts"]
        self.assertEqual(("n1", "n2"), (one.name, two.name))
        self.assertEqual("glad", first.plugins.settings("role", "fake")["mood"])
        self.assertEqual("sad", second.plugins.settings("role", "fake")["mood"])


class ReloadTest(NodeTestCase):
    def test_mutable_options_change_and_others_do_not(self) -> None:
        node = self.started(FAKE_NODE)
        text = FAKE_NODE.replace("[dse]", "[dse]\nleader_timeout = 9\nbus_id = other")
        self.folder.joinpath("congress.conf").write_text(text)
        changes = node.reload()
        self.assertIn(("dse", "leader_timeout"), changes)
        self.assertEqual((9.0, "bus"), (node.conf.dse.leader_timeout, node.conf.dse.bus_id))
        self.assertEqual(9.0, self.hub["bus"].arguments["options"].leader_timeout)


class SupervisionTest(NodeTestCase):
    def test_a_failed_role_is_made_anew(self) -> None:
        node = self.started()
        first = self.service
        first.state = FAILED
        self.clock.advance(1.5)
        self.assertIn("waits for its restart after: fake: kaputt", node.health()["fake"].message)
        self.clock.advance(2.0)
        self.assertIsNot(first, self.service)
        self.assertEqual(["start fake", "stop fake", "start fake"], self.hub["events"])
        self.assertEqual(State.OK, node.health()["fake"].state)
        self.assertEqual([], self.failures)

    def test_a_role_whose_task_died_is_made_anew(self) -> None:
        self.started()
        first = self.service

        def target(stop: object) -> None:
            raise ConnectionError("gone")

        self.hub["parts"].threads.task("worker", target)
        self.clock.advance(4.0)
        self.assertIsNot(first, self.service)

    def test_a_task_that_ends_by_itself_or_after_its_stop_is_no_failure(self) -> None:
        self.started()
        first = self.service

        def target(stop: Any) -> None:
            stop.wait(100.0)
            raise ConnectionError("gone")

        threads = self.hub["parts"].threads
        threads.task("short", lambda stop: None)
        threads.task("long", target).stop(1.0)
        self.clock.advance(4.0)
        self.assertIs(first, self.service)
        threads.loop("l").close(1.0)
        threads.pool("p", 1, 1).close(1.0)

    def test_the_budget_ends_it(self) -> None:
        self.started(FAKE_NODE.replace("[dse]", "restart_budget = 2\n[dse]"))
        for _ in range(2):
            self.service.state = FAILED
            self.clock.advance(8.0)
        self.assertEqual([], self.failures)
        self.service.state = FAILED
        self.clock.advance(8.0)
        self.assertEqual(1, len(self.failures))
        self.assertIn("role fake failed 3 times in 600 s", self.failures[0])

    def test_a_bus_that_failed_ends_it(self) -> None:
        self.started()
        self.hub["bus"].state = Health(State.DEGRADED, "far away")
        self.clock.advance(8.0)
        self.assertEqual([], self.failures)
        self.hub["bus"].state = FAILED
        self.clock.advance(8.0)
        self.assertEqual(["the bus failed: kaputt"], self.failures)
        self.assertEqual(["start fake"], self.hub["events"])

    def test_pauses_double(self) -> None:
        self.started()
        self.hub["fails"] = OSError("no")
        self.service.state = FAILED
        begins = self.clock.monotonic()
        self.assertTrue(self.threads.run_until(lambda: bool(self.failures), 100.0))
        self.assertAlmostEqual(1 + 2 + 4 + 8 + 16, self.clock.monotonic() - begins, delta=2.0)

    def test_old_restarts_are_forgotten(self) -> None:
        self.started(FAKE_NODE.replace("[dse]", "restart_budget = 1\nrestart_window = 10\n[dse]"))
        for _ in range(4):
            self.service.state = FAILED
            self.clock.advance(15.0)
        self.assertEqual([], self.failures)

    def test_a_role_that_is_merely_unready_is_left_alone(self) -> None:
        node = self.started()
        for state in (State.NOT_READY, State.DEGRADED):
            self.service.state = Health(state, "wait")
            self.clock.advance(5.0)
        self.assertEqual(["start fake"], self.hub["events"])
        self.assertEqual(State.OK, liveness(node.health()).state)

    def test_no_restart_after_the_node_stopped(self) -> None:
        node = self.started()
        self.service.state = FAILED
        self.clock.advance(1.2)
        node.stop(1.0)
        self.clock.advance(10.0)
        self.assertEqual(["start fake", "stop fake"], self.hub["events"])

    def test_a_database_that_is_away_is_no_reason_to_end(self) -> None:
        node = self.started()
        storage = self.hub["parts"].storage
        storage.health = lambda: FAILED
        self.assertEqual(Health(State.DEGRADED, "kaputt"), node.health()["storage"])
        self.assertEqual(State.OK, liveness(node.health()).state)

    def test_readiness_follows_the_parts(self) -> None:
        node = self.started()
        self.assertEqual(State.OK, readiness(node.health()).state)
        self.service.state = Health(State.NOT_READY, "no data yet")
        ready = readiness(node.health())
        self.assertEqual((State.NOT_READY, "fake: no data yet"), (ready.state, ready.message))
