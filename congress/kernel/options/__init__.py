"""The one registry of options: what can be configured, and how a node reads it.

May import oslo.config and the kernel's own catalogue; importing it reads nothing
and changes nothing. There is no global configuration object: ``new_conf`` makes
one for each node, so that several nodes with different settings fit in a process.

Invariant: every option Congress itself has is in ``GROUPS``; the sample file, the
documentation and the tests are derived from it. Plugins bring their own options
with ``describe()``; they stand in groups ``[<kind>_<name>]``.
"""

from collections.abc import Mapping, Sequence

from oslo_config import cfg

from congress.kernel.options import api, bus, database, datasources, limits, node, policy

#: Every group and its options. The keys are group names; the values are registered as they are.
GROUPS: Mapping[str, Sequence[cfg.Opt]] = {
    "DEFAULT": (*node.DEFAULT, *api.DEFAULT, *policy.DEFAULT, *datasources.DEFAULT),
    "node": node.NODE,
    "dse": bus.DSE,
    "storage": database.STORAGE,
    "audit": database.AUDIT,
    "secrets": database.SECRETS,
    "api": api.API,
    "datasources": datasources.DATASOURCES,
    "limits": limits.LIMITS,
}

#: Options that only the server has on its command line.
CLI_OPTIONS: Sequence[cfg.Opt] = node.CLI

#: Options of ``[node]`` that the server has on its command line too: ``--node-id`` and so on.
_NODE_ON_COMMAND_LINE = ("id", "health-socket")


def new_conf(*, cli: bool = False) -> cfg.ConfigOpts:
    """A configuration object that knows all of Congress's own options, not parsed yet.

    :param cli: know the server's command-line options, too.
    """
    conf = cfg.ConfigOpts()
    conf.register_cli_opts(CLI_OPTIONS if cli else ())
    conf.register_cli_opts(
        [one for one in node.NODE if cli and one.name in _NODE_ON_COMMAND_LINE], group="node"
    )
    for group, options in GROUPS.items():
        conf.register_opts(options, group=None if group == "DEFAULT" else group)
    node.register_run_time_defaults(conf)
    return conf


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """All options by group, those of the installed plugins included.

    For ``oslo-config-generator`` (entry point ``oslo.config.opts``), with which
    the sample configuration is made.
    """
    from congress.kernel.options.plugin import installed_groups

    listed = [(group, list(options)) for group, options in GROUPS.items()]
    listed[0][1].extend(CLI_OPTIONS)
    return listed + installed_groups()
