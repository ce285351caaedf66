"""Tests of congress.engine.workspace: what forks share and what they do not."""

import unittest

from congress.engine.outcome import Outcome
from congress.engine.statements import StatementEditor
from congress.engine.tables import TableEditor
from congress.engine.workspace import Workspace
from congress.model.policy import PolicyKind


def insert(workspace: Workspace, text: str) -> Outcome:
    outcome = Outcome()
    editor = StatementEditor(workspace, outcome, TableEditor(workspace, outcome))
    editor.insert("p", PolicyKind.DATALOG, text, None, lenient=False)
    return outcome


class ForkTest(unittest.TestCase):
    def setUp(self) -> None:
        self.workspace = Workspace({})
        self.workspace.kinds["p"] = PolicyKind.DATALOG
        insert(self.workspace, "b(1) a(x) :- b(x)")

    def state(self) -> list[object]:
        workspace = self.workspace
        return [
            {table: set(relation) for table, relation in workspace.base.items()},
            dict(workspace.rules),
            {table: list(keys) for table, keys in workspace.definers.items()},
            {table: list(keys) for table, keys in workspace.readers.items()},
            dict(workspace.fixed),
            dict(workspace.mentioned),
        ]

    def test_changing_a_fork_leaves_the_original(self) -> None:
        before = self.state()
        fork = self.workspace.fork()
        insert(fork, "b(2) c(1) a(x) :- c(x)  d(x) :- b(x)")
        fork.drop_row(("p", "b"), (1,))
        for stored in list(fork.rules.values()):
            fork.remove(stored)
        self.assertEqual(self.state(), before)
        self.assertEqual(fork.readers[("p", "b")], {})

    def test_a_fork_of_a_fork_is_independent_too(self) -> None:
        fork = self.workspace.fork()
        insert(fork, "b(2)")
        second = fork.fork()
        insert(second, "b(3) e(x) :- b(x)")
        insert(fork, "b(4) f(x) :- b(x)")
        self.assertEqual(set(fork.stored(("p", "b"))), {(1,), (2,), (4,)})
        self.assertEqual(set(second.stored(("p", "b"))), {(1,), (2,), (3,)})
        self.assertEqual(set(second.feeds(("p", "b"))), {("p", "a"), ("p", "e")})

    def test_nothing_is_left_of_a_removed_rule(self) -> None:
        fork = self.workspace.fork()
        (stored,) = fork.rules.values()
        fork.remove(stored)
        self.assertEqual(list(fork.feeds(("p", "b"))), [])
        self.assertIsNone(fork.arity(("p", "a")))
        self.assertEqual(fork.arity(("p", "b")), 1)
