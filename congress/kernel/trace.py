"""Tracing of plugins: each call the kernel or a role makes, with its duration.

May import the kernel's loader only. Switched on by ``CONGRESS_TRACE_PLUGINS=1``;
off, a plugin is used as it was loaded.

A traced class is a subclass of the plugin's class with the same methods, so
``isinstance`` finds the same interfaces and capabilities. A plugin's calls to
itself are shown as well, those to its parent classes are not. Builtins are not
traced: they are called a million times a second.
"""

import functools
import inspect
import logging
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

from congress.kernel.loader import Loaded

LOG = logging.getLogger(__name__)

VARIABLE = "CONGRESS_TRACE_PLUGINS"

Emit = Callable[[str], None]


def enabled() -> bool:
    """Whether the environment asks for tracing."""
    return os.environ.get(VARIABLE, "") not in ("", "0")


def traced(plugin: Loaded, emit: Emit | None = None) -> Loaded:
    """The plugin with every call of its public methods shown, if that is asked for."""
    if not isinstance(plugin.target, type) or not (emit or enabled()):
        return plugin
    label = f"{plugin.candidate.kind}:{plugin.candidate.name}"
    try:
        return replace(plugin, target=traced_class(plugin.target, label, emit or _to_stderr))
    except TypeError as error:
        LOG.warning("%s cannot be traced: %s", label, error)
        return plugin


def traced_class(target: Any, label: str, emit: Emit) -> type:
    """A subclass of a class that tells of each call of a public method."""
    methods: dict[str, Any] = {
        "__module__": target.__module__,
        "__doc__": target.__doc__,
        "__init__": _traced_call(target.__init__, f"{label} construct", emit),
    }
    for name in dir(target):
        if name.startswith("_"):
            continue
        found = inspect.getattr_static(target, name)
        shown = f"{label} {name}"
        if isinstance(found, classmethod | staticmethod):
            methods[name] = type(found)(_traced_call(found.__func__, shown, emit))
        elif inspect.isfunction(found):
            methods[name] = _traced_call(found, shown, emit)
    return type(target.__name__, (target,), methods)


def _traced_call(function: Callable[..., Any], shown: str, emit: Emit) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            result = function(*args, **named)
        except BaseException as error:
            emit(_line(shown, began, f" raised {type(error).__name__}"))
            raise
        if isinstance(result, Generator):
            return _traced_iteration(result, shown, emit)
        emit(_line(shown, began))
        return result

    return call


def _traced_iteration(inner: Generator[Any, None, None], shown: str, emit: Emit) -> Iterator[Any]:
    """Pass an iteration on; its duration is that of the plugin's own part."""
    spent = 0.0
    count = 0
    outcome = ""
    try:
        while True:
            began = time.perf_counter()
            try:
                item = next(inner)
            except StopIteration:
                return
            except BaseException as error:
                outcome = f", raised {type(error).__name__}"
                raise
            finally:
                spent += time.perf_counter() - began
            count += 1
            yield item
    finally:
        inner.close()
        emit(f"{shown} {spent * 1000:.3f} ms, {count} items{outcome}")


def _line(shown: str, began: float, outcome: str = "") -> str:
    return f"{shown} {(time.perf_counter() - began) * 1000:.3f} ms{outcome}"


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"plugin {line}\n")
