"""Problems of configuration: collected, so that a person sees all of them at once.

May import ``congress.model`` and the standard library only.
"""

import contextlib
import difflib
import logging
from collections.abc import Iterable, Iterator

from congress.model.diagnostic import Diagnostic, Refused, Severity

LOG = logging.getLogger(__name__)

#: So many choices are listed; of more, the one that was meant, if that can be guessed.
MOST_CHOICES = 30


class Problems:
    """What was found wrong so far. The same thing is noted once."""

    def __init__(self) -> None:
        self._found: dict[Diagnostic, None] = {}

    def note(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Take note of errors and warnings."""
        self._found.update(dict.fromkeys(diagnostics))

    def add(self, code: str, message: str, *, hint: str = "", where: str = "") -> None:
        """Take note of an error."""
        self.note([Diagnostic(code, message, hint=hint, where=where)])

    def warn(self, code: str, message: str, *, hint: str = "", where: str = "") -> None:
        """Take note of a warning."""
        severity = Severity.WARNING
        self.note([Diagnostic(code, message, hint=hint, where=where, severity=severity)])

    @contextlib.contextmanager
    def gather(self) -> Iterator[None]:
        """Go on after a refusal, having noted it."""
        try:
            yield
        except Refused as refusal:
            self.note(refusal.diagnostics)

    @property
    def errors(self) -> list[Diagnostic]:
        """What stops the node."""
        return [one for one in self._found if one.severity is Severity.ERROR]

    @property
    def warnings(self) -> list[Diagnostic]:
        """What does not."""
        return [one for one in self._found if one.severity is Severity.WARNING]

    def settle(self) -> None:
        """Log the warnings, and refuse if there are errors.

        :raises Refused: with every error.
        """
        for warning in self.warnings:
            LOG.warning("%s", warning.render())
        if errors := self.errors:
            raise Refused(*errors)


def choices_hint(given: str, choices: Iterable[str]) -> str:
    """What could have been meant, and everything that can be unless that is too much to read."""
    names = sorted(choices)
    close = difflib.get_close_matches(given, names, 1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    if len(names) > MOST_CHOICES:
        return guess.rstrip() or "etc/congress.conf.sample lists all there are"
    return f"{guess}valid are: {', '.join(names) or 'none'}"
