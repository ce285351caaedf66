"""Shows step by step, goal by goal, how a question's answers come about.

May import ``congress.engine`` below the facade and ``congress.model`` only.
The answers themselves are never taken from here: this walks the rules top down
over a state that has been evaluated, for a person to read.

Invariant: a trace ends: recursion, deep nesting and aggregates are answered
from the rows that are known, and a trace has a largest number of lines.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from congress.engine.lang.ast import Aggregate, Constant, Term
from congress.engine.lang.printer import print_atom, print_row, print_rule, print_term
from congress.engine.lang.resolved import Call, Goal, Lookup, Plain, TableId, Truth
from congress.engine.plan.order import arrange, local_variables
from congress.engine.run.budget import Budget
from congress.engine.run.join import call
from congress.engine.run.matching import Matcher, agreed, filled
from congress.engine.run.query import answers, fits
from congress.engine.run.question import Question
from congress.engine.workspace import StoredRule, Workspace
from congress.model.policy import default_abbreviation
from congress.model.values import Row, Value, row_order_key

RUNTIME = "RT    "
DEEPEST = 40
MOST_LINES = 5_000

Bindings = Mapping[str, Value]


class _Full(Exception):  # noqa: N818 - the way out of a long trace
    """The trace has all the lines it may have."""


def trace(state: Workspace, question: Question, budget: Budget) -> str:
    """The text of a question's trace.

    :param state: a fork, which stays as it is.
    :raises Refused: if answering costs too much.
    """
    return "\n".join(trace_lines(state, question, budget))


def trace_lines(workspace: Workspace, question: Question, budget: Budget) -> list[str]:
    """The lines of a question's trace, closed by its answers.

    :raises Refused: if answering costs too much.
    """
    tracer = _Tracer(workspace, budget)
    try:
        tracer.question(question)
    except _Full:
        tracer.lines.append(f"{RUNTIME}: Note: the trace is cut after {MOST_LINES} lines")
    texts = answers(workspace, question, budget).texts
    if texts:
        label = _label(question.policy)
        tracer.lines.append(f"{label}: Found answer [{', '.join(texts)}]")
    return tracer.lines


class _Tracer:
    """Walks goals depth first and writes down what it meets."""

    def __init__(self, workspace: Workspace, budget: Budget) -> None:
        self.lines: list[str] = []
        self._workspace = workspace
        self._budget = budget
        self._all = Matcher(workspace.contents, budget)
        self._given = Matcher(workspace.stored, budget)
        self._path: list[TableId] = []

    def question(self, question: Question) -> None:
        """Trace a whole question."""
        policy, head = question.policy, question.head
        if head is not None:
            text = print_atom(head)
            self._line(policy, 0, "Call", text)
            for _ in self._body(policy, question.goals, {}, 1):
                self._line(policy, 0, "Exit", text)
                self._line(policy, 0, "Redo", text)
            self._line(policy, 0, "Fail", text)
        elif question.goals:
            _exhaust(self._goal(policy, question.goals[0], {}, 0))
        else:
            self._sinks(question)

    def _sinks(self, question: Question) -> None:
        """Trace an atom under a modal through the rules that ask for it."""
        atom, policy = question.shown[0].atom, question.policy
        self._line(policy, 0, "Call", print_atom(atom))
        for key in self._workspace.sinks:
            stored = self._workspace.rules[key]
            head = stored.rule.head
            if key[0] == policy and head.name == atom.name and head.modal is atom.modal:
                plain = tuple(t for t in atom.arguments if not isinstance(t, Aggregate))
                for row in self._rule(stored, plain, 0):
                    self._line(policy, 0, "Exit", f"{atom.modal}[{print_row(atom.name, row)}]")
        self._line(policy, 0, "Fail", print_atom(atom))

    # -- goals --------------------------------------------------------------------

    def _body(
        self, policy: str, goals: Sequence[Goal], bindings: Bindings, depth: int
    ) -> Iterator[Bindings]:
        """All solutions of a body, with a stack so that its length does not matter."""
        local = local_variables(goals, set(bindings))
        contents = self._workspace.contents
        order, _ = arrange(goals, local, lambda table: len(contents(table)))
        if not order:
            yield bindings
            return
        stack = [self._goal(policy, goals[order[0]], bindings, depth)]
        while stack:
            solution = next(stack[-1], None)
            if solution is None:
                stack.pop()
            elif len(stack) == len(order):
                yield solution
            else:
                stack.append(self._goal(policy, goals[order[len(stack)]], solution, depth))

    def _goal(self, policy: str, goal: Goal, bindings: Bindings, depth: int) -> Iterator[Bindings]:
        self._budget.spend()
        if isinstance(goal, Truth):
            return self._settled(policy, goal, bindings, depth)
        if isinstance(goal, Call):
            return self._called(policy, goal, bindings, depth)
        if goal.negated:
            return self._denied(policy, goal, bindings, depth)
        return self._looked_up(policy, goal, bindings, depth)

    def _settled(
        self, policy: str, goal: Truth, bindings: Bindings, depth: int
    ) -> Iterator[Bindings]:
        text = "true" if goal.truth else "false"
        self._line(policy, depth, "Call", text)
        if goal.truth:
            self._line(policy, depth, "Exit", text)
            yield bindings
        else:
            self._line(policy, depth, "Fail", text)

    def _called(
        self, policy: str, goal: Call, bindings: Bindings, depth: int
    ) -> Iterator[Bindings]:
        name = f"{'not ' if goal.negated else ''}builtin:{goal.builtin.name}"
        text = _text(name, filled(goal.terms, bindings))
        self._line(policy, depth, "Call", text)
        inputs = [_value(term, bindings) for term in goal.inputs]
        solution: Bindings | None = None
        try:
            values = call(goal.builtin.function, inputs, len(goal.outputs))
        except Exception as error:
            self._line(policy, depth, "Note", f"the builtin has no answer: {error}")
        else:
            matched = None if values is None else agreed(goal.outputs, values, bindings)
            denied = bindings if matched is None else None
            solution = denied if goal.negated else matched
        if solution is None:
            self._line(policy, depth, "Fail", text)
            return
        self._line(policy, depth, "Exit", _text(name, filled(goal.terms, solution)))
        yield solution
        self._line(policy, depth, "Redo", text)

    def _denied(
        self, policy: str, goal: Lookup, bindings: Bindings, depth: int
    ) -> Iterator[Bindings]:
        text = f"not {_text(_name(policy, goal.table), filled(goal.terms, bindings))}"
        self._line(policy, depth, "Call", text)
        positive = Lookup(goal.table, goal.terms)
        if next(self._looked_up(policy, positive, bindings, depth + 1), None) is not None:
            self._line(policy, depth, "Fail", text)
            return
        self._line(policy, depth, "Exit", text)
        yield bindings

    def _looked_up(
        self, policy: str, goal: Lookup, bindings: Bindings, depth: int
    ) -> Iterator[Bindings]:
        terms = filled(goal.terms, bindings)
        name, owner = _name(policy, goal.table), goal.table[0]
        text = _text(name, terms)
        self._line(owner, depth, "Call", text)
        for row in self._rows(goal.table, terms, depth):
            solution = agreed(terms, row, bindings)
            if solution is not None:
                instance = print_row(name, row)
                self._line(owner, depth, "Exit", instance)
                yield solution
                self._line(owner, depth, "Redo", instance)
        self._line(owner, depth, "Fail", text)

    # -- tables -------------------------------------------------------------------

    def _rows(self, table: TableId, terms: tuple[Plain, ...], depth: int) -> Iterator[Row]:
        """The rows of a table that fit some terms, by way of its rules where possible."""
        keys = self._workspace.definers.get(table, ())
        rules = [self._workspace.rules[key] for key in keys]
        if rules and self._opaque(table, rules, depth):
            self._line(table[0], depth, "Note", "from the rows that are known")
            yield from _in_order(self._all.fitting(table, terms, {}))
            return
        for row in _in_order(self._given.fitting(table, terms, {})):
            self._line(table[0], depth, "Note", f"Trying {print_row(table[1], row)}")
            yield row
        self._path.append(table)
        try:
            for stored in rules:
                yield from self._rule(stored, terms, depth)
        finally:
            self._path.remove(table)

    def _opaque(self, table: TableId, rules: Iterable[StoredRule], depth: int) -> bool:
        """Whether the rules of a table are not walked through."""
        aggregates = any(each.resolved and each.resolved.head.aggregates for each in rules)
        return aggregates or depth >= DEEPEST or table in self._path

    def _rule(self, stored: StoredRule, terms: tuple[Plain, ...], depth: int) -> Iterator[Row]:
        resolved = stored.resolved
        if resolved is None:
            return
        policy = stored.key[0]
        self._line(policy, depth, "Note", f"Trying {print_rule(stored.rule)}")
        head = [term for term in resolved.head.terms if not isinstance(term, Aggregate)]
        bindings = _unified(head, terms)
        if bindings is None:
            return
        for solution in self._body(policy, resolved.body, bindings, depth + 1):
            if all(isinstance(t, Constant) or t.name in solution for t in head):
                row = tuple([_value(term, solution) for term in head])
                if fits(terms, row):
                    yield row

    def _line(self, policy: str, depth: int, event: str, text: str) -> None:
        if len(self.lines) >= MOST_LINES:
            raise _Full
        self.lines.append(f"{_label(policy)}: {'| ' * depth}{event}: {text}")


def _label(policy: str) -> str:
    return f"{default_abbreviation(policy):<6}"


def _name(policy: str, table: TableId) -> str:
    return table[1] if table[0] == policy else f"{table[0]}:{table[1]}"


def _text(name: str, terms: Iterable[Term]) -> str:
    return f"{name}({', '.join(print_term(term) for term in terms)})"


def _value(term: Plain, bindings: Bindings) -> Value:
    return term.value if isinstance(term, Constant) else bindings[term.name]


def _unified(head: Sequence[Plain], terms: Sequence[Plain]) -> Bindings | None:
    """What a call's values mean for the variables of a rule's head."""
    bindings: dict[str, Value] = {}
    if len(head) != len(terms):
        return None
    for own, given in zip(head, terms, strict=True):
        if not isinstance(given, Constant):
            continue
        if isinstance(own, Constant):
            if own.value != given.value:
                return None
        elif bindings.setdefault(own.name, given.value) != given.value:
            return None
    return bindings


def _in_order(rows: Iterable[Row]) -> Iterator[Row]:
    return iter(sorted(rows, key=row_order_key))


def _exhaust(solutions: Iterator[Bindings]) -> None:
    for _ in solutions:
        pass
