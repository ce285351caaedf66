"""Tests of congress.engine.facade, and of congress.engine.run.changes."""

from congress.engine import CreatePolicy, DropPolicy, Engine, InsertRules, UpdateTable
from congress.model.diagnostic import Refused
from congress.testing.language import BUILTINS
from tests.unit.engine.case import EngineCase


class ReadingTest(EngineCase):
    def test_tables(self) -> None:
        self.source(t="id")
        self.insert("a(x) :- s:t(x), p:b(x), not c(x), plus(x, 1, y), true, now(z)")
        self.insert("execute[n:f(x)] :- a(x)  d(1)")
        self.assertEqual(self.engine.tables("p"), ["a", "b", "c", "d", "s:t"])
        self.assertEqual(self.engine.tables("s"), ["t"])
        self.assertEqual(self.engine.tables("g"), [])

    def test_rows(self) -> None:
        self.source(t="id")
        self.insert("a(x) :- s:t(x), b(x)")
        self.update("t", [(1,)], policy="s")
        self.assertEqual(set(self.engine.rows("p", "s:t")), {(1,)})
        self.assertEqual(set(self.engine.rows("p", "b")), set())
        for policy, table in (("p", "no"), ("no", "a")):
            with self.subTest(policy=policy), self.assertRaises(Refused) as caught:
                self.engine.rows(policy, table)
            self.assertEqual(caught.exception.code, "not-found")

    def test_columns(self) -> None:
        self.source(t="id name")
        self.insert("a(1, 2)")
        self.assertEqual(self.engine.column_names("p", "s:t"), ("id", "name"))
        self.assertEqual(self.engine.column_names("p", "a"), ("Col0", "Col1"))
        self.assertEqual(self.engine.column_names("p", "no"), ())
        self.assertEqual(self.engine.arity("p", "a"), 2)
        self.assertIsNone(self.engine.arity("p", "no"))

    def test_needed(self) -> None:
        self.source(t="id")
        self.insert("a(x) :- s:t(x), not ghost:u(x), g:b(x), now(x)  c(x) :- ghost:v(id=x)")
        self.assertEqual(self.engine.needed(), {"s": {"t"}, "ghost": {"u", "v"}})
        self.delete("c(x) :- ghost:v(id=x)")
        self.assertEqual(self.engine.needed()["ghost"], {"u"})

    def test_what_is_needed_follows_the_rules_and_policies_there_are(self) -> None:
        self.insert("one(x) :- ghost:u(x) two(x) :- ghost:u(x) three(x) :- ghost:v(x)")
        self.delete("one(x) :- ghost:u(x)")
        self.assertEqual({"u", "v"}, self.engine.needed()["ghost"])
        self.delete("two(x) :- ghost:u(x)")
        self.assertEqual({"v"}, self.engine.needed()["ghost"])
        self.engine.transact([CreatePolicy("ghost", "nonrecursive")])
        self.assertNotIn("ghost", self.engine.needed())
        self.delete("three(x) :- ghost:v(x)")
        self.engine.transact([DropPolicy("ghost")])
        self.assertNotIn("ghost", self.engine.needed())

    def test_content(self) -> None:
        self.insert('a(1) a("x") b(v) :- a(v), not c(v)  w(x) :- later(1=x)')
        self.delete("a(1)")
        self.assertEqual(self.engine.content("p"), ['a("x")', "b(v) :- a(v), not c(v)"])

    def test_changes_are_net(self) -> None:
        self.insert("a(x) :- b(x)  b(1)")
        edits = [UpdateTable("p", "b", [(2,)], [(1,)]), UpdateTable("p", "b", [(1,)], [(7,)])]
        changes = self.engine.transact(edits)
        self.assertEqual(set(changes.tables), {("p", "a"), ("p", "b")})
        for delta in changes.tables.values():
            self.assertEqual((delta.added, delta.removed), ({(2,)}, frozenset()))

    def test_a_reader_keeps_the_state_it_began_with(self) -> None:
        self.insert("a(1)")
        rows = self.engine.rows("p", "a")
        self.insert("a(2)")
        self.assertEqual(set(rows), {(1,)})

    def test_builtins_have_one_name(self) -> None:
        with self.assertRaises(ValueError):
            Engine([*BUILTINS, BUILTINS[0]])

    def test_without_builtins(self) -> None:
        engine = Engine()
        engine.transact([CreatePolicy("p"), InsertRules("p", "len(1) a(x) :- len(x)")])
        self.assertEqual(set(engine.rows("p", "a")), {(1,)})
