"""What is stored at one revision, and the steps to another."""

import unittest

from congress.engine import CreatePolicy, DeleteRules, DropPolicy, InsertRules
from congress.model.policy import PolicyDef, PolicyKind, RuleDef
from congress.roles.policy.book import (
    Book,
    advanced,
    policy_created,
    policy_deleted,
    rule_created,
    rule_deleted,
    steps_between,
)

P = PolicyDef("1", "p", PolicyKind.DATALOG, "pp", "text")
Q = PolicyDef("2", "q")
A = RuleDef("a", "p", "a(1)", "name", "comment")
B = RuleDef("b", "p", "b(x) :- a(x)")


class BookTest(unittest.TestCase):
    def test_changes_carry_all_there_is(self) -> None:
        book = advanced(Book(), 1, [policy_created(P), rule_created(A), rule_created(B)])
        self.assertEqual(
            (1, {"1": P}, {"a": A, "b": B}), (book.revision, book.policies, book.rules)
        )
        self.assertEqual(P, book.policy("p"))
        self.assertEqual(P, book.policy("1"))
        self.assertIsNone(book.policy("q"))

    def test_changes_may_be_read_twice(self) -> None:
        changes = [policy_created(P), rule_created(A), rule_created(B), rule_deleted(A)]
        once = advanced(Book(), 1, changes)
        self.assertEqual(once, advanced(once, 1, changes))
        gone = [policy_deleted(P)]
        self.assertEqual(advanced(once, 2, gone), advanced(advanced(once, 2, gone), 2, gone))

    def test_rules_go_with_their_policy(self) -> None:
        book = advanced(Book(), 1, [policy_created(P), policy_created(Q), rule_created(A)])
        self.assertEqual(({"2": Q}, {}), self.contents(advanced(book, 2, [policy_deleted(P)])))

    def test_a_renamed_policy_keeps_its_rules(self) -> None:
        book = advanced(Book(), 1, [policy_created(P), rule_created(A)])
        renamed = PolicyDef("1", "new", PolicyKind.DATALOG)
        book = advanced(book, 2, [policy_created(renamed)])
        self.assertEqual("new", book.rules["a"].policy)

    def test_datasources_stay_unless_told(self) -> None:
        book = advanced(Book(), 1, [], {"nova": "id"})
        self.assertEqual("nova", advanced(book, 2, []).datasource("id"))
        self.assertIsNone(advanced(book, 2, [], {}).datasource("nova"))

    def contents(self, book: Book) -> tuple[dict[str, PolicyDef], dict[str, RuleDef]]:
        return dict(book.policies), dict(book.rules)


class StepsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.book = advanced(Book(), 1, [policy_created(P), rule_created(A), rule_created(B)])

    def test_from_nothing_to_everything(self) -> None:
        expected = [
            CreatePolicy("p", "datalog"),
            InsertRules("p", "a(1)", "a", lenient=True),
            InsertRules("p", "b(x) :- a(x)", "b", lenient=True),
        ]
        self.assertEqual(expected, steps_between(Book(), self.book, lenient=True).edits())

    def test_to_the_same_is_no_step(self) -> None:
        self.assertEqual([], steps_between(self.book, self.book, lenient=True).edits())

    def test_single_rules(self) -> None:
        after = advanced(self.book, 2, [rule_deleted(A)])
        steps = steps_between(self.book, after, lenient=True)
        self.assertEqual([DeleteRules("p", "a(1)")], steps.edits())
        steps = steps_between(self.book, after, lenient=True, absent=lambda rule: rule.id == "a")
        self.assertEqual([], steps.edits())

    def test_a_policy_made_anew_under_its_name(self) -> None:
        again = PolicyDef("9", "p")
        after = advanced(self.book, 2, [policy_deleted(P), policy_created(again)])
        steps = steps_between(self.book, after, lenient=False)
        self.assertEqual([DropPolicy("p"), CreatePolicy("p", "nonrecursive")], steps.edits())

    def test_comments_mean_nothing_to_the_engine(self) -> None:
        remarked = RuleDef("a", "p", "a(1)", "other", "more")
        after = advanced(self.book, 2, [rule_created(remarked)])
        self.assertEqual([], steps_between(self.book, after, lenient=True).edits())
