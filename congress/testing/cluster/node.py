"""A whole node in a simulated process: configured, composed, started, watched.

May import the kernel and the bus, which it brings together as ``congress-server`` does.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from oslo_config import cfg

from congress.bus import Bus, BusOptions
from congress.bus.subscription import SourceSubscription
from congress.interfaces.bus import BusTransport
from congress.interfaces.role import Arrival
from congress.interfaces.runtime import Clock, Threads
from congress.kernel.node import Node, NodeBus
from congress.kernel.options import new_conf
from congress.model.diagnostic import Refused
from congress.testing.cluster.plan import Plan
from congress.testing.cluster.plugins import NAME, process_of, simulated_catalogue
from congress.testing.cluster.process import Process
from congress.testing.cluster.witness import Witness


class WitnessedBus(Bus):
    """The bus, with a witness at each subscription."""

    def __init__(self, transport: BusTransport, *, clock: Clock, **arguments: Any) -> None:
        super().__init__(transport, clock=clock, **arguments)
        self._process = process_of(clock)

    def subscribe(
        self,
        source: str,
        tables: Iterable[str],
        on_arrival: Callable[[Arrival], None],
        on_state: Callable[[str, str], None] | None = None,
    ) -> SourceSubscription:
        """See ``Bus.subscribe``."""
        witness = Witness(source, self._process)

        def arrive(arrival: Arrival) -> None:
            witness.see(arrival)
            on_arrival(arrival)

        return super().subscribe(source, tables, arrive, on_state)


def make_conf(name: str, roles: Sequence[str], plan: Plan) -> cfg.ConfigOpts:
    """The configuration of a simulated node: the defaults, but for what the plan says."""
    conf = new_conf()
    conf([], project="congress", default_config_files=[])
    conf.set_override("id", name, group="node")
    conf.set_override("roles", list(roles), group="node")
    conf.set_override("transport", NAME, group="dse")
    conf.set_override("leader_strategy", plan.strategy, group="dse")
    for option, value in asdict(plan.pace).items():
        conf.set_override(option, value, group="dse")
    conf.set_override("backend", NAME, group="storage")
    conf.set_override("backend", NAME, group="secrets")
    conf.set_override("replicated_policy_engine", True)
    conf.set_override("shipped_policies", False)
    conf.set_override("policy_library_path", "")
    return conf


class SimNode:
    """One life of a node.

    :param gone: told when the process ended by itself, with the reason.
    """

    def __init__(
        self,
        process: Process,
        roles: Sequence[str],
        plan: Plan,
        gone: Callable[["SimNode", str], None],
    ) -> None:
        self.process = process
        self.roles = roles
        self.up = False
        self.bus: Bus | None = None
        self._gone = gone
        self._main = process.group.loop("main")
        self.node = Node(
            make_conf(process.name, roles, plan),
            make_bus=self._make_bus,
            clock=process.clock,
            threads=process.group,
            hub=process.world,
            instance=process.instance,
            catalogue=simulated_catalogue(),
            on_failure=self._exit,
        )

    def start(self) -> None:
        """Begin to start; returns at once."""
        self.process.note("starts", " ".join(self.roles))
        self._main.post(self._start)

    def stop(self, timeout: float) -> None:
        """As SIGTERM; returns at once."""
        self._main.post(lambda: self._stop(timeout))

    def run(self, job: Callable[[], object]) -> None:
        """Do something in this process, as a client on the same machine."""
        self._main.post(job)

    def _make_bus(
        self,
        transport: BusTransport,
        *,
        bus_id: str,
        node: str,
        instance: str,
        clock: Clock,
        threads: Threads,
        options: Any,
    ) -> NodeBus:
        self.bus = WitnessedBus(
            transport,
            bus_id=bus_id,
            node=node,
            instance=instance,
            clock=clock,
            threads=threads,
            options=BusOptions.following(options),
        )
        return self.bus

    def _start(self) -> None:
        try:
            self.node.start()
        except Refused as refusal:
            self._exit(str(refusal))
        else:
            self.up = True
            self.process.note("up")

    def _stop(self, timeout: float) -> None:
        self.up = False
        self.node.stop(timeout)
        self._exit("stopped")

    def _exit(self, reason: str) -> None:
        """The process ends.

        :raises Killed: always.
        """
        self.process.note("exits", reason)
        self._gone(self, reason)
        self.process.die()
