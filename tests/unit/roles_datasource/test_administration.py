"""Creating, deleting and overlooking datasources; drivers that cannot be used; the key."""

from congress.interfaces.datasource import DriverError
from congress.interfaces.plugin import OptionValue
from congress.model.diagnostic import Refused
from congress.model.policy import PolicyDef
from tests.unit.roles_datasource.kit import DatasourceCase, Engine, Node, pause
from tests.unit.roles_datasource.world import SECRET


class CreateTest(DatasourceCase):
    def setUp(self) -> None:
        super().setUp()
        self.ds = self.node()

    def test_a_creation_is_answered_when_it_can_be_used(self) -> None:
        self.world.rows["ports"] = [(1,)]
        made = self.ds.bus.call(
            "datasources",
            "datasource_create",
            {
                "name": "nova",
                "driver": "world",
                "config": {"address": "x", "password": SECRET, "poll_time": "30"},
                "description": "prod",
                "id": None,
                "actor": "ann",
                "request_id": "req-1",
            },
            timeout=10.0,
        )
        self.assertEqual("True", self.ask(self.ds, "status")["initialized"])
        config = {"address": "x", "password": "<hidden>", "poll_time": 30}
        self.assertEqual(config, made["config"])
        self.assertEqual(("prod", None, True), (made["description"], made["type"], made["enabled"]))
        record = self.storage.read(lambda tx: tx.datasources.get(made["id"]))
        assert record
        self.assertEqual(("password",), record.sealed)
        self.assertNotIn(SECRET, str(record.config))
        self.assertEqual(SECRET, self.world.configs[-1]["password"])
        self.assertEqual([], self.world.configs[-1]["lazy_tables"])
        audit = self.storage.read(lambda tx: tx.audit.list())
        self.assertEqual(
            [("ann", "datasource:create", "nova", "ok", "req-1", 1)],
            [(a.actor, a.verb, a.target, a.outcome, a.request_id, a.revision) for a in audit],
        )
        changes = self.storage.read(lambda tx: tx.changes.since(0)) or ()
        self.assertEqual([("create", "datasource")], [(c.op, c.kind) for c in changes])

    def test_others_are_told(self) -> None:
        told: list[object] = []
        self.ds.bus.on_notice("policy-changed", lambda node, payload: told.append(payload))
        self.create(self.ds)
        self.clock.advance(1.0)
        self.assertEqual([{"revision": 1}], told)

    def test_wrong_configuration_is_refused_with_every_problem(self) -> None:
        refused = self.refused(
            lambda: self.ds.bus.call(
                "datasources",
                "datasource_create",
                {"name": "nova", "driver": "world", "config": {"adress": "x", "poll_time": "soon"}},
                timeout=10.0,
            )
        )
        found = {d.where: d for d in refused.diagnostics}
        self.assertEqual({"config.adress", "config.poll_time", "config.address"}, set(found))
        self.assertIn("did you mean 'address'?", found["config.adress"].hint)
        self.assertEqual({"invalid"}, {d.code for d in refused.diagnostics})
        self.assertEqual([], self.storage.read(lambda tx: tx.datasources.list()))

    def test_a_driver_may_object(self) -> None:
        refused = self.refused(lambda: self.create(self.ds, address="nowhere"))
        self.assertIn("must not be nowhere", str(refused))

    def test_unknown_drivers_and_bad_names_are_refused(self) -> None:
        self.assertIn("pushed, world", self.hint(lambda: self.create(self.ds, "a", "wrld")))
        for name in ("_private", "", "a b", "builtin", "9x:y"):
            with self.subTest(name=name):
                refused = self.refused(lambda name=name: self.create(self.ds, name))  # type: ignore[misc]
                self.assertEqual("bad-policy-name", refused.code)

    def test_names_are_unique_over_datasources_and_policies(self) -> None:
        self.create(self.ds)
        self.storage.run(lambda tx: tx.policies.add(PolicyDef("p1", "mine")))
        for name in ("nova", "mine", "classification", "action"):
            with self.subTest(name=name):
                refused = self.refused(lambda name=name: self.create(self.ds, name))  # type: ignore[misc]
                self.assertEqual("duplicate", refused.code)

    def test_an_id_can_be_chosen_once(self) -> None:
        args = {"name": "a", "driver": "world", "config": {"address": "x"}, "id": "chosen-1"}
        made = self.ds.bus.call("datasources", "datasource_create", args, timeout=10.0)
        self.assertEqual("chosen-1", made["id"])
        again = {**args, "name": "b"}
        refused = self.refused(
            lambda: self.ds.bus.call("datasources", "datasource_create", again, timeout=10.0)
        )
        self.assertEqual("duplicate", refused.code)
        wrong = {**args, "name": "c", "id": "no good"}
        refused = self.refused(
            lambda: self.ds.bus.call("datasources", "datasource_create", wrong, timeout=10.0)
        )
        self.assertEqual("invalid", refused.code)

    def test_a_disabled_datasource_is_kept_and_not_run(self) -> None:
        args = {"name": "a", "driver": "world", "config": {"address": "x"}, "enabled": False}
        made = self.ds.bus.call("datasources", "datasource_create", args, timeout=10.0)
        self.assertFalse(made["enabled"])
        self.clock.advance(10.0)
        self.assertEqual("unavailable", self.refused(lambda: self.ask(self.ds, "status", "a")).code)
        standing = self.ds.service.datasource_status_all()["a"]
        self.assertEqual(("disabled", ""), (standing["state"], standing["node"]))

    def test_a_driver_that_cannot_be_opened_is_tried_again(self) -> None:
        self.world.open_error = DriverError(f"login as {SECRET} refused")
        with self.assertLogs("congress.roles.datasource", "INFO") as logs:
            self.create(self.ds, password=SECRET)
            status = self.ask(self.ds, "status")
            self.assertEqual("False", status["initialized"])
            self.assertEqual("failed", status["detail"]["state"])
            self.assertEqual("login as <hidden> refused", status["last_error"])
            self.clock.advance(60.0)
            self.world.open_error = None
            self.clock.advance(120.0)
        self.assertEqual("True", self.ask(self.ds, "status")["initialized"])
        self.assertEqual(self.world.events.count("open") - 1, self.world.events.count("close"))
        self.assertEqual(1, len([line for line in logs.output if "cannot be opened" in line]))
        self.assertNotIn(SECRET, "".join(logs.output))

    def test_storage_that_is_away_refuses(self) -> None:
        self.ds.storage.away = True
        self.assertEqual("unavailable", self.refused(lambda: self.create(self.ds)).code)

    def hint(self, work: object) -> str:
        return self.refused(work).diagnostics[0].hint  # type: ignore[arg-type]


