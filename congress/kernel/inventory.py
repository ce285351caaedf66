"""What is installed: the listing behind ``congress plugin list`` and ``show``.

May import the kernel's plugins. Without details nothing is imported; with them,
only the plugins that are listed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from congress.interfaces.plugin import Option
from congress.kernel.catalogue import Candidate, CandidateState
from congress.kernel.errors import choices_hint
from congress.kernel.kinds import KINDS
from congress.kernel.plugins import NodePlugins
from congress.model.diagnostic import Refused, refuse


@dataclass(frozen=True, slots=True)
class Entry:
    """One installed plugin.

    ``state`` is ``usable disabled duplicate broken``; where the plugin was not
    imported, usable means that nothing is known against it. ``target`` is its
    class or object, ``package.module:Name``. What the plugin says of itself is
    empty where it was not imported.
    """

    kind: str
    name: str
    distribution: str
    version: str
    target: str
    state: str
    reason: str = ""
    summary: str = ""
    options: tuple[Option, ...] = ()
    features: Mapping[str, bool | int | str] = field(default_factory=dict)
    supported: bool = True
    deprecated: str = ""
    interface_version: str = ""


def list_entries(
    plugins: NodePlugins, kind: str | None = None, *, details: bool = False
) -> list[Entry]:
    """The plugins of one kind, or of all.

    :param details: import those that may be used, and let them describe themselves.
    :raises Refused: ``not-found`` for an unknown kind.
    """
    kinds = KINDS if kind is None else [_known(kind)]
    listed = [one for each in kinds for one in plugins.catalogue.of(each)]
    if details:
        for each in kinds:
            plugins.names(each)
    return [_entry(plugins, candidate, details=details) for candidate in listed]


def show_entries(plugins: NodePlugins, kind: str, name: str) -> list[Entry]:
    """The plugin of that name in full; several if it is installed more than once.

    :raises Refused: ``not-found``, with the names there are.
    """
    found: Sequence[Candidate] = plugins.catalogue.find(_known(kind), name)
    if not found:
        names = {candidate.name for candidate in plugins.catalogue.of(kind)}
        raise refuse(
            "not-found",
            f"there is no {KINDS[kind].title} {name!r}",
            hint=choices_hint(name, names),
        )
    return [_entry(plugins, candidate, details=True) for candidate in found]


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise refuse(
            "not-found", f"no such kind of plugin: {kind!r}", hint=choices_hint(kind, KINDS)
        )
    return kind


def _entry(plugins: NodePlugins, candidate: Candidate, *, details: bool) -> Entry:
    listed = Entry(
        candidate.kind,
        candidate.name,
        candidate.distribution,
        candidate.version,
        candidate.value,
        str(candidate.state),
        candidate.reason,
    )
    if candidate.state is not CandidateState.USABLE or not details:
        return listed
    try:
        info = plugins.describe(candidate.kind, candidate.name)
        version = getattr(plugins.load(candidate.kind, candidate.name), "interface_version", "")
    except Refused as refusal:
        return replace(listed, state=str(CandidateState.BROKEN), reason=str(refusal))
    return replace(
        listed,
        summary=info.summary,
        options=info.options,
        features=dict(info.features),
        supported=info.supported,
        deprecated=info.deprecated,
        interface_version=str(version or KINDS[candidate.kind].version),
    )
