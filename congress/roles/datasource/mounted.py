"""A driver in use: everything around it that lives and dies with it.

Imports the interfaces and the model only. Data loop, except where a method says
otherwise.

Invariant: ``close`` of the driver is called once, also after a failed ``open``,
and nothing of the driver after it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from congress.interfaces.datasource import Acts, DatasourceDriver, Polls, Streams
from congress.interfaces.runtime import Clock, Loop, Threads
from congress.interfaces.storage import DatasourceRecord, StorageBackend
from congress.model.schema import Schema
from congress.model.signature import SECRET_OPTION
from congress.roles.datasource import mounting
from congress.roles.datasource.board import Board
from congress.roles.datasource.caller import Caller
from congress.roles.datasource.explainer import Explainer
from congress.roles.datasource.intake import Intake
from congress.roles.datasource.keeping import Keeper
from congress.roles.datasource.leases import Tenure
from congress.roles.datasource.mounting import Mount
from congress.roles.datasource.poller import Poller, PollTerms
from congress.roles.datasource.publisher import DatasourcePublisher
from congress.roles.datasource.settings import Settings
from congress.roles.datasource.signatures import Signatures
from congress.roles.datasource.stops import StopFlag
from congress.roles.datasource.streamer import Streamer

LOG = logging.getLogger(__name__)

PERSIST_OPTION = "persist_data"
PERSIST_FEATURE = "persist"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a driver's parts share with its host.

    :param schema: the schema as it was told last; ``asked`` asks the driver for it.
    """

    record: DatasourceRecord
    tenure: Tenure
    storage: StorageBackend
    threads: Threads
    clock: Clock
    settings: Settings
    loop: Loop
    board: Board
    caller: Caller
    explain: Explainer
    schema: Callable[[], Schema]
    asked: Callable[[], Schema]
    polled: Callable[[], None]


class MountedDriver:
    """One driver from its construction to its end."""

    def __init__(
        self,
        driver: DatasourceDriver,
        mount: Mount,
        publisher: DatasourcePublisher,
        stop: StopFlag,
        around: Surroundings,
    ) -> None:
        self.driver = driver
        self._publisher = publisher
        self._stop = stop
        self._around = around
        self._closed = False
        self.intake = self._make_intake(mount)
        self.signatures = Signatures(
            str(mount.config.get(SECRET_OPTION) or ""),
            around.record.id,
            around.storage,
            around.tenure,
            around.clock,
            around.settings,
        )
        self.poller = self._make_poller(mount)
        self._streamer = self._make_streamer()

    def open(self) -> None:
        """Open the driver, publish what was kept, begin to read.

        :raises Exception: whatever the driver raises; it is to be closed then.
        """
        around = self._around
        self.driver.open()
        self.intake.restore()
        self.declare_actions()
        around.caller.use(self.driver)
        around.board.opened()
        if self.poller:
            self.poller.start()
        if self._streamer:
            self._streamer.start(around.threads)

    def declare_actions(self) -> None:
        """Ask the driver what it can do."""
        if isinstance(self.driver, Acts):
            self._around.caller.declare(tuple(self.driver.actions()))

    def refresh(self) -> None:
        """Read soon. Any thread."""
        if self.poller:
            self.poller.refresh()

    def stop(self) -> None:
        """Ask everything to end. Any thread; does not wait."""
        self._stop.set()
        self._around.caller.use(None)
        if self._streamer:
            self._streamer.stop(0.0)

    def close(self) -> None:
        """Close the driver."""
        if self._closed:
            return
        self._closed = True
        try:
            self.driver.close()
        except Exception as error:
            name, words = self._around.record.name, self._around.explain(error)
            LOG.warning("datasource %s did not close properly: %s", name, words)

    def stopped(self, timeout: float) -> bool:
        """Whether the stream ended in time. Any thread but its own."""
        return self._streamer is None or self._streamer.stop(timeout)

    def _make_intake(self, mount: Mount) -> Intake:
        around = self._around
        keeps = mount.config.get(PERSIST_OPTION)
        if keeps is None:
            keeps = bool(mount.info.features.get(PERSIST_FEATURE))
        keeper = Keeper(around.record.id, around.storage, around.tenure) if keeps else None
        return Intake(
            self.driver,
            keeper,
            around.clock,
            self._publisher,
            around.board,
            around.explain,
            around.asked,
        )

    def _make_poller(self, mount: Mount) -> Poller | None:
        around = self._around
        if not isinstance(self.driver, Polls):
            return None
        settings, values = around.settings, mount.config
        terms = PollTerms(
            interval=lambda: mounting.number(values, "poll_time", settings.poll_time),
            timeout=lambda: mounting.number(values, "poll_timeout", settings.poll_timeout),
            max_backoff=lambda: settings.max_backoff,
            tables=lambda: frozenset(around.schema().tables),
            lazy=mounting.names(values, "lazy_tables"),
        )
        return Poller(
            around.record.name,
            self.driver,
            terms,
            around.loop,
            around.clock,
            self._stop,
            self._publisher,
            around.board,
            around.explain,
            around.polled,
        )

    def _make_streamer(self) -> Streamer | None:
        around = self._around
        if not isinstance(self.driver, Streams):
            return None
        return Streamer(
            around.record.name,
            self.driver,
            around.clock,
            lambda: around.settings.max_backoff,
            self._publisher,
            around.board,
            around.explain,
        )
