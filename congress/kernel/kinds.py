"""The table of plugin kinds: what the kernel knows about plugins, and all of it.

May import ``congress.interfaces`` only.

Adding a kind is adding a line here and a file in ``congress.interfaces``.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from congress.interfaces import builtin
from congress.interfaces.auth import AuthStrategy
from congress.interfaces.bus import BusTransport
from congress.interfaces.datasource import DatasourceDriver
from congress.interfaces.leader import LeaderStrategy
from congress.interfaces.role import NodeRole
from congress.interfaces.secrets import SecretStore
from congress.interfaces.storage import StorageBackend


class Cardinality(enum.StrEnum):
    """How many plugins of a kind a node uses."""

    ONE = "one"
    LISTED = "listed"
    EACH = "each"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of plugin.

    :param name: also the prefix of the configuration groups of its plugins.
    :param interface: the class its plugins must extend; ``None`` where an entry
        point gives something else than a class.
    :param version: the version of the interface; the major part must agree.
    :param chosen_by: where a node says which to use, for messages.
    """

    name: str
    title: str
    namespace: str
    cardinality: Cardinality
    interface: type[Any] | None
    version: str
    chosen_by: str


def _kind(
    name: str,
    title: str,
    namespace: str,
    cardinality: Cardinality,
    interface: Any,
    chosen_by: str,
) -> Kind:
    version = str(interface.interface_version)
    return Kind(name, title, namespace, cardinality, interface, version, chosen_by)


ONE, EACH, LISTED = Cardinality.ONE, Cardinality.EACH, Cardinality.LISTED

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind(
            "driver",
            "datasource driver",
            "congress.datasource.drivers",
            EACH,
            DatasourceDriver,
            "the driver of a data source",
        ),
        _kind(
            "bus",
            "bus transport",
            "congress.bus.transports",
            ONE,
            BusTransport,
            "[dse] transport",
        ),
        _kind(
            "leader",
            "leader strategy",
            "congress.leader.strategies",
            ONE,
            LeaderStrategy,
            "[dse] leader_strategy",
        ),
        _kind(
            "storage",
            "storage backend",
            "congress.storage.backends",
            ONE,
            StorageBackend,
            "[storage] backend",
        ),
        _kind("role", "node role", "congress.node.roles", LISTED, NodeRole, "[node] roles"),
        Kind(
            "builtin",
            "set of builtins",
            "congress.builtins",
            Cardinality.ALL,
            None,
            builtin.INTERFACE_VERSION,
            "being installed",
        ),
        _kind(
            "auth",
            "API authentication",
            "congress.api.auth",
            ONE,
            AuthStrategy,
            "[DEFAULT] auth_strategy",
        ),
        _kind("secrets", "secret store", "congress.secrets", ONE, SecretStore, "[secrets] backend"),
    )
}


def option_group(kind: str, name: str) -> str:
    """The configuration group of a plugin's own options."""
    return f"{kind}_{name}".replace("-", "_")
