"""The services of a node: what others may call, and how it goes.

May import ``congress.model``, ``congress.interfaces`` and this package.

Invariants: nothing can be called that was not listed; a caller gets a JSON value
or a refusal with diagnostics, never a traceback.
"""

import inspect
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from congress.bus.counters import Counters
from congress.interfaces.role import Method
from congress.model.diagnostic import Refused, refuse
from congress.model.status import Health, State

LOG = logging.getLogger(__name__)

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class _Arguments:
    """The arguments a method takes; most calls are seen to fit by their names alone."""

    signature: inspect.Signature
    required: frozenset[str]
    known: frozenset[str]

    def problem(self, args: Mapping[str, Any]) -> str:
        """Why the method cannot take these; empty if it can."""
        if self.required <= args.keys() and args.keys() <= self.known:
            return ""
        try:
            self.signature.bind(**args)
        except TypeError as error:
            return str(error)
        return ""


@dataclass(frozen=True, slots=True)
class _Service:
    methods: Mapping[str, Method]
    arguments: Mapping[str, _Arguments | None]
    health: Callable[[], Health]


class Services:
    """A register of services by name. Names that begin with ``__`` are not announced."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._lock = threading.Lock()
        self._services: dict[str, _Service] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._services

    def add(
        self, name: str, methods: Mapping[str, Method], health: Callable[[], Health] | None
    ) -> None:
        """Serve exactly these methods.

        :raises ValueError: the name is taken.
        """
        arguments = {key: _arguments(method) for key, method in methods.items()}
        with self._lock:
            if name in self._services:
                raise ValueError(f"service {name!r} is served already")
            self._services[name] = _Service(dict(methods), arguments, health or Health)

    def remove(self, name: str) -> None:
        """Serve it no more."""
        with self._lock:
            self._services.pop(name, None)

    def healths(self) -> dict[str, Health]:
        """The health of every announced service."""
        with self._lock:
            services = [(n, s) for n, s in self._services.items() if not n.startswith("__")]
        return {name: self._health(name, service) for name, service in services}

    def dispatch(self, name: str, method: str, args: Mapping[str, Any]) -> Any:
        """Run a method on the calling thread.

        :raises Refused: by the method, or because there is no such thing.
        """
        service = self._services.get(name)
        if service is None:
            raise refuse("unavailable", f"service {name!r} is not served here (any more)")
        function = service.methods.get(method)
        if function is None:
            raise refuse("unsupported", f"{name!r} has no method {method!r}")
        arguments = service.arguments[method]
        if arguments is not None and (problem := arguments.problem(args)):
            raise refuse("invalid", f"{name}.{method}: {problem}")
        try:
            return function(**args)
        except Refused:
            raise
        except Exception:
            self._counters.count("calls.failed")
            LOG.exception("%s.%s failed", name, method)
            raise refuse(
                "internal",
                f"{name}.{method} failed",
                hint="the log of the node that serves it has the details",
            ) from None

    def _health(self, name: str, service: _Service) -> Health:
        try:
            return service.health()
        except Exception:
            self._counters.count("health.failed")
            LOG.exception("the health of %s cannot be told", name)
            return Health(State.FAILED, "its health cannot be told")


def _arguments(method: Method) -> _Arguments | None:
    """What arguments a method takes; ``None`` if it does not tell."""
    try:
        signature = inspect.signature(method)
    except (ValueError, TypeError):
        return None
    named = [one for one in signature.parameters.values() if one.kind in _NAMED]
    required = [one.name for one in named if one.default is one.empty]
    return _Arguments(signature, frozenset(required), frozenset(one.name for one in named))
