"""Options of the node itself: its roles, its name, its folder, its end.

May import oslo.config only.
"""

import os
import socket
from pathlib import Path

from oslo_config import cfg

SYSTEM_STATE_PATH = "/var/lib/congress"

#: The roles a node has unless told otherwise, in the order they start, with their flags.
ROLE_FLAGS = {
    "datasources": "role_datasources",
    "policy-engine": "role_policy_engine",
    "api": "role_api",
}


def default_state_path() -> str:
    """The folder for what a node keeps on its own disk, for the user it runs as."""
    if os.geteuid() == 0:
        return SYSTEM_STATE_PATH
    home = os.environ.get("XDG_STATE_HOME")
    return str((Path(home) if home else Path.home() / ".local" / "state") / "congress")


def chosen_roles(conf: cfg.ConfigOpts) -> tuple[str, ...]:
    """The roles of a node: those of its flags, else those configured, else all."""
    flagged = tuple(role for role, flag in ROLE_FLAGS.items() if getattr(conf, flag, False))
    return flagged or tuple(dict.fromkeys(conf.node.roles)) or tuple(ROLE_FLAGS)


def register_run_time_defaults(conf: cfg.ConfigOpts) -> None:
    """Set the defaults that depend on the machine and the user."""
    conf.set_default("state_path", default_state_path())
    conf.set_default("id", socket.gethostname(), group="node")


DEFAULT = (
    cfg.StrOpt(
        "state_path",
        default=SYSTEM_STATE_PATH,
        help="Folder for what this node keeps on its own disk: the SQLite database and the "
        "key that seals secrets, unless they are configured elsewhere. For a user other than "
        "root the default is $XDG_STATE_HOME/congress or ~/.local/state/congress.",
    ),
    cfg.FloatOpt(
        "shutdown_timeout",
        default=30.0,
        min=0.0,
        mutable=True,
        help="Seconds a node may take to finish what it is doing when it is asked to end. "
        "What is left then is abandoned.",
    ),
    cfg.BoolOpt(
        "verbose",
        default=True,
        mutable=True,
        deprecated_for_removal=True,
        deprecated_since="13.0.0",
        deprecated_reason="Set default_log_levels, or debug, instead.",
        help="If false, only warnings and errors are logged. If true, informational messages "
        "are logged as well.",
    ),
    cfg.ListOpt(
        "drivers",
        default=[],
        help="Datasource drivers that may be used, by name (nova) or by class path "
        "(package.module.Class). The class paths of the drivers of older releases stand for "
        "their successors. Empty: all installed drivers may be used.",
    ),
    cfg.ListOpt(
        "disabled_drivers",
        default=[],
        help="Datasource drivers that must not be used, by name or class path, even if they "
        "are listed in 'drivers'.",
    ),
    cfg.ListOpt(
        "custom_driver_endpoints",
        default=[],
        help="Further datasource drivers that are importable but not installed as plugins, "
        "each in the form name=package.module:Class.",
    ),
)

NODE = (
    cfg.ListOpt(
        "roles",
        default=[],
        help="What this node does, in the order its parts start. Built in are datasources, "
        "policy-engine and api. Empty: all three. The command-line options --api, "
        "--policy-engine and --datasources take precedence.",
    ),
    cfg.StrOpt(
        "id",
        sample_default="<host name>",
        help="The name of this node, of letters, digits and the characters . _ : @ -; no two nodes "
        "on one bus may have the same. Default: the host name. On the command line it is "
        "--node-id.",
    ),
    cfg.StrOpt(
        "health-socket",
        default="",
        help="Path of a Unix socket on which this node tells its health, by HTTP: GET /health/live "
        "and GET /health/ready, as the API does. For cluster managers and probes on this host, "
        "where the node has no API. Every node needs a path of its own, so it is best given on "
        "the command line: --node-health-socket. Empty: no socket.",
    ),
    cfg.FloatOpt(
        "supervision_interval",
        default=1.0,
        min=0.05,
        mutable=True,
        help="Seconds between two looks at the health of this node's roles.",
    ),
    cfg.IntOpt(
        "restart_budget",
        default=5,
        min=0,
        mutable=True,
        help="How often a failed role is started anew within 'restart_window' seconds before "
        "the node gives up and ends with exit code 1.",
    ),
    cfg.FloatOpt(
        "restart_window",
        default=600.0,
        min=1.0,
        mutable=True,
        help="Seconds over which the restarts of a role are counted.",
    ),
    cfg.FloatOpt(
        "restart_delay",
        default=1.0,
        min=0.0,
        mutable=True,
        help="Seconds before a failed role is started anew the first time; doubled with every "
        "further restart within the window, up to one minute.",
    ),
)

CLI = (
    cfg.BoolOpt(
        "api",
        dest="role_api",
        default=False,
        help="--api: give this node the role api; it serves the REST API.",
    ),
    cfg.BoolOpt(
        "policy-engine",
        dest="role_policy_engine",
        default=False,
        help="--policy-engine: give this node the role policy-engine; it evaluates policy.",
    ),
    cfg.BoolOpt(
        "datasources",
        dest="role_datasources",
        default=False,
        help="--datasources: give this node the role datasources; it runs the datasource drivers.",
    ),
    cfg.IntOpt(
        "api-worker",
        default=0,
        min=0,
        help="Given by the server to the processes it starts because of api_workers: their number. "
        "Such a process serves the API only and ends with its standard input.",
    ),
    cfg.BoolOpt(
        "standalone",
        default=False,
        help="Try Congress out: all roles in this process, without authentication, listening "
        "on 127.0.0.1 only (unless bind_host is set).",
    ),
    cfg.BoolOpt(
        "check-config",
        default=False,
        help="Check the configuration, tell every problem found, and exit: 0 if it can be "
        "used, 2 if not.",
    ),
    cfg.BoolOpt(
        "delete-missing-driver-datasources",
        default=False,
        help="At the start, delete data sources (and their pushed data) whose driver is not "
        "installed or not permitted.",
    ),
)
