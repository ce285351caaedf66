"""Somebody who may write rules, against the engine, other people's data and the cloud.

Rules that want more time or memory than there is are the subject of the engine's own
attacks; here are the ways out of what a rule may say.
"""

from congress.engine import Limits
from congress.interfaces.datasource import DriverError
from congress.model.action import ActionCall
from congress.plugins.datasource.notify import NotifyDriver
from congress.testing.runtime import ManualClock
from tests.unit.engine.case import EngineCase
from tests.unit.roles_datasource.kit import DatasourceCase
from tests.unit.roles_policy.harness import PolicyEngineTestCase


class BoundsTest(EngineCase):
    limits = Limits(derived_rows=5_000, string_length=1_000, integer_bits=64, steps=20_000)

    def assert_bounded(self, text: str, policy: str = "g") -> None:
        """Refused as too costly, and nothing of it stays."""
        before = self.engine.content(policy)
        self.assertEqual(["budget"], self.refused(text, policy))
        self.assertEqual(before, self.engine.content(policy))

    def test_a_recursion_without_end(self) -> None:
        self.assert_bounded("n(0) n(y) :- n(x), builtin:plus(x, 1, y)")

    def test_a_text_that_doubles(self) -> None:
        self.assert_bounded('s("a") s(y) :- s(x), builtin:concat(x, x, y)')

    def test_a_product_of_everything_with_everything(self) -> None:
        self.update("b", [(n,) for n in range(90)])
        text = "c(1) :- b(x), b(y), b(z), builtin:plus(x, y, v), builtin:plus(v, z, w)"
        self.assert_bounded(f"{text}, builtin:gt(w, 900)", "p")


class NamesTest(PolicyEngineTestCase):
    def test_nobody_writes_rules_into_the_name_of_a_policy(self) -> None:
        before = self.call("policy_list")
        for name in ("x:y(), z", "p(x) :- q(x)", "p;q", "p\nq", "a b", "", "é", "p'--", "x" * 256):
            with self.subTest(name=name):
                self.refused("policy_create", name=name)
        self.assertEqual(before, self.call("policy_list"))

    def test_nobody_fills_the_tables_of_a_data_source_by_rules(self) -> None:
        self.call("policy_create", name="mine")
        code = self.refused("rule_create", policy="mine", rule="nova:servers(1) :- p(1)")
        self.assertTrue(code)
        self.assertEqual([], self.call("rule_list", policy="mine"))


class ActionsTest(DatasourceCase):
    def test_the_operator_can_switch_all_actions_off(self) -> None:
        self.override("enable_execute_action", False)
        node = self.node()
        self.create(node)
        self.execute(node, "pause", "vm1")
        self.clock.advance(60.0)
        self.assertEqual([], self.world.calls)
        self.assertEqual(["suppressed"], [str(entry.state) for entry in self.ledger()])


class OutwardTest(DatasourceCase):
    """The action ``webhook``: a rule names the URL."""

    def test_only_urls_of_the_operator_are_called(self) -> None:
        self.world.rows["ports"] = []
        self.node()
        self.create(self.node("ds2"))
        ctx = self.world.contexts[-1]
        settings = {"allowed_urls": ["https://hooks.example/in"]}
        ctx = type(ctx)(
            "teller",
            ctx.log,
            ManualClock(),
            settings,  # type: ignore[arg-type]
            self.no_session,
            ctx.stop,
            ctx.emit,
            ctx.schema_changed,
        )
        config = {option.name: option.default for option in NotifyDriver.describe().options}
        driver = NotifyDriver(config, ctx)
        for url in (
            "http://169.254.169.254/latest/meta-data",
            "http://127.0.0.1:1789/v1/policies",
            "https://hooks.example.evil.example/in",
            "https://hooks.example@evil.example/in",
            "https://hooks.example/in/../admin",
            "https://hooks.example/other",
            "file:///etc/passwd",
            "https://hooks.example/in\r\nX: y",
        ):
            with self.subTest(url=url), self.assertRaises(DriverError):
                named = {"url": url, "payload": {}}
                driver.execute(ActionCall("webhook", (url, {}), named, "k"), 100.0)

    def no_session(self) -> object:
        self.fail("a request would have been sent")
