"""The conformance suites themselves: a good driver passes, each defect is caught."""

import logging
import threading
import unittest

from congress.interfaces.datasource import DatasourceDriver, Done, DriverError
from congress.interfaces.plugin import Option, PluginInfo
from congress.model.action import ActionCall, ActionResult, ActionSpec
from congress.model.delta import Batch, Snapshot
from congress.model.diagnostic import refuse
from congress.model.schema import Column, ColumnType, Schema, TableSchema
from congress.testing.datasource import (
    AcceptSuite,
    ActSuite,
    DatasourceSuite,
    PollSuite,
    StreamSuite,
    complete_config,
    make_context,
)

COLUMNS = (Column("x", ColumnType.INTEGER, nullable=False, description="A number."),)


class GoodDriver(DatasourceDriver):
    """Every capability, in memory."""

    names = ("one", "two")

    @classmethod
    def describe(cls):
        options = (Option("password", secret=True, description="Opens the door."),)
        return PluginInfo("good", "For tests.", options)

    @classmethod
    def static_schema(cls):
        return Schema.of(TableSchema(name, COLUMNS, "A table.") for name in cls.names)

    @classmethod
    def check(cls, config, settings):
        return [] if config["password"] else ["password: none is given"]

    def schema(self):
        return self.static_schema()

    def row(self):
        return (1,)

    def poll(self, request):
        failed = {}
        for name in self.names:
            if request.tables is not None and name not in request.tables:
                continue
            if request.stop.is_set() or self.ctx.clock.monotonic() >= request.deadline:
                failed[name] = "no time"
            else:
                yield Batch((Snapshot(name, frozenset({self.row()})),), self.ctx.clock.time())
        yield Done(complete=not failed, failed=failed)

    def accept(self, payload, table):
        if not isinstance(payload, list):
            raise refuse("invalid", "not a list")
        return Batch((Snapshot(table, frozenset(map(tuple, payload))),), self.ctx.clock.time())

    def stream(self, emit, stop):
        while not stop.is_set():
            emit(Batch((Snapshot("one", frozenset({self.row()})),), self.ctx.clock.time()))

    def actions(self):
        parameters = {"type": "object", "properties": {"items": {"type": "array"}}}
        return [ActionSpec("go", "Goes.", parameters, variadic="items")]

    def execute(self, call, deadline):
        if call.name != "go" or call.named["items"]:
            raise DriverError("cannot go")
        return ActionResult({"gone": True}, "gone")


class Trial(PollSuite, AcceptSuite, StreamSuite, ActSuite, DatasourceSuite):
    """What a test of the good driver says."""

    driver_class = GoodDriver
    config = {"password": "s3cret"}
    wrong_configs = [{"password": ""}]
    payloads = [([[1], [2]], "one")]
    bad_payloads = [("x", "one")]
    calls = [ActionCall("go", (), {"items": []})]
    failing_calls = [ActionCall("go", (1,), {"items": [1]})]


class GoodDriverTest(Trial, unittest.TestCase):
    pass


def failures(driver, **changes):
    """Names of the suites' tests that a driver does not pass."""
    case = type("Case", (Trial, unittest.TestCase), {"driver_class": driver, **changes})
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    bad = [getattr(test, "test_case", test) for test, _ in result.failures + result.errors]
    return {test._testMethodName for test in bad}


