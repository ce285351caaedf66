"""Data from outside: pushed rows, webhooks, what survives a restart."""

from typing import Any

from congress.interfaces.storage import DatasourceRecord
from congress.model.schema import Column, Schema, TableSchema
from congress.plugins.datasource.push.driver import PushDriver
from tests.unit.roles_datasource.kit import DatasourceCase


class PushTest(DatasourceCase):
    def setUp(self) -> None:
        super().setUp()
        self.ds = self.node()

    def pushed(self, **config: object) -> None:
        self.create(self.ds, "nova", "pushed", **config)

    def push(self, rows: object, table: str = "ports", **more: Any) -> None:
        self.ask(self.ds, "push", table=table, rows=rows, **more)

    def stored(self) -> object:
        record = self.storage.read(lambda tx: tx.datasources.get("nova"))
        assert isinstance(record, DatasourceRecord)
        return dict(self.storage.read(lambda tx: tx.pushed.tables(record.id)))

    def test_rows_are_stored_before_they_are_acknowledged(self) -> None:
        self.pushed()
        self.push([[1], [2]])
        self.assertEqual({"ports": frozenset({(1,), (2,)})}, self.stored())
        self.assertEqual([[1], [2]], self.rows(self.ds, "ports"))
        self.assertEqual("1", self.ask(self.ds, "status")["number_of_updates"])

    def test_they_come_back_under_a_new_epoch(self) -> None:
        self.pushed()
        self.push([[1]])
        epoch = self.ask(self.ds, "status")["detail"]["epoch"]
        self.ds.kill()
        other = self.node("ds2")
        self.clock.advance(10.0)
        self.assertEqual([[1]], self.rows(other, "ports"))
        self.assertEqual(epoch + 1, self.ask(other, "status")["detail"]["epoch"])
        tables = self.ask(other, "status")["detail"]["tables"]
        self.assertTrue(tables["ports"]["complete"])

    def test_nothing_is_stored_if_that_is_not_asked_for(self) -> None:
        self.pushed(persist_data="False")
        self.push([[1]])
        self.assertEqual({}, self.stored())
        self.assertEqual([[1]], self.rows(self.ds, "ports"))

    def test_a_table_never_pushed_is_not_complete(self) -> None:
        self.pushed()
        self.assertEqual({}, self.ask(self.ds, "status")["detail"]["tables"])
        self.assertEqual([], self.rows(self.ds, "ports"))
        self.push([])
        self.assertTrue(self.ask(self.ds, "status")["detail"]["tables"]["ports"]["complete"])

    def test_a_push_under_one_key_has_effect_once(self) -> None:
        for persist in (True, False):
            name = f"n{persist}".lower()
            self.create(self.ds, name, "pushed", persist_data=persist)
            for rows in ([[1]], [[2]]):
                args = {"table": "ports", "rows": rows, "idempotency_key": "k"}
                self.ds.bus.call(f"datasource/{name}", "push", args, timeout=5.0)
            self.assertEqual([[1]], self.rows(self.ds, "ports", name))

    def test_rows_that_do_not_fit_are_refused_whole(self) -> None:
        self.pushed()
        self.push([[1]])
        refused = self.refused(lambda: self.push([[2], ["x"], [None]]))
        self.assertEqual("invalid", refused.code)
        self.assertIn("2 rows do not fit", str(refused))
        self.assertEqual([[1]], self.rows(self.ds, "ports"))
        self.assertEqual({"ports": frozenset({(1,)})}, self.stored())

    def test_a_wrong_payload_or_table_is_refused(self) -> None:
        self.pushed()
        self.assertEqual("invalid", self.refused(lambda: self.push({"a": 1})).code)
        self.assertEqual("invalid", self.refused(lambda: self.push([[1]], "ghosts")).code)
        self.assertEqual("invalid", self.refused(lambda: self.push([[[1]]])).code)

    def test_a_webhook_leaves_out_what_does_not_fit(self) -> None:
        self.pushed()
        self.ask(self.ds, "webhook", payload=[[1], ["x"]])
        self.assertEqual([[1]], self.rows(self.ds, "ports"))

    def test_a_driver_that_reads_by_itself_takes_nothing(self) -> None:
        self.create(self.ds)
        self.assertEqual("unsupported", self.refused(lambda: self.push([[1]])).code)
        hook = lambda: self.ask(self.ds, "webhook", payload={})  # noqa: E731
        self.assertEqual("unsupported", self.refused(hook).code)

    def test_nothing_is_acknowledged_while_storage_is_away(self) -> None:
        self.pushed()
        self.ds.storage.away = True
        self.assertEqual("unavailable", self.refused(lambda: self.push([[1]])).code)
        self.ds.storage.away = False
        self.assertEqual([], self.rows(self.ds, "ports"))

    def test_an_owner_that_lost_its_lease_takes_nothing(self) -> None:
        self.pushed()
        host = self.ds.service._fleet.hosts()["nova"]
        host.tenure.lost = True
        self.assertEqual("unavailable", self.refused(lambda: self.push([[1]])).code)

    def test_a_refresh_is_harmless(self) -> None:
        self.pushed()
        self.assertEqual({}, self.ask(self.ds, "refresh"))


