"""Version 1 of the API: one blueprint per resource."""

from collections.abc import Sequence

from flask import Blueprint

from congress.api.v1 import (
    actions,
    audit,
    changes,
    datasources,
    drivers,
    ledger,
    library,
    policies,
    rows,
    rules,
    schemas,
    status,
    system,
    tables,
    versions,
    webhooks,
)

BLUEPRINTS: Sequence[Blueprint] = (
    versions.bp,
    policies.bp,
    rules.bp,
    tables.bp,
    rows.bp,
    changes.bp,
    datasources.bp,
    schemas.bp,
    status.bp,
    actions.bp,
    drivers.bp,
    webhooks.bp,
    ledger.bp,
    audit.bp,
    library.bp,
    system.bp,
)
