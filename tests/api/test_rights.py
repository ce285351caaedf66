"""Who gets through where: all routes, by everybody."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from congress.interfaces.auth import CALLER_KEY, Caller, WsgiApp
from congress.model.diagnostic import Diagnostic
from congress.plugins.auth.refusal import answer_refusal
from tests.api import walk
from tests.api.case import ApiTestCase

CALLERS = {
    walk.MEMBER: Caller("m", "mo", "p1", ("member", "reader")),
    "reader of a project": Caller("p", "pat", "p1", ("reader",)),
    walk.READER: Caller("r", "ria", roles=("reader",), system_scope="all"),
    walk.ADMIN: Caller("a", "ada", "p1", ("admin", "member", "reader")),
    "admin of the system": Caller("s", "sue", roles=("admin",), system_scope="all"),
    "admin of a domain": Caller(
        "d", "dan", roles=("admin",), credentials={"roles": ["admin"], "domain_id": "d1"}
    ),
}


def by_token(app: WsgiApp) -> WsgiApp:
    """Authentication where the token is the name of the caller."""

    def admit(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        caller = CALLERS.get(environ.get("HTTP_X_AUTH_TOKEN", ""))
        if caller is None:
            refusal = Diagnostic("unauthenticated", "the request needs a valid token")
            return answer_refusal(start_response, 401, refusal)
        environ[CALLER_KEY] = caller
        return app(environ, start_response)

    return admit


class WalkTest(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cloud()
        self.serve(by_token)

    def refusal(self, step: walk.Step, who: str) -> int | None:
        """The status with which a request is refused for want of rights, if it is."""
        token = {} if who == walk.NOBODY else {"X-Auth-Token": who}
        body = {} if step.method in ("POST", "PUT", "PATCH") else ...
        response = self.send(step.method, step.path, body, headers=token)
        if response.status_code not in (401, 403):
            return None
        self.assertEqual("application/json", response.content_type)
        self.assertTrue(json.loads(response.data)["error"]["diagnostics"])
        return response.status_code

    def test_everybody_gets_exactly_as_far_as_he_may(self) -> None:
        walked = 0
        for who in (walk.NOBODY, walk.BAD_TOKEN, walk.MEMBER, walk.READER, walk.ADMIN):
            for step in walk.steps():
                with self.subTest(who=who, method=step.method, path=step.path):
                    self.assertEqual(step.status_for(who), self.refusal(step, who))
                walked += 1
        self.assertGreater(walked, 150)

    def test_rights_in_one_project_or_domain_are_not_rights_over_all(self) -> None:
        for step in walk.steps():
            with self.subTest(method=step.method, path=step.path):
                as_member = step.status_for(walk.MEMBER)
                self.assertEqual(as_member, self.refusal(step, "reader of a project"))
                for_domain = None if step.open else 403
                self.assertEqual(for_domain, self.refusal(step, "admin of a domain"))
                self.assertIsNone(self.refusal(step, "admin of the system"))

    def test_a_request_that_is_refused_does_nothing(self) -> None:
        before = len(self.behind.bus.calls)
        for who in (walk.NOBODY, walk.BAD_TOKEN, walk.MEMBER):
            for step in walk.steps():
                if step.status_for(who):
                    self.refusal(step, who)
        asked = {method for _, method, _ in self.behind.bus.calls[before:]}
        self.assertEqual(set(), asked - {"wait_revision"})

    def test_the_refusal_names_the_rule_and_what_it_takes(self) -> None:
        error = self.refused(
            403, "DELETE", "/v1/policies/classification", headers={"X-Auth-Token": walk.READER}
        )
        self.assertIn("policy:delete", error["message"])
        self.assertIn("admin", error["message"])
        self.assertNotIn("role:", error["message"])
