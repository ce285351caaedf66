"""API authentication: who is calling.

May import the standard library and ``congress.model`` only. Namespace
``congress.api.auth``.

A strategy wraps the WSGI application and leaves a ``Caller`` in the environment
under ``CALLER_KEY`` for every request that may go on; one that may not it answers
itself, with a JSON error and without reaching the application.
"""

import abc
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from congress.interfaces.plugin import OptionValue, Plugin

CALLER_KEY = "congress.caller"

WsgiApp: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. ``credentials`` is what oslo.policy rules see."""

    user_id: str
    user_name: str = ""
    project_id: str = ""
    roles: tuple[str, ...] = ()
    system_scope: str = ""
    credentials: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The caller for people."""
        return self.user_name or self.user_id


@dataclass(frozen=True, slots=True)
class AuthContext:
    """``conf`` is the node's configuration object, ``bind_host`` the address served."""

    conf: object
    bind_host: str


class AuthStrategy(Plugin):
    """An authentication strategy. It never falls back to another."""

    interface_version: ClassVar[str] = "1.0"

    def __init__(self, config: dict[str, OptionValue], ctx: AuthContext) -> None:
        self.config = config
        self.ctx = ctx

    @abc.abstractmethod
    def wrap(self, app: WsgiApp) -> WsgiApp:
        """The application behind this strategy.

        An unconfigured strategy answers 503 with what to set, and starts all the same.
        """
