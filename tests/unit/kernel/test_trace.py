"""Tracing shows calls and changes nothing else."""

import os
import unittest
from collections.abc import Iterator
from unittest import mock

from congress.interfaces.datasource import Accepts, Acts, DatasourceDriver, Done, Polls
from congress.interfaces.plugin import PluginInfo
from congress.kernel import trace
from congress.kernel.catalogue import Candidate
from congress.kernel.loader import Loaded
from congress.model.delta import Batch
from congress.model.schema import Schema


class Driver(DatasourceDriver):
    """Polls, and fails to open."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo("d", "D.")

    def __init__(self, config, ctx) -> None:  # type: ignore[no-untyped-def]
        super().__init__(config, ctx)
        self.made = True

    def schema(self) -> Schema:
        return Schema()

    def open(self) -> None:
        raise OSError("no")

    def poll(self, request: object) -> Iterator[Batch | Done]:
        yield Batch((), 1.0)
        yield Done()

    @staticmethod
    def constant() -> int:
        return 42

    @property
    def size(self) -> int:
        return 1

    def _private(self) -> int:
        return 2


class TraceTest(unittest.TestCase):
    def setUp(self) -> None:
        self.lines: list[str] = []
        plugin = Loaded(Candidate("driver", "d", "m:D"), Driver, Driver.describe())
        self.target = trace.traced(plugin, self.lines.append).target

    def names(self) -> list[str]:
        return [line.split(" ")[1] for line in self.lines]

    def test_every_public_call_is_shown_with_its_duration(self) -> None:
        made = self.target({}, None)
        made.schema()
        self.target.describe()
        self.assertEqual(42, made.constant())
        self.assertEqual(["construct", "schema", "describe", "constant"], self.names())
        self.assertRegex(self.lines[1], r"^driver:d schema \d+\.\d+ ms$")
        self.assertEqual((1, 2, True), (made.size, made._private(), made.made))

    def test_interfaces_and_capabilities_are_found_as_before(self) -> None:
        made = self.target({}, None)
        self.assertIsInstance(made, Driver)
        self.assertIsInstance(made, DatasourceDriver)
        self.assertIsInstance(made, Polls)
        self.assertNotIsInstance(made, Accepts)
        self.assertNotIsInstance(made, Acts)
        self.assertTrue(issubclass(self.target, DatasourceDriver))
        self.assertEqual("Driver", self.target.__name__)

    def test_an_exception_is_shown_and_passed_on(self) -> None:
        with self.assertRaisesRegex(OSError, "no"):
            self.target({}, None).open()
        self.assertRegex(self.lines[-1], r"open .* ms raised OSError$")

    def test_an_iteration_is_shown_when_it_ends(self) -> None:
        items = self.target({}, None).poll(None)
        self.assertIsInstance(next(items), Batch)
        self.assertEqual(["construct"], self.names())
        self.assertIsInstance(next(items), Done)
        self.assertEqual([], list(items))
        self.assertRegex(self.lines[-1], r"^driver:d poll \d+\.\d+ ms, 2 items$")

    def test_an_iteration_given_up_is_shown_too(self) -> None:
        items = self.target({}, None).poll(None)
        next(items)
        items.close()
        self.assertRegex(self.lines[-1], r", 1 items$")

    def test_tracing_is_off_unless_asked_for(self) -> None:
        plugin = Loaded(Candidate("driver", "d", "m:D"), Driver, Driver.describe())
        for value, expected in (("", True), ("0", True), ("1", False)):
            with mock.patch.dict(os.environ, {trace.VARIABLE: value}):
                self.assertEqual(expected, trace.traced(plugin).target is Driver)

    def test_what_is_no_class_is_left_alone(self) -> None:
        plugin = Loaded(Candidate("builtin", "b", "m:B"), (), PluginInfo("b", ""))
        self.assertIs(plugin, trace.traced(plugin, self.lines.append))

    def test_a_class_that_cannot_be_extended_is_used_as_it_is(self) -> None:
        class Final:
            def __init_subclass__(cls) -> None:
                raise TypeError("final")

        plugin = Loaded(Candidate("driver", "f", "m:F"), Final, PluginInfo("f", ""))
        with self.assertLogs("congress.kernel.trace"):
            self.assertIs(Final, trace.traced(plugin, self.lines.append).target)
