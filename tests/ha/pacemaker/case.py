"""What every test of this folder has: the cluster of the guide, and a policy engine beside it."""

import dataclasses
import os
import pathlib
import tempfile
import time
import unittest
from typing import ClassVar
from urllib.parse import urlsplit

from tests.functional.system import DEADLINE, wait_until
from tests.ha.cluster import Cluster
from tests.ha.node import Node, Settings
from tests.ha.pacemaker import machine
from tests.ha.pacemaker.deployment import KEY, follow, prepare
from tests.ha.pacemaker.machine import missing
from tests.ha.pacemaker.pair import Pair
from tests.ha.receiver import Receiver
from tests.ha.servers import BROKER, MARIADB, address

PID = "/run/resource-agents/congress-datasource-ds-node.pid"
LOG = "/var/log/congress-datasource.log"
PACEMAKER = "/var/log/pacemaker/pacemaker.log"

#: The options of the bus at their defaults, which tests elsewhere do not have.
PACE = {"heartbeat_interval": 0.5, "peer_timeout": 3, "lease": 5, "safety_resync_period": 60}

#: The machine that the datasource node runs on, and its process there.
HERE = (
    "here(host, pid) :- machine:host(hostname=host), "
    'machine:processes(pid=pid, name="congress-server")'
)

#: Where machines reach the receiver of webhooks.
HOOK = f"http://{machine.WEB}:8080/hook"

#: Seconds from the agent's start of a node, and from the end of its host, until the policy
#: engine has the first snapshot, on a host that has nothing else to do.
START, FAILOVER = 10.0, 20.0

#: Seconds in which the cluster is whole again after a fault. A node that has to be stopped for
#: that may take as long as the operation's time-out.
HEALING = 90.0


@dataclasses.dataclass(frozen=True)
class Place:
    """A life of the datasource node: the machine, and the process there."""

    machine: str
    pid: int


class StandbyCase(unittest.TestCase):
    """One cluster for all tests of a class. ``here`` is what the policy engine, which is on
    no machine, has from the data source ``machine``: the place of the datasource node.
    """

    pair: ClassVar[Pair]
    engine: ClassVar[Node]
    receiver: ClassVar[Receiver]

    @classmethod
    def setUpClass(cls) -> None:
        if lacks := missing():
            raise AssertionError(f"missing: {', '.join(lacks)}; run script/services tools as root")
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.receiver = cls.enterClassContext(Receiver())
        cls.cluster = cls.enterClassContext(Cluster(address(BROKER), address(MARIADB)))
        cls.pair = cls.enterClassContext(Pair(folder))
        for way in (
            (machine.BROKER, 5672, urlsplit(address(BROKER)).port or 0),
            (machine.DATABASE, 3306, urlsplit(address(MARIADB)).port or 0),
            (machine.WEB, 8080, cls.receiver.server_port),
        ):
            cls.pair.lab.relay(*way)
        own: Settings = {
            "DEFAULT": {"auth_strategy": "noauth", "bind_host": "0.0.0.0"},
            "auth_noauth": {"allow_remote": True},
            "dse": {"bus_id": cls.cluster.bus},
            "driver_notify": {"allowed_urls": HOOK},
        }
        prepare(cls.pair, cls.cluster.database.url, own)
        follow(cls.pair)
        cls.start_engine()

    @classmethod
    def start_engine(cls) -> None:
        """Start the policy engine, and have it watch the machine of the datasource node."""
        keys = cls.cluster.folder / "keys"
        keys.mkdir(0o700)
        (keys / KEY.name).write_text(cls.pair.machines[0].path(KEY).read_text())
        (keys / KEY.name).chmod(0o600)
        cls.engine = cls.cluster.engine("outside", {"dse": PACE})
        cls.cluster.start(cls.engine)
        cls.engine.api.create_source("machine", "host", poll_time=1)
        cls.engine.api.create_rule("classification", HERE)

    def setUp(self) -> None:
        for host in self.pair.machines:
            if not host.on:
                host.switch_on()
            host.plug("eth0", "eth1")
            host.find(machine.BROKER)
        self.addCleanup(self.tell_logs)
        wait_until(self.forget_failures, "Pacemaker forgets what failed")
        self.await_settled()
        self.begin()

    def forget_failures(self) -> bool:
        """Have Pacemaker forget them; whether it could be asked."""
        host = self.pair.machines[0]
        return "Cleaned up" in host.run("crm_resource", "--cleanup", check=False)

    def begin(self) -> None:
        """Something fails now."""
        self.began = time.monotonic()

    def await_settled(self) -> None:
        """Wait until the cluster is whole again."""
        wait_until(
            self.settled, "the machines agree on where the node runs, once", HEALING * slowness()
        )

    def settled(self) -> bool:
        """Whether both machines take part, and all agree where the node is."""
        place = self.place()
        return self.pair.online() == {"host-1", "host-2"} and self.pair.where() == [
            place.machine if place else ""
        ]

    def place(self) -> Place | None:
        """Where the datasource node is, as the policy engine has it."""
        rows = self.engine.api.rows("classification", "here") or []
        return Place(*rows[0]) if len(rows) == 1 else None

    def here(self) -> Place:
        """Where the datasource node is, which is somewhere."""
        place = self.place()
        assert place is not None
        return place

    def await_other(self, before: Place, what: str) -> Place:
        """The next life of the node, once its first snapshot is readable.

        That is no later after the agent's start than it may be, and what it took is recorded.
        """

        def found() -> Place | None:
            place = self.place()
            return None if place == before else place

        what_for = f"the policy engine has data of another life than {before}"
        after = wait_until(found, what_for, max(DEADLINE, FAILOVER * slowness()))
        whole = time.monotonic() - self.began
        started = time.time() - self.pair.machine(after.machine).path(PID).stat().st_mtime
        record(what, whole, started)
        self.assertLess(started, START * slowness())
        self.assertLess(whole, FAILOVER * slowness())
        return after

    def tell_logs(self) -> None:
        """Print what the machines have to say of a test that failed."""
        # There is no other way to know it in a clean-up.
        if self._outcome.success:  # type: ignore[attr-defined]
            return
        tell = f"tail -n 40 {LOG}; grep -v '\tinfo: ' {PACEMAKER} | tail -n 40"
        for host in self.pair.machines:
            if host.on:
                print(host.name, host.run("sh", "-c", tell, check=False))


def slowness() -> float:
    """How many times longer all takes because of what else this host has to do."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def record(what: str, whole: float, started: float) -> None:
    """Add a line to the file that ``CONGRESS_FIGURES`` names, if it does."""
    if name := os.environ.get("CONGRESS_FIGURES"):
        with open(name, "a") as file:
            file.write(
                f"{what}: first snapshot after {whole:.1f} s, {started:.1f} s after the agent's "
                f"start, at load {os.getloadavg()[0]:.0f}\n"
            )
