"""Datasources as they are configured: created, changed, deleted, shown without secrets.

Imports the interfaces, the model and the engine's name check. Any thread.

Invariants: a change of the configuration advances the revision of policy in the
same transaction, so policies and datasources never get the same name; secrets
are stored sealed and returned by nothing here.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
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

    def update(
        self,
        datasource: str,
        changes: Mapping[str, Any],
        who: Who,
        *,
        whole: bool = False,
        generation: int | None = None,
    ) -> tuple[DatasourceRecord, DatasourceRecord, int]:
        """Change a datasource; what it was, what it is, and the revision.

        :param changes: any of ``config description enabled``; ``name`` and ``driver``
            cannot change.
        :param whole: the configuration given is all of it; else it is laid over the
            present one, and a null takes an option out.
        :param generation: the one that must still be stored.
        :raises Refused: ``invalid``, ``not-found``, ``changed``.
        :raises StorageError: storage is away.
        """

        def work(tx: Transaction) -> tuple[DatasourceRecord, DatasourceRecord, int]:
            revision = tx.changes.revision()
            before = _stored(tx, datasource, generation)
            after = self._changed(before, changes, whole)
            if after == before:
                return before, before, revision
            after = replace(after, generation=before.generation + 1)
            tx.datasources.replace(after)
            change = ChangeRecord("update", "datasource", after.id, {"name": after.name})
            details = {"driver": after.driver, "id": after.id, "changes": sorted(changes)}
            return before, after, self._commit(tx, revision, change, after.name, who, details)

        return self._storage.run(work)

    def _changed(
        self, record: DatasourceRecord, changes: Mapping[str, Any], whole: bool
    ) -> DatasourceRecord:
        for name in ("name", "driver"):
            if changes.get(name, getattr(record, name)) != getattr(record, name):
                message = f"the {name} of a datasource cannot be changed"
                raise refuse("invalid", message, hint="create another one", where=name)
        kept, sealed = record.config, record.sealed
        if "config" in changes:
            kept, sealed = self._reconfigured(record, changes["config"] or {}, whole)
        return replace(
            record,
            config=kept,
            sealed=sealed,
            description=changes.get("description", record.description),
            enabled=changes.get("enabled", record.enabled) is not False,
        )

    def _reconfigured(
        self, record: DatasourceRecord, given: Mapping[str, object], whole: bool
    ) -> tuple[Mapping[str, OptionValue], tuple[str, ...]]:
        """The configuration after a change; what stays the same stays sealed as it was."""
        present = config.opened(record.config, record.sealed, self._secrets)
        info = self._plugins.describe(KIND, record.driver)
        values = config.revised(info, present, given, whole=whole)
        kept, sealed = self._checked(record.driver, values)
        now = config.opened(kept, sealed, self._secrets)
        for name in sealed:
            if name in record.sealed and now[name] == present[name]:
                kept[name] = record.config[name]
        return kept, sealed

    def delete(
        self, datasource: str, who: Who, *, generation: int | None = None
    ) -> tuple[DatasourceRecord, int]:
        """Remove a datasource and its pushed rows; what it was, and the revision.

        :param generation: the one that must still be stored.
        :raises Refused: ``not-found``, ``changed``.
        :raises StorageError: storage is away.
        """

        def work(tx: Transaction) -> tuple[DatasourceRecord, int]:
            revision = tx.changes.revision()
            record = _stored(tx, datasource, generation)
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


def _stored(tx: Transaction, datasource: str, generation: int | None) -> DatasourceRecord:
    """A stored datasource, in the generation that is expected, if one is."""
    record = tx.datasources.get(datasource)
    if record is None:
        raise refuse(
            "not-found",
            f"there is no datasource {datasource!r}",
            hint="congress datasource list shows those there are",
        )
    if generation is not None and generation != record.generation:
        raise refuse(
            "changed", "it was changed since you read it", hint="read it again, then repeat"
        )
    return record


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
