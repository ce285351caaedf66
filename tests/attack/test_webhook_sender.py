"""Senders of webhooks without a token, and those who listen on the way to them."""

import json
from typing import Any

from congress.model.signature import signature_of
from congress.plugins.datasource.push.driver import PushDriver
from tests.api.case import BASE, ApiTestCase
from tests.api.fake_datasources import WEBHOOK_SECRET
from tests.api.test_rights import by_token
from tests.unit.roles_datasource.kit import DatasourceCase

SECRET = "known to the sender alone"
BODY = '{"table": "t", "rows": [[1]]}'


class ListenerTest(DatasourceCase):
    """Somebody who saw a genuine notification, against the data source."""

    def setUp(self) -> None:
        super().setUp()
        self.plugins.kinds["driver"]["push"] = PushDriver
        self.ds = self.node()
        for name, secret in (("nova", SECRET), ("other", SECRET + "!")):
            args = {"name": name, "driver": "push", "config": {"webhook_secret": secret}}
            self.ds.bus.call("datasources", "datasource_create", args, timeout=20.0)
        now = str(int(self.clock.time()))
        self.seen = {"body": BODY, "timestamp": now, "signature": signature_of(SECRET, now, BODY)}
        self.send(self.seen)

    def send(self, signed: dict[str, str], name: str = "nova", node: Any = None) -> None:
        bus = (node or self.ds).bus
        bus.call(f"datasource/{name}", "signed_webhook", signed, timeout=5.0)

    def test_sending_it_again(self) -> None:
        self.assertEqual("duplicate", self.refused(lambda: self.send(self.seen)).code)

    def test_sending_it_again_after_a_crash(self) -> None:
        self.ds.kill()
        node = self.node("ds2")
        self.clock.advance(10.0)
        code = self.refused(lambda: self.send(self.seen, node=node)).code
        self.assertEqual("duplicate", code)

    def test_sending_it_again_much_later(self) -> None:
        self.clock.advance(400.0)
        self.assertEqual("unauthenticated", self.refused(lambda: self.send(self.seen)).code)

    def test_sending_it_with_another_time_or_body(self) -> None:
        later = str(int(self.seen["timestamp"]) + 1)
        for change in ({"timestamp": later}, {"body": BODY.replace("1", "2")}):
            wrong = {**self.seen, **change}
            self.assertEqual("unauthenticated", self.refused(lambda w=wrong: self.send(w)).code)

    def test_sending_it_to_another_data_source(self) -> None:
        self.assertEqual(
            "unauthenticated", self.refused(lambda: self.send(self.seen, "other")).code
        )

    def test_moving_the_border_between_time_and_body(self) -> None:
        now = self.seen["timestamp"]
        shifted = {**self.seen, "timestamp": f"{now}.{BODY[0]}", "body": BODY[1:]}
        self.assertEqual("unauthenticated", self.refused(lambda: self.send(shifted)).code)


class StrangerTest(ApiTestCase):
    """Somebody without token or secret, against the API."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud()
        self.serve(by_token)

    def send_signed(self, name: str, body: str = '{"event": 1}', secret: str = "") -> Any:
        signature = signature_of(secret, "1700000000", body)
        return self.client.post(
            f"/v1/data-sources/{name}/webhook",
            base_url=BASE,
            data=body,
            content_type="application/json",
            headers={
                "X-Congress-Timestamp": "1700000000",
                "X-Congress-Signature": f"sha256={signature}",
            },
        )

    def test_guessing(self) -> None:
        for secret in ("", "secret", WEBHOOK_SECRET[:-1], WEBHOOK_SECRET.upper()):
            self.assertEqual(401, self.send_signed("cloud1", secret=secret).status_code)

    def test_finding_out_which_data_sources_there_are(self) -> None:
        answers = {self.send_signed(name).data for name in ("cloud1", "nosuch", "x" * 300)}
        self.assertEqual(1, len(answers))
        self.assertIn(b"unauthenticated", answers.pop())

    def test_filling_the_memory(self) -> None:
        body = json.dumps({"event": "x" * (1 << 20)})
        self.assertEqual(413, self.send_signed("cloud1", body).status_code)

    def test_using_the_secret_for_something_else(self) -> None:
        signature = signature_of(WEBHOOK_SECRET, "1700000000", "{}")
        headers = {
            "X-Congress-Timestamp": "1700000000",
            "X-Congress-Signature": f"sha256={signature}",
        }
        for method, path in (
            ("GET", "/v1/data-sources/cloud1"),
            ("PUT", "/v1/data-sources/cloud1/tables/pushed/rows"),
            ("POST", "/v1/data-sources/cloud1?action=execute"),
        ):
            self.refused(401, method, path, {} if method != "GET" else ..., headers=headers)
