"""The notify driver: what it writes, what it sends, and what it never does."""

import json
import unittest
from unittest import mock

import requests
import requests_mock
import urllib3.exceptions

from congress.interfaces.datasource import DriverError
from congress.interfaces.plugin import Scope
from congress.model.action import ActionCall, Promise
from congress.plugins.datasource.notify import NotifyDriver
from congress.testing.datasource import ActSuite, DatasourceSuite, complete_config, make_context

URL = "https://hooks.test/in/T0P-S3CRET"
ALLOWED = {"allowed_urls": ["https://hooks.test/in"]}


def webhook(url=URL, payload=None, key="k1"):
    return ActionCall("webhook", (url, payload), {"url": url, "payload": payload}, key)


def log(*parts):
    return ActionCall("log", parts, {"message": list(parts)})


class NotifyConformanceTest(ActSuite, DatasourceSuite, unittest.TestCase):
    driver_class = NotifyDriver
    config = {"headers": {"Authorization": "Bearer t0ken"}, "attempts": 2}
    settings = ALLOWED
    wrong_configs = [
        {"headers": {"Authorization": "Bearer t0ken\r\nX: y"}},
        {"headers": {"Bad Name": "value"}},
    ]
    calls = [log("a", 1, 1.5, True, None), webhook(payload={"a": 1})]
    failing_calls = [
        webhook("https://hooks.test/in/fails"),
        webhook("https://hooks.test/in/breaks"),
        webhook("https://hooks.test/elsewhere"),
        webhook("nonsense"),
        webhook(payload="\ud800"),
    ]

    def setUp(self):
        super().setUp()
        server = requests_mock.Mocker()
        server.start()
        self.addCleanup(server.stop)
        server.post(URL, text="thanks")
        server.post("https://hooks.test/in/fails", status_code=503, text="Bearer t0ken")
        server.post(
            "https://hooks.test/in/breaks", exc=requests.ConnectionError("Bearer t0ken refused")
        )


class NotifyCase(unittest.TestCase):
    def setUp(self):
        self.server = requests_mock.Mocker()
        self.server.start()
        self.addCleanup(self.server.stop)
        self.probe = make_context(settings=complete_config(NotifyDriver, ALLOWED, Scope.NODE))

    def execute(self, call, patience=100.0, **config):
        driver = NotifyDriver(complete_config(NotifyDriver, config), self.probe.context)
        return driver.execute(call, self.probe.clock.monotonic() + patience)

    def fails(self, call, patience=100.0, **config):
        with self.assertRaises(DriverError) as caught:
            self.execute(call, patience, **config)
        text = str(caught.exception)
        self.assertNotIn("S3CRET", text)
        return text

    @property
    def sent(self):
        return self.server.request_history


class LogTest(NotifyCase):
    def test_parts_are_joined(self):
        result = self.execute(log("port", 22, "open", True, None), level="warning")
        self.assertEqual([("WARNING", "port 22 open true null")], self.probe.listener.lines)
        self.assertEqual("port 22 open true null", result.message)

    def test_one_line_whatever_it_holds(self):
        self.execute(log("a\nERROR forged\r\x1b[2J\u2028%s%d", "é☕"))
        self.assertEqual(r"a\nERROR forged\r\x1b[2J\u2028%s%d é☕", self.probe.logged)

    def test_long_messages_are_cut(self):
        self.execute(log("x" * 100_000))
        self.assertEqual(8192, len(self.probe.logged))


