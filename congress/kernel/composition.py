"""What a node is made of, read from its configuration and checked as a whole.

May import oslo.config and the kernel's plugins. Nothing is constructed here and
nothing connected; plugins that were chosen are imported to see that they can be.

Invariant: everything wrong with a configuration is refused in one go.
"""

import re
from dataclasses import dataclass

from oslo_config import cfg

from congress.kernel.errors import Problems
from congress.kernel.options.api import further_api_processes
from congress.kernel.options.node import ROLE_FLAGS, chosen_roles
from congress.kernel.options.values import note_bad_values
from congress.kernel.plugins import NodePlugins
from congress.model.diagnostic import Refused

#: The transport of nodes that need none.
LOCAL_TRANSPORT = "inproc"

#: Names that can stand in topics, log lines and URLs as they are.
NODE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}")


@dataclass(frozen=True, slots=True)
class Composition:
    """The names of the plugins a node is made of, roles in the order they start."""

    roles: tuple[str, ...]
    transport: str
    storage: str


def compose(conf: cfg.ConfigOpts, plugins: NodePlugins) -> Composition:
    """Choose the plugins a node is made of.

    :raises Refused: with everything that is wrong.
    """
    problems = Problems()
    composition = inspect(conf, plugins, problems)
    problems.settle()
    return composition


def inspect(conf: cfg.ConfigOpts, plugins: NodePlugins, problems: Problems) -> Composition:
    """Choose the plugins a node is made of, noting what is wrong with the choice."""
    problems.note(plugins.catalogue.warnings)
    note_bad_values(conf, problems)
    _note_bad_name(conf, problems)
    roles = chosen_roles(conf)
    transport = choose_transport(conf, plugins, roles, problems)
    chosen = [
        ("bus", transport),
        ("storage", str(conf.storage.backend)),
        *(("role", role) for role in roles),
        *_chosen_by_roles(conf, roles),
    ]
    for kind, name in chosen:
        if name:
            with problems.gather():
                plugins.settings(kind, name)
    _note_conflicts(conf, plugins, roles, transport, problems)
    return Composition(roles, transport, str(conf.storage.backend))


def _note_bad_name(conf: cfg.ConfigOpts, problems: Problems) -> None:
    if not NODE_NAME.fullmatch(str(conf.node.id)):
        problems.add(
            "bad-configuration",
            f"{conf.node.id!r} cannot be the name of a node",
            hint="use letters, digits and . _ : @ - and begin with a letter or digit",
            where="[node] id (--node-id)",
        )


def _chosen_by_roles(conf: cfg.ConfigOpts, roles: tuple[str, ...]) -> list[tuple[str, str]]:
    """Plugins that the roles will ask for."""
    chosen: list[tuple[str, str]] = []
    if "datasources" in roles:
        chosen.append(("leader", str(conf.dse.leader_strategy)))
        chosen.append(("secrets", str(conf.secrets.backend)))
    if "api" in roles:
        chosen.append(("auth", str(conf.auth_strategy)))
    return chosen


def choose_transport(
    conf: cfg.ConfigOpts, plugins: NodePlugins, roles: tuple[str, ...], problems: Problems
) -> str:
    """The transport that is named, or else the one that is set up, or else the local one.

    Empty, with the problem noted, if there is no telling.
    """
    if conf.dse.transport:
        return str(conf.dse.transport)
    ready = [name for name in plugins.names("bus") if _is_configured(plugins, name, conf, problems)]
    if len(ready) > 1:
        problems.add(
            "bad-configuration",
            f"several bus transports are set up: {', '.join(ready)}",
            hint="say which one is meant: set [dse] transport",
            where="[dse] transport",
        )
    elif ready:
        return ready[0]
    elif set(ROLE_FLAGS) <= set(roles):
        return LOCAL_TRANSPORT
    else:
        problems.add(
            "not-configured",
            f"this node has the roles {', '.join(roles)} only, and no way to reach the others",
            hint="set transport_url to the messaging service all nodes share, "
            "or start one node with all roles",
            where="[DEFAULT] transport_url",
        )
    return ""


def _is_configured(
    plugins: NodePlugins, name: str, conf: cfg.ConfigOpts, problems: Problems
) -> bool:
    """Whether the configuration asks for a transport by the transport's own settings."""
    if name == LOCAL_TRANSPORT:
        return False
    try:
        return bool(plugins.load("bus", name).configured(conf))
    except Refused as refusal:
        problems.note(refusal.diagnostics)
    except Exception as error:
        problems.warn(
            "plugin",
            f"bus transport {name!r} cannot tell whether it is set up: {error!r}",
            where=f"bus {name}",
        )
    return False


def _note_conflicts(
    conf: cfg.ConfigOpts,
    plugins: NodePlugins,
    roles: tuple[str, ...],
    transport: str,
    problems: Problems,
) -> None:
    """Settings that are each fine and do not go together."""
    with problems.gather():
        storage = plugins.describe("storage", str(conf.storage.backend))
        if conf.replicated_policy_engine and not storage.features.get("shared", False):
            problems.add(
                "bad-configuration",
                f"storage backend {storage.name!r} cannot be shared by several nodes",
                hint="choose another [storage] backend, or unset replicated_policy_engine",
                where="[DEFAULT] replicated_policy_engine",
            )
    if transport and not set(ROLE_FLAGS) <= set(roles):
        with problems.gather():
            if not plugins.describe("bus", transport).features.get("distributed", True):
                problems.warn(
                    "bad-configuration",
                    f"bus transport {transport!r} does not leave the process, and this node "
                    f"has the roles {', '.join(roles)} only",
                    where="[dse] transport",
                )
    if further_api_processes(conf):
        _note_lonely_workers(conf, plugins, transport, problems)


def _note_lonely_workers(
    conf: cfg.ConfigOpts, plugins: NodePlugins, transport: str, problems: Problems
) -> None:
    """Further processes for the API that could not reach the others, or share nothing."""
    where = "[DEFAULT] api_workers"
    with problems.gather():
        if transport and not plugins.describe("bus", transport).features.get("distributed", True):
            problems.add(
                "bad-configuration",
                f"further processes for the API cannot reach this one: bus transport "
                f"{transport!r} does not leave the process",
                hint="set transport_url to a messaging service, or api_workers to 1 and "
                "[api] threads to more",
                where=where,
            )
        if not plugins.describe("storage", str(conf.storage.backend)).features.get("shared", False):
            problems.add(
                "bad-configuration",
                f"further processes for the API cannot share storage backend "
                f"{str(conf.storage.backend)!r}",
                hint="choose another [storage] backend, or set api_workers to 1",
                where=where,
            )
    if not conf.bind_port:
        problems.add(
            "bad-configuration",
            "further processes for the API need to know the port, and bind_port is 0",
            hint="set bind_port to a free port",
            where=where,
        )
