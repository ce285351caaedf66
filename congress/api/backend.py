"""What stands behind the API: services on the bus, storage, and installed drivers.

May import ``congress.model`` and ``congress.interfaces``; asks roles by name over
the bus and knows none of their code.

Invariant: every failure of what is behind comes out as ``Refused`` or
``StorageError``, never as an answer that looks complete and is not.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from congress.api import requests
from congress.api.watchers import Watchers
from congress.interfaces.role import Peer, RoleParts
from congress.interfaces.storage import DatasourceRecord
from congress.model.diagnostic import Refused, refuse
from congress.model.status import Health

POLICY_ENGINE = "policy-engine"
DATASOURCES = "datasources"
HIDDEN = "<hidden>"

_EXTENSION = "congress"


class Backend:
    """The parts of the node, as the views use them."""

    def __init__(self, parts: RoleParts) -> None:
        self._parts = parts
        self.conf = parts.conf
        self.clock = parts.clock
        self.node = parts.bus.node
        self.storage = parts.storage
        self.plugins = parts.plugins
        self._options = parts.conf.api
        self.watchers = Watchers(
            parts.clock,
            most=lambda: int(self._options.watchers),
            lifetime=lambda: float(self._options.watch_lifetime),
        )

    @property
    def max_request_bytes(self) -> int:
        """The largest body a request may have."""
        return int(self._options.max_request_bytes)

    @property
    def max_webhook_bytes(self) -> int:
        """The largest body of a request that is signed."""
        return int(self._options.max_webhook_bytes)

    @property
    def max_pushed_rows(self) -> int:
        """Rows that one request may push."""
        return int(self._options.max_pushed_rows)

    def node_health(self) -> Mapping[str, Health]:
        """The health of every service of this node."""
        return self._parts.node_health()

    def engine(self, method: str, **args: Any) -> Any:
        """Ask a policy engine, the one of this node if it has one."""
        return self._call(POLICY_ENGINE, method, args, self._options.request_timeout)

    def engine_at(self, node: str | None, method: str, args: Mapping[str, Any]) -> Any:
        """Ask the policy engine of a node; any, if none is named."""
        timeout = self._options.request_timeout
        return self._parts.bus.call(POLICY_ENGINE, method, args, timeout=timeout, node=node)

    def more(self, service: str, listing: str) -> Any:
        """The next piece of a large answer, from the node that has the rest of it."""
        node, _, _ = listing.rpartition("/")
        args, timeout = {"listing": listing}, self._options.request_timeout
        return self._parts.bus.call(service, "listing_more", args, timeout=timeout, node=node)

    def reaches(self, node: str) -> bool:
        """Whether a node is alive, as far as is known here."""
        return any(peer.node == node for peer in self._parts.bus.peers())

    def peers(self) -> Sequence[Peer]:
        """The nodes that are alive, as far as is known here, this one first."""
        return self._parts.bus.peers()

    def ask_at(self, node: str, service: str, method: str, timeout: float) -> Any:
        """Ask a service of a node."""
        return self._parts.bus.call(service, method, timeout=timeout, node=node)

    def manager(self, method: str, **args: Any) -> Any:
        """Ask the service that keeps the data sources."""
        return self._call(DATASOURCES, method, args, self._options.request_timeout)

    def source(self, datasource: DatasourceRecord, method: str, **args: Any) -> Any:
        """Ask one data source, wherever it runs."""
        return self._call(source_service(datasource), method, args, self._options.request_timeout)

    def source_patiently(self, datasource: DatasourceRecord, method: str, **args: Any) -> Any:
        """Ask one data source for something that may take long."""
        return self._call(
            source_service(datasource), method, args, self._parts.conf.dse.long_timeout
        )

    def _call(self, service: str, method: str, args: Mapping[str, Any], timeout: float) -> Any:
        return self._parts.bus.call(service, method, args, timeout=timeout)

    def datasource(self, name_or_id: str) -> DatasourceRecord:
        """A configured data source.

        :raises Refused: ``not-found``.
        """
        record = self.storage.read(lambda tx: tx.datasources.get(name_or_id))
        if record is None:
            raise refuse(
                "not-found",
                f"there is no data source {name_or_id!r}",
                hint="congress datasource list shows those there are",
            )
        return record

    def revision(self) -> int:
        """The revision of policy that is stored."""
        return self.storage.read(lambda tx: tx.changes.revision())

    def secret_options(self, driver: str) -> frozenset[str]:
        """The options of a driver that are never shown; none if it cannot be loaded."""
        try:
            info = self.plugins.describe("driver", driver)
        except Refused:
            return frozenset()
        return frozenset(option.name for option in info.options if option.secret)


def source_service(datasource: DatasourceRecord) -> str:
    """The name of the service of a data source."""
    return f"datasource/{datasource.name}"


def datasource_to_plain(record: DatasourceRecord, secrets: frozenset[str]) -> dict[str, Any]:
    """The object that stands for a data source in answers, without its secrets."""
    hidden = secrets.union(record.sealed)
    config = {name: HIDDEN if name in hidden else value for name, value in record.config.items()}
    return {
        "id": record.id,
        "name": record.name,
        "driver": record.driver,
        "description": record.description,
        "type": None,
        "enabled": record.enabled,
        "config": config,
    }


def attach(extensions: dict[str, Any], behind: Backend) -> None:
    """Make it what ``backend`` finds within an application."""
    extensions[_EXTENSION] = behind


def backend() -> Backend:
    """The backend of the application that handles the current request."""
    return cast(Backend, requests.app().extensions[_EXTENSION])
