"""Whole nodes with the datasources role, and policy engines that tests play.

The bus, the storage, the leader strategy and the role are the real ones; drivers,
policy engines and the key are played. Everything runs on the manual clock.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from congress.bus import Bus
from congress.interfaces.datasource import (
    DatasourceDriver,
)
from congress.interfaces.plugin import OptionValue, PluginInfo
from congress.interfaces.role import Coverage, Epoch
from congress.interfaces.secrets import SecretContext, SecretStore
from congress.interfaces.storage import (
    DatasourceRecord,
    LedgerEntry,
    StorageContext,
    StorageError,
)
from congress.kernel.options import new_conf
from congress.model.action import ActionCall, DesiredAction
from congress.model.delta import Snapshot
from congress.model.diagnostic import Refused, refuse
from congress.model.status import Health, State
from congress.model.values import Row, canonical
from congress.plugins.leader.auto import AutoStrategy
from congress.plugins.leader.lease import LeaseStrategy
from congress.plugins.storage.memory import MemoryHub, MemoryStorage
from congress.roles.datasource.administration import DatasourceAdministration
from congress.roles.datasource.electorate import Sightings
from congress.roles.datasource.host import HostParts
from congress.roles.datasource.settings import Settings
from congress.testing.buses import BusTestCase
from congress.testing.fibre import Killed
from tests.unit.roles_datasource.world import PushedDriver, World, WorldDriver, bound


class FakeSecrets(SecretStore):
    """Turns texts around; the key is what ``config`` says."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo("fake", "Turns texts around.")

    def prepare(self, *, create: bool) -> None:
        self.created = create

    def fingerprint(self) -> str:
        return str(self.config.get("key", "k1"))

    def seal(self, secret: str) -> str:
        return "sealed:" + secret[::-1].encode().hex()

    def open(self, sealed: str) -> str:
        if not sealed.startswith("sealed:"):
            raise refuse("secret-key", "sealed with another key")
        return bytes.fromhex(sealed.removeprefix("sealed:")).decode()[::-1]


class FakePlugins:
    """The plugins of a test, by kind and name."""

    def __init__(self, drivers: Mapping[str, type[DatasourceDriver]]) -> None:
        self.kinds: dict[str, dict[str, Any]] = {
            "driver": dict(drivers),
            "leader": {"auto": AutoStrategy, "lease": LeaseStrategy},
            "secrets": {"fernet": FakeSecrets},
        }
        self.options: dict[tuple[str, str], dict[str, OptionValue]] = {}

    def names(self, kind: str) -> Sequence[str]:
        return sorted(self.kinds[kind])

    def describe(self, kind: str, name: str) -> PluginInfo:
        info: PluginInfo = self.load(kind, name).describe()
        return info

    def load(self, kind: str, name: str) -> Any:
        if name not in self.kinds[kind]:
            raise refuse("plugin", f"no {kind} {name!r}")
        return self.kinds[kind][name]

    def make(self, kind: str, name: str, *context: Any) -> Any:
        return self.load(kind, name)(self.settings(kind, name), *context)

    def settings(self, kind: str, name: str) -> dict[str, OptionValue]:
        return self.options.get((kind, name), {})


class FlakyStorage(MemoryStorage):
    """Memory that can be away."""

    away = False

    def transaction(self, *, write: bool = False, fence: Any = None) -> Any:
        if self.away:
            raise StorageError("the database is away")
        return super().transaction(write=write, fence=fence)


class Node:
    """A node with the datasources role."""

    def __init__(self, case: "DatasourceCase", name: str) -> None:
        self.name = name
        self.bus = case.bus(name)
        self.threads = case.threads.group(name)
        self.storage = FlakyStorage({}, StorageContext("test", case.clock, hub=case.memory))
        self.settings = Settings(case.conf)
        self.parts = HostParts(
            bus=self.bus,
            storage=self.storage,
            plugins=case.plugins,
            threads=self.threads,
            clock=case.clock,
            settings=self.settings,
            secrets=case.plugins.make("secrets", "fernet", SecretContext()),
            sightings=Sightings(case.clock),
        )
        self.service = DatasourceAdministration(self.parts)

    def start(self) -> "Node":
        self.service.start()
        return self

    def kill(self) -> None:
        """As SIGKILL."""
        self.threads.kill()

    def die(self) -> None:
        """As ``kill``, from within the node's own code."""
        self.kill()
        raise Killed


