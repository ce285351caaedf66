"""Reading: poll loop, publication, lazy tables, failures."""

from congress.interfaces.datasource import DriverError
from congress.model.delta import Batch, Snapshot
from tests.unit.roles_datasource.kit import DatasourceCase
from tests.unit.roles_datasource.world import SECRET


class PollTest(DatasourceCase):
    def test_rows_are_published_and_listed(self) -> None:
        self.world.rows["servers"] = [("vm1", True), ("vm2", False)]
        node = self.node()
        self.create(node)
        self.clock.advance(1.0)
        answer = self.ask(node, "rows", table="servers")
        self.assertEqual([["vm1", True], ["vm2", False]], answer["rows"])
        self.assertEqual(["id", "up"], answer["columns"])
        self.assertEqual([["vm1", True]], self.ask(node, "rows", table="servers", limit=1)["rows"])

    def test_status_is_as_older_clients_expect(self) -> None:
        node = self.node()
        self.create(node, poll_time=0)
        before = self.ask(node, "status")
        self.assertEqual("None", before["last_updated"])
        self.assertEqual(("0", "True"), (before["number_of_updates"], before["initialized"]))
        self.ask(node, "refresh")
        self.clock.advance(1.0)
        after = self.ask(node, "status")
        self.assertRegex(after["last_updated"], r"^2023-11-14 \d\d:\d\d:\d\d\.\d{6}$")
        self.assertEqual("1", after["number_of_updates"])
        self.assertEqual("None", after["last_error"])
        self.assertEqual(([], []), (after["subscriptions"], after["subscribers"]))
        self.assertEqual("ok", after["detail"]["state"])

    def test_polls_come_within_the_interval(self) -> None:
        node = self.node()
        self.create(node, poll_time="10")
        self.clock.advance(100.0)
        self.assertIn(len(self.world.requests), (11, 12))

    def test_poll_time_zero_polls_on_request_only(self) -> None:
        node = self.node()
        self.create(node, poll_time=0)
        self.clock.advance(60.0)
        self.assertEqual([], self.world.requests)
        self.ask(node, "refresh")
        self.ask(node, "refresh")
        self.clock.advance(60.0)
        self.assertEqual(1, len(self.world.requests))

    def test_the_cursor_comes_back_after_complete_polls_only(self) -> None:
        node = self.node()
        self.create(node)
        self.clock.advance(15.0)
        self.assertEqual([None, 1], [request.cursor for request in self.world.requests[:2]])
        self.world.poll_error = DriverError("down")
        self.clock.advance(10.0)
        self.world.poll_error = None
        self.clock.advance(60.0)
        cursors = [request.cursor for request in self.world.requests]
        self.assertIsNone(cursors[3])
        self.assertEqual(4, cursors[4])

    def test_a_failing_service_is_logged_once_and_tried_less_often(self) -> None:
        node = self.node()
        self.world.rows["ports"] = [(1,)]
        self.create(node)
        self.clock.advance(1.0)
        self.world.poll_error = DriverError("connection refused")
        with self.assertLogs("congress.roles.datasource", "INFO") as logs:
            self.clock.advance(1000.0)
            polls = len(self.world.requests)
            status = self.ask(node, "status")
            self.world.poll_error = None
            self.clock.advance(400.0)
        self.assertLess(polls, 12)
        self.assertEqual("connection refused", status["last_error"])
        self.assertEqual("degraded", status["detail"]["state"])
        self.assertTrue(status["detail"]["tables"]["ports"]["stale"])
        self.assertEqual(1, status["detail"]["tables"]["ports"]["rows"])
        down = [line for line in logs.output if "cannot be read" in line]
        again = [line for line in logs.output if "can be read again" in line]
        self.assertEqual((1, 1), (len(down), len(again)))
        after = self.ask(node, "status")
        self.assertEqual(("None", "ok"), (after["last_error"], after["detail"]["state"]))
        self.assertFalse(after["detail"]["tables"]["ports"]["stale"])

    def test_one_table_that_fails_does_not_hold_up_the_others(self) -> None:
        node = self.node()
        self.create(node)
        self.clock.advance(1.0)
        self.world.rows = {"servers": [("vm1", True)], "ports": [(1,)]}
        self.world.failed = {"ports": "no permission"}
        self.clock.advance(30.0)
        tables = self.ask(node, "status")["detail"]["tables"]
        self.assertEqual([["vm1", True]], self.rows(node, "servers"))
        self.assertEqual("no permission", tables["ports"]["error"])
        self.assertTrue(tables["ports"]["stale"])
        self.assertFalse(tables["servers"]["stale"])
        self.assertGreaterEqual(len(self.world.requests), 4)

    def test_bad_rows_are_left_out_and_reported(self) -> None:
        self.world.rows = {
            "servers": [("vm1", True), ("vm2", 1), ("vm3",)],
            "ports": [(1,), ("x",)],
        }
        node = self.node()
        self.create(node)
        self.clock.advance(1.0)
        self.assertEqual([["vm1", True]], self.rows(node, "servers"))
        tables = self.ask(node, "status")["detail"]["tables"]
        self.assertEqual(2, tables["servers"]["rejected"])
        self.assertIn("'number' takes an integer", tables["ports"]["rejected_example"])
        self.world.rows = {"servers": [("vm1", True)], "ports": []}
        self.clock.advance(10.0)
        tables = self.ask(node, "status")["detail"]["tables"]
        self.assertEqual((0, 0), (tables["servers"]["rejected"], tables["ports"]["rejected"]))

    def test_an_unexpected_failure_says_nothing_of_its_content(self) -> None:
        self.world.poll_error = ValueError(f"https://u:{SECRET}@/private/path")
        node = self.node()
        with self.assertLogs("congress.roles.datasource", "ERROR") as logs:
            self.create(node, password=SECRET)
            self.clock.advance(100.0)
        error = self.ask(node, "status")["last_error"]
        self.assertIn("ValueError", error)
        self.assertNotIn("private", error)
        self.assertNotIn(SECRET, "".join(logs.output))
        self.assertEqual(1, len(logs.output))

    def test_batches_emitted_out_of_turn_are_published(self) -> None:
        node = self.node()
        self.create(node, poll_time=0)
        context = self.world.contexts[-1]
        context.emit(Batch((Snapshot("ports", frozenset({(7,)})),), self.clock.time()))
        self.assertEqual([[7]], self.rows(node, "ports"))

    def test_what_a_driver_logs_hides_secrets(self) -> None:
        node = self.node()
        self.create(node, password=SECRET)
        with self.assertLogs("congress.datasource.nova", "INFO") as logs:
            self.world.contexts[-1].log.info("logging in with %s", SECRET)
        self.assertEqual(["INFO:congress.datasource.nova:logging in with <hidden>"], logs.output)


