"""What holds for every driver: how it describes itself, begins and ends.

May import the standard library, jsonschema, ``congress.interfaces`` and
``congress.model``.
"""

import json
import threading
import unittest
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar
from unittest import mock

from jsonschema import Draft202012Validator

from congress.interfaces.datasource import Accepts, Acts, Config, DatasourceDriver, Polls, Streams
from congress.interfaces.plugin import Option, OptionValue, Scope
from congress.model.delta import Batch, Change, Snapshot
from congress.model.schema import Schema, TableSchema
from congress.model.values import row_from_plain
from congress.testing.datasource.context import Probe, complete_config, make_context

if TYPE_CHECKING:
    Case = unittest.TestCase
else:
    Case = object

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "list": list,
    "object": dict,
}
_CAPABILITIES = (Polls, Accepts, Streams, Acts)


class DatasourceCase(Case):
    """A test with a driver."""

    driver_class: ClassVar[type[DatasourceDriver]]
    #: Options of the datasource and of the node that work; the others have their defaults.
    config: Config = {}
    settings: Config = {}
    #: Changes of ``config`` that ``check`` must find fault with.
    wrong_configs: Sequence[Config] = ()
    #: The capability that a suite tests.
    tested: ClassVar[frozenset[type]] = frozenset()

    def setUp(self) -> None:
        super().setUp()
        self.probe = make_context(settings=self.complete_settings())

    def make_driver(self, probe: Probe) -> DatasourceDriver:
        """A driver that is not open. Override it to hand in fakes."""
        return self.driver_class(self.complete_config(), probe.context)

    def complete_config(self, changes: Config | None = None) -> dict[str, OptionValue]:
        """The datasource's options with defaults."""
        return complete_config(self.driver_class, {**self.config, **(changes or {})})

    def complete_settings(self) -> dict[str, OptionValue]:
        """The node's options with defaults."""
        return complete_config(self.driver_class, self.settings, Scope.NODE)

    def opened(self) -> DatasourceDriver:
        """A driver that is open until the test ends."""
        driver = self.make_driver(self.probe)
        self.addCleanup(driver.close)
        driver.open()
        return driver

    def secrets(self) -> list[str]:
        """The texts in the configuration that must not show up anywhere."""
        found: list[str] = []
        for option in self.driver_class.describe().options:
            given = {**self.settings, **self.config}.get(option.name)
            if option.secret and given:
                found += _texts(given)
        return found

    def assert_silent(self, *texts: str) -> None:
        """No secret stands in any of the texts, nor in the log."""
        for secret in self.secrets():
            for text in (*texts, self.probe.logged):
                self.assertNotIn(secret, text)

    def assert_fits(self, schema: Schema, batch: Batch) -> None:
        """Every row of a batch fits its table."""
        for change in batch.changes:
            table = schema.table(change.table)
            rows = rows_of(change)
            if rows:
                self.assertIsNotNone(table, f"rows of table {change.table!r}, which has no schema")
            for row in rows if table else ():
                assert table is not None
                self.assertIsNone(table.problem(row_from_plain(row)))


class DatasourceSuite(DatasourceCase):
    """What holds for every driver."""

    def test_describe_does_nothing_but_tell(self) -> None:
        with (
            mock.patch("builtins.open", side_effect=AssertionError("describe opened a file")),
            mock.patch("socket.socket.connect", side_effect=AssertionError("describe connected")),
            mock.patch.object(
                self.driver_class, "__init__", side_effect=AssertionError("describe constructed")
            ),
        ):
            first, second = self.driver_class.describe(), self.driver_class.describe()
            static = self.driver_class.static_schema(), self.driver_class.static_actions()
        self.assertEqual(first, second)
        self.assertEqual(
            static, (self.driver_class.static_schema(), self.driver_class.static_actions())
        )
        self.assertTrue(first.name and first.summary)

    def test_options_are_declared_well(self) -> None:
        options = self.driver_class.describe().options
        names = [option.name for option in options]
        self.assertEqual(len(names), len(set(names)), "an option is declared twice")
        for option in options:
            with self.subTest(option=option.name):
                self.assertTrue(option.description)
                self.assertIn(option.type, _TYPES)
                Draft202012Validator.check_schema(dict(option.schema))
                self._check_default(option)

    def _check_default(self, option: Option) -> None:
        """A default is of the option's type, among its choices, and meets its schema."""
        if option.default is None:
            return
        self.assertFalse(option.secret and option.default, "a secret with a default")
        self.assertIsInstance(option.default, _TYPES[option.type])
        if option.choices:
            self.assertIn(option.default, option.choices)
        Draft202012Validator(dict(option.schema)).validate(option.default)

    def test_schema_is_well_formed_and_says_what_things_are(self) -> None:
        schema = self.opened().schema()
        for table in schema.tables.values():
            with self.subTest(table=table.name):
                self._check_table(table)
        static = self.driver_class.static_schema()
        if static is not None:
            self.assertEqual(schema, static)
            for table in static.tables.values():
                self.assertTrue(table.description, table.name)
                for column in table.columns:
                    self.assertTrue(column.description, f"{table.name}.{column.name}")

    def _check_table(self, table: TableSchema) -> None:
        """Names that rules can use, each once; a key that exists."""
        for name in (table.name, *table.column_names):
            self.assertRegex(name, r"^[A-Za-z_][A-Za-z0-9_.]*(:[A-Za-z0-9_.]+)*$")
        self.assertEqual(len(table.columns), len(set(table.column_names)))
        self.assertLessEqual(set(table.key), set(table.column_names))

    def test_schema_answers_before_open(self) -> None:
        self.assertIsInstance(self.make_driver(self.probe).schema(), Schema)

    def test_check_accepts_what_works_and_refuses_the_rest(self) -> None:
        settings = self.complete_settings()
        self.assertEqual([], list(self.driver_class.check(self.complete_config(), settings)))
        for changes in self.wrong_configs:
            with self.subTest(changes=changes):
                problems = self.driver_class.check(self.complete_config(changes), settings)
                self.assertTrue(problems)
                self.assertTrue(all(isinstance(problem, str) for problem in problems))
                self.assert_silent(*problems)

    def test_close_may_come_early_and_again(self) -> None:
        before = set(threading.enumerate())
        driver = self.make_driver(self.probe)
        driver.close()
        driver = self.make_driver(self.probe)
        driver.open()
        driver.close()
        driver.close()
        self.assertEqual(set(), set(threading.enumerate()) - before, "a thread is left behind")

    def test_says_nothing_secret(self) -> None:
        driver = self.opened()
        self.assert_silent(repr(driver), str(driver.health()), repr(driver.schema()))
        self.assertEqual([], self.probe.emitted, "rows were emitted before they were due")

    def test_capabilities_are_all_tested(self) -> None:
        driver = self.make_driver(self.probe)
        have = {kind.__name__ for kind in _CAPABILITIES if isinstance(driver, kind)}
        suites = [vars(suite).get("tested", ()) for suite in type(self).__mro__]
        self.assertEqual(
            have,
            {kind.__name__ for suite in suites for kind in suite},
            "mix in the suite of each capability the driver has",
        )


def _texts(value: object) -> list[str]:
    """The texts in a value that are long enough to be told from chance."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    text = value if isinstance(value, str) else json.dumps(value)
    return [text] if len(text) > 3 else []


def rows_of(change: Change) -> frozenset[tuple[object, ...]]:
    """The rows that a change brings."""
    return change.rows if isinstance(change, Snapshot) else change.added
