"""What holds for drivers that act.

May import the standard library, jsonschema, msgspec, ``congress.interfaces`` and
``congress.model``.
"""

import threading
from collections.abc import Sequence
from typing import ClassVar

import msgspec
from jsonschema import Draft202012Validator

from congress.interfaces.datasource import Acts, DriverError
from congress.model.action import ActionCall, ActionResult, ActionSpec
from congress.testing.datasource.declaring import DatasourceCase

_PATIENCE = 60.0


class ActSuite(DatasourceCase):
    """Actions are declared with a schema; only these run; failures are ``DriverError``."""

    tested: ClassVar[frozenset[type]] = frozenset({Acts})
    #: Calls that work, and calls that fit their schema but fail at the service.
    calls: Sequence[ActionCall] = ()
    failing_calls: Sequence[ActionCall] = ()

    def test_actions_are_declared_well(self) -> None:
        driver = self.opened()
        assert isinstance(driver, Acts)
        names = [spec.name for spec in driver.actions()]
        self.assertEqual(len(names), len(set(names)), "an action is declared twice")
        for spec in driver.actions():
            with self.subTest(action=spec.name):
                self._check_spec(spec)
        static = {spec.name for spec in self.driver_class.static_actions()}
        self.assertLessEqual(static, set(names))

    def _check_spec(self, spec: ActionSpec) -> None:
        """A description, an object schema, and a variadic parameter that is a list."""
        self.assertRegex(spec.name, r"^[A-Za-z_][A-Za-z0-9_.]*$")
        self.assertTrue(spec.description)
        Draft202012Validator.check_schema(dict(spec.parameters))
        self.assertEqual("object", spec.parameters.get("type"))
        properties = spec.parameters.get("properties", {})
        assert isinstance(properties, dict)
        if spec.variadic is not None:
            self.assertEqual("array", properties[spec.variadic]["type"])

    def test_calls_work(self) -> None:
        self.assertTrue(self.calls, "name some calls that work")
        driver = self.opened()
        assert isinstance(driver, Acts)
        specs = {spec.name: spec for spec in driver.actions()}
        before = set(threading.enumerate())
        for call in self.calls:
            with self.subTest(call=call):
                Draft202012Validator(dict(specs[call.name].parameters)).validate(dict(call.named))
                result = driver.execute(call, self.probe.clock.monotonic() + _PATIENCE)
                self.assertIsInstance(result, ActionResult)
                self.assert_silent(msgspec.json.encode(result.value).decode(), result.message)
        self.assertEqual(set(), set(threading.enumerate()) - before)

    def test_failures_are_driver_errors_without_secrets(self) -> None:
        driver = self.opened()
        assert isinstance(driver, Acts)
        unknown = ActionCall("there.is.no.such.action", (), {})
        for call in (unknown, *self.failing_calls):
            with self.subTest(call=call):
                with self.assertRaises(DriverError) as caught:
                    driver.execute(call, self.probe.clock.monotonic() + _PATIENCE)
                self.assertTrue(str(caught.exception))
                self.assert_silent(str(caught.exception))
