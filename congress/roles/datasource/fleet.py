"""The datasources of this node: those it owns run, those another owns are stood by for.

Imports the interfaces and the model only.

Invariants: a host runs here only while its lease is renewed from here; no job of
the fleet loop or the lease loop runs code of a driver; what storage says wins over
what runs.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from congress.interfaces.role import Peer
from congress.interfaces.runtime import Loop, Pool
from congress.interfaces.storage import DatasourceRecord, StorageError, Transaction
from congress.model.status import Health, State
from congress.roles.datasource.host import Host, HostParts
from congress.roles.datasource.leases import Leases, Tenure
from congress.roles.datasource.mounting import KIND
from congress.roles.datasource.registry import Registry, Who

LOG = logging.getLogger(__name__)

#: A lease is renewed, and one of another node tried, so many times within its length.
TRIES = 3

#: How long a driver that is no longer needed may take to end, seconds.
FAREWELL = 10.0

SUPERVISION = 1.0
HOUSEKEEPING = 3600.0
CLOSERS = 4


class Fleet:
    """Keeps hosts in line with storage and leases."""

    def __init__(self, parts: HostParts, registry: Registry) -> None:
        self._parts = parts
        self._registry = registry
        self._lock = threading.Lock()
        self._hosts: dict[str, Host] = {}
        self._retiring: list[Tenure] = []
        self._records: dict[str, DatasourceRecord] = {}
        self._storage_error = ""
        self._stopping = False
        bus = parts.bus
        self._leases = Leases(
            parts.storage, parts.clock, lambda: parts.settings.lease, bus.node, bus.instance
        )
        self._fleet_loop: Loop | None = None
        self._lease_loop: Loop | None = None
        self._closers: Pool | None = None

    def start(self) -> None:
        """Begin to look after leases and hosts.

        :raises StorageError: storage is away.
        """
        self._leases.supersede()
        threads, settings = self._parts.threads, self._parts.settings
        self._closers = threads.pool("datasource-closers", CLOSERS, 10_000)
        self._fleet_loop = threads.loop("datasource-fleet")
        self._lease_loop = threads.loop("datasource-leases")
        self._fleet_loop.post(self.reconcile)
        self._fleet_loop.every(lambda: settings.sync_period, self.reconcile)
        self._fleet_loop.every(lambda: settings.lease / TRIES, self._take_vacant)
        self._fleet_loop.every(HOUSEKEEPING, self._keep_house)
        self._lease_loop.every(lambda: settings.lease / TRIES, self._renew)
        self._lease_loop.every(SUPERVISION, self._supervise)
        self._hear_all()

    def stop(self, timeout: float) -> None:
        """End all hosts at the same time and give the leases back."""
        clock = self._parts.clock
        deadline = clock.monotonic() + timeout

        def left() -> float:
            return max(0.0, deadline - clock.monotonic())

        self._stopping = True
        for host in self.hosts().values():
            host.halt()
        if self._fleet_loop:
            self._fleet_loop.close(left())
        hosts = list(self.hosts().values())
        for host in hosts:
            host.halt()
        for host in hosts:
            host.join(left())
        if self._closers:
            self._closers.close(left())
        if self._lease_loop:
            self._lease_loop.close(left())
        for host in hosts:
            self._leases.release(host.tenure)
        with self._lock:
            self._hosts.clear()

    def hosts(self) -> Mapping[str, Host]:
        """The datasources that run here, by name. Any thread."""
        with self._lock:
            return dict(self._hosts)

    def health(self) -> Health:
        """Worst where a datasource of this node is not well. Any thread."""
        if self._storage_error:
            return Health(State.DEGRADED, self._storage_error)
        unwell = {
            name: health.message
            for name, host in sorted(self.hosts().items())
            if (health := host.health()).state in (State.DEGRADED, State.FAILED)
        }
        if not unwell:
            return Health()
        name, message = next(iter(unwell.items()))
        others = f", and {len(unwell) - 1} more" if len(unwell) > 1 else ""
        return Health(State.DEGRADED, f"datasource {name}: {message}{others}")

    def look_soon(self) -> None:
        """Reconcile on a hint that storage changed. Any thread."""
        if self._fleet_loop:
            self._fleet_loop.post(self.reconcile)

    def hear(self, event: str, peer: Peer) -> None:
        """Take note of a peer. Any thread."""
        if self._parts.sightings.hear(event, peer):
            for host in self.hosts().values():
                host.enforcement.look()

    def launch(self, record: DatasourceRecord, timeout: float) -> Host | None:
        """Start a datasource now and wait until it is open or has failed to be.

        ``None`` if another node owns it. Any thread but the fleet's.
        """
        assert self._fleet_loop
        self._fleet_loop.call(self.reconcile, timeout)
        host = self.hosts().get(record.name)
        if host is not None:
            host.wait_open(timeout)
        return host

    def remove(self, name: str, timeout: float) -> None:
        """End a datasource that was deleted. Any thread but the fleet's and its own."""
        with self._lock:
            self._records = {n: r for n, r in self._records.items() if n != name}
            host = self._withdraw(name)
        if host is not None:
            host.halt()
            self._finish(host, timeout)
        self.look_soon()

    def reconcile(self) -> None:
        """Read storage, end what should not run, start what should. Fleet loop."""
        if self._stopping:
            return
        try:
            records = self._parts.storage.read(lambda tx: tx.datasources.list())
        except StorageError as error:
            self._away(error)
            return
        self._storage_error = ""
        wanted = {record.name: record for record in records if record.enabled}
        wanted = {name: r for name, r in wanted.items() if not self._drop_driverless(r)}
        self._records = wanted
        for name, host in self.hosts().items():
            if not alike(wanted.get(name), host.record):
                self._retire(name)
        self._take_vacant()

    def _drop_driverless(self, record: DatasourceRecord) -> bool:
        """Delete a datasource whose driver is not installed, if that is asked for."""
        parts = self._parts
        if not parts.settings.deletes_driverless or record.driver in parts.plugins.names(KIND):
            return False
        LOG.warning("datasource %s is deleted: no driver %s", record.name, record.driver)
        self._registry.delete(record.id, Who(actor="congress"))
        return True

    def _take_vacant(self) -> None:
        """Start what should run and nobody owns. Fleet loop."""
        hosts = self.hosts()
        missing = [name for name in self._records if name not in hosts]
        if self._stopping or not missing:
            return
        try:
            taken = self._leases.acquire(missing)
        except StorageError as error:
            self._away(error)
            return
        self._storage_error = ""
        for name, tenure in taken.items():
            self._begin(self._records[name], tenure)

    def _begin(self, record: DatasourceRecord, tenure: Tenure) -> None:
        LOG.info("datasource %s runs here, epoch %d", record.name, tenure.epoch)
        host = Host(record, tenure, self._parts)
        with self._lock:
            self._hosts[record.name] = host
        host.start()

    def _away(self, error: StorageError) -> None:
        if not self._storage_error:
            LOG.warning("datasources cannot be compared with storage: %s", error)
        self._storage_error = f"storage: {error}"

    def _withdraw(self, name: str) -> Host | None:
        """Take a host out, its lease still renewed until it has ended. Under the lock."""
        host = self._hosts.pop(name, None)
        if host is not None:
            self._retiring.append(host.tenure)
        return host

    def _retire(self, name: str) -> None:
        """End a host without waiting for it."""
        with self._lock:
            host = self._withdraw(name)
        if host is None:
            return
        host.halt()
        assert self._closers
        if not self._closers.submit(lambda: self._finish(host, FAREWELL)):
            self._finish(host, 0.0)

    def _finish(self, host: Host, timeout: float) -> None:
        """Wait for a halted host, then give its lease back."""
        host.join(timeout)
        with self._lock:
            if host.tenure in self._retiring:
                self._retiring.remove(host.tenure)
        if not host.tenure.lost:
            self._leases.release(host.tenure)
        if self._fleet_loop:
            self._fleet_loop.post(self._take_vacant)

    def _renew(self) -> None:
        """Renew every lease held here; end the hosts of those that are lost. Lease loop."""
        with self._lock:
            hosts = {id(host.tenure): name for name, host in self._hosts.items()}
            tenures = [host.tenure for host in self._hosts.values()] + self._retiring
        for tenure in self._leases.renew(tenures):
            tenure.lost = True
            name = hosts.get(id(tenure))
            if name is not None:
                LOG.warning("the lease of datasource %s is lost; it is no longer run here", name)
                self._retire(name)

    def _supervise(self) -> None:
        for host in self.hosts().values():
            host.supervise()

    def _hear_all(self) -> None:
        for peer in self._parts.bus.peers():
            self.hear("heard", peer)

    def _keep_house(self) -> None:
        """Forget actions that were over long ago, and old audit records. Fleet loop."""
        now, settings = self._parts.clock.time(), self._parts.settings

        def forget(tx: Transaction) -> None:
            tx.ledger.forget(now - settings.ledger_retention)
            tx.audit.forget(now - settings.audit_retention)

        try:
            self._parts.storage.run(forget)
        except StorageError as error:
            self._away(error)

    def standings(self) -> dict[str, dict[str, Any]]:
        """Every configured datasource by name: its state, which node runs it, and, where
        that is this one, ``detail``.

        :raises StorageError: storage is away.
        """
        storage = self._parts.storage
        records = storage.read(lambda tx: tx.datasources.list())
        owners = self._leases.owners()
        hosts = self.hosts()
        found: dict[str, dict[str, Any]] = {}
        for record in records:
            host = hosts.get(record.name)
            if host is not None:
                health = host.health()
                state, message = str(health.state), health.message
            else:
                state = "elsewhere" if record.enabled else "disabled"
                message = ""
            owner = owners.get(record.name, "")
            found[record.name] = {
                "id": record.id,
                "driver": record.driver,
                "state": state,
                "message": message,
                "node": owner if record.enabled else "",
                "detail": host.detail() if host else None,
            }
        return found


def alike(one: DatasourceRecord | None, other: DatasourceRecord) -> bool:
    """Whether one host serves both records: they differ in nothing that a driver sees."""
    if one is None:
        return False
    return replace(one, description=None, generation=0) == replace(
        other, description=None, generation=0
    )
