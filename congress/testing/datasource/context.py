"""What a driver is given in a test, and what it said.

May import the standard library, requests, ``congress.interfaces`` and
``congress.model``, and the manual clock.

Invariant: nothing here makes a thread or waits; a wait on the stop token moves
the manual clock on.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import requests

from congress.interfaces.datasource import Config, DatasourceDriver, DriverContext
from congress.interfaces.plugin import OptionValue, Scope
from congress.model.delta import Batch
from congress.model.schema import Schema
from congress.testing.runtime import ManualClock


class StopToken:
    """A stop token on the manual clock."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._set = False
        self.waits: list[float] = []

    def is_set(self) -> bool:
        """Whether ``set`` was called."""
        return self._set

    def wait(self, timeout: float) -> bool:
        """Let the time pass at once, and note it in ``waits``."""
        if not self._set:
            self.waits.append(timeout)
            self._clock.advance(timeout)
        return self._set

    def set(self) -> None:
        """Ask the driver to end."""
        self._set = True


class Listener(logging.Handler):
    """Keeps the text of everything that is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep level and text, the trace of an exception included."""
        text = logging.Formatter("%(message)s").format(record)
        self.lines.append((record.levelname, text))


@dataclass(frozen=True, slots=True)
class Probe:
    """A context, the things it is made of, and what the driver did with them."""

    context: DriverContext
    clock: ManualClock
    stop: StopToken
    listener: Listener
    emitted: list[Batch] = field(default_factory=list)
    schemas: list[Schema] = field(default_factory=list)

    @property
    def logged(self) -> str:
        """Everything the driver logged, as one text."""
        return "\n".join(text for _, text in self.listener.lines)


def make_context(
    name: str = "source",
    *,
    settings: Mapping[str, OptionValue] | None = None,
    session: Callable[[], requests.Session] = requests.Session,
    clock: ManualClock | None = None,
) -> Probe:
    """A context for one driver.

    :param settings: the driver's options of scope ``NODE``, all of them.
    """
    clock = clock or ManualClock()
    stop, listener = StopToken(clock), Listener()
    log = logging.Logger(f"datasource.{name}", logging.DEBUG)  # noqa: LOG001 - one per test
    log.addHandler(listener)
    emitted: list[Batch] = []
    schemas: list[Schema] = []
    context = DriverContext(
        name=name,
        log=log,
        clock=clock,
        settings=settings or {},
        session=session,
        stop=stop,
        emit=emitted.append,
        schema_changed=schemas.append,
    )
    return Probe(context, clock, stop, listener, emitted, schemas)


def complete_config(
    driver: type[DatasourceDriver], given: Config, scope: Scope = Scope.INSTANCE
) -> dict[str, OptionValue]:
    """A configuration with defaults for everything that is not given.

    :raises ValueError: for an option that the driver does not have.
    """
    options = driver.describe().options_of(scope)
    if unknown := set(given) - {option.name for option in options}:
        raise ValueError(f"no such options: {', '.join(sorted(unknown))}")
    return {option.name: given.get(option.name, option.default) for option in options}
