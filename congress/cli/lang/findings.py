"""What was found in files, for people and for programs.

May import ``congress.model`` only.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from congress.model.diagnostic import Diagnostic, Refused, Severity, diagnostic_to_plain


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic on a file; its span, if it has one, is a place in ``source``."""

    path: str
    diagnostic: Diagnostic
    source: str = ""

    @property
    def error(self) -> bool:
        """Whether it refuses."""
        return self.diagnostic.severity is Severity.ERROR

    def render(self) -> str:
        """As compilers write it: the place, what is wrong, the text underlined, a hint."""
        span = self.diagnostic.span
        place = f"{self.path}:{span.line}:{span.column}" if span else self.path
        return f"{place}: {self.diagnostic.render(self.source)}"


def about_files(refusal: Refused) -> list[Finding]:
    """The reasons of a refusal that names files, each as a finding on its file."""
    return [Finding(each.where, replace(each, where="")) for each in refusal.diagnostics]


def as_text(findings: Sequence[Finding], files: int) -> str:
    """Every finding, and how many there are."""
    wrong = sum(finding.error for finding in findings)
    advice = len(findings) - wrong
    closing = f"{_count(files, 'file')}: {_count(wrong, 'error')}, {_count(advice, 'warning')}"
    return "\n".join([*(finding.render() for finding in findings), closing])


def as_json(findings: Iterable[Finding]) -> str:
    """A JSON list of diagnostics, each with its file."""
    plain = [{"file": each.path} | diagnostic_to_plain(each.diagnostic) for each in findings]
    return json.dumps(plain, indent=2)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