class BadDriverTest(unittest.TestCase):
    def assert_caught(self, test, **methods):
        driver = type("BadDriver", (GoodDriver,), methods)
        self.assertIn(test, failures(driver))

    def test_good_driver_is_not_blamed(self):
        self.assertEqual(set(), failures(GoodDriver))

    def test_rows_that_do_not_fit(self):
        for row in ((None,), ("1",), (1, 2), (object(),)):
            self.assert_caught("test_poll_gives_rows_that_fit", row=lambda self, row=row: row)
            self.assert_caught(
                "test_stream_emits_rows_that_fit_until_it_is_stopped", row=lambda self, row=row: row
            )

    def test_unwanted_tables(self):
        def poll(self, request):
            yield from GoodDriver.poll(self, type(request)(None, None, 1e9, request.stop))

        self.assert_caught("test_poll_reads_what_was_asked_for", poll=poll)
        self.assert_caught("test_poll_ends_at_the_deadline", poll=poll)

    def test_done_that_is_missing(self):
        def poll(self, request):
            *batches, _ = GoodDriver.poll(self, request)
            yield from batches

        self.assert_caught("test_poll_is_complete", poll=poll)

    def test_deaf_to_stop(self):
        def poll(self, request):
            probe = make_context(clock=self.ctx.clock)
            yield from GoodDriver.poll(
                self, type(request)(request.tables, None, request.deadline, probe.stop)
            )

        self.assert_caught("test_poll_ends_when_stopped", poll=poll)

    def test_different_rows_each_time(self):
        numbers = iter(range(1000))
        self.assert_caught("test_poll_again_gives_the_same", row=lambda self: (next(numbers),))

    def test_thread_that_is_left_behind(self):
        end, left = threading.Event(), []
        self.addCleanup(lambda: [thread.join() for thread in left])
        self.addCleanup(end.set)

        def begin(self):
            left.append(threading.Thread(target=end.wait))
            left[-1].start()

        for test in ("test_close_may_come_early_and_again", "test_poll_leaves_no_thread"):
            self.assert_caught(test, open=begin)

        def execute(self, call, deadline):
            begin(self)
            return GoodDriver.execute(self, call, deadline)

        self.assert_caught("test_calls_work", execute=execute)

    def test_thread_of_somebody_else_that_ends_meanwhile(self):
        end, others = threading.Event(), []

        def set_up(case):
            Trial.setUp(case)
            end.clear()
            others.append(threading.Thread(target=end.wait))
            others[-1].start()
            case.addCleanup(others[-1].join)
            case.addCleanup(end.set)

        def let_it_end(self, *arguments):
            end.set()
            others[-1].join()
            return GoodDriver.execute(self, *arguments) if arguments else None

        driver = type("Driver", (GoodDriver,), {"close": let_it_end, "execute": let_it_end})
        self.assertEqual(set(), failures(driver, setUp=set_up))

    def test_close_that_only_works_once(self):
        def close(self):
            del self.ctx

        self.assert_caught("test_close_may_come_early_and_again", close=close)

    def test_secrets(self):
        def execute(self, call, deadline):
            raise DriverError(f"wrong password {self.config['password']}")

        def log(self):
            self.ctx.log.warning("password %s", self.config["password"])

        self.assert_caught("test_failures_are_driver_errors_without_secrets", execute=execute)
        self.assert_caught("test_says_nothing_secret", open=log)

    def test_describe_that_does_something(self):
        @classmethod
        def describe(cls):
            with open("/proc/self/comm") as file:
                return PluginInfo(file.read(), "For tests.")

        self.assert_caught("test_describe_does_nothing_but_tell", describe=describe)

    def test_options_declared_badly(self):
        for option in (
            Option("x"),
            Option("x", type="text", description="An option."),
            Option("x", type="integer", description="An option.", default="1"),
            Option("x", description="An option.", default="a", choices=("b",)),
            Option("x", description="An option.", schema={"type": "nonsense"}),
        ):
            info = PluginInfo("bad", "For tests.", (*GoodDriver.describe().options, option))
            self.assert_caught(
                "test_options_are_declared_well", describe=classmethod(lambda cls, i=info: i)
            )

    def test_schema_without_descriptions(self):
        schema = Schema.of([TableSchema("one", (Column("x"),))])
        self.assert_caught(
            "test_schema_is_well_formed_and_says_what_things_are",
            static_schema=classmethod(lambda cls: schema),
        )

    def test_check_that_finds_no_fault(self):
        self.assert_caught(
            "test_check_accepts_what_works_and_refuses_the_rest",
            check=classmethod(lambda cls, config, settings: []),
        )

    def test_payload_that_is_swallowed(self):
        self.assert_caught(
            "test_refused_payload_changes_nothing",
            accept=lambda self, payload, table: Batch((), 0.0),
        )

    def test_errors_of_other_kinds(self):
        def execute(self, call, deadline):
            raise OSError("no")

        self.assert_caught("test_failures_are_driver_errors_without_secrets", execute=execute)
        self.assert_caught("test_calls_work", execute=execute)

    def test_actions_declared_badly(self):
        for spec in (
            ActionSpec("go", "", {"type": "object"}),
            ActionSpec("go", "Goes.", {"type": "array"}),
            ActionSpec("go away", "Goes.", {"type": "object"}),
        ):
            self.assert_caught("test_actions_are_declared_well", actions=lambda self, s=spec: [s])

    def test_capability_without_its_suite(self):
        case = type("Case", (DatasourceSuite, unittest.TestCase), {"driver_class": GoodDriver})
        test = case("test_capabilities_are_all_tested")
        self.assertEqual(1, len(test.run().failures))


class ContextTest(unittest.TestCase):
    def test_waiting_moves_the_clock(self):
        probe = make_context()
        begin = probe.clock.monotonic()
        self.assertFalse(probe.stop.wait(5))
        probe.stop.set()
        self.assertTrue(probe.stop.wait(5))
        self.assertEqual((5, [5]), (probe.clock.monotonic() - begin, probe.stop.waits))

    def test_log_is_kept_and_goes_nowhere_else(self):
        probe = make_context()
        probe.context.log.error("no %s", "luck")
        self.assertEqual("no luck", probe.logged)
        self.assertNotIn("datasource.source", logging.root.manager.loggerDict)

    def test_unknown_option(self):
        with self.assertRaises(ValueError):
            complete_config(GoodDriver, {"pasword": "x"})
