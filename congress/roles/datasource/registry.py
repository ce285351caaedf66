"""Datasources as they are configured: created, deleted, and shown without secrets.

Imports the interfaces, the model and the engine's name check. Any thread.

Invariants: a change of the configuration advances the revision of policy in the
same transaction, so policies and datasources never get the same name; secrets
are stored sealed and returned by nothing here.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from congress.engine import valid_policy_name
from congress.interfaces.plugin import OptionValue
from congress.interfaces.role import Plugins
from congress.interfaces.runtime import Clock
from congress.interfaces.secrets import SecretStore
from congress.interfaces.storage import (
    AuditRecord,
    ChangeRecord,
    DatasourceRecord,
    Duplicate,
    StorageBackend,
    Transaction,
)
from congress.model.diagnostic import Refused, refuse
from congress.model.policy import NAME_LENGTH, SYSTEM_POLICIES
from congress.roles.datasource import config
from congress.roles.datasource.keeping import forget_columns
from congress.roles.datasource.mounting import KIND, load

_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")


@dataclass(frozen=True, slots=True)
class Who:
    """For the audit trail."""

    actor: str = ""
    request_id: str = ""


class Registry:
    """The configured datasources in storage."""

    def __init__(
        self, storage: StorageBackend, plugins: Plugins, secrets: SecretStore, clock: Clock
    ) -> None:
        self._storage = storage
        self._plugins = plugins
        self._secrets = secrets
        self._clock = clock

    def create(
        self,
        name: str,
        driver: str,
        given: Mapping[str, object],
        who: Who,
        *,
        description: str | None = None,
        enabled: bool = True,
        id: str | None = None,
    ) -> tuple[DatasourceRecord, int]:
        """Check and store a datasource; the record and the revision.

        :raises Refused: ``invalid``, ``bad-policy-name``, ``duplicate``.
        :raises StorageError: storage is away.
        """
        _check_name(name)
        if id is not None and not _ID.fullmatch(id):
            message = "an id has up to 36 letters, digits, hyphens and underscores"
            raise refuse("invalid", message, where="id")
        kept, sealed = self._checked(driver, given)
        record = DatasourceRecord(
            id or str(uuid.uuid4()), name, driver, kept, description, enabled, sealed
        )
        details = {"driver": driver, "id": record.id}

        def work(tx: Transaction) -> int:
            revision = tx.changes.revision()
            _check_free(tx, record)
            tx.datasources.add(record)
            change = ChangeRecord("create", "datasource", record.id, {"name": name})
            return self._commit(tx, revision, change, name, who, details)

        try:
            return record, self._storage.run(work)
        except Duplicate as taken:
            raise refuse("duplicate", f"a datasource {taken.name!r} exists already") from None

    def delete(self, datasource: str, who: Who) -> tuple[DatasourceRecord, int]:
        """Remove a datasource and its pushed rows; what it was, and the revision.

        :raises Refused: ``not-found``.
        :raises StorageError: storage is away.
        """

        def work(tx: Transaction) -> tuple[DatasourceRecord, int]:
            revision = tx.changes.revision()
            record = tx.datasources.get(datasource)
            if record is None:
                raise refuse(
                    "not-found",
                    f"there is no datasource {datasource!r}",
                    hint="congress datasource list shows those there are",
                )
            tx.datasources.remove(record.id)
            forget_columns(tx, record.id)
            change = ChangeRecord("delete", "datasource", record.id, {"name": record.name})
            details = {"driver": record.driver, "id": record.id}
            return record, self._commit(tx, revision, change, record.name, who, details)

        return self._storage.run(work)

    def shown(self, record: DatasourceRecord) -> dict[str, object]:
        """The object that stands for a datasource in answers."""
        return {
            "id": record.id,
            "name": record.name,
            "driver": record.driver,
            "description": record.description,
            "type": None,
            "enabled": record.enabled,
            "config": config.masked(record.config, record.sealed),
        }

    def _checked(
        self, driver: str, given: Mapping[str, object]
    ) -> tuple[dict[str, OptionValue], tuple[str, ...]]:
        """The configuration as it is stored, and which options are sealed."""
        usable = self._plugins.names(KIND)
        if driver not in usable:
            raise refuse(
                "invalid",
                f"there is no usable driver {driver!r}",
                hint=f"drivers are: {', '.join(sorted(usable)) or 'none'}",
                where="driver",
            )
        try:
            cls, info = load(self._plugins, driver)
        except Refused as refused:
            message = f"driver {driver!r} cannot be used: {refused}"
            raise refuse("invalid", message, where="driver") from None
        values = config.checked(info, given)
        settings = self._plugins.settings(KIND, driver)
        config.refuse_problems(cls.check(config.completed(info, values), settings))
        return config.sealed(info, values, self._secrets)

    def _commit(
        self,
        tx: Transaction,
        revision: int,
        change: ChangeRecord,
        name: str,
        who: Who,
        details: Mapping[str, Any],
    ) -> int:
        advanced = tx.changes.advance(revision, [change])
        tx.audit.add(
            AuditRecord(
                at=self._clock.time(),
                actor=who.actor,
                verb=f"datasource:{change.op}",
                target=name,
                outcome="ok",
                request_id=who.request_id,
                revision=advanced,
                details=details,
            )
        )
        return advanced


def _check_name(name: str) -> None:
    problem = valid_policy_name(name)
    if problem is None and name.startswith("_"):
        problem = "a name that begins with _ is reserved"
    if problem is None and len(name) > NAME_LENGTH:
        problem = f"a name has up to {NAME_LENGTH} characters"
    if problem is not None:
        raise refuse("bad-policy-name", problem, hint="rules name a datasource by it", where="name")


def _check_free(tx: Transaction, record: DatasourceRecord) -> None:
    policy = tx.policies.get(record.name)
    if record.name in SYSTEM_POLICIES or (policy is not None and policy.name == record.name):
        raise refuse(
            "duplicate",
            f"a policy {record.name!r} exists already; it and a datasource cannot share a name",
            where="name",
        )
    for datasource in tx.datasources.list():
        if datasource.name == record.name:
            raise refuse("duplicate", f"a datasource {record.name!r} exists already", where="name")
        if datasource.id == record.id:
            raise refuse("duplicate", f"a datasource of id {record.id} exists already", where="id")
