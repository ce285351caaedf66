"""Authorisation: admins pass, others do not, and unnamed routes are shut."""

import json
import unittest

from flask import Flask
from werkzeug.test import Client

from congress.api import access, errors
from congress.api.authority import Authority
from congress.interfaces.auth import CALLER_KEY, Caller
from congress.kernel.options import new_conf
from congress.testing.runtime import ManualClock


class AccessTest(unittest.TestCase):
    def setUp(self) -> None:
        app = Flask("test")
        conf = new_conf()
        conf([], default_config_files=[])
        access.attach(app.extensions, Authority(conf, ManualClock()))
        app.before_request(access.check)
        errors.install(app)
        app.add_url_rule("/guarded", view_func=access.guarded("policy:show")(lambda: "g"))
        app.add_url_rule("/unnamed", "unnamed", lambda: "u")
        app.add_url_rule("/open", "open", access.guarded("version:show")(lambda: "o"))
        by_action = access.guarded({"look": "policy:show", "do-it": "policy:execute"})
        app.add_url_rule("/actions", "actions", by_action(lambda: "a"))
        app.add_url_rule("/public", "public", access.guarded(access.PUBLIC)(lambda: "p"))
        self.client = Client(app)

    def status(self, path: str, caller: Caller | None) -> int:
        response = self.client.get(path, environ_overrides={CALLER_KEY: caller})
        if response.status_code >= 400:
            self.assertTrue(json.loads(response.data)["error"]["diagnostics"])
        return response.status_code

    def test_who_passes_where(self) -> None:
        admin = Caller("a", roles=("member", "admin"))
        member = Caller("m", roles=("member",))
        cases = [
            ("/guarded", 200, 403, 401),
            ("/unnamed", 403, 403, 403),
            ("/open", 200, 200, 401),
            ("/public", 200, 200, 200),
            ("/actions?action=do_it", 200, 403, 401),
            ("/actions?action=nosuch", 400, 400, 401),
            ("/actions?action=look&action=do-it", 400, 400, 401),
            ("/nosuch", 404, 404, 404),
        ]
        for path, for_admin, for_member, for_nobody in cases:
            with self.subTest(path=path):
                self.assertEqual(for_admin, self.status(path, admin))
                self.assertEqual(for_member, self.status(path, member))
                self.assertEqual(for_nobody, self.status(path, None))

    def test_an_action_is_judged_by_its_own_rule(self) -> None:
        auditor = Caller("r", roles=("reader",), system_scope="all")
        self.assertEqual(200, self.status("/actions?action=look", auditor))
        self.assertEqual(403, self.status("/actions?action=do-it", auditor))
