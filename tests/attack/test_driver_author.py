"""A driver that is careless or hostile, against the node that runs it."""

import logging

from congress.interfaces.datasource import DriverError
from tests.unit.roles_datasource.kit import DatasourceCase
from tests.unit.roles_datasource.world import SECRET


class DriverAuthorTest(DatasourceCase):
    def setUp(self) -> None:
        super().setUp()
        self.ds = self.node()
        self.create(self.ds, password=SECRET)

    def test_a_secret_in_an_error_is_hidden(self) -> None:
        said = DriverError(f"cannot log in with {SECRET}")
        fault = KeyError(f"https://user:{SECRET}@cloud")
        for error in (said, fault):
            with self.assertLogs("congress", "DEBUG") as logged:
                logging.getLogger("congress").debug("so that there is a record")
                self.world.poll_error = error
                self.clock.advance(60.0)
            self.assertNotIn(SECRET, "\n".join(logged.output))
            self.assertNotIn(SECRET, str(self.ask(self.ds, "status")))
        self.assertIn("KeyError", self.ask(self.ds, "status")["last_error"])

    def test_a_secret_that_a_driver_logs_is_hidden(self) -> None:
        log = self.world.contexts[-1].log
        with self.assertLogs(log, "INFO") as logged:
            log.info("password %s", SECRET)
            try:
                int(SECRET)
            except ValueError:
                log.exception("it failed")
        self.assertNotIn(SECRET, "\n".join(logged.output))
        self.assertIn("<hidden>", logged.output[0])

    def test_a_secret_in_the_failure_of_an_action_is_hidden(self) -> None:
        self.world.act_error = DriverError(f"401 for {SECRET}")
        done = self.execute(self.ds, "pause", "vm1")
        self.assertNotIn(SECRET, str(done))
        self.assertNotIn(SECRET, str(self.ledger()))

    def test_a_driver_that_hangs_holds_up_nobody_else(self) -> None:
        self.override("datasources.poll_timeout", 30.0)
        self.create(self.ds, "other")
        before = len(self.world.requests)

        def hang() -> None:
            self.world.during_poll = lambda: None
            self.threads.wait(lambda: False, self.clock.monotonic() + 100.0)

        self.world.during_poll = hang
        self.clock.advance(60.0)
        self.assertGreater(len(self.world.requests), before + 3)
        self.assertEqual("None", self.ask(self.ds, "status", "other")["last_error"])

    def test_rows_that_cannot_be_are_not_taken(self) -> None:
        for rows in ([("x",)], [(1, 2, 3)], [(object(),)], [(float("nan"),)], [([1],)]):
            with self.subTest(rows=rows):
                self.world.rows["ports"] = rows
                self.clock.advance(15.0)
                self.assertEqual([], self.rows(self.ds, "ports"))

    def test_an_action_that_was_not_declared_is_not_run(self) -> None:
        for name in ("close", "__init__", "execute", "poll", "pause.__call__"):
            self.refused(lambda name=name: self.execute(self.ds, name, "vm1"))
        self.assertEqual([], self.world.calls)

    def test_a_driver_that_is_not_permitted_is_not_loaded(self) -> None:
        before = list(self.world.events)
        code = self.refused(lambda: self.create(self.ds, "x", "os.system")).code
        self.assertEqual("invalid", code)
        self.assertEqual(before, self.world.events)
