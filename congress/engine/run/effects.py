"""What an action described in an action policy would change.

May import ``congress.engine`` below the facade and ``congress.model`` only.

Invariant: a trial works in a fork of its own; it only tells what would change.
"""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from congress.engine.lang.ast import Atom, Constant, Literal, Rule, Statement, Term, Variable
from congress.engine.lang.names import Resolution, Resolver
from congress.engine.lang.recursion import check_cycle
from congress.engine.lang.resolved import OPEN, Head, Lookup, ResolvedRule, TableId, variables
from congress.engine.outcome import Outcome
from congress.engine.run.budget import Budget
from congress.engine.run.join import Failures
from congress.engine.run.maintain import refresh
from congress.engine.run.naive import Evaluator
from congress.engine.run.query import find, in_order
from congress.engine.run.question import question_of
from congress.engine.tables import TableEditor
from congress.engine.workspace import StoredRule, Workspace
from congress.model.diagnostic import Diagnostic, Refused
from congress.model.values import Row, Value

_SOLUTION = "solution"


@dataclass(frozen=True, slots=True)
class Effects:
    """Rows to add and to remove, by table, and the rows of ``result``."""

    changes: dict[TableId, tuple[Iterable[Row], Iterable[Row]]]
    results: tuple[Row, ...]


class Trial:
    """An action policy that for the moment sees the tables of another policy.

    :param asserted: tables that are given rows and do not show the other policy's.
    """

    def __init__(
        self,
        workspace: Workspace,
        policy: str,
        actions: str,
        asserted: Iterable[str],
        budget: Budget,
    ) -> None:
        self.workspace = workspace.fork()
        self._policy = policy
        self._actions = actions
        self._budget = budget
        self._hidden = {*asserted, "action", "result"}
        self._touched: set[TableId] = set()
        self._tables = TableEditor(self.workspace, Outcome())
        for key, stored in workspace.rules.items():
            if key[0] == actions and stored.resolved is not None:
                self._show(goal.table for goal in stored.resolved.lookups)

    def assert_rows(self, table: TableId, rows: Iterable[Row]) -> None:
        """Let rows hold for the time of the trial."""
        self._tables.update(table, rows, ())
        self._touched.add(table)

    def first_solution(self, item: Rule) -> list[Atom] | None:
        """The item's heads with the values of its body's first solution, by row order."""
        atoms = [literal.atom for literal in item.literals]
        self._show((self._actions, atom.table) for atom in atoms if atom.policy is None)
        self._evaluate(None)
        names = sorted(set().union(*(variables(head.atom.terms) for head in item.heads)))
        head = Atom(None, _SOLUTION, tuple(Variable(name) for name in names))
        question = question_of(
            self.workspace, self._actions, Rule((Literal(head),), item.body, item.span)
        )
        for answer in in_order(find(self.workspace, question, self._budget).values()):
            if answer.row is None:
                problem = "a variable of the action does not occur in the body"
                raise item_problem(item, problem)
            values = dict(zip(names, answer.row, strict=True))
            return [_filled(literal.atom, values) for literal in item.heads]
        return None

    def effects(self, number: int) -> Effects:
        """What the action policy's signed tables hold now.

        :param number: tells the values that are invented for open variables of
            one action from those of another.
        """
        self._evaluate(number)
        changes: dict[TableId, tuple[Iterable[Row], Iterable[Row]]] = {}
        for table in self._signed():
            policy = self._policy if table[0] == self._actions else table[0]
            target = (policy, table[1][:-1])
            rows = self.workspace.contents(table).rows
            added, removed = changes.get(target, ((), ()))
            changes[target] = (rows, removed) if table[1][-1] == "+" else (added, rows)
        results = self.workspace.contents((self._actions, "result"))
        return Effects(changes, tuple(results))

    def _signed(self) -> list[TableId]:
        """The tables of changes that the action policy defines."""
        heads = {
            stored.resolved.head.table
            for key, stored in self.workspace.rules.items()
            if key[0] == self._actions and stored.resolved is not None
        }
        heads |= {table for table in self.workspace.base if table[0] == self._actions}
        return sorted(table for table in heads if table[1].endswith(("+", "-")))

    def _evaluate(self, number: int | None) -> None:
        def invent(name: str) -> Value:
            seed = hashlib.blake2b(f"{number}:{name}".encode(), digest_size=16)
            return str(uuid.UUID(bytes=seed.digest()))

        evaluator = Evaluator(
            self.workspace.contents,
            self._budget,
            Failures(),
            None if number is None else invent,
        )
        refresh(self.workspace, self._touched, (), evaluator)

    def _show(self, tables: Iterable[TableId]) -> None:
        """Let the action policy's tables of these names hold the other policy's rows too."""
        if self._policy == self._actions:
            return
        for table in set(tables):
            name = table[1]
            source = (self._policy, name)
            width = self.workspace.arity(source)
            if table[0] != self._actions or name in self._hidden or width is None:
                continue
            self._hidden.add(name)
            own = self.workspace.arity(table)
            arity = width if own is None else own
            if arity <= width:
                self._bridge(table, source, arity, width)

    def _bridge(self, table: TableId, source: TableId, arity: int, width: int) -> None:
        """Add the rule that copies the first columns of a table."""
        terms = tuple(Variable(f"x{number}") for number in range(arity))
        lookup = Lookup(source, terms + (OPEN,) * (width - arity))
        resolved = ResolvedRule(Head(table, terms), (lookup,))
        written = Rule((Literal(Atom(None, table[1], terms)),), (Literal(Atom(*source, terms)),))
        stored = StoredRule((self._actions, f"shown {table[1]}"), written)
        active = self.workspace.activate(stored, Resolution(rule=resolved, mentions={table: arity}))
        if any(check_cycle(written, resolved, self.workspace)):
            self.workspace.remove(active)
        else:
            self._touched.add(table)


def fact_row(workspace: Workspace, policy: str, atom: Atom) -> Row:
    """The row that a ground atom states in a policy.

    :raises Refused: if it does not fit the table.
    """
    resolver = Resolver(policy, workspace, fixing=False)
    head = resolver.head(Rule((Literal(replace(atom, policy=None)),), None, atom.span))
    result = resolver.result
    if result.problems:
        raise Refused(*result.problems)
    if result.waits or head is None:
        message = f"the columns of {atom.name} are not known"
        raise Refused(Diagnostic("column-name", message, atom.span, "give them by position"))
    values = tuple([term.value for term in head.terms if isinstance(term, Constant)])
    if len(values) != len(head.terms):
        message = f"{atom.name} does not give every column"
        raise Refused(Diagnostic("arity", message, atom.span, "a row has all its columns"))
    return values


def item_problem(item: Statement, message: str) -> Refused:
    """The refusal of an item of a sequence."""
    hint = "use t+(...), t-(...), h+(...) :- body, or an action that action(name) lists"
    return Refused(Diagnostic("simulate-item", message, item.span, hint))


def _filled(atom: Atom, values: dict[str, Value]) -> Atom:
    def value(term: Term) -> Term:
        known = isinstance(term, Variable) and term.name in values
        return Constant(values[term.name]) if known and isinstance(term, Variable) else term

    arguments = tuple(value(term) for term in atom.arguments)
    columns = tuple((column, value(term)) for column, term in atom.columns)
    return replace(atom, arguments=arguments, columns=columns)
