"""Values and names in configuration files: what cannot be meant.

May import oslo.config and the kernel's errors.

oslo.config finds a bad value when it is read, one at a time, and ignores names it
does not know. Here every value is read at once and every name looked at.
"""

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path

from oslo_config import cfg

from congress.kernel.errors import Problems, choices_hint

#: Entry points of libraries whose options may stand in Congress's configuration file.
LIBRARY_NAMESPACES = (
    "oslo.log",
    "oslo.db",
    "oslo.policy",
    "oslo.messaging",
    "oslo.middleware.cors",
    "oslo.middleware.healthcheck",
    "oslo.middleware.http_proxy_to_wsgi",
    "keystonemiddleware.auth_token",
)


def note_bad_values(conf: cfg.ConfigOpts, problems: Problems) -> None:
    """Read every option that is known, and note those whose values are not valid."""
    for name in conf:
        value = _read(conf, name, "DEFAULT", problems)
        if isinstance(value, cfg.ConfigOpts.GroupAttr):
            for member in value:
                _read(value, member, name, problems)


def note_unknown_names(conf: cfg.ConfigOpts, problems: Problems) -> None:
    """Warn of groups and options in the configuration files that nothing reads.

    The plugins that are in use must have been loaded before.
    """
    written = _written(conf)
    if not written:
        return
    known = _known(conf)
    for group, names in written.items():
        if group not in known:
            _warn(problems, f"nothing reads the group [{group}]", group, known, f"[{group}]")
            continue
        for name in names:
            if name not in known[group]:
                where = f"[{group}] {name}"
                _warn(problems, f"there is no option {name!r}", name, known[group], where)


def _warn(
    problems: Problems,
    message: str,
    given: str,
    choices: Mapping[str, object] | set[str],
    where: str,
) -> None:
    problems.warn("bad-configuration", message, hint=choices_hint(given, choices), where=where)


def _read(values: Mapping[str, object], name: str, group: str, problems: Problems) -> object:
    try:
        return values[name]
    except (ValueError, cfg.Error) as error:
        where = f"[{group}] {name}"
        problems.add("bad-configuration", str(error), hint=f"correct {where}", where=where)
    return None


def _written(conf: cfg.ConfigOpts) -> dict[str, set[str]]:
    """The names in all configuration files that were read, by group."""
    files = [Path(name) for name in conf.config_file or ()]
    for folder in conf.config_dir or ():
        files.extend(sorted(Path(folder).glob("*.conf")))
    written: dict[str, set[str]] = {}
    for file in files:
        sections: dict[str, dict[str, list[str]]] = {}
        cfg.ConfigParser(str(file), sections).parse()
        for group, values in sections.items():
            written.setdefault(group, set()).update(values)
    return written


def _known(conf: cfg.ConfigOpts) -> dict[str, set[str]]:
    """The names that mean something, by group: those registered and those of libraries."""
    known: dict[str, set[str]] = {"DEFAULT": set()}
    for name in conf:
        value = conf[name]
        if isinstance(value, cfg.ConfigOpts.GroupAttr):
            known.setdefault(name, set()).update(value)
        else:
            known["DEFAULT"].add(name)
    for point in importlib.metadata.entry_points(group="oslo.config.opts"):
        if point.name in (*LIBRARY_NAMESPACES, "congress"):
            for group, options in point.load()():
                names = known.setdefault(str(group or "DEFAULT"), set())
                names.update(form for one in options for form in (one.name, one.dest))
    return known
