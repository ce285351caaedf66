"""Texts of rules in files, and what they look like when laid out.

May import the engine's interface and its neighbours only. Nothing is written here.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from congress.cli.lang.documents import YAML_SUFFIXES, read_text
from congress.cli.lang.findings import Finding
from congress.engine import lay_out
from congress.model.diagnostic import Refused, refuse


@dataclass(frozen=True, slots=True)
class Layout:
    """A text as it is and as it should be."""

    path: Path
    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Whether laying it out changes anything."""
        return self.before != self.after

    def diff(self) -> str:
        """The change, as ``diff -u`` shows it."""
        before, after = (text.splitlines(keepends=True) for text in (self.before, self.after))
        return "".join(difflib.unified_diff(before, after, str(self.path), str(self.path)))


def lay_out_files(paths: Iterable[Path]) -> tuple[list[Layout], list[Finding]]:
    """The layouts of texts of rules, and what keeps the others from being laid out."""
    layouts: list[Layout] = []
    findings: list[Finding] = []
    for path in paths:
        source = ""
        try:
            source = _read(path)
            layouts.append(Layout(path, source, lay_out(source)))
        except Refused as refusal:
            for each in refusal.diagnostics:
                findings.append(Finding(str(path), replace(each, where=""), source))
    return layouts, findings


def _read(path: Path) -> str:
    if path.suffix in YAML_SUFFIXES:
        hint = "keep the rules in a file of their own that does not end in .yaml"
        raise refuse("unsupported", "YAML is not laid out, only texts of rules are", hint=hint)
    return read_text(path)
