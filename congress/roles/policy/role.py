"""The role ``policy-engine``: its parts, put together and run.

Imports the engine and the interfaces. The one place of this package that knows
the node's configuration.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path

from oslo_config.cfg import ConfigOpts

from congress.engine import Engine, Limits
from congress.interfaces.plugin import PluginInfo
from congress.interfaces.role import Epoch, Method, NodeRole, RoleParts, Service
from congress.interfaces.storage import Transaction
from congress.model.builtin import Builtin
from congress.model.status import Health, State
from congress.roles.listings import Listings
from congress.roles.policy.actions import Actions
from congress.roles.policy.builtins import FACT as BUILTINS_FACT
from congress.roles.policy.builtins import builtins_digest, differing, load_builtins
from congress.roles.policy.editing import EditingService
from congress.roles.policy.feed import Feed
from congress.roles.policy.following import Following
from congress.roles.policy.history import History
from congress.roles.policy.library import Library
from congress.roles.policy.library_service import LibraryService
from congress.roles.policy.loader import Loader
from congress.roles.policy.mirrors import Mirrors
from congress.roles.policy.policies import Policies
from congress.roles.policy.reader import Reader
from congress.roles.policy.runtime import EngineRuntime
from congress.roles.policy.service import SERVICE, PolicyService
from congress.roles.policy.synchronizer import FACT, Synchronizer
from congress.roles.policy.ticker import Ticker
from congress.roles.policy.trial import Trial
from congress.roles.policy.trimming import LogTrimmer
from congress.roles.policy.writer import PolicyWriter

LOG = logging.getLogger(__name__)

SCHEMA_THREADS = 4
SCHEMA_QUEUE = 256
START_TIMEOUT = 30.0
COMPARE_INTERVAL = 1.0
BASIS_INTERVAL = 1.0
LIBRARY_INTERVAL = 60.0
TRIM_INTERVAL = 60.0


class PolicyEngineRole(NodeRole):
    """Evaluates policy over the tables of all sources."""

    @classmethod
    def describe(cls) -> PluginInfo:
        """See ``Plugin.describe``."""
        return PluginInfo("policy-engine", "evaluates policies and says which actions are due")

    def services(self) -> Sequence[Service]:
        """The one service of this role."""
        return [PolicyEngine(self.parts)]


class PolicyEngine:
    """A policy engine: the engine, what feeds it, and what it tells others."""

    name = SERVICE

    def __init__(self, parts: RoleParts) -> None:
        self._parts = parts
        self._dissent = ""
        self._started = False
        self._founded = False

    def start(self) -> None:
        """Begin; policies are loaded in the background as soon as storage answers."""
        builtins = load_builtins(self._parts.plugins)
        self._engine_loop = self._parts.threads.loop("policy-engine")
        self._store_loop = self._parts.threads.loop("policy-store")
        self._pool = self._parts.threads.pool("policy-schemas", SCHEMA_THREADS, SCHEMA_QUEUE)
        self._make_engine(builtins)
        methods = self._make_services()
        self._digest = digest = builtins_digest(builtins)
        self._engine_loop.call(self._loader.prepare, START_TIMEOUT)
        self._parts.bus.announce(FACT, lambda: self._loader.revision)
        self._parts.bus.announce(BUILTINS_FACT, lambda: digest)
        self._parts.bus.serve(SERVICE, methods, self.health)
        self._synchronizer.after_load(self._found)
        self._synchronizer.after_load(self._open_actions)
        self._synchronizer.after_load(self._library.follow)
        self._engine_loop.post(self._feed.open)
        self._engine_loop.every(COMPARE_INTERVAL, self._compare)
        self._engine_loop.every(BASIS_INTERVAL, self._actions.tell)
        self._synchronizer.open()
        self._store_loop.every(LIBRARY_INTERVAL, self._library.follow)
        conf = self._parts.conf
        trimmer = LogTrimmer(self._parts.storage, lambda: int(conf.storage.change_log_keep))
        self._store_loop.every(TRIM_INTERVAL, trimmer.trim)
        self._started = True

    def _make_engine(self, builtins: Iterable[Builtin]) -> None:
        """What runs on the engine loop. Who listens to the engine first hears first."""
        parts, conf = self._parts, self._parts.conf
        mirrors = Mirrors()
        self._runtime = runtime = EngineRuntime(
            Engine(builtins, limits=read_limits(conf)),
            self._engine_loop,
            parts.clock,
            patience=lambda: float(conf.limits.transaction_seconds),
            query_patience=lambda: float(conf.limits.query_seconds),
        )
        self._loader = loader = Loader(runtime, mirrors)
        self._feed = Feed(parts.bus, runtime, self._pool, mirrors, loader.refresh_mirrors)
        loader.on_drop(self._feed.drop)
        self._listings = Listings(parts.bus.node, parts.clock)
        self._reader = Reader(runtime, loader, self._feed, self._listings, parts.clock)
        self._history = History(lambda: int(conf.limits.change_rows), lambda: self._feed.extents)
        runtime.record(self._history.record)
        self._ticker = Ticker(runtime, parts.clock)
        self._actions = Actions(
            parts.bus, runtime, loader, self._feed, parts.clock, self._reader.datasources
        )

    def _make_services(self) -> Mapping[str, Method]:
        """What runs on the store loop, and the methods of what is before both."""
        parts, conf = self._parts, self._parts.conf

        def patience() -> float:
            return float(conf.dse.long_timeout)

        self._synchronizer = Synchronizer(
            parts.storage,
            parts.bus,
            self._loader,
            store_loop=self._store_loop,
            engine_loop=self._engine_loop,
            clock=parts.clock,
            period=lambda: float(conf.datasource_sync_period or conf.dse.safety_resync_period),
            engine_timeout=patience,
        )
        trial = Trial(self._runtime, self._feed, patience)
        writer = PolicyWriter(parts.storage, parts.bus, self._synchronizer, trial, parts.clock)
        self._policies = Policies(writer, parts.bus.instance, self._reader.mirrored)
        self._library = Library(
            writer, parts.storage, parts.bus.instance, library_folders(parts.conf)
        )
        following = Following(
            parts.bus.node, self._runtime, self._reader, self._history, self._listings
        )
        service = PolicyService(
            self._reader,
            self._runtime,
            self._loader,
            self._feed,
            self._actions,
            self._synchronizer,
            following,
            self._listings,
            self._store_loop,
        )
        editing = EditingService(
            self._policies, self._library, self._synchronizer, trial, self._store_loop, patience
        )
        library = LibraryService(self._library, self._store_loop, patience)
        return {**service.methods(), **editing.methods(), **library.methods()}

    def _compare(self) -> None:
        """Act only in agreement with the other engines and with storage."""
        others = differing(self._parts.bus.peers(), self._digest)
        self._dissent = f"other builtins than on {', '.join(others)}" if others else ""
        self._actions.suspend(self._loader.fault or self._dissent)

    def _found(self) -> None:
        """Have the policies that always exist; only then can requests be answered."""
        self._policies.ensure_system_policies()
        self._founded = True

    def _open_actions(self) -> None:
        """Publish under an epoch that no earlier life of this node had."""
        node, instance = self._parts.bus.node, self._parts.bus.instance
        number = self._parts.storage.run(lambda tx: next_epoch(tx, node))
        epoch = Epoch(number, instance)
        self._engine_loop.call(lambda: self._actions.open(epoch), START_TIMEOUT)

    def stop(self, timeout: float) -> None:
        """End: answer no more, publish no more, finish what is under way."""
        share = timeout / 4
        self._parts.bus.withdraw(SERVICE)
        self._store_loop.close(share)
        try:
            self._engine_loop.call(self._close, share)
        except TimeoutError:
            LOG.warning("the engine is still busy; its last transaction is abandoned")
        self._engine_loop.close(share)
        self._pool.close(share)

    def _close(self) -> None:
        self._ticker.close()
        self._actions.close()
        self._feed.close()

    def health(self) -> Health:
        """Not ready until all policies are loaded; degraded while it cannot follow them."""
        if not self._started:
            return Health(State.NOT_READY, "the policy engine is starting")
        outage, since = self._synchronizer.outage, self._synchronizer.outage_since
        if not self._loader.loaded:
            message = f"policies are not loaded: {outage or 'storage was not read yet'}"
            return Health(State.NOT_READY, message, since)
        if not self._founded:
            message = f"the system policies are not there: {outage or 'they are being made'}"
            return Health(State.NOT_READY, message, since)
        if self._loader.fault:
            return Health(State.FAILED, self._loader.fault)
        if outage:
            return Health(State.DEGRADED, f"policy cannot be followed: {outage}", since)
        if self._dissent:
            return Health(State.DEGRADED, f"no actions are wanted: {self._dissent}")
        return Health()


def read_limits(conf: ConfigOpts) -> Limits:
    """The bounds of transactions, as configured at start."""
    return Limits(
        derived_rows=conf.limits.transaction_rows,
        string_length=conf.limits.string_length,
        integer_bits=conf.limits.integer_bits,
        seconds=conf.limits.transaction_seconds,
    )


def library_folders(conf: ConfigOpts) -> Sequence[Path]:
    """Where the files of the policy library are; a later folder overrides an earlier one."""
    folders = []
    if conf.shipped_policies:
        folders.append(Path(str(resources.files("congress"))) / "library")
    if conf.policy_library_path:
        folders.append(Path(conf.policy_library_path))
    return folders


def next_epoch(tx: Transaction, node: str) -> int:
    """Count a life of a node's policy engine."""
    name = f"policy-engine-epoch/{node}"
    before = tx.facts.get(name)
    number = int(before or 0) + 1
    tx.facts.set(name, str(number), before)
    return number
