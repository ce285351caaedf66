"""Whether the engine would take a change, before it is stored.

Imports the engine and the model. Runs on the store loop; may ask sources for
their schemas, and waits for the engine loop.

Invariant: a trial changes nothing but what is known of schemas.
"""

from collections.abc import Callable, Mapping, Sequence

from congress.engine import Changes, Edit
from congress.interfaces.storage import ChangeRecord
from congress.model.diagnostic import Diagnostic, Refused, refuse
from congress.roles.policy.book import Book, advanced, steps_between
from congress.roles.policy.feed import Feed
from congress.roles.policy.requests import NewRule, placed
from congress.roles.policy.runtime import EngineRuntime


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
        if not rules:
            return
        try:
            self._try(book, records, rules, allow_parked)
        except Refused:
            if not self._learn(rules):
                raise
            self._try(book, records, rules, allow_parked)

    def _try(
        self,
        book: Book,
        records: Sequence[ChangeRecord],
        rules: Mapping[str, NewRule],
        allow_parked: bool,
    ) -> None:
        try:
            changes = self._changes(book, records)
            _refuse_useless(changes, rules, allow_parked)
        except Refused as refusal:
            if len(rules) == 1:
                (rule,) = rules.values()
                raise _placed(refusal.diagnostics, rule) from refusal
            raise self._blame(book, records, rules, refusal, allow_parked) from refusal

    def _changes(self, book: Book, records: Sequence[ChangeRecord]) -> Changes:
        after = advanced(book, book.revision + 1, records)
        edits: list[Edit] = steps_between(book, after, lenient=False).edits()
        return self._runtime.loop.call(lambda: self._runtime.trial(edits), self._timeout())

    def _blame(
        self,
        book: Book,
        records: Sequence[ChangeRecord],
        rules: Mapping[str, NewRule],
        refusal: Refused,
        allow_parked: bool,
    ) -> Refused:
        """Find the rules that are refused on their own; else none is to blame alone."""
        found: list[Diagnostic] = []
        others = [record for record in records if record.object_id not in rules]
        for record in records:
            if rule := rules.get(record.object_id):
                try:
                    changes = self._changes(book, [*others, record])
                    _refuse_useless(changes, {record.object_id: rule}, allow_parked)
                except Refused as own:
                    found += [placed(diagnostic, rule.where) for diagnostic in own.diagnostics]
        return Refused(*found) if found else refusal

    def _learn(self, rules: Mapping[str, NewRule]) -> bool:
        """Ask sources that the rules mention for their tables; tell whether that was news.

        A source may have got its tables just now, and the notice of it be under way.
        """
        sources = self._runtime.loop.call(self._feed.sources, self._timeout())
        text = " ".join(rule.text for rule in rules.values())
        news = [self._feed.learn_now(name) for name in sources if name in text]
        return any(news)


def _refuse_useless(changes: Changes, rules: Mapping[str, NewRule], allow_parked: bool) -> None:
    """Refuse what the engine accepts without effect."""
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
