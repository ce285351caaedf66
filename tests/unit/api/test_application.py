"""The application: one step before a view and one after it, whatever happens between."""

import unittest

from flask import Response, session
from werkzeug.test import Client

from congress.api import errors
from congress.api.application import Api
from congress.model.diagnostic import refuse


class StepTest(unittest.TestCase):
    def setUp(self) -> None:
        self.seen: list[str] = []
        self.app = Api("test", self.admit, lambda answer: self.seen.append(answer.status))
        self.shut = False
        errors.install(self.app)
        self.app.add_url_rule("/things/<name>", "thing", self.view)
        self.client = Client(self.app)

    def admit(self) -> None:
        self.seen.append("admit")
        if self.shut:
            raise refuse("forbidden", "not now")

    def view(self, name: str) -> Response:
        self.seen.append(name)
        if name == "broken":
            raise KeyError(name)
        return Response("well")

    def test_a_view_has_its_steps_around_it(self) -> None:
        self.assertEqual(b"well", self.client.get("/things/a").data)
        self.assertEqual(["admit", "a", "200 OK"], self.seen)

    def test_what_is_not_admitted_reaches_no_view(self) -> None:
        self.shut = True
        self.assertEqual(403, self.client.get("/things/a").status_code)
        self.assertEqual(["admit", "403 FORBIDDEN"], self.seen)

    def test_what_fails_or_is_not_there_is_completed_too(self) -> None:
        with self.assertLogs("congress.api.errors", "ERROR"):
            self.client.get("/things/broken")
        self.client.get("/nothing")
        self.client.post("/things/a")
        self.assertEqual(
            ["500 INTERNAL SERVER ERROR", "404 NOT FOUND", "405 METHOD NOT ALLOWED"],
            [one for one in self.seen if one not in ("admit", "broken")],
        )

    def test_what_a_route_can_do_is_told(self) -> None:
        told = self.client.options("/things/a").headers["Allow"]
        self.assertEqual({"GET", "HEAD", "OPTIONS"}, set(told.split(", ")))

    def test_no_request_has_a_session(self) -> None:
        def view() -> str:
            session["a"] = 1
            return ""

        self.app.add_url_rule("/session", "session", view)
        with self.assertLogs("congress.api.errors", "ERROR"):
            self.assertEqual(500, self.client.get("/session").status_code)
