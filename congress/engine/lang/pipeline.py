"""The ordered list of checks that a statement passes before it is stored.

May import this package and ``congress.model`` only. Checks that concern several
statements at once (recursion, stratification, times in actions) come after all
statements of a transaction, in ``strata`` and ``taint``.

Invariant: a statement that passes either has a resolved rule or says for which
tables it waits.
"""

from collections.abc import Iterator

from congress.engine.lang.ast import Statement
from congress.engine.lang.checks import (
    check_aggregates,
    check_head,
    check_modals,
    check_shape,
    check_variables,
)
from congress.engine.lang.draft import Draft, Pass, warning
from congress.engine.lang.names import Catalogue, resolve
from congress.engine.lang.safety import check_safety
from congress.model.diagnostic import Diagnostic
from congress.model.policy import PolicyKind


def check_names(draft: Draft) -> Iterator[Diagnostic]:
    """Resolve every name; leaves the resolution in the draft."""
    resolution = resolve(draft.rule, draft.policy, draft.catalogue)
    draft.resolution = resolution
    yield from resolution.problems
    yield from resolution.warnings
    if resolution.waits and not resolution.problems:
        tables = ", ".join(sorted(f"{policy}:{name}" for policy, name in resolution.waits))
        message = f"the statement waits for the columns of {tables}"
        yield warning("parked", message, draft.rule.span, "it takes effect once they are known")


#: Nothing after it makes sense if this one fails.
GATE: Pass = check_shape

PASSES: tuple[Pass, ...] = (
    check_head,
    check_modals,
    check_aggregates,
    check_variables,
    check_names,
    check_safety,
)


def check(statement: Statement, policy: str, kind: PolicyKind, catalogue: Catalogue) -> Draft:
    """Run every check over one statement; the draft holds all that was found."""
    draft = Draft(statement, policy, kind, catalogue)
    draft.diagnostics.extend(GATE(draft))
    if draft.refused:
        return draft
    for each in PASSES:
        draft.diagnostics.extend(each(draft))
    return draft