class RealPushTest(DatasourceCase):
    """The host and the driver that comes with Congress."""

    def setUp(self) -> None:
        super().setUp()
        self.plugins.kinds["driver"]["push"] = PushDriver
        self.ds = self.node()

    def begin(self, **config: object) -> None:
        args = {"name": "nova", "driver": "push", "config": {"persist_data": "true", **config}}
        self.ds.bus.call("datasources", "datasource_create", args, timeout=10.0)

    def test_the_names_of_columns_come_back_with_the_rows(self) -> None:
        self.begin()
        self.ask(self.ds, "push", table="hosts", rows=[{"name": "a", "up": True}])
        self.ds.kill()
        other = self.node("ds2")
        self.clock.advance(10.0)
        answer = self.ask(other, "rows", table="hosts")
        self.assertEqual(([["a", True]], ["name", "up"]), (answer["rows"], answer["columns"]))
        self.assertEqual(["hosts"], self.ask(other, "tables"))

    def test_what_could_not_be_stored_is_not_remembered_by_the_driver(self) -> None:
        self.begin(tables={"hosts": {"columns": ["name", "state"], "key": ["name"]}})
        self.ask(self.ds, "push", table="hosts", rows=[["a", "up"]])
        self.ds.storage.away = True
        change = {"table": "hosts", "upsert": [["a", "down"], ["b", "up"]]}
        refused = self.refused(lambda: self.ask(self.ds, "webhook", payload=change))
        self.assertEqual("unavailable", refused.code)
        self.ds.storage.away = False
        later = {"table": "hosts", "upsert": [["b", "up"]]}
        self.ask(self.ds, "webhook", payload=later)
        self.assertEqual([["a", "up"], ["b", "up"]], self.rows(self.ds, "hosts"))
        self.ask(self.ds, "webhook", payload={"table": "hosts", "upsert": [["a", "gone"]]})
        self.assertEqual([["a", "gone"], ["b", "up"]], self.rows(self.ds, "hosts"))

    def test_a_push_said_twice_changes_nothing_the_second_time(self) -> None:
        self.begin()
        for rows in ([["a"]], [["b"]]):
            self.ask(self.ds, "push", table="t", rows=rows, idempotency_key="k")
        self.ask(self.ds, "webhook", payload={"table": "t", "upsert": [["c"]]})
        self.assertEqual([["a"], ["c"]], self.rows(self.ds, "t"))

    def test_some_rows_are_changed_and_the_others_stay(self) -> None:
        self.begin(tables={"hosts": {"columns": ["name", "state"], "key": ["name"]}})
        self.ask(self.ds, "push", table="hosts", rows=[["a", "up"], ["b", "up"]])
        once = {"table": "hosts", "upsert": [["a", "down"]], "idempotency_key": "k"}
        self.ask(self.ds, "change_rows", **once, delete=[{"name": "b"}])
        self.assertEqual([["a", "down"]], self.rows(self.ds, "hosts"))
        self.ask(self.ds, "change_rows", **{**once, "upsert": [["c", "up"]]})
        self.assertEqual([["a", "down"]], self.rows(self.ds, "hosts"))
        for wrong in ({"upsert": {}}, {"delete": 5}, {"upsert": [["a"]]}):
            refused = self.refused(
                lambda w=wrong: self.ask(self.ds, "change_rows", table="hosts", **w)  # type: ignore[misc]
            )
            self.assertEqual("invalid", refused.code)


class SchemaTest(DatasourceCase):
    def test_schema_and_tables_are_listed(self) -> None:
        node = self.node()
        self.create(node)
        schema = self.ask(node, "schema")
        self.assertEqual(["servers", "ports"], [table["table_id"] for table in schema["tables"]])
        column = schema["tables"][0]["columns"][0]
        expected = {"name": "id", "description": None, "type": "string", "nullable": True}
        self.assertEqual(expected, column)
        self.assertEqual(["ports", "servers"], self.ask(node, "tables"))
        refused = self.refused(lambda: self.rows(node, "ghosts"))
        self.assertEqual("not-found", refused.code)
        reader = self.bus("reader")
        self.clock.advance(1.0)
        told = reader.schema_of("nova", 5.0)
        self.assertEqual({"servers", "ports"}, set(told.tables if told else ()))

    def test_a_schema_that_changes_is_told(self) -> None:
        node = self.node()
        self.create(node)
        told: list[object] = []
        node.bus.on_notice("schema-changed", lambda sender, payload: told.append(payload))
        grown = TableSchema("extra", (Column("a"),))
        self.world.schema = Schema.of([*self.world.schema.tables.values(), grown])
        self.world.rows["extra"] = [(True,)]
        self.clock.advance(30.0)
        self.assertEqual([{"source": "nova"}], told)
        self.assertEqual([[True]], self.rows(node, "extra"))