class DeleteTest(DatasourceCase):
    def test_a_deleted_datasource_leaves_nothing_running(self) -> None:
        node = self.node()
        made = self.create(node, "nova", "pushed")
        self.ask(node, "push", table="ports", rows=[[1]])
        args = {"datasource": "nova", "actor": "ann", "request_id": "r"}
        node.bus.call("datasources", "datasource_delete", args, timeout=10.0)
        self.assertEqual([], self.storage.read(lambda tx: tx.datasources.list()))
        self.assertEqual({}, dict(self.storage.read(lambda tx: tx.pushed.tables(made["id"]))))
        self.assertFalse(self.storage.read(lambda tx: tx.facts.get(f"pushed-columns/{made['id']}")))
        lease = self.storage.read(lambda tx: tx.leases.get("datasource/nova"))
        self.assertEqual("", lease and lease.owner)
        self.assertEqual("unavailable", self.refused(lambda: self.ask(node, "status")).code)
        self.create(node, "nova", "pushed")
        self.assertEqual([], self.rows(node, "ports"))
        self.assertEqual(2, self.ask(node, "status")["detail"]["epoch"])

    def test_an_unknown_one_is_not_found(self) -> None:
        node = self.node()
        call = lambda: node.bus.call(  # noqa: E731
            "datasources", "datasource_delete", {"datasource": "ghost"}, timeout=10.0
        )
        self.assertEqual("not-found", self.refused(call).code)

    def test_created_anew_it_runs_no_action_again(self) -> None:
        node = self.node()
        self.create(node)
        engine = Engine(self, "pe1").want(pause())
        self.clock.advance(3.0)
        node.bus.call("datasources", "datasource_delete", {"datasource": "nova"}, timeout=10.0)
        self.create(node)
        self.clock.advance(10.0)
        engine.publish()
        self.clock.advance(10.0)
        self.assertEqual(["vm1"], self.called())

    def test_a_delete_through_another_node_ends_it_where_it_runs(self) -> None:
        one, two = self.node("ds1"), self.node("ds2")
        self.create(one)
        self.clock.advance(2.0)
        args = {"datasource": "nova"}
        two.bus.call("datasources", "datasource_delete", args, timeout=10.0)
        self.clock.advance(2.0)
        self.assertEqual({}, dict(one.service._fleet.hosts()))
        self.assertEqual(["open", "close"], self.world.events)


