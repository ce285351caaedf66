"""What every plugin has, whatever its kind.

May import the standard library and ``congress.model`` only.

Two phases: ``describe()`` tells everything about a plugin without I/O and
without constructing it (listing, documentation, validation and the sample
configuration use nothing else); then the plugin is constructed, opened, used
and closed as its kind says.
"""

import abc
import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from congress.model.status import Health

OptionValue = str | int | float | bool | list[object] | dict[str, object] | None


class Scope(enum.StrEnum):
    """Who sets an option.

    ``INSTANCE`` options come with each datasource that uses the driver;
    ``NODE`` options stand in the configuration file, in the plugin's own group
    ``[<kind>_<name>]`` with hyphens as underscores (``[driver_file]``,
    ``[storage_sql]``). Kinds other than datasource drivers have ``NODE`` only.
    """

    INSTANCE = "instance"
    NODE = "node"


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a plugin.

    ``type`` is one of ``string integer number boolean list object``. Values
    given as strings (as the old command line does) are converted to it.
    ``schema`` is a JSON Schema that the value must meet besides.
    """

    name: str
    type: str = "string"
    description: str = ""
    default: OptionValue = None
    required: bool = False
    secret: bool = False
    scope: Scope = Scope.INSTANCE
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    mutable: bool = False
    aliases: tuple[str, ...] = ()
    schema: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """What ``describe()`` tells.

    ``features`` are named capabilities and limits (``{"persistent": True}``);
    each kind's interface file lists the names it knows. ``supported`` is false
    for plugins that nobody tests; ``deprecated`` says what to use instead.
    """

    name: str
    summary: str
    options: tuple[Option, ...] = ()
    features: Mapping[str, bool | int | str] = field(default_factory=dict)
    supported: bool = True
    deprecated: str = ""

    def options_of(self, scope: Scope) -> tuple[Option, ...]:
        """The options that are set in that scope."""
        return tuple(option for option in self.options if option.scope is scope)


class Plugin(abc.ABC):
    """The common parent of all plugin classes."""

    #: The version of the kind's interface the plugin was written for. The
    #: kernel refuses a plugin whose major version is not the kind's.
    interface_version: ClassVar[str] = "1.0"

    @classmethod
    @abc.abstractmethod
    def describe(cls) -> PluginInfo:
        """Tell about the plugin. Does no I/O, constructs nothing, never raises."""

    def health(self) -> Health:
        """How the plugin is now. Called from any thread; must not block."""
        return Health()


#: Loads another plugin by kind and name; the kernel's loader, as plugins see it.
Describe = Callable[[str, str], PluginInfo]
