"""Advice about statements that are valid but perhaps not meant.

May import this package and ``congress.model`` only. Nothing here refuses.
"""

from collections.abc import Iterator

from congress.engine.lang.draft import Draft
from congress.model.diagnostic import Diagnostic


def lint(draft: Draft) -> Iterator[Diagnostic]:
    """Every piece of advice about a statement that passed the checks."""
    yield from ()