class StoredTest(DatasourceCase):
    def test_stored_datasources_run_when_a_node_starts(self) -> None:
        self.store()
        self.store("other", enabled=False)
        node = self.node()
        standings = node.service.datasource_status_all()
        self.assertEqual("ok", standings["nova"]["state"])
        self.assertEqual("ds1", standings["nova"]["node"])
        self.assertEqual("disabled", standings["other"]["state"])

    def test_all_of_them_run_on_one_node_and_the_next_stands_by(self) -> None:
        names = {"cinder", "neutron", "nova"}
        for name in names:
            self.store(name)
        one, two = self.node("ds1"), self.node("ds2")
        self.clock.advance(60.0)
        self.assertEqual(names, set(one.service._fleet.hosts()))
        self.assertEqual({}, dict(two.service._fleet.hosts()))
        one.kill()
        self.clock.advance(10.0)
        self.assertEqual(names, set(two.service._fleet.hosts()))

    def test_of_two_nodes_that_run_each_may_take_new_ones_but_never_the_same(self) -> None:
        one, two = self.node("ds1"), self.node("ds2")
        self.create(one, "cinder")
        self.create(two, "nova")
        self.clock.advance(60.0)
        self.assertEqual({"cinder"}, set(one.service._fleet.hosts()))
        self.assertEqual({"nova"}, set(two.service._fleet.hosts()))

    def test_rows_that_are_polled_are_there_a_second_after_the_start(self) -> None:
        self.world.rows["ports"] = [(1,)]
        self.store()
        node = self.node()
        self.assertEqual([[1]], self.rows(node, "ports"))
        self.assertTrue(self.ask(node, "status")["detail"]["tables"]["ports"]["complete"])

    def test_one_whose_driver_is_gone_is_listed_as_failed(self) -> None:
        self.store("old", "retired")
        self.store()
        node = self.node()
        status = self.ask(node, "status", "old")
        self.assertEqual("failed", status["detail"]["state"])
        self.assertIn("retired", status["last_error"])
        self.assertEqual("ok", self.ask(node, "status")["detail"]["state"])
        self.assertIn("old", node.service.health().message)

    def test_one_whose_driver_is_gone_can_be_deleted_at_the_start(self) -> None:
        setattr(self.conf, "delete_missing_driver_datasources", True)  # noqa: B010
        self.store("old", "retired")
        self.store()
        self.node()
        names = [d.name for d in self.storage.read(lambda tx: tx.datasources.list())]
        self.assertEqual(["nova"], names)

    def test_a_configuration_that_no_longer_fits_is_its_condition(self) -> None:
        self.store(config={"unheard_of": 1})
        node = self.node()
        self.assertIn("unheard_of", self.ask(node, "status")["last_error"])

    def test_secrets_sealed_with_another_key_are_its_condition(self) -> None:
        sealed: dict[str, OptionValue] = {"password": "gibberish"}
        self.store(config=sealed, sealed=("password",))
        node = self.node()
        self.assertIn("another key", self.ask(node, "status")["last_error"])

    def test_new_ones_are_found_without_notice(self) -> None:
        node = self.node()
        self.store()
        self.clock.advance(70.0)
        self.assertEqual("ok", self.ask(node, "status")["detail"]["state"])

    def test_new_ones_are_found_after_the_period_that_is_set(self) -> None:
        self.override("datasource_sync_period", 20)
        node = self.node()
        self.store()
        self.clock.advance(15.0)
        self.assertEqual({}, dict(node.service._fleet.hosts()))
        self.clock.advance(10.0)
        self.assertEqual("ok", self.ask(node, "status")["detail"]["state"])


class KeyTest(DatasourceCase):
    def test_a_node_with_another_key_does_not_start(self) -> None:
        self.node("ds1")
        self.plugins.options["secrets", "fernet"] = {"key": "k2"}
        other = Node(self, "ds2")
        with self.assertRaises(Refused) as caught:
            other.start()
        self.assertEqual("secret-key", caught.exception.code)
        self.assertIn("copy the key file", caught.exception.diagnostics[0].hint)

    def test_a_key_is_made_only_where_none_was_used(self) -> None:
        one, two = self.node("ds1"), self.node("ds2")
        made = [node.parts.secrets.created for node in (one, two)]  # type: ignore[attr-defined]
        self.assertEqual([True, False], made)
