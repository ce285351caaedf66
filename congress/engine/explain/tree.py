"""What an explanation is made of. Pure data.

May import the language's nodes and ``congress.model`` only.

Invariant: an explanation is a finite tree. A row that was explained elsewhere in
it, or whose explanation would go in a circle, says so and is not followed.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from congress.engine.lang.resolved import Plain, TableId
from congress.engine.results import RuleState
from congress.model.values import Row


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much an explanation tells.

    :param limit: rows of an atom with variables that are explained.
    :param depth: how many rules below one another are followed; never more than
        ``DEEPEST``, because trees are built and written by recursion.
    :param nodes: rows, calls and rules that are told in all.
    :param alternatives: derivations of what is asked, or rules that miss it. What
        lies below is told with one; ask for it to see the others.
    :param examples: rows that are shown where many are alike: the members of a
        group, the rows that a negated literal meets, rows that are nearly there.
    """

    limit: int = 10
    depth: int = 12
    nodes: int = 500
    alternatives: int = 3
    examples: int = 3


DEFAULT_BOUNDS = Bounds()
DEEPEST = 60


class End(enum.StrEnum):
    """Why a node is not followed further."""

    SHOWN = "shown"
    CIRCLE = "circle"
    BRIEF = "brief"
    DEPTH = "depth"
    NODES = "nodes"
    BUDGET = "budget"


#: The ends that a bound makes.
CUTS = frozenset({End.DEPTH, End.NODES, End.BUDGET})


@dataclass(frozen=True, slots=True)
class RuleRef:
    """A stored rule: its policy, its id if it has one, and its text."""

    policy: str
    rule_id: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Given:
    """A row was put there: by a datasource, or by statements of a policy.

    :param statements: the ids of the statements, where they have some.
    """

    datasource: bool
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A row that is there, and what it comes from.

    :param modal: ``execute`` for a desired action; its table is then the asking
        policy and the action's name.
    :param more: whether there are further derivations, not told here.
    """

    table: TableId
    row: Row
    modal: str = ""
    given: Given | None = None
    derivations: "tuple[Derivation, ...]" = ()
    more: bool = False
    end: End | None = None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A builtin that holds, with all its arguments; or the literal ``true``."""

    builtin: str
    arguments: Row = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Absence:
    """Rows that are not there, and what keeps them away.

    :param terms: what the rows would be; a variable stands for any value.
    :param attempts: rules that could derive such a row, the nearest first.
    :param idle: rules that could if they took effect.
    :param near: rows of the table that are nearly such.
    :param impossible: why the table can never hold such a row, if it cannot.
    :param more: whether there are further rules, not told here.
    """

    table: TableId
    terms: tuple[Plain, ...]
    modal: str = ""
    attempts: "tuple[Attempt, ...]" = ()
    idle: "tuple[Idle, ...]" = ()
    near: tuple[Row, ...] = ()
    impossible: str = ""
    more: bool = False
    end: End | None = None


#: What makes one literal of a body true.
Step: TypeAlias = Fact | Evaluated | Absence


@dataclass(frozen=True, slots=True)
class Derivation:
    """A rule with values for which its body holds.

    :param steps: one per literal, as written; of an aggregate's group none.
    :param group: for a rule with aggregates, the joined rows behind the result.
    """

    rule: RuleRef
    steps: tuple[Step, ...]
    group: "Group | None" = None


@dataclass(frozen=True, slots=True)
class Group:
    """The joined rows that an aggregate counts: how many, and some of them."""

    size: int
    members: tuple[tuple[Step, ...], ...]


@dataclass(frozen=True, slots=True)
class HeadDiffers:
    """A rule's head has another value, or equal columns where others were asked for."""

    column: int
    found: Plain
    asked: Plain


@dataclass(frozen=True, slots=True)
class Hindrance:
    """A negated literal meets rows: how many, and some of them."""

    size: int
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Refutation:
    """A builtin that does not hold, or the literal ``false``.

    :param arguments: what it was called with; outputs as the rule needs them.
    :param result: all arguments as computed, where the result is another.
    :param error: why the call has no answer; it counts as failed, negated or not.
    """

    builtin: str
    arguments: tuple[Plain, ...] = ()
    negated: bool = False
    result: Row | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class OtherResult:
    """A group has another result than was asked for, or none that can be computed."""

    row: Row | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class OpenHead:
    """The body leaves a variable of the head open: only simulated actions fill it."""

    variable: str


Obstacle: TypeAlias = HeadDiffers | Absence | Hindrance | Refutation | OtherResult | OpenHead


@dataclass(frozen=True, slots=True)
class Attempt:
    """How far a rule gets, and where it stops.

    :param held: what holds before it stops, told in brief; ``positions`` says which
        literals of the body that is.
    :param failing: the position of the literal that fails first; None if it is not
        the body that fails.
    :param partial: in how many ways the literals before it hold, as far as counted.
    :param sufficient: whether the rule would give what was asked if that one literal
        held and everything else stayed; None if that cannot be told.
    """

    rule: RuleRef
    obstacle: Obstacle
    held: tuple[Step, ...] = ()
    positions: tuple[int, ...] = ()
    failing: int | None = None
    partial: int = 1
    sufficient: bool | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """A rule without effect, and the reason."""

    rule: RuleRef
    state: RuleState
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the rows of a source's table can be relied on, as its reader knows it.

    :param age: seconds since the rows were read; None if they never were.
    """

    age: float | None
    complete: bool = True
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why rows are there, or why there is none.

    :param atom: what was asked.
    :param facts: the rows that are there, least rows first.
    :param size: how many there are in all.
    :param absence: what keeps such rows away, if there are none.
    :param sources: the source tables that it rests on.
    :param cut: the bounds that shortened it.
    :param standings: what is known of the source tables, filled in by whoever does.
    """

    policy: str
    atom: str
    facts: tuple[Fact, ...] = ()
    size: int = 0
    absence: Absence | None = None
    sources: frozenset[TableId] = frozenset()
    cut: frozenset[End] = frozenset()
    standings: Mapping[TableId, Standing] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether there is such a row."""
        return bool(self.facts)
