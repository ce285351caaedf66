"""The plugins of one node: found, permitted, loaded when first needed, and kept.

May import the kernel's catalogue and loader, and oslo.config. This is what roles
get as ``interfaces.role.Plugins``.

Invariants: a plugin is imported only when it is asked for; what failed once is
reported once and refused every time; two nodes of one process share nothing here.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg

from congress.interfaces.plugin import OptionValue, PluginInfo
from congress.kernel import trace
from congress.kernel.builtin_sets import without_repetitions
from congress.kernel.catalogue import (
    Candidate,
    CandidateState,
    Catalogue,
    collect,
    parse_endpoints,
    read_installed,
)
from congress.kernel.errors import choices_hint
from congress.kernel.kinds import KINDS, Cardinality
from congress.kernel.loader import Loaded, load_all
from congress.kernel.options.plugin import read_settings, register_plugin
from congress.kernel.permits import permit
from congress.model.diagnostic import Diagnostic, Refused, refuse

LOG = logging.getLogger(__name__)

_Key = tuple[str, str]


def read_catalogue(conf: cfg.ConfigOpts) -> Catalogue:
    """The catalogue as a node's configuration shapes it. Imports no plugin."""
    found, problems = read_installed()
    configured, malformed = parse_endpoints(conf.custom_driver_endpoints)
    permitted, odd = permit([*found, *configured], conf.drivers, conf.disabled_drivers)
    return collect(permitted, [*problems, *malformed, *odd])


class NodePlugins:
    """A node's plugins. All methods may be called from any thread."""

    def __init__(self, conf: cfg.ConfigOpts, catalogue: Catalogue | None = None) -> None:
        self.catalogue = catalogue if catalogue is not None else read_catalogue(conf)
        self._conf = conf
        self._lock = threading.RLock()
        self._loaded: dict[_Key, Loaded] = {}
        self._failed: dict[_Key, Refused] = {}
        self._complete: set[str] = set()

    def names(self, kind: str) -> Sequence[str]:
        """See ``Plugins.names``."""
        with self._lock:
            if kind not in self._complete:
                self._load(self.catalogue.usable(_known(kind)))
                self._complete.add(kind)
            return sorted(name for loaded_kind, name in self._loaded if loaded_kind == kind)

    def describe(self, kind: str, name: str) -> PluginInfo:
        """See ``Plugins.describe``."""
        return self._get(kind, name).info

    def load(self, kind: str, name: str) -> Any:
        """See ``Plugins.load``."""
        return self._get(kind, name).target

    def make(self, kind: str, name: str, *context: Any) -> Any:
        """See ``Plugins.make``."""
        return self.load(kind, name)(self.settings(kind, name), *context)

    def settings(self, kind: str, name: str) -> dict[str, OptionValue]:
        """See ``Plugins.settings``."""
        settings, problems = read_settings(self._conf, kind, self.describe(kind, name))
        if problems:
            raise Refused(*problems)
        return settings

    def failures(self) -> Sequence[Diagnostic]:
        """What was found wrong with plugins up to now, loaded or not."""
        with self._lock:
            failed = [refusal.diagnostics[0] for refusal in self._failed.values()]
        return [*self.catalogue.warnings, *failed]

    def _get(self, kind: str, name: str) -> Loaded:
        key = (_known(kind), name)
        with self._lock:
            if key not in self._loaded and key not in self._failed:
                self._load([self._candidate(kind, name)])
            if key in self._failed:
                raise self._failed[key]
            return self._loaded[key]

    def _candidate(self, kind: str, name: str) -> Candidate:
        """The one candidate of a name.

        :raises Refused: if there is none, or it must not be used.
        """
        found = self.catalogue.find(kind, name)
        if KINDS[kind].cardinality is Cardinality.ALL:
            found = [one for one in found if one.state is CandidateState.USABLE] or found
        if not found:
            raise _no_such(kind, name, [one.name for one in self.catalogue.usable(kind)])
        first = found[0]
        if first.state is CandidateState.DISABLED:
            raise refuse("plugin", f"{first.label} must not be used: {first.reason}")
        if first.state is CandidateState.DUPLICATE:
            origins = ", ".join(f"{one.origin} ({one.value})" for one in found)
            raise refuse(
                "plugin",
                f"{KINDS[kind].title} {name!r} is provided more than once: {origins}",
                hint="uninstall all but one of these distributions",
                where=f"{kind} {name}",
            )
        return first

    def _load(self, candidates: Sequence[Candidate]) -> None:
        """Load what was not tried before, and keep what came of it."""
        new = [one for one in candidates if not self._tried((one.kind, one.name))]
        loaded, failures = load_all(new)
        if new and new[0].kind == "builtin":
            others = [one for (kind, _), one in self._loaded.items() if kind == "builtin"]
            loaded, repeated = without_repetitions(loaded, others)
            failures.extend(repeated)
        for plugin in loaded:
            self._keep(plugin)
        for refusal in failures:
            kind, _, name = refusal.diagnostics[0].where.partition(" ")
            self._failed[kind, name] = refusal
            LOG.warning("%s", refusal)

    def _keep(self, plugin: Loaded) -> None:
        candidate = plugin.candidate
        key = (candidate.kind, candidate.name)
        try:
            register_plugin(self._conf, candidate.kind, plugin.info)
        except (ValueError, TypeError, cfg.Error) as error:
            self._failed[key] = refuse(
                "plugin",
                f"{candidate.label} declares options that cannot be used: {error}",
                where=f"{candidate.kind} {candidate.name}",
            )
            LOG.warning("%s", self._failed[key])
        else:
            self._loaded[key] = trace.traced(plugin)

    def _tried(self, key: _Key) -> bool:
        return key in self._loaded or key in self._failed


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise refuse(
            "not-found", f"no such kind of plugin: {kind!r}", hint=f"kinds: {', '.join(KINDS)}"
        )
    return kind


def _no_such(kind: str, name: str, choices: Sequence[str]) -> Refused:
    return refuse(
        "plugin",
        f"there is no {KINDS[kind].title} {name!r}",
        hint=choices_hint(name, choices),
        where=KINDS[kind].chosen_by,
    )
