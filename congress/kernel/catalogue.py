"""The catalogue: which plugins there are, from which distribution, and which may be used.

May import ``congress.kernel.kinds`` and the standard library. It imports no
plugin: everything here comes from package metadata and configuration. Metadata
is read with ``importlib.metadata``, because stevedore's own cache forgets which
distribution an entry point came from.

Invariant: a candidate in state ``USABLE`` is the only one of its kind and name.
"""

import enum
import importlib.metadata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from congress.kernel.kinds import KINDS, Cardinality
from congress.model.diagnostic import Diagnostic, Severity

#: The distribution this file belongs to.
OWN_DISTRIBUTION = "congress"
#: What stands in place of a distribution for ``custom_driver_endpoints``.
CONFIGURED = "custom_driver_endpoints"


class CandidateState(enum.StrEnum):
    """What is known of a candidate without importing it, and after trying to."""

    USABLE = "usable"
    DISABLED = "disabled"
    DUPLICATE = "duplicate"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that is installed or configured, imported or not.

    ``value`` is the entry point's target, ``package.module:Name``.
    """

    kind: str
    name: str
    value: str
    distribution: str = ""
    version: str = ""
    state: CandidateState = CandidateState.USABLE
    reason: str = ""

    @property
    def entry_point(self) -> importlib.metadata.EntryPoint:
        """The entry point as packaging knows it."""
        return importlib.metadata.EntryPoint(self.name, self.value, KINDS[self.kind].namespace)

    @property
    def origin(self) -> str:
        """Whence it comes, for messages."""
        return f"{self.distribution} {self.version}".strip()

    @property
    def label(self) -> str:
        """Kind, name and origin, for messages."""
        return f"{KINDS[self.kind].title} {self.name!r} of {self.origin}"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All candidates, by kind and name, and what was noticed while collecting them."""

    candidates: tuple[Candidate, ...]
    warnings: tuple[Diagnostic, ...] = ()

    def of(self, kind: str) -> Sequence[Candidate]:
        """The candidates of a kind, in whatever state."""
        return [candidate for candidate in self.candidates if candidate.kind == kind]

    def usable(self, kind: str) -> Sequence[Candidate]:
        """The candidates of a kind that may be loaded."""
        return [c for c in self.of(kind) if c.state is CandidateState.USABLE]

    def find(self, kind: str, name: str) -> Sequence[Candidate]:
        """The candidates of that name: none, one, or the duplicates."""
        return [candidate for candidate in self.of(kind) if candidate.name == name]


def collect(found: Iterable[Candidate], warnings: Iterable[Diagnostic] = ()) -> Catalogue:
    """A catalogue in which duplicates are marked and reported.

    Where all plugins of a kind are used, one of Congress itself stays usable
    beside its namesakes: nobody chose them, so they must not stop it.
    """
    groups: dict[tuple[str, str], list[Candidate]] = {}
    for candidate in found:
        group = groups.setdefault((candidate.kind, candidate.name), [])
        if candidate not in group:
            group.append(candidate)
    listed: list[Candidate] = []
    noticed = list(warnings)
    for _, group in sorted(groups.items()):
        if len(group) > 1:
            noticed.append(_duplicate(group))
            group = [_marked(candidate, group) for candidate in group]
        listed.extend(group)
    return Catalogue(tuple(listed), tuple(noticed))


def read_installed() -> tuple[list[Candidate], list[Diagnostic]]:
    """Every plugin of every kind that package metadata tells of.

    A distribution whose metadata cannot be read is reported, the others count.
    """
    namespaces = {kind.namespace: kind.name for kind in KINDS.values()}
    found: list[Candidate] = []
    problems: list[Diagnostic] = []
    seen: set[str] = set()
    for distribution in importlib.metadata.distributions():
        try:
            points = [one for one in distribution.entry_points if one.group in namespaces]
            if not points:
                continue
            name, version = _identity(distribution)
        except Exception as error:
            problems.append(_unreadable(distribution, error))
            continue
        if name not in seen:
            seen.add(name)
            found.extend(
                Candidate(namespaces[one.group], one.name, one.value, name, version)
                for one in points
            )
    return found, problems


def parse_endpoints(endpoints: Iterable[str]) -> tuple[list[Candidate], list[Diagnostic]]:
    """Candidates from ``custom_driver_endpoints``, each ``name=package.module:Class``."""
    found: list[Candidate] = []
    problems: list[Diagnostic] = []
    for endpoint in endpoints:
        name, equals, value = (part.strip() for part in endpoint.partition("="))
        module, colon, target = value.partition(":")
        if equals and colon and name and _dotted(module) and _dotted(target):
            found.append(Candidate("driver", name, value, CONFIGURED))
        else:
            problems.append(
                Diagnostic(
                    "bad-configuration",
                    f"{endpoint!r} is not a driver endpoint",
                    hint="write name=package.module:Class",
                    where="[DEFAULT] custom_driver_endpoints",
                )
            )
    return found, problems


def _dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _marked(candidate: Candidate, group: Sequence[Candidate]) -> Candidate:
    everywhere = KINDS[candidate.kind].cardinality is Cardinality.ALL
    own = [one for one in group if one.distribution == OWN_DISTRIBUTION]
    if everywhere and own and candidate is own[0]:
        return candidate
    others = ", ".join(one.origin for one in group if one is not candidate)
    return replace(candidate, state=CandidateState.DUPLICATE, reason=f"also provided by {others}")


def _duplicate(group: Sequence[Candidate]) -> Diagnostic:
    first = group[0]
    origins = ", ".join(f"{candidate.origin} ({candidate.value})" for candidate in group)
    return Diagnostic(
        "plugin",
        f"{KINDS[first.kind].title} {first.name!r} is provided more than once: {origins}",
        hint="uninstall all but one of these distributions",
        severity=Severity.WARNING,
        where=f"{first.kind} {first.name}",
    )


def _identity(distribution: importlib.metadata.Distribution) -> tuple[str, str]:
    """Name and version of a distribution; metadata without a name is not usable."""
    metadata = distribution.metadata
    name, version = str(metadata["Name"] or ""), str(metadata["Version"] or "")
    if not name:
        raise ValueError("it has no name")
    return name, version


def _unreadable(distribution: importlib.metadata.Distribution, error: Exception) -> Diagnostic:
    path = getattr(distribution, "_path", None)
    name = getattr(path, "name", "") or "unnamed"
    return Diagnostic(
        "plugin",
        f"the metadata of an installed distribution cannot be read: {error!r}",
        hint="reinstall or remove it; its plugins are ignored",
        severity=Severity.WARNING,
        where=str(name),
    )
