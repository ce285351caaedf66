"""Explanations as JSON objects.

May import the language's nodes, ``congress.engine.explain.tree`` and
``congress.model`` only. Every node says its ``kind``; what is empty is left out.
Tables are named with their policy, everywhere.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from congress.engine.explain.tree import (
    Absence,
    Attempt,
    Derivation,
    Explanation,
    Fact,
    Given,
    HeadDiffers,
    Hindrance,
    Idle,
    Obstacle,
    OpenHead,
    OtherResult,
    Refutation,
    RuleRef,
    Standing,
    Step,
)
from congress.engine.lang.ast import Constant
from congress.engine.lang.resolved import Plain, TableId
from congress.model.values import row_to_plain, to_plain

Object: TypeAlias = dict[str, Any]


def explanation_to_plain(explanation: Explanation) -> Object:
    """The JSON object of an explanation."""
    writer = _Writer(explanation.standings)
    absence = explanation.absence
    return {
        "policy": explanation.policy,
        "atom": explanation.atom,
        "holds": explanation.holds,
        "size": explanation.size,
        "why": [writer.fact(fact) for fact in explanation.facts],
        "why_not": None if absence is None else writer.absence(absence),
        "sources": [
            {"table": _name(table), **writer.standing(table)}
            for table in sorted(explanation.sources)
        ],
        "cut": sorted(explanation.cut),
    }


class _Writer:
    """Writes nodes with what is known of the sources."""

    def __init__(self, standings: Mapping[TableId, Standing]) -> None:
        self._standings = standings

    def standing(self, table: TableId) -> Object:
        standing = self._standings.get(table)
        if standing is None:
            return {}
        return {"age": standing.age, "complete": standing.complete, "stale": standing.stale}

    def fact(self, fact: Fact) -> Object:
        given = fact.given
        return _node(
            "fact",
            table=_name(fact.table),
            row=row_to_plain(fact.row),
            modal=fact.modal,
            given=None if given is None else self._given(fact.table, given),
            derivations=[self._derivation(each) for each in fact.derivations],
            more=fact.more,
            end=fact.end,
        )

    def _given(self, table: TableId, given: Given) -> Object:
        if given.datasource:
            return {"datasource": table[0], **self.standing(table)}
        return {"policy": table[0], "statements": list(given.statements)}

    def _derivation(self, derivation: Derivation) -> Object:
        group = derivation.group
        return _node(
            "derivation",
            rule=_rule(derivation.rule),
            steps=[self.step(step) for step in derivation.steps],
            group=None
            if group is None
            else {
                "size": group.size,
                "members": [[self.step(step) for step in member] for member in group.members],
            },
        )

    def step(self, step: Step) -> Object:
        if isinstance(step, Fact):
            return self.fact(step)
        if isinstance(step, Absence):
            return self.absence(step)
        return _node(
            "evaluated",
            builtin=step.builtin,
            arguments=row_to_plain(step.arguments),
            negated=step.negated,
        )

    def absence(self, absence: Absence) -> Object:
        return _node(
            "absence",
            table=_name(absence.table),
            terms=_terms(absence.terms),
            modal=absence.modal,
            attempts=[self._attempt(each) for each in absence.attempts],
            idle=[_idle(each) for each in absence.idle],
            near=[row_to_plain(row) for row in absence.near],
            impossible=absence.impossible,
            more=absence.more,
            end=absence.end,
        )

    def _attempt(self, attempt: Attempt) -> Object:
        return _node(
            "attempt",
            rule=_rule(attempt.rule),
            held=[self.step(step) for step in attempt.held],
            positions=list(attempt.positions),
            failing=attempt.failing,
            partial=attempt.partial,
            obstacle=self._obstacle(attempt.obstacle),
            sufficient=attempt.sufficient,
        )

    def _obstacle(self, obstacle: Obstacle) -> Object:
        if isinstance(obstacle, Absence):
            return self.absence(obstacle)
        if isinstance(obstacle, Hindrance):
            facts = [self.fact(fact) for fact in obstacle.facts]
            return _node("hindrance", size=obstacle.size, facts=facts)
        return _leaf(obstacle)


def _leaf(obstacle: HeadDiffers | Refutation | OtherResult | OpenHead) -> Object:
    if isinstance(obstacle, HeadDiffers):
        found, asked = _terms((obstacle.found, obstacle.asked))
        return _node("head-differs", column=obstacle.column, found=found, asked=asked)
    if isinstance(obstacle, Refutation):
        return _node(
            "refutation",
            builtin=obstacle.builtin,
            arguments=_terms(obstacle.arguments),
            negated=obstacle.negated,
            result=None if obstacle.result is None else row_to_plain(obstacle.result),
            error=obstacle.error,
        )
    if isinstance(obstacle, OtherResult):
        row = None if obstacle.row is None else row_to_plain(obstacle.row)
        return _node("other-result", row=row, error=obstacle.error)
    return _node("open-head", variable=obstacle.variable)


def _node(kind: str, **members: Any) -> Object:
    """A node without its empty members; zero and false positions are none."""
    kept = {
        name: value
        for name, value in members.items()
        if not (value is None or value == "" or value == [] or value is False)
    }
    return {"kind": kind, **kept}


def _rule(rule: RuleRef) -> Object:
    return {"policy": rule.policy, "id": rule.rule_id, "text": rule.text}


def _idle(idle: Idle) -> Object:
    return {"rule": _rule(idle.rule), "state": str(idle.state), "reason": idle.reason}


def _terms(terms: tuple[Plain, ...]) -> list[Object]:
    return [
        {"value": to_plain(term.value)} if isinstance(term, Constant) else {"variable": term.name}
        for term in terms
    ]


def _name(table: TableId) -> str:
    return f"{table[0]}:{table[1]}"
