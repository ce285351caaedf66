"""What the edits of one transaction did and found, while they are applied.

May import this package and ``congress.model`` only.
"""

from dataclasses import dataclass, field

from congress.engine.lang.resolved import TableId
from congress.engine.results import RejectedRow
from congress.engine.workspace import RuleKey
from congress.model.diagnostic import Diagnostic


@dataclass(slots=True)
class Outcome:
    """Collected by the editors of a transaction.

    :param touched: tables whose stored rows or rules have changed.
    :param sinks: new rules under a modal.
    :param strict: statements were inserted that must fit, or all is refused.
    :param problems: reasons to refuse the whole transaction.
    """

    touched: set[TableId] = field(default_factory=set)
    sinks: list[RuleKey] = field(default_factory=list)
    accepted: int = 0
    strict: bool = False
    problems: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
