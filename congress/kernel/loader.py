"""The loader: from a candidate to a class that can be used, or a refusal.

May import stevedore and the kernel's catalogue. This is the only module that
imports plugins. Which stevedore manager loads a plugin follows from how many of
its kind a node uses.

Invariants: what was loaded is what the catalogue listed (stevedore keeps a cache
of its own that may be older, so it is shown the catalogue's entry points and no
others); whatever a plugin's module does while it is imported, short of killing
the process, ends up as a ``Refused`` that names its distribution.
"""

import importlib.metadata
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stevedore import DriverManager, ExtensionManager, NamedExtensionManager
from stevedore.exception import NoMatches

from congress.interfaces.builtin import INTERFACE_VERSION as BUILTIN_VERSION
from congress.interfaces.plugin import Plugin, PluginInfo
from congress.kernel.catalogue import Candidate
from congress.kernel.kinds import KINDS, Cardinality, Kind
from congress.model.builtin import Builtin
from congress.model.diagnostic import Refused, refuse


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plugin ready for use: its class (for builtins: the sequence) and what it says of itself."""

    candidate: Candidate
    target: Any
    info: PluginInfo


class _ImportFailed(Exception):  # noqa: N818 - says what happened
    """Any way in which an import can end badly, as something stevedore can handle."""


class _EntryPoint(importlib.metadata.EntryPoint):
    """An entry point whose import cannot end the program.

    stevedore lets ``AssertionError`` and everything that is no ``Exception``
    through, so a plugin that calls ``sys.exit`` at import would take the rest along.
    """

    def load(self) -> Any:
        """The target.

        :raises _ImportFailed: whatever was raised instead.
        """
        try:
            return super().load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise _ImportFailed(f"{type(error).__name__}: {error}") from error


def load(candidate: Candidate) -> Loaded:
    """Load one plugin.

    :raises Refused: code ``plugin``, saying what is wrong with it.
    """
    loaded, failures = load_all([candidate])
    if failures:
        raise failures[0]
    return loaded[0]


def load_all(candidates: Sequence[Candidate]) -> tuple[list[Loaded], list[Refused]]:
    """Load plugins of one kind; what fails does not stop the rest."""
    loaded: list[Loaded] = []
    failures: list[Refused] = []
    if not candidates:
        return loaded, failures
    targets = _import(candidates, failures)
    for candidate in candidates:
        if candidate.name not in targets:
            continue
        try:
            loaded.append(_check(candidate, targets[candidate.name]))
        except Refused as refusal:
            failures.append(refusal)
    return loaded, failures


def _import(candidates: Sequence[Candidate], failures: list[Refused]) -> dict[str, Any]:
    """What the candidates' entry points give, by name."""
    by_name = {candidate.name: candidate for candidate in candidates}

    def failed(_manager: object, point: importlib.metadata.EntryPoint, error: Exception) -> None:
        if point.name in by_name:
            failures.append(_refuse(by_name[point.name], f"cannot be imported: {error}"))

    kind = KINDS[candidates[0].kind]
    try:
        manager = _make_manager(kind, list(by_name.values()), failed)
    except NoMatches:
        return {}
    targets: dict[str, Any] = {}
    for extension in manager.extensions:
        candidate = by_name[extension.name]
        if extension.entry_point != candidate.entry_point:
            failures.append(_refuse(candidate, "is not what its metadata lists"))
        else:
            targets[extension.name] = extension.plugin
    return targets


def _make_manager(kind: Kind, candidates: Sequence[Candidate], failed: Callable[..., None]) -> Any:
    """The stevedore manager for a kind's cardinality, which sees these candidates only."""
    names = [candidate.name for candidate in candidates]
    points = [_EntryPoint(c.name, c.value, kind.namespace) for c in candidates]
    parents: dict[Cardinality, Any] = {
        Cardinality.ALL: ExtensionManager,
        Cardinality.LISTED: NamedExtensionManager,
    }
    one = len(names) == 1 and kind.cardinality in (Cardinality.ONE, Cardinality.EACH)
    parent: Any = DriverManager if one else parents.get(kind.cardinality, NamedExtensionManager)

    class Manager(parent):  # type: ignore[misc]
        def list_entry_points(self) -> list[importlib.metadata.EntryPoint]:
            return list(points)

    arguments: dict[str, Any] = {"on_load_failure_callback": failed}
    if parent is DriverManager:
        arguments["name"] = names[0]
    elif parent is NamedExtensionManager:
        arguments["names"] = names
        arguments["name_order"] = True
    if parent is not ExtensionManager:
        arguments["on_missing_entrypoints_callback"] = None
    return Manager(kind.namespace, **arguments)


def _check(candidate: Candidate, target: Any) -> Loaded:
    """Hold what an entry point gave against its kind's interface."""
    kind = KINDS[candidate.kind]
    if kind.interface is None:
        return _check_builtins(candidate, target)
    plugin: Any = target
    if not (isinstance(target, type) and issubclass(target, kind.interface)):
        raise _refuse(candidate, f"is not a {kind.interface.__name__}")
    _check_version(candidate, plugin.interface_version, kind.version)
    if missing := sorted(plugin.__abstractmethods__):
        raise _refuse(candidate, f"lacks {', '.join(missing)}")
    return Loaded(candidate, plugin, _describe(candidate, plugin))


def _describe(candidate: Candidate, target: type[Plugin]) -> PluginInfo:
    try:
        info = target.describe()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _refuse(candidate, f"cannot describe itself: {error!r}") from error
    if not isinstance(info, PluginInfo):
        raise _refuse(candidate, "describes itself by something that is no PluginInfo")
    return replace(info, name=candidate.name)


def _check_builtins(candidate: Candidate, target: Any) -> Loaded:
    """Check a set of builtins; the version its module states is the one it was written for."""
    module = sys.modules.get(candidate.entry_point.module)
    version = getattr(module, "INTERFACE_VERSION", BUILTIN_VERSION)
    _check_version(candidate, version, BUILTIN_VERSION)
    is_set = isinstance(target, Sequence) and not isinstance(target, str)
    if not is_set or not all(isinstance(one, Builtin) for one in target):
        raise _refuse(candidate, "is not a sequence of Builtin")
    summary = (getattr(module, "__doc__", None) or "").strip().split("\n")[0]
    info = PluginInfo(candidate.name, summary, features={"predicates": len(target)})
    return Loaded(candidate, tuple(target), info)


def _check_version(candidate: Candidate, version: object, wanted: str) -> None:
    if str(version).split(".")[0] != wanted.split(".")[0]:
        raise _refuse(
            candidate,
            f"was written for version {version} of the {KINDS[candidate.kind].title} "
            f"interface, this Congress has {wanted}",
            hint=f"install a release of {candidate.distribution} for this Congress",
        )


def _refuse(candidate: Candidate, what: str, hint: str = "") -> Refused:
    return refuse(
        "plugin",
        f"{candidate.label} {what}",
        hint=hint or f"repair or uninstall {candidate.distribution}",
        where=f"{candidate.kind} {candidate.name}",
    )
