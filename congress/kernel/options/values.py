"""Values and names in configuration files: what cannot be meant.

May import oslo.config and the kernel's errors.

oslo.config finds a bad value when it is read, one at a time, and ignores names it
does not know. Here every value is read at once and every name looked at.
"""

import difflib
import importlib.metadata
import re
from collections.abc import Mapping
from pathlib import Path

from oslo_config import cfg

from congress.kernel.errors import Problems, choices_hint

#: How oslo.config words a value that is not valid.
_BAD_VALUE = re.compile(
    r"Value for option \S+ from LocationInfo\(.*detail='(?P<file>[^']*)'\)"
    r" is not valid: (?P<reason>.*)",
    re.DOTALL,
)

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

    The plugins that are in use must have been loaded before. Asks the libraries
    for the names they read, which takes importing them.
    """
    written = _written(conf)
    known = _registered(conf)
    if all(names <= known.get(group, set()) for group, names in written.items()):
        return
    _add_libraries(known)
    for group, names in written.items():
        if group not in known:
            _warn(problems, f"nothing reads the group [{group}]", group, known, f"[{group}]")
            continue
        for name in sorted(names - known[group]):
            where = f"[{group}] {name}"
            _warn(problems, f"there is no option {name!r}", name, known[group], where)


def note_misspelt_names(conf: cfg.ConfigOpts, problems: Problems) -> None:
    """Warn of names that look like one of Congress's own options and are none.

    Quick, for every start; what belongs to libraries and plugins is not judged.
    """
    known = _registered(conf)
    for group, names in _written(conf).items():
        for name in sorted(names - known.get(group, set())):
            if difflib.get_close_matches(name, known.get(group, set()), 1, cutoff=0.8):
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
        problems.add("bad-configuration", _reason(error), hint=f"correct {where}", where=where)
    return None


def _reason(error: Exception) -> str:
    """Why a value cannot be, and in which file it is, without how the library says that."""
    text = str(error)
    found = _BAD_VALUE.fullmatch(text)
    return f"{found['reason']} (in {found['file']})" if found else text


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


def _registered(conf: cfg.ConfigOpts) -> dict[str, set[str]]:
    """The names that are registered, by group."""
    known: dict[str, set[str]] = {"DEFAULT": set()}
    for name in conf:
        value = _read(conf, name, "DEFAULT", Problems())
        if isinstance(value, cfg.ConfigOpts.GroupAttr):
            known.setdefault(name, set()).update(value)
        else:
            known["DEFAULT"].add(name)
    return known


def _add_libraries(known: dict[str, set[str]]) -> None:
    """Add the names that libraries read."""
    for point in importlib.metadata.entry_points(group="oslo.config.opts"):
        if point.name in (*LIBRARY_NAMESPACES, "congress"):
            for group, options in point.load()():
                names = known.setdefault(str(group or "DEFAULT"), set())
                names.update(form for one in options for form in (one.name, one.dest))
