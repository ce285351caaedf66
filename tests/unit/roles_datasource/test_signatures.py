"""Signed webhooks: genuine ones once, all others never."""

from typing import Any

from congress.model.signature import signature_of
from congress.plugins.datasource.push.driver import PushDriver
from tests.unit.roles_datasource.kit import DatasourceCase

SECRET = "correct horse battery"
BODY = '{"table": "t", "upsert": [["é", 1]]}'


class SignedWebhookTest(DatasourceCase):
    def setUp(self) -> None:
        super().setUp()
        self.plugins.kinds["driver"]["push"] = PushDriver
        self.ds = self.node()

    def source(self, name: str = "nova", **config: object) -> None:
        args = {"name": name, "driver": "push", "config": config}
        self.ds.bus.call("datasources", "datasource_create", args, timeout=20.0)

    def signed(
        self, body: str = BODY, *, late: float = 0.0, secret: str = SECRET
    ) -> dict[str, str]:
        timestamp = str(int(self.clock.time() - late))
        return {
            "body": body,
            "timestamp": timestamp,
            "signature": signature_of(secret, timestamp, body),
        }

    def send(self, signed: dict[str, str], node: Any = None, name: str = "nova") -> None:
        bus = (node or self.ds).bus
        bus.call(f"datasource/{name}", "signed_webhook", signed, timeout=5.0)

    def code(self, signed: dict[str, str], node: Any = None, name: str = "nova") -> str:
        """The reason for which it is refused."""
        return self.refused(lambda: self.send(signed, node, name)).code

    def test_a_genuine_one_is_taken(self) -> None:
        self.source(webhook_secret=SECRET)
        self.send(self.signed())
        self.assertEqual([["é", 1]], self.rows(self.ds, "t"))

    def test_others_are_not_and_all_are_told_the_same(self) -> None:
        self.source(webhook_secret=SECRET)
        self.source("open")
        good = self.signed()
        refusals = {
            self.refused(lambda wrong=wrong, name=name: self.send(wrong, name=name)).diagnostics
            for wrong, name in (
                (self.signed(secret="another secret altogether"), "nova"),
                ({**good, "body": BODY.replace("1", "2")}, "nova"),
                ({**good, "timestamp": str(int(good["timestamp"]) + 1)}, "nova"),
                ({**good, "signature": "0" * 64}, "nova"),
                ({**good, "signature": ""}, "nova"),
                (good, "open"),
                (self.signed(secret=""), "open"),
            )
        }
        self.assertEqual(1, len(refusals), refusals)
        self.assertEqual([], self.ask(self.ds, "tables"))

    def test_it_is_taken_once(self) -> None:
        self.source(webhook_secret=SECRET)
        first, second = self.signed(), self.signed(BODY.replace("é", "x"))
        self.send(first)
        self.send(second)
        self.assertEqual("duplicate", self.code(first))
        self.assertEqual("duplicate", self.code(second))

    def test_also_by_another_node_after_a_crash(self) -> None:
        self.source(webhook_secret=SECRET)
        signed = self.signed()
        self.send(signed)
        self.ds.kill()
        other = self.node("ds2")
        self.clock.advance(10.0)
        self.assertEqual("duplicate", self.code(signed, other))

    def test_two_sources_with_one_secret_each_take_it(self) -> None:
        for name in ("a", "b"):
            self.source(name, webhook_secret=SECRET)
            self.send(self.signed(), name=name)

    def test_its_time_must_be_near(self) -> None:
        self.source(webhook_secret=SECRET)
        for late, taken in ((299, True), (301, False), (-299, True), (-302, False)):
            with self.subTest(late=late):
                signed = self.signed(late=late)
                if taken:
                    self.send(signed)
                else:
                    self.assertEqual("unauthenticated", self.code(signed))

    def test_a_replay_is_refused_after_the_window_too(self) -> None:
        self.source(webhook_secret=SECRET)
        signed = self.signed()
        self.send(signed)
        self.clock.advance(301.0)
        self.assertEqual("unauthenticated", self.code(signed))

    def test_a_time_that_is_none_is_long_ago(self) -> None:
        self.source(webhook_secret=SECRET)
        for timestamp in ("", "now", "1e12", "-1", "١٢"):
            with self.subTest(timestamp=timestamp):
                signature = signature_of(SECRET, timestamp, BODY)
                signed = {"body": BODY, "timestamp": timestamp, "signature": signature}
                self.assertEqual("unauthenticated", self.code(signed))

    def test_nothing_is_taken_while_replays_cannot_be_told(self) -> None:
        self.source(webhook_secret=SECRET)
        self.ds.storage.away = True
        signed = self.signed()
        self.assertEqual("unavailable", self.code(signed))
        self.ds.storage.away = False
        self.send(signed)

    def test_a_body_that_is_no_json_is_refused(self) -> None:
        self.source(webhook_secret=SECRET)
        for body in ("", "{", "[NaN]"):
            self.assertEqual("invalid", self.code(self.signed(body)))

    def test_a_short_secret_is_refused_and_not_repeated(self) -> None:
        refused = self.refused(lambda: self.source(webhook_secret="hunter2"))
        self.assertEqual("invalid", refused.code)
        self.assertNotIn("hunter2", str(refused))
