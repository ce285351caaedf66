"""The security defects of the retired Congress, each tried on this one."""

from congress.api.backend import datasource_to_plain
from tests.api import walk
from tests.api.case import ApiTestCase
from tests.api.test_rights import by_token
from tests.unit.roles_datasource.kit import DatasourceCase
from tests.unit.roles_datasource.world import SECRET


class ReportedDefectTest(ApiTestCase):
    def test_single_objects_are_authorised_like_collections(self) -> None:
        self.cloud()
        self.serve(by_token)
        for method, path in (
            ("GET", "/v1/policies/classification"),
            ("GET", "/v1/data-sources/cloud1"),
            ("GET", "/v1/data-sources/cloud1/schema"),
            ("GET", "/v1/data-sources/cloud1/status"),
            ("GET", "/v1/data-sources/cloud1/tables/servers/spec"),
            ("POST", "/v1/policies/classification?action=simulate"),
            ("POST", "/v1/data-sources/cloud1?action=execute"),
            ("POST", "/v1/data-sources/cloud1?action=request-refresh"),
            ("DELETE", "/v1/policies/classification"),
            ("DELETE", "/v1/policies/classification/rules/r"),
            ("DELETE", "/v1/data-sources/cloud1"),
        ):
            with self.subTest(method=method, path=path):
                headers = {"X-Auth-Token": walk.MEMBER}
                self.refused(403, method, path, headers=headers)

    def test_a_fault_behind_the_api_gives_no_traceback_away(self) -> None:
        def fail(*_args: object, **_named: object) -> None:
            raise RuntimeError("fault in /usr/lib/python3/congress/policy.py")

        simulation = {"query": "p(x)", "sequence": "", "action_policy": "action"}
        source = self.cloud()
        for name in ("policy_status", "rule_status", "simulate"):
            setattr(self.behind.engine, name, fail)
        source.execute = fail  # type: ignore[method-assign]
        for method, path, body in (
            ("GET", "/v1/policies/nosuch/status", ...),
            ("GET", "/v1/policies/classification/rules/r/status", ...),
            ("POST", "/v1/policies/classification?action=simulate", simulation),
            ("POST", "/v1/data-sources/cloud1?action=execute", {"name": "stop"}),
        ):
            with self.subTest(path=path), self.assertLogs("congress.api.errors", "ERROR"):
                error = self.refused(500, method, path, body)
                for trace in ("Traceback", ".py", "/usr", "RuntimeError"):
                    self.assertNotIn(trace, str(error))


class PasswordTest(DatasourceCase):
    def test_no_answer_shows_the_password_of_a_data_source(self) -> None:
        node = self.node()
        created = self.create(node, password=SECRET)
        self.assertEqual("<hidden>", created["config"]["password"])
        record = self.storage.read(lambda tx: tx.datasources.get("nova"))
        assert record is not None
        for known in (frozenset({"password"}), frozenset()):
            shown = datasource_to_plain(record, known)
            self.assertEqual("<hidden>", shown["config"]["password"])
        self.assertNotIn(SECRET, str(self.ask(node, "status")))