class Engine:
    """A policy engine whose desired actions a test sets."""

    def __init__(self, case: "DatasourceCase", name: str, bus: Bus | None = None) -> None:
        self.name = name
        self.case = case
        self.bus = bus or case.bus(name)
        self.health = Health()
        self.rows: dict[str, set[Row]] = {}
        self.basis: frozenset[Row] = frozenset()
        self.bus.serve("policy-engine", {}, lambda: self.health)
        self.out = self.bus.publisher(f"policy-engine/{name}", Epoch(1, self.bus.instance))

    def ail(self) -> None:
        self.health = Health(State.FAILED, "out of order")

    def publish(self, datasource: str = "nova") -> "Engine":
        table = f"__actions/{datasource}"
        rows = frozenset(self.rows.setdefault(datasource, set()))
        coverage = Coverage(self.case.clock.time(), complete=True)
        changes = [Snapshot(table, rows), Snapshot("__basis", self.basis)]
        self.out.publish(changes, {change.table: coverage for change in changes})
        return self

    def follow(self, rule: DesiredAction, seq: int) -> "Engine":
        """Say with the next publication what a rule's actions follow from."""
        self.basis = basis_rows(rule, seq)
        return self

    def want(self, *desired: DesiredAction) -> "Engine":
        for action in desired:
            self.rows.setdefault(action.datasource, set()).add(want_row(action))
        for datasource in sorted({action.datasource for action in desired}):
            self.publish(datasource)
        return self

    def drop(self, *desired: DesiredAction) -> "Engine":
        for action in desired:
            self.rows[action.datasource].discard(want_row(action))
            self.publish(action.datasource)
        return self

    def hold(self, desired: DesiredAction) -> "Engine":
        """As the real one does: the rule's wants go when the hold comes."""
        rows = self.rows.setdefault(desired.datasource, set())
        rows.difference_update([row for row in rows if row[2] == desired.rule])
        rows.add(("hold", desired.policy, desired.rule, "", ""))
        return self.publish(desired.datasource)

    def arm(self, *wanted: DesiredAction, rule: DesiredAction) -> "Engine":
        rows = self.rows[rule.datasource]
        rows.discard(("hold", rule.policy, rule.rule, "", ""))
        rows.update(want_row(action) for action in wanted)
        return self.publish(rule.datasource)


def basis_rows(rule: DesiredAction, seq: int) -> frozenset[Row]:
    """That a rule's actions follow from one table of a source, as of a sequence number."""
    marks = f'{{"s:t":[1,{seq}]}}'
    return frozenset({(rule.policy, rule.rule, '["s:t"]'), ("", "", marks)})


def want_row(desired: DesiredAction) -> Row:
    return ("want", desired.policy, desired.rule, desired.action, canonical(desired.arguments))


def pause(server: str = "vm1", rule: str = "r1", action: str = "pause") -> DesiredAction:
    return DesiredAction("action", rule, "nova", action, (server,))


class DatasourceCase(BusTestCase):
    """A test with nodes that run datasources."""

    overrides: Mapping[str, object] = {}

    def setUp(self) -> None:
        super().setUp()
        self.memory = MemoryHub()
        self.world = World()
        self.plugins = FakePlugins(
            {"world": bound(WorldDriver, self.world), "pushed": bound(PushedDriver, self.world)}
        )
        self.conf = new_conf()
        self.conf([], default_config_files=[])
        for option, value in self.overrides.items():
            self.override(option, value)
        self.storage = MemoryStorage({}, StorageContext("test", self.clock, hub=self.memory))

    def override(self, option: str, value: object) -> None:
        group, _, name = option.rpartition(".")
        self.conf.set_override(name, value, group=group or None)

    def node(self, name: str = "ds1") -> Node:
        node = Node(self, name)
        node.start()
        self.addCleanup(node.service.stop, 5.0)
        self.clock.advance(1.0)
        return node

    def store(self, name: str = "nova", driver: str = "world", **changes: Any) -> DatasourceRecord:
        """Put a datasource into storage without asking anybody."""
        config: dict[str, OptionValue] = {"address": "here", **changes.pop("config", {})}
        record = DatasourceRecord(f"id-{name}", name, driver, config, **changes)
        self.storage.run(lambda tx: tx.datasources.add(record))
        return record

    def create(self, node: Node, name: str = "nova", driver: str = "world", **config: Any) -> Any:
        config.setdefault("address", "here")
        return node.bus.call(
            "datasources",
            "datasource_create",
            {"name": name, "driver": driver, "config": config},
            timeout=10.0,
        )

    def ask(self, node: Node, method: str, source: str = "nova", **args: Any) -> Any:
        return node.bus.call(f"datasource/{source}", method, args, timeout=10.0)

    def execute(self, node: Node, action: str, *positional: Any, wait: bool = True) -> Any:
        args = {"positional": list(positional)}
        return self.ask(
            node, "execute", name=action, args=args, wait=wait, actor="ann", request_id="req-1"
        )

    def refused(self, work: Callable[[], object]) -> Refused:
        with self.assertRaises(Refused) as caught:
            work()
        return caught.exception

    def ledger(self) -> list[LedgerEntry]:
        return list(self.storage.read(lambda tx: tx.ledger.list()))

    def entry(self, desired: DesiredAction) -> LedgerEntry | None:
        return self.storage.read(lambda tx: tx.ledger.get(desired.key))

    def states(self) -> dict[str, str]:
        """The arguments of each entry, and its state."""
        return {str(e.desired.arguments[0]): str(e.state) for e in self.ledger()}

    def called(self) -> list[object]:
        """The first argument of each call."""
        return [call.positional[0] for call in self.world.calls]

    def rows(self, node: Node, table: str, name: str = "nova") -> list[list[object]]:
        found: list[list[object]] = self.ask(node, "rows", name, table=table)["rows"]
        return found


def ids(calls: Iterable[ActionCall]) -> list[str]:
    return [call.idempotency_key for call in calls]
