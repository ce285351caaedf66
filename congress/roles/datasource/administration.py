"""The service ``datasources``: creating, changing, deleting and overlooking datasources.

Imports the interfaces and the model only.

Invariant: a creation or change is answered when the datasource is stored and has been
tried; a driver that cannot be opened then is its condition, not a failure of the request.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from congress.interfaces.role import Method
from congress.interfaces.secrets import SecretStore
from congress.interfaces.storage import DatasourceRecord, StorageError
from congress.model.diagnostic import refuse
from congress.model.status import Health, State
from congress.roles.datasource import key
from congress.roles.datasource.fleet import FAREWELL, Fleet, alike
from congress.roles.datasource.host import HostParts
from congress.roles.datasource.orphans import Orphans
from congress.roles.datasource.registry import Registry, Who

LOG = logging.getLogger(__name__)

T = TypeVar("T")

SERVICE = "datasources"

#: Told to the other nodes with this role: compare with storage.
TOPIC = "datasources-changed"

#: Told to the policy engines: there is a newer revision.
REVISION_TOPIC = "policy-changed"


#: How long a creation waits for the driver to open, seconds.
PATIENCE = 10.0


class DatasourceAdministration:
    """The kernel's service of this role: the fleet, and who may change it."""

    name = SERVICE

    def __init__(self, parts: HostParts) -> None:
        self._parts = parts
        self._secrets: SecretStore = parts.secrets
        self._registry = Registry(parts.storage, parts.plugins, parts.secrets, parts.clock)
        self._fleet = Fleet(parts, self._registry)
        self._orphans = Orphans(parts.storage, parts.clock)
        self._started = False

    def start(self) -> None:
        """Begin.

        :raises Refused: ``secret-key`` if this node's key is not the one in use.
        """
        key.agree(self._secrets, self._parts.storage)
        bus = self._parts.bus
        bus.on_peers(self._fleet.hear)
        bus.on_notice(TOPIC, self._on_notice)
        self._fleet.start()
        self._started = True
        methods: Mapping[str, Method] = {
            "datasource_create": self.datasource_create,
            "datasource_update": self.datasource_update,
            "datasource_delete": self.datasource_delete,
            "datasource_status_all": self.datasource_status_all,
            "decide_orphan": self.decide_orphan,
        }
        bus.serve(SERVICE, methods, self.health)

    def stop(self, timeout: float) -> None:
        """End all datasources of this node within the time given."""
        self._started = False
        self._parts.bus.withdraw(SERVICE)
        self._fleet.stop(timeout)

    def health(self) -> Health:
        """How the datasources of this node are."""
        if not self._started:
            return Health(State.NOT_READY, "it is not running")
        return self._fleet.health()

    def datasource_create(
        self,
        name: str,
        driver: str,
        config: Mapping[str, Any] | None = None,
        description: str | None = None,
        enabled: bool = True,
        id: str | None = None,
        actor: str = "",
        request_id: str = "",
    ) -> dict[str, object]:
        """Store a datasource and start it; the object that stands for it in answers."""
        if not isinstance(name, str) or not isinstance(driver, str):
            raise refuse("invalid", "name and driver must be texts")
        if config is not None and not isinstance(config, Mapping):
            raise refuse("invalid", "config must be an object", where="config")
        record, revision = _stored(
            lambda: self._registry.create(
                name,
                driver,
                config or {},
                Who(actor, request_id),
                description=description,
                enabled=enabled is not False,
                id=id,
            )
        )
        self._launch(record)
        self._tell(revision)
        return self._registry.shown(record)

    def datasource_update(
        self,
        datasource: str,
        changes: Mapping[str, Any],
        whole: bool = False,
        generation: int | None = None,
        actor: str = "",
        request_id: str = "",
    ) -> dict[str, object]:
        """Change a datasource; its driver is started anew if that concerns it."""
        if not isinstance(changes, Mapping):
            raise refuse("invalid", "changes must be an object", where="changes")
        if not isinstance(changes.get("config") or {}, Mapping):
            raise refuse("invalid", "config must be an object", where="config")
        who = Who(actor, request_id)
        before, record, revision = _stored(
            lambda: self._registry.update(
                datasource, changes, who, whole=whole, generation=generation
            )
        )
        if not alike(before, record):
            self._fleet.remove(record.name, FAREWELL)
            self._launch(record)
        if record is not before:
            self._tell(revision)
        return self._registry.shown(record)

    def _launch(self, record: DatasourceRecord) -> None:
        if record.enabled:
            try:
                self._fleet.launch(record, PATIENCE)
            except TimeoutError:
                LOG.warning("datasource %s is stored and will be started later", record.name)

    def datasource_delete(
        self,
        datasource: str,
        generation: int | None = None,
        actor: str = "",
        request_id: str = "",
    ) -> None:
        """Forget a datasource and its pushed rows, and end it."""
        who = Who(actor, request_id)
        record, revision = _stored(
            lambda: self._registry.delete(datasource, who, generation=generation)
        )
        self._fleet.remove(record.name, FAREWELL)
        self._tell(revision)

    def datasource_status_all(self) -> dict[str, dict[str, Any]]:
        """All configured datasources by name, as far as this node knows."""
        return _stored(self._fleet.standings)

    def decide_orphan(
        self, key: str, generation: int, decision: str, actor: str = "", request_id: str = ""
    ) -> dict[str, Any]:
        """Decide about an action of a data source that is deleted; how it stands then."""
        entry = _stored(
            lambda: self._orphans.decide(
                key, generation, decision, actor=actor, request_id=request_id
            )
        )
        return {
            "state": str(entry.state),
            "message": entry.message,
            "updated_at": entry.updated_at,
        }

    def _tell(self, revision: int) -> None:
        self._parts.bus.notify(TOPIC, {})
        self._parts.bus.notify(REVISION_TOPIC, {"revision": revision})

    def _on_notice(self, node: str, payload: Mapping[str, Any]) -> None:
        self._fleet.look_soon()


def _stored(work: Callable[[], T]) -> T:
    """Do something that storage may be away for."""
    try:
        return work()
    except StorageError as error:
        message = f"storage cannot be used now: {error}"
        raise refuse("unavailable", message, hint="try again later") from None
