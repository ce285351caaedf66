"""One datasource on the node that owns it, from taking the lease to giving it up.

Imports the interfaces and the model only.

Invariants: whatever the driver does, ``halt`` returns at once and the status can be
read; a driver that cannot be constructed or opened is a condition of the datasource
and is tried again; a host lives in one epoch and is never started twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from congress.interfaces.role import Bus, Epoch, Plugins
from congress.interfaces.runtime import Clock, Threads
from congress.interfaces.secrets import SecretStore
from congress.interfaces.storage import DatasourceRecord, StorageBackend
from congress.model.delta import Batch
from congress.model.diagnostic import refuse
from congress.model.schema import Schema
from congress.model.status import Health, State
from congress.roles.datasource import mounting
from congress.roles.datasource.backoff import pause
from congress.roles.datasource.board import Board
from congress.roles.datasource.caller import Caller
from congress.roles.datasource.electorate import Sightings
from congress.roles.datasource.enforcement import Enforcement
from congress.roles.datasource.explainer import Explainer
from congress.roles.datasource.leases import Tenure
from congress.roles.datasource.mounted import MountedDriver, Surroundings
from congress.roles.datasource.publisher import DatasourcePublisher
from congress.roles.datasource.redaction import driver_logger
from congress.roles.datasource.service import DatasourceService
from congress.roles.datasource.settings import Settings
from congress.roles.datasource.stops import StopFlag
from congress.roles.listings import Listings

LOG = logging.getLogger(__name__)

T = TypeVar("T")

SERVICE_PREFIX = "datasource/"
SCHEMA_TOPIC = "schema-changed"

FIRST_RETRY = 1.0


@dataclass(frozen=True, slots=True)
class HostParts:
    """What the hosts of a node share."""

    bus: Bus
    storage: StorageBackend
    plugins: Plugins
    threads: Threads
    clock: Clock
    settings: Settings
    secrets: SecretStore
    sightings: Sightings


class Host:
    """One datasource in one tenure."""

    def __init__(self, record: DatasourceRecord, tenure: Tenure, parts: HostParts) -> None:
        self.record = record
        self.tenure = tenure
        self.name = record.name
        self._parts = parts
        self._halted = False
        self._schema = Schema()
        self._failures = 0
        self._mounted: MountedDriver | None = None
        self._explain = Explainer(record.name, parts.bus.node)
        self.publisher: DatasourcePublisher | None = None
        self.board = Board(parts.clock)
        self._data = parts.threads.loop(f"datasource-{record.name}")
        self._acts = parts.threads.loop(f"actions-{record.name}")
        self.caller = Caller(record.name, parts.settings, parts.clock, self._explain)
        self.enforcement = Enforcement(
            record.name,
            parts.bus,
            parts.storage,
            parts.plugins,
            parts.clock,
            parts.settings,
            parts.sightings,
            tenure,
            self._acts,
            self.caller,
            self.refresh,
        )

    def start(self) -> None:
        """Begin; returns at once."""
        listings = Listings(self._parts.bus.node, self._parts.clock)
        service = DatasourceService(self, listings)
        self._parts.bus.serve(SERVICE_PREFIX + self.name, service.methods(), self.health)
        self._data.post(self._bring_up)
        self.enforcement.start()

    def wait_open(self, timeout: float) -> None:
        """Wait until the first attempt to open the driver ended, but no longer."""
        try:
            self._data.call(lambda: None, timeout)
        except TimeoutError:
            LOG.warning("datasource %s takes long to open", self.name)

    def supervise(self) -> None:
        """Report what does not end. Any thread but this datasource's own."""
        mounted = self._mounted
        if mounted and mounted.poller:
            mounted.poller.supervise()
        overdue = self.enforcement.executor.overdue()
        if overdue is None:
            self.board.clear("action")
        elif not self.board.set("action", State.DEGRADED, f"action {overdue} does not end"):
            LOG.warning("action %s of datasource %s does not end", overdue, self.name)

    def halt(self) -> None:
        """Publish, claim and answer no more; returns at once. Any thread."""
        if self._halted:
            return
        self._halted = True
        self._parts.bus.withdraw(SERVICE_PREFIX + self.name)
        if self._mounted:
            self._mounted.stop()
        if self.publisher:
            self.publisher.close()
        self.enforcement.close()

    def join(self, timeout: float) -> bool:
        """After ``halt``: wait for what is under way, close the driver; whether all ended."""
        deadline = self._parts.clock.monotonic() + timeout
        ended = self._acts.close(timeout)
        self._data.post(self._dismount)
        mounted = self._mounted
        ended &= self._data.close(max(0.0, deadline - self._parts.clock.monotonic()))
        if mounted:
            ended &= mounted.stopped(max(0.0, deadline - self._parts.clock.monotonic()))
        if not ended:
            LOG.warning("the driver of datasource %s does not end and is left behind", self.name)
        return ended

    def health(self) -> Health:
        """How it is. Any thread."""
        return self.board.health()

    def schema(self) -> Schema:
        """The tables, as the driver last told. Any thread."""
        return self._schema

    def dormant(self) -> frozenset[str]:
        """Lazy tables that nobody wants now. Any thread."""
        poller = self._mounted.poller if self._mounted else None
        return poller.dormant() if poller else frozenset()

    def refresh(self) -> None:
        """Read soon, if this datasource reads. Any thread."""
        if self._mounted:
            self._mounted.refresh()

    def require_open(self) -> MountedDriver:
        """The driver in use.

        :raises Refused: ``unavailable`` while it is not open.
        """
        if self._mounted is None or not self.board.ready():
            raise refuse(
                "unavailable",
                f"datasource {self.name!r} is not ready: {self.health().message}",
                hint="try again later",
            )
        return self._mounted

    def on_data_loop(self, job: Callable[[], T]) -> T:
        """Run something that calls the driver.

        :raises TimeoutError: the driver is busy for too long.
        """
        return self._data.call(job, self._parts.settings.poll_timeout)

    def detail(self) -> dict[str, Any]:
        """The typed part of the status. Any thread."""
        health = self.health()
        return {
            "state": str(health.state),
            "message": health.message,
            "since": health.since,
            "node": self._parts.bus.node,
            "epoch": self.tenure.epoch,
            "tables": self.publisher.tables() if self.publisher else {},
            **self.enforcement.detail(),
        }

    def _bring_up(self) -> None:
        """Construct and open the driver, now or again later. Data loop."""
        if self._halted:
            return
        try:
            mounted = self._mount()
            if not self._halted:
                mounted.open()
        except Exception as error:
            self._dismount()
            self._failures += 1
            message = self._explain(error)
            if not self.board.set("driver", State.FAILED, message):
                LOG.warning("datasource %s cannot be opened: %s", self.name, message)
            longest = self._parts.settings.max_backoff
            delay = pause(self._failures, FIRST_RETRY, longest, self.name)
            self._data.later(delay, self._bring_up)
        else:
            self.enforcement.executor.kick()
            if self._failures:
                LOG.info("datasource %s is open now", self.name)

    def _mount(self) -> MountedDriver:
        """Construct the driver and what belongs to it. Data loop."""
        parts = self._parts
        mount = mounting.mount(self.record, parts.plugins, parts.secrets)
        self._explain.redact = mount.redact
        stop = StopFlag()
        driver = mount.construct(
            self.name,
            driver_logger(self.name, mount.redact),
            parts.clock,
            parts.settings,
            stop,
            self._emit,
            self._take_schema,
        )
        try:
            self._take_schema(driver.schema())
            publisher = self._publish()
        except Exception:
            driver.close()
            raise
        self._mounted = MountedDriver(driver, mount, publisher, stop, self._surroundings())
        return self._mounted

    def _surroundings(self) -> Surroundings:
        parts = self._parts
        return Surroundings(
            record=self.record,
            tenure=self.tenure,
            storage=parts.storage,
            threads=parts.threads,
            clock=parts.clock,
            settings=parts.settings,
            loop=self._data,
            board=self.board,
            caller=self.caller,
            explain=self._explain,
            schema=self.schema,
            asked=self._ask_schema,
            polled=self._polled,
        )

    def _dismount(self) -> None:
        """Give the driver up. Data loop."""
        if self._halted and self.publisher:
            self.publisher.close()
        if self._mounted:
            self._mounted.stop()
            self._mounted.close()

    def _publish(self) -> DatasourcePublisher:
        """Begin to publish, once there is a schema to publish under. Data loop."""
        if self.publisher is None:
            bus = self._parts.bus
            out = bus.publisher(
                self.name,
                Epoch(self.tenure.epoch, bus.instance),
                schema=self.schema,
                on_wanted=self._wanted,
            )
            self.publisher = DatasourcePublisher(
                self.name, out, self.schema, self.tenure.held, self._parts.clock
            )
        return self.publisher

    def _wanted(self, tables: frozenset[str]) -> None:
        mounted = self._mounted
        if mounted and mounted.poller:
            mounted.poller.wanted(tables)

    def _emit(self, batch: Batch) -> None:
        if self.publisher:
            self.publisher.publish(self.publisher.check([batch]))
            self.board.updated()

    def _polled(self) -> None:
        """During each poll: the driver may know more of its tables and actions now."""
        mounted = self._mounted
        if mounted is None or self._halted:
            return
        try:
            self._ask_schema()
            mounted.declare_actions()
        except Exception as error:
            LOG.warning("datasource %s: %s", self.name, self._explain(error))

    def _ask_schema(self) -> Schema:
        """The schema as the driver tells it now. Data loop."""
        if self._mounted:
            self._take_schema(self._mounted.driver.schema())
        return self._schema

    def _take_schema(self, schema: Schema) -> None:
        if schema != self._schema:
            self._schema = schema
            if self.publisher:
                self._parts.bus.notify(SCHEMA_TOPIC, {"source": self.name})