class WebhookTest(NotifyCase):
    def test_what_is_sent(self):
        self.server.post(URL, status_code=202)
        result = self.execute(
            webhook(payload={"a": [1, None, "é"]}),
            headers={"Authorization": "Bearer x", "Content-Type": "text/html"},
        )
        (request,) = self.sent
        self.assertEqual({"a": [1, None, "é"]}, json.loads(request.body))
        self.assertEqual("application/json", request.headers["Content-Type"])
        self.assertEqual("Bearer x", request.headers["Authorization"])
        self.assertEqual("k1", request.headers["Idempotency-Key"])
        self.assertEqual({"status": 202, "attempts": 1}, result.value)
        self.assertNotIn("S3CRET", result.message)

    def test_call_without_key_sends_none(self):
        self.server.post(URL)
        self.execute(webhook(key=""))
        self.assertNotIn("Idempotency-Key", self.sent[0].headers)

    def test_text_that_is_an_object_is_sent_as_one(self):
        self.server.post(URL)
        for payload, body in (
            ('{"text": "x"}', {"text": "x"}),
            (" [1, 2]", [1, 2]),
            ("{broken", "{broken"),
            ("plain", "plain"),
            ("12", "12"),
            (12, 12),
        ):
            self.execute(webhook(payload=payload))
            self.assertEqual(body, json.loads(self.sent[-1].body))

    def test_passing_failures_are_tried_again_with_the_same_key(self):
        self.server.post(URL, [{"status_code": 503}, {"status_code": 500}, {"status_code": 200}])
        result = self.execute(webhook())
        self.assertEqual({"status": 200, "attempts": 3}, result.value)
        self.assertEqual({"k1"}, {request.headers["Idempotency-Key"] for request in self.sent})
        first, second = self.probe.stop.waits
        self.assertTrue(0.5 <= first <= 1.0 <= second <= 1.5, self.probe.stop.waits)

    def test_server_says_when(self):
        self.server.post(
            URL, [{"status_code": 429, "headers": {"Retry-After": "17"}}, {"status_code": 200}]
        )
        self.execute(webhook())
        self.assertEqual([17.0], self.probe.stop.waits)

    def test_number_of_attempts(self):
        self.server.post(URL, status_code=503)
        self.assertEqual(
            "https://hooks.test: answered with status 503 (3 attempts)",
            self.fails(webhook(), attempts=3),
        )
        self.assertEqual(3, len(self.sent))

    def test_lasting_failures_are_not_tried_again(self):
        for status in (400, 401, 404, 501):
            self.server.post(URL, status_code=status, text="S3CRET")
            self.assertIn(str(status), self.fails(webhook()))
        self.assertEqual(4, len(self.sent))

    def test_redirects_are_not_followed(self):
        self.server.post(URL, status_code=307, headers={"Location": "http://evil.test/"})
        self.server.post("http://evil.test/")
        self.assertIn("redirects are not followed", self.fails(webhook()))
        self.assertEqual(["hooks.test"], [request.hostname for request in self.sent])

    def test_no_connection_is_tried_again(self):
        refused = urllib3.exceptions.NewConnectionError(None, "refused")
        wrapped = urllib3.exceptions.MaxRetryError(None, "/in/T0P-S3CRET", refused)
        self.server.post(
            URL,
            [
                {"exc": requests.ConnectionError(wrapped)},
                {"exc": requests.ConnectTimeout("late")},
                {"status_code": 200},
            ],
        )
        self.assertEqual({"status": 200, "attempts": 3}, self.execute(webhook()).value)

    def test_request_that_may_have_arrived(self):
        for error in (requests.ReadTimeout("T0P-S3CRET"), requests.ConnectionError("reset")):
            self.server.reset_mock()
            self.server.post(URL, [{"exc": error}, {"status_code": 200}])
            self.assertIn("may or may not have arrived", self.fails(webhook()))
            self.assertEqual(1, len(self.sent))
            self.server.post(URL, [{"exc": error}, {"status_code": 200}])
            result = self.execute(webhook(), delivery="at_least_once")
            self.assertEqual(2, result.value["attempts"])

    def test_promise_is_what_the_delivery_is(self):
        for delivery in ("at_most_once", "at_least_once"):
            config = complete_config(NotifyDriver, {"delivery": delivery})
            actions = {a.name: a for a in NotifyDriver(config, self.probe.context).actions()}
            self.assertIs(Promise(delivery), actions["webhook"].promise)
            self.assertIs(Promise.AT_MOST_ONCE, actions["log"].promise)

    def test_certificate_is_not_argued_about(self):
        self.server.post(URL, exc=requests.exceptions.SSLError("T0P-S3CRET"))
        self.assertIn("certificate", self.fails(webhook()))
        self.assertEqual(1, len(self.sent))

    def test_deadline_ends_the_trying(self):
        self.server.post(URL, status_code=503)
        begin = self.probe.clock.monotonic()
        self.assertIn("attempts", self.fails(webhook(), patience=4.0, attempts=20))
        self.assertLess(self.probe.clock.monotonic() - begin, 4.0)
        self.assertIn("no time left", self.fails(webhook(), patience=0.0))

    def test_timeout_is_cut_to_the_deadline(self):
        self.server.post(URL)
        self.execute(webhook(), patience=3.0, timeout=10)
        self.execute(webhook(), patience=60.0, timeout=10)
        self.assertEqual([3.0, 10.0], [request.timeout for request in self.sent])

    def test_stop_ends_the_trying(self):
        def answer(request, context):
            self.probe.stop.set()
            context.status_code = 503
            return ""

        self.server.post(URL, text=answer)
        self.assertIn("(1 attempts)", self.fails(webhook()))
        self.assertEqual([], self.probe.stop.waits)

    def test_url_that_is_not_allowed_names_the_option(self):
        for url in ("https://hooks.test/other", "http://169.254.169.254/latest"):
            self.assertIn("[driver_notify] allowed_urls", self.fails(webhook(url)))
        self.assertIn("credentials", self.fails(webhook("https://u:S3CRET@hooks.test/in")))
        self.assertEqual([], self.sent)

    def test_credentials_of_the_users_netrc_stay_at_home(self):
        self.server.post(URL)
        with mock.patch("requests.sessions.get_netrc_auth", return_value=("u", "S3CRET")):
            self.execute(webhook())
        self.assertNotIn("Authorization", self.sent[0].headers)
