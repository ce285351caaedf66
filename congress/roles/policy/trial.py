"""Whether the engine would take a change, before it is stored.

Imports the engine and the model. ``check`` runs on the store loop, ``foresee`` on any
thread; both may ask sources for their schemas, and wait for the engine loop.

Invariant: a trial changes nothing but what is known of schemas.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from congress.engine import Changes, Edit
from congress.interfaces.storage import ChangeRecord
from congress.model.diagnostic import Diagnostic, Refused, refuse
from congress.roles.policy.book import Book, advanced, steps_between
from congress.roles.policy.feed import Feed
from congress.roles.policy.requests import NewRule, placed
from congress.roles.policy.runtime import EngineRuntime

#: Tells what edits would do.
Attempt: TypeAlias = Callable[[Sequence[Edit]], Changes]


class Trial:
    """Tries plans on the engine.

    :param timeout: seconds the engine may take.
    """

    def __init__(self, runtime: EngineRuntime, feed: Feed, timeout: Callable[[], float]) -> None:
        self._runtime = runtime
        self._feed = feed
        self._timeout = timeout

    def check(
        self,
        book: Book,
        records: Sequence[ChangeRecord],
        rules: Mapping[str, NewRule],
        *,
        allow_parked: bool,
    ) -> None:
        """Refuse what the engine would refuse, with the rule each problem is about.

        A rule that does not fit may concern a source of which too little is known
        yet; then the source is asked, and the rule is tried again.
        """
        if rules or any((r.op, r.kind) == ("update", "policy") for r in records):
            self._learned(_Case(book, records, rules, allow_parked, self._rehearsed))

    def foresee(
        self,
        book: Book,
        records: Sequence[ChangeRecord],
        rules: Mapping[str, NewRule],
        *,
        allow_parked: bool,
    ) -> Changes:
        """As ``check``, and tell what would change in every table and which actions turn.

        The engine goes on meanwhile.
        """
        return self._learned(_Case(book, records, rules, allow_parked, self._previewed))

    def _learned(self, case: "_Case") -> Changes:
        try:
            return case.changes()
        except Refused:
            if not self._learn(case.rules):
                raise
            return case.changes()

    def _rehearsed(self, edits: Sequence[Edit]) -> Changes:
        """Within a transaction that is taken back."""
        return self._runtime.loop.call(lambda: self._runtime.trial(edits), self._timeout())

    def _previewed(self, edits: Sequence[Edit]) -> Changes:
        """Beside the engine."""
        deadline = self._runtime.query_deadline()
        return self._runtime.engine.preview(edits, deadline=deadline)()

    def _learn(self, rules: Mapping[str, NewRule]) -> bool:
        """Ask sources that the rules mention for their tables; tell whether that was news.

        A source may have got its tables just now, and the notice of it be under way.
        """
        sources = self._runtime.loop.call(self._feed.sources, self._timeout())
        text = " ".join(rule.text for rule in rules.values())
        news = [self._feed.learn_now(name) for name in sources if name in text]
        return any(news)


@dataclass(frozen=True, slots=True)
class _Case:
    """One change on trial."""

    book: Book
    records: Sequence[ChangeRecord]
    rules: Mapping[str, NewRule]
    allow_parked: bool
    attempt: Attempt

    def changes(self) -> Changes:
        """What would change.

        :raises Refused: with the rule each problem is about.
        """
        try:
            changes = self._attempt(self.records)
            _refuse_useless(changes, self.rules, self.allow_parked)
            return changes
        except Refused as refusal:
            if len(self.rules) == 1:
                (rule,) = self.rules.values()
                raise _placed(refusal.diagnostics, rule) from refusal
            raise self._blamed(refusal) from refusal

    def _attempt(self, records: Sequence[ChangeRecord]) -> Changes:
        after = advanced(self.book, self.book.revision + 1, records)
        return self.attempt(steps_between(self.book, after, lenient=False).edits())

    def _blamed(self, refusal: Refused) -> Refused:
        """Find the rules that are refused on their own; else none is to blame alone."""
        found: list[Diagnostic] = []
        others = [record for record in self.records if record.object_id not in self.rules]
        for record in self.records:
            if rule := self.rules.get(record.object_id):
                try:
                    changes = self._attempt([*others, record])
                    _refuse_useless(changes, {record.object_id: rule}, self.allow_parked)
                except Refused as own:
                    found += [placed(diagnostic, rule.where) for diagnostic in own.diagnostics]
        return Refused(*found) if found else refusal


def _refuse_useless(changes: Changes, rules: Mapping[str, NewRule], allow_parked: bool) -> None:
    """Refuse what the engine accepts without effect."""
    if not rules:
        return
    parked = [warning for warning in changes.warnings if warning.code == "parked"]
    if parked and not allow_parked:
        raise Refused(*(_unknown_column(warning) for warning in parked))
    if not parked and len(rules) == 1 and not changes.accepted:
        raise refuse("duplicate-rule", "the policy holds an equivalent rule already")


def _unknown_column(warning: Diagnostic) -> Diagnostic:
    return Diagnostic(
        "column-name",
        warning.message,
        warning.span,
        "write the columns by position, try again when the source is known, or let the rule "
        "wait for it (allow_parked=1)",
        where=warning.where,
    )


def _placed(diagnostics: Sequence[Diagnostic], rule: NewRule) -> Refused:
    return Refused(*(placed(diagnostic, rule.where) for diagnostic in diagnostics))
