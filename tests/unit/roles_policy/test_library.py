"""The policy library through the service, and the files it is loaded from."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from congress.interfaces.storage import AuditQuery
from congress.model.diagnostic import Refused
from congress.roles.policy.library_files import MAX_FILE_BYTES, files_digest, read_shelf
from congress.roles.policy.role import LIBRARY_INTERVAL
from tests.unit.roles_policy.harness import PolicyEngineTestCase, table

AUDIT = "name: audit\nrules:\n- rule: p(1)\n  comment: why\n"
NEWER = "name: audit\ndescription: newer\nrules:\n- rule: p(2)\n"


class LibraryTestCase(PolicyEngineTestCase):
    """A policy engine whose library is a folder of the test."""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.library_path = holder.name
        self.before_start()
        super().setUp()

    def before_start(self) -> None:
        """What is in the folder at first."""

    def write(self, name: str, text: str) -> None:
        """Put a file into the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def names(self) -> list[str]:
        return [policy["name"] for policy in self.call("library_list")]

    def shown(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.call("library_show", library=name)
        return found

    def load(self) -> dict[str, Any]:
        """What loading the files did, without what did not happen."""
        return {what: names for what, names in self.call("library_load").items() if names}


class LoadingTest(LibraryTestCase):
    def before_start(self) -> None:
        self.write("audit.yaml", AUDIT)
        self.write("deep/er/two.yml", "name: b\nrules: []\n---\nname: c\nrules: []\n")
        self.write("notes.txt", "name: d\nrules: []\n")
        self.write(".hidden.yaml", "name: e\nrules: []\n")

    def test_files_are_loaded_at_start(self) -> None:
        self.assertEqual(["audit", "b", "c"], self.names())
        audit = self.shown("audit")
        self.assertEqual([{"rule": "p(1)", "comment": "why"}], audit["rules"])
        self.assertEqual(("audit", "", "nonrecursive"), tuple(
            audit[key] for key in ("abbreviation", "description", "kind")
        ))  # fmt: skip

    def test_a_changed_file_is_loaded_by_itself(self) -> None:
        before = self.shown("audit")["id"]
        self.write("audit.yaml", NEWER)
        self.clock.advance(LIBRARY_INTERVAL + 1)
        audit = self.shown("audit")
        self.assertEqual((before, "newer"), (audit["id"], audit["description"]))

    def test_files_that_did_not_change_write_nothing(self) -> None:
        revision = self.storage.read(lambda tx: tx.changes.revision())
        self.clock.advance(3 * LIBRARY_INTERVAL)
        self.assertEqual({}, self.load())
        self.assertEqual(revision, self.storage.read(lambda tx: tx.changes.revision()))

    def test_what_a_load_did(self) -> None:
        self.write("audit.yaml", NEWER)
        self.write("new.yaml", "name: d\nrules: []\n")
        (self.folder / "deep/er/two.yml").unlink()
        self.assertEqual({"added": ["d"], "changed": ["audit"], "removed": ["b", "c"]}, self.load())
        self.assertEqual(["audit", "d"], self.names())

    def test_what_a_user_deleted_stays_away_until_its_file_changes(self) -> None:
        self.call("library_delete", library="audit")
        self.assertEqual({}, self.load())
        self.write("audit.yaml", NEWER)
        self.assertEqual({"added": ["audit"]}, self.load())

    def test_what_a_user_changed_stays_as_it_is(self) -> None:
        self.call("library_update", library="audit", changes={"description": "mine"})
        self.write("audit.yaml", NEWER)
        self.assertEqual({"kept": ["audit"]}, self.load())
        self.assertEqual({}, self.load())
        (self.folder / "audit.yaml").unlink()
        self.assertEqual({}, self.load())
        self.assertEqual("mine", self.shown("audit")["description"])

    def test_a_write_may_depend_on_what_was_seen(self) -> None:
        seen = self.call("library_show", library="audit")
        change = {"library": "audit", "changes": {"description": "mine"}, "seen": seen}
        self.call("library_update", **change)
        self.assertEqual("changed", self.refused("library_update", **change))
        policy = {"name": "audit", "rules": []}
        for method, args in (("library_replace", {"policy": policy}), ("library_delete", {})):
            self.assertEqual("changed", self.refused(method, library="audit", seen=seen, **args))
            now = self.call("library_show", library="audit")
            self.call(method, library="audit", seen=now, **args)

    def test_a_policy_of_a_user_keeps_its_name(self) -> None:
        self.call("library_create", policy={"name": "d", "rules": []})
        self.write("d.yaml", "name: d\nrules:\n- rule: p(1)\n")
        self.assertEqual({"kept": ["d"]}, self.load())

    def test_a_broken_file_removes_nothing(self) -> None:
        self.write("audit.yaml", "name: [")
        done = self.load()
        [problem] = done.pop("problems")
        self.assertEqual({}, done)
        self.assertIn("audit.yaml", problem["where"])
        self.assertIn("audit", self.names())
        self.write("audit.yaml", AUDIT)
        self.assertEqual({}, self.load())
        (self.folder / "audit.yaml").unlink()
        self.assertEqual({"removed": ["audit"]}, self.load())

    def test_problems_are_logged_and_stop_nothing(self) -> None:
        self.write("bad.yaml", "name: bad\nrules:\n- rule: p(\n")
        self.write("good.yaml", "name: good\nrules: []\n")
        with self.assertLogs("congress.roles.policy.library", "WARNING") as logged:
            self.clock.advance(LIBRARY_INTERVAL + 1)
        self.assertIn("bad.yaml rules[0]", logged.output[0])
        self.assertIn("good", self.names())

    def test_an_outage_is_waited_out(self) -> None:
        self.write("new.yaml", "name: d\nrules: []\n")
        self.storage.away = True
        with self.assertLogs("congress.roles.policy", "WARNING") as logged:
            self.clock.advance(LIBRARY_INTERVAL + 1)
        self.assertIn("cannot be loaded now", "".join(logged.output))
        self.storage.away = False
        self.clock.advance(LIBRARY_INTERVAL + 1)
        self.assertIn("d", self.names())

    def test_a_second_engine_loads_nothing_twice(self) -> None:
        revision = self.storage.read(lambda tx: tx.changes.revision())
        other = self.make_engine(type(self.bus)("pe2", "i2"), self.make_storage())
        other.start()
        self.addCleanup(lambda: other.stop(3.0))
        self.settle()
        self.assertEqual(revision, self.storage.read(lambda tx: tx.changes.revision()))


class WritingTest(LibraryTestCase):
    def test_writes_are_audited(self) -> None:
        policy = {"name": "a", "rules": [{"rule": "p(1)"}]}
        self.call("library_create", policy=policy, actor="ann", request_id="req-1")
        self.call("library_replace", library="a", policy=policy, actor="ann")
        self.call("library_delete", library="a", actor="ann")
        records = self.storage.read(lambda tx: tx.audit.list(AuditQuery(actor="ann")))
        self.assertEqual(
            ["library:delete", "library:update", "library:create"], [r.verb for r in records]
        )
        self.assertEqual({"library/a"}, {record.target for record in records})
        self.assertEqual("req-1", records[-1].request_id)

    def test_refusals(self) -> None:
        self.call("library_create", policy={"name": "a", "rules": []})
        self.assertEqual(
            "duplicate-policy",
            self.refused("library_create", policy={"name": "a", "rules": []}),
        )
        for policy in (None, [], {"name": "b"}, {"name": "b", "rules": {}}):
            self.assertEqual("invalid", self.refused("library_create", policy=policy))
        self.assertEqual("invalid", self.refused("library_update", library="a", changes=[]))
        for method in ("library_show", "library_delete", "library_activate"):
            self.assertEqual("not-found", self.refused(method, library="nosuch"))
            self.assertEqual("invalid", self.refused(method, library=5))

    def test_storage_that_is_away(self) -> None:
        self.storage.away = True
        self.assertEqual("unavailable", self.refused("library_list"))


class ActivationTest(LibraryTestCase):
    def before_start(self) -> None:
        self.write("audit.yaml", AUDIT + "- rule: error(x) :- nova:servers(id=x)\n")

    def test_a_policy_is_made_with_its_rules(self) -> None:
        self.configure("nova")
        self.publish_source("nova", table("servers", "id", "name"))
        made = self.call("library_activate", library="audit")
        self.assertEqual("audit", made["name"])
        self.send_rows("nova", "servers", ("a", "b"))
        self.assertEqual([["a"]], self.rows("audit", "error"))
        self.assertEqual("why", self.call("rule_list", policy="audit")[0]["comment"])
        self.assertEqual("duplicate-policy", self.refused("library_activate", library="audit"))

    def test_a_source_that_is_not_there_yet(self) -> None:
        with self.assertRaises(Refused) as caught:
            self.call("library_activate", library="audit")
        [problem] = caught.exception.diagnostics
        self.assertEqual(("column-name", "rules[1]"), (problem.code, problem.where))
        self.call("library_activate", library="audit", allow_parked=True)
        self.configure("nova")
        self.publish_source("nova", table("servers", "id", "name"))
        self.send_rows("nova", "servers", ("a", "b"))
        self.assertEqual([["a"]], self.rows("audit", "error"))


class ShelfTest(LibraryTestCase):
    started = False

    def test_a_later_folder_overrides(self) -> None:
        self.write("one/a.yaml", AUDIT)
        self.write("two/b.yaml", NEWER)
        folders = [self.folder / "one", self.folder / "two", self.folder / "nosuch"]
        shelf = read_shelf(folders)
        self.assertEqual("newer", shelf.policies["audit"].description)
        self.assertEqual((), tuple(shelf.problems))

    def test_twice_in_a_folder_the_first_counts(self) -> None:
        self.write("a.yaml", AUDIT)
        self.write("b.yaml", NEWER)
        shelf = read_shelf([self.folder])
        self.assertEqual("", shelf.policies["audit"].description)
        self.assertIn("b.yaml", shelf.problems[0].where)

    def test_hostile_files_cost_little_and_are_told(self) -> None:
        doubled = "".join(
            f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)
        )
        texts = {
            "bomb": f"a: &a [x]\n{doubled}name: p\nrules: []\n",
            "object": "!!python/object/apply:os.system [true]\n",
            "deep": "[" * 100_000,
            "nothing": "- 1\n",
            "no rules": "name: p\n",
            "wrong rules": "name: p\nrules: [p(1)]\n",
            "large": "#" * (MAX_FILE_BYTES + 1),
        }
        for name, text in texts.items():
            with self.subTest(name=name):
                self.write("a.yaml", text)
                shelf = read_shelf([self.folder])
                self.assertEqual({}, dict(shelf.policies))
                self.assertTrue(shelf.problems)
                self.assertTrue(files_digest([self.folder]))

    def test_bytes_that_are_no_text(self) -> None:
        (self.folder / "a.yaml").write_bytes(b"\xff\xfe\xff")
        self.assertEqual(1, len(read_shelf([self.folder]).problems))
