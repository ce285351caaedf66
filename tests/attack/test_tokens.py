"""People with a token who want more than it is good for: the roles member and reader."""

import pathlib
import tempfile

from congress.api.app import create_app
from congress.api.backend import Backend
from tests.api import walk
from tests.api.case import ApiTestCase
from tests.api.test_rights import by_token


class RoleTest(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cloud()
        self.serve(by_token)
        self.before = len(self.behind.bus.calls)

    def refusals(self, who: str, method: str, path: str, **headers: str) -> int:
        """The status of a request of somebody."""
        body = {} if method in ("POST", "PUT", "PATCH") else ...
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.send(method, path, body, headers={"X-Auth-Token": who, **named})
        return response.status_code

    def assert_nothing_was_done(self) -> None:
        asked = {method for _, method, _ in self.behind.bus.calls[self.before :]}
        self.assertEqual(set(), asked - {"wait_revision"})

    def test_a_member_reaches_no_single_object(self) -> None:
        for step in walk.steps():
            if step.status_for(walk.MEMBER):
                with self.subTest(method=step.method, path=step.path):
                    self.assertEqual(403, self.refusals(walk.MEMBER, step.method, step.path))
        self.assert_nothing_was_done()

    def test_a_reader_changes_nothing(self) -> None:
        for step in walk.steps():
            if step.status_for(walk.READER):
                with self.subTest(method=step.method, path=step.path):
                    self.assertEqual(403, self.refusals(walk.READER, step.method, step.path))
        self.assert_nothing_was_done()

    def test_a_reader_smuggles_no_action_past_the_rules(self) -> None:
        for query in (
            "action=simulate&action=execute",
            "action=execute&action=simulate",
            "action=Execute",
            "action=exec%75te",
            "action=",
            "Action=execute",
            "x=action=execute",
        ):
            for path in ("/v1/policies/classification", "/v1/data-sources/cloud1"):
                with self.subTest(query=query, path=path):
                    status = self.refusals(walk.READER, "POST", f"{path}?{query}")
                    self.assertIn(status, (400, 403))
        self.assertEqual([], self.behind.bus.services["datasource/cloud1"].executed)
        self.assert_nothing_was_done()

    def test_no_spelling_of_a_path_goes_round_the_rules(self) -> None:
        for path in (
            "//v1//policies//classification/",
            "/v1/policies/classification/",
            "/v1/./policies/classification",
            "/v1/policies/../policies/classification",
            "/v1/policies/%63lassification",
            "/v1/policies/classification%2F",
            "/V1/policies/classification",
            "/v1;x/policies/classification",
        ):
            with self.subTest(path=path):
                response = self.client.open(
                    path="/",
                    method="DELETE",
                    base_url="http://127.0.0.1:1789",
                    environ_overrides={"PATH_INFO": path, "HTTP_X_AUTH_TOKEN": walk.MEMBER},
                )
                self.assertIn(response.status_code, (300, 403, 404, 405))
        self.assertIn("classification", self.behind.engine.policies)
        self.assert_nothing_was_done()

    def test_head_is_held_against_the_rule_of_get(self) -> None:
        for step in walk.steps():
            if step.method == "GET":
                with self.subTest(path=step.path):
                    refused = step.status_for(walk.MEMBER)
                    status = self.refusals(walk.MEMBER, "HEAD", step.path)
                    self.assertEqual(refused, 403 if status == 403 else None)

    def test_no_header_makes_another_request_of_it(self) -> None:
        for header in ("X_HTTP_Method_Override", "X_Method_Override", "X_HTTP_Method"):
            headers = {header: "DELETE"}
            self.refusals(walk.READER, "GET", "/v1/policies/classification", **headers)
            self.refusals(walk.READER, "POST", "/v1/policies/classification", **headers)
        self.assertIn("classification", self.behind.engine.policies)

    def test_no_header_makes_somebody_else_of_the_caller(self) -> None:
        claims = {
            "X_Identity_Status": "Confirmed",
            "X_Roles": "admin",
            "X_User_Id": "a",
            "X_Is_Admin_Project": "True",
            "OpenStack_System_Scope": "all",
        }
        for who in (walk.MEMBER, walk.READER):
            self.assertEqual(403, self.refusals(who, "DELETE", "/v1/policies/p", **claims))
        self.assertEqual(401, self.refusals("nobody", "GET", "/v1/policies", **claims))

    def test_a_refusal_tells_nothing_of_what_is_there(self) -> None:
        for who in (walk.MEMBER, walk.BAD_TOKEN):
            answers = {
                self.send("GET", f"/v1/data-sources/{name}", headers={"X-Auth-Token": who}).data
                for name in ("cloud1", "nosuch")
            }
            self.assertEqual(1, len(answers))


class NarrowedTest(ApiTestCase):
    """An operator keeps some rights from some administrators, who look for another way."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud()
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        file = folder / "policy.yaml"
        file.write_text('"policy:rule:create": "role:author"\n"datasource:execute": "!"\n')
        self.parts.conf.set_override("policy_file", str(file), group="oslo_policy")
        self.app = create_app(Backend(self.parts))
        self.serve(by_token)

    def status(self, method: str, path: str, body: object) -> int:
        """The status of a request of an administrator who is no author."""
        return self.send(method, path, body, headers={"X-Auth-Token": walk.ADMIN}).status_code

    def test_who_may_add_no_rule_adds_none_by_another_route(self) -> None:
        rules = [{"rule": "p(1)"}]
        for method, path, body in (
            ("POST", "/v1/policies/classification/rules", rules[0]),
            ("PUT", "/v1/policies/classification/rules/r", rules[0]),
            ("PATCH", "/v1/policies/classification/rules/r", rules[0]),
            ("POST", "/v1/policies", {"name": "new", "rules": rules}),
            ("POST", "/v1/policies?library_policy=any", {}),
            ("POST", "/v1/policies?action=apply", {"policies": [{"name": "new", "rules": rules}]}),
            ("PUT", "/v1/policies/classification", {"name": "classification", "rules": rules}),
            ("PATCH", "/v1/policies/classification", {"rules": rules}),
        ):
            with self.subTest(method=method, path=path):
                self.assertEqual(403, self.status(method, path, body))
        self.assertEqual(201, self.status("POST", "/v1/policies", {"name": "empty"}))

    def test_who_may_run_no_action_runs_none_through_a_policy(self) -> None:
        for path, name in (
            ("/v1/data-sources/cloud1?action=execute", "stop"),
            ("/v1/policies/classification?action=execute", "cloud1:stop"),
        ):
            self.assertEqual(403, self.status("POST", path, {"name": name}))
        self.assertEqual([], self.behind.bus.services["datasource/cloud1"].executed)
