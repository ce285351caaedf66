"""From a stored datasource to its driver, constructed but not opened.

Imports the interfaces and the model only. Data loop.

Invariant: a driver never sees options that were not checked against its
declaration, nor a session that ignores the node's proxy and authorities.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from congress.interfaces.datasource import DatasourceDriver, DriverContext
from congress.interfaces.plugin import OptionValue, PluginInfo
from congress.interfaces.role import Plugins
from congress.interfaces.runtime import Clock, Stop
from congress.interfaces.secrets import SecretStore
from congress.interfaces.storage import DatasourceRecord
from congress.model.delta import Batch
from congress.model.schema import Schema
from congress.roles.datasource import config
from congress.roles.datasource.redaction import Redactor
from congress.roles.datasource.settings import Settings

if TYPE_CHECKING:
    import requests

KIND = "driver"


@dataclass(frozen=True, slots=True)
class Mount:
    """What is needed to construct a driver."""

    cls: type[DatasourceDriver]
    info: PluginInfo
    config: dict[str, OptionValue]
    settings: dict[str, OptionValue]
    redact: Redactor

    def construct(
        self,
        name: str,
        log: logging.Logger,
        clock: Clock,
        settings: Settings,
        stop: Stop,
        emit: Callable[[Batch], None],
        schema_changed: Callable[[Schema], None],
    ) -> DatasourceDriver:
        """The driver, not opened."""
        context = DriverContext(
            name=name,
            log=log,
            clock=clock,
            settings=self.settings,
            session=lambda: make_session(settings),
            stop=stop,
            emit=emit,
            schema_changed=schema_changed,
        )
        return self.cls(self.config, context)


def load(plugins: Plugins, driver: str) -> tuple[type[DatasourceDriver], PluginInfo]:
    """A driver's class and declaration.

    :raises Refused: code ``plugin``.
    """
    cls: type[DatasourceDriver] = plugins.load(KIND, driver)
    return cls, plugins.describe(KIND, driver)


def mount(record: DatasourceRecord, plugins: Plugins, secrets: SecretStore) -> Mount:
    """Everything about a stored datasource's driver, checked.

    :raises Refused: the driver cannot be loaded, a secret cannot be opened, or the
        configuration does not fit the driver (any more).
    """
    cls, info = load(plugins, record.driver)
    opened = config.opened(record.config, record.sealed, secrets)
    values = config.completed(info, config.checked(info, opened))
    settings = plugins.settings(KIND, record.driver)
    config.refuse_problems(cls.check(values, settings))
    secret = [option.name for option in info.options if option.secret]
    texts = config.secret_texts(values, secret) + config.secret_texts(settings, secret)
    return Mount(cls, info, values, settings, Redactor(texts))


def make_session(settings: Settings) -> requests.Session:
    """An HTTP session that obeys the node's proxy and authorities."""
    import requests

    session = requests.Session()
    if proxy := settings.http_proxy:
        session.proxies = {"http": proxy, "https": proxy}
    if authorities := settings.ca_file:
        session.verify = authorities
    return session


def number(values: dict[str, OptionValue], name: str, default: float) -> float:
    """A numeric option, where the driver has it."""
    value: Any = values.get(name)
    return default if value is None else float(value)


def names(values: dict[str, OptionValue], name: str) -> frozenset[str]:
    """An option that lists names, where the driver has it."""
    value = values.get(name)
    return frozenset(str(item) for item in value) if isinstance(value, list) else frozenset()
