"""Whether a configuration names a messaging service, without asking the messaging library.

May import oslo.config.

The option is the library's, and registering it takes importing the library. A node that
does not use it should not do that, so its files are read here once more.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from oslo_config import cfg

NAME = "transport_url"
#: The environment variable that sets it, as oslo.config names it.
VARIABLE = "OS_DEFAULT__TRANSPORT_URL"


def is_url_set(conf: cfg.ConfigOpts) -> bool:
    """Whether ``transport_url`` is set anywhere."""
    if NAME in conf:
        location = conf.get_location(NAME)
        default = location is None or location.location is cfg.Locations.opt_default
        return bool(conf[NAME]) and not default
    return bool(os.environ.get(VARIABLE)) or any(map(_names_url, _files(conf)))


def _files(conf: cfg.ConfigOpts) -> Iterator[Path]:
    """The configuration files that were read."""
    yield from (Path(name) for name in conf.config_file or ())
    for folder in conf.config_dir or ():
        yield from sorted(Path(folder).glob("*.conf"))


def _names_url(file: Path) -> bool:
    sections: dict[str, dict[str, list[str]]] = {}
    cfg.ConfigParser(str(file), sections).parse()
    return any(sections.get("DEFAULT", {}).get(NAME, ()))