class LazyTest(DatasourceCase):
    def test_a_lazy_table_is_read_while_somebody_wants_it(self) -> None:
        self.world.rows = {"servers": [], "ports": [(1,)]}
        node = self.node()
        self.create(node, lazy_tables=["ports"])
        self.clock.advance(1.0)
        self.assertEqual(frozenset({"servers"}), self.world.requests[-1].tables)
        refused = self.refused(lambda: self.rows(node, "ports"))
        self.assertIn("nobody does", str(refused))
        reader = self.bus("reader")
        subscription = reader.subscribe("nova", ["ports"], lambda arrival: None)
        self.clock.advance(2.0)
        self.assertEqual([[1]], self.rows(node, "ports"))
        self.assertIsNone(self.world.requests[-1].cursor)
        subscription.close()
        self.clock.advance(30.0)
        self.assertEqual(frozenset({"servers"}), self.world.requests[-1].tables)
        self.assertIn("nobody does", str(self.refused(lambda: self.rows(node, "ports"))))


class HangTest(DatasourceCase):
    def test_a_poll_that_hangs_delays_nobody_and_its_late_result_is_not_used(self) -> None:
        self.override("datasources.poll_timeout", 30.0)
        node = self.node()
        self.create(node, "nova")
        self.create(node, "other")
        self.clock.advance(1.0)
        seen: list[object] = []
        self.world.rows["ports"] = [(99,)]
        polls = len(self.world.requests)

        def look() -> None:
            status = self.ask(node, "status")
            seen.append((status["last_error"], status["detail"]["tables"]["ports"]["stale"]))
            self.execute(node, "pause", "vm1")

        def hang() -> None:
            self.world.during_poll = lambda: None
            self.threads.after(35.0, look)
            self.threads.wait(lambda: False, self.clock.monotonic() + 40.0)

        self.world.during_poll = hang
        self.clock.advance(45.0)
        self.assertEqual([("the poll does not end", True)], seen)
        self.assertEqual(1, len(self.world.calls))
        self.assertGreater(len(self.world.requests), polls + 3)
        self.assertEqual("None", self.ask(node, "status", "other")["last_error"])

    def test_a_node_stops_in_time_although_a_driver_hangs(self) -> None:
        node = self.node()
        self.create(node)
        ended: list[float] = []

        def stop() -> None:
            node.service.stop(5.0)
            ended.append(self.clock.monotonic())

        def hang() -> None:
            self.world.during_poll = lambda: None
            self.threads.after(1.0, stop)
            self.threads.wait(lambda: False, self.clock.monotonic() + 100.0)

        self.world.during_poll = hang
        began = self.clock.monotonic()
        self.clock.advance(150.0)
        self.assertLess(ended[0] - began, 30.0)
        lease = self.storage.read(lambda tx: tx.leases.get("datasource/nova"))
        self.assertEqual("", lease.owner if lease else None)
