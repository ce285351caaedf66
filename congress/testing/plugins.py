"""Distributions and plugins for tests: installed for a moment, sound or broken.

May import the standard library, ``congress.interfaces``, ``congress.model`` and
the kernel's kinds.

A distribution here is a folder on ``sys.path`` with the metadata pip would write,
so the kernel finds it as it finds any other::

    with Shelf() as shelf:
        shelf.install("acme", {"driver": {"acme": "acme_driver:Driver"}},
                      modules={"acme_driver": SOURCE})
"""

import importlib
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from congress.interfaces.bus import BusContext, BusTransport, Channel, OnMessage, OnRequest
from congress.interfaces.plugin import Option, OptionValue, PluginInfo, Scope
from congress.interfaces.role import NodeRole, RoleParts, Service
from congress.kernel.kinds import KINDS
from congress.model.status import Health


class Shelf:
    """A folder of distributions that are installed while the ``with`` block runs."""

    def __init__(self) -> None:
        self._folder = Path()
        self._modules: set[str] = set()

    def __enter__(self) -> "Shelf":
        self._folder = Path(tempfile.mkdtemp(prefix="congress-shelf-"))
        sys.path.append(str(self._folder))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.path.remove(str(self._folder))
        for name in self._modules:
            sys.modules.pop(name, None)
        shutil.rmtree(self._folder)
        importlib.invalidate_caches()

    def install(
        self,
        distribution: str,
        plugins: Mapping[str, Mapping[str, str]],
        *,
        version: str = "1.0",
        modules: Mapping[str, str] | None = None,
    ) -> Path:
        """Install a distribution; return the folder of its metadata.

        :param plugins: by kind, names to targets ``module:Name``.
        :param modules: sources by module name.
        """
        lines: list[str] = []
        for kind, entries in plugins.items():
            lines.append(f"[{KINDS[kind].namespace}]")
            lines += [f"{name} = {target}" for name, target in entries.items()]
        metadata = self._folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for name, source in (modules or {}).items():
            (self._folder / f"{name}.py").write_text(source)
            self._modules.add(name)
        importlib.invalidate_caches()
        return metadata


class FakeTransport(BusTransport):
    """A transport that goes nowhere."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo("fake", "Carries nothing.")

    @classmethod
    def configured(cls, conf: object) -> bool:
        return False

    def __init__(self, config: dict[str, OptionValue], ctx: BusContext) -> None:
        super().__init__(config, ctx)
        self.closed = False

    def open(
        self, bus_id: str, node: str, instance: str, on_message: OnMessage, on_request: OnRequest
    ) -> None:
        self.closed = False

    def broadcast(self, channel: Channel, payload: bytes) -> None:
        assert not self.closed

    def send(self, node: str, payload: bytes) -> None:
        assert not self.closed

    def call(self, node: str, payload: bytes, deadline: float) -> bytes:
        return payload

    def close(self, drain: float) -> None:
        self.closed = True


class FakeService:
    """A service that notes when it is started and stopped, and is as well as it is told to be.

    ``fails`` is raised by the next ``start``; ``events`` gets what happens, in order.
    """

    def __init__(self, name: str, events: list[str]) -> None:
        self.name = name
        self.events = events
        self.fails: Exception | None = None
        self.state = Health()

    def start(self) -> None:
        """Begin, or fail as told."""
        if self.fails:
            raise self.fails
        self.events.append(f"start {self.name}")

    def stop(self, timeout: float) -> None:
        """End."""
        self.events.append(f"stop {self.name}")

    def health(self) -> Health:
        """What the test says."""
        return self.state


class FakeRole(NodeRole):
    """A role of one service; the hub, a dictionary, is where tests find its parts.

    It leaves its parts under ``parts`` and the service it made under ``service``,
    and takes what to raise at the start from ``fails``.
    """

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            "fake",
            "Does nothing, and says so.",
            (Option("mood", description="How it is.", default="calm", scope=Scope.NODE),),
        )

    def __init__(self, parts: RoleParts) -> None:
        super().__init__(parts)
        self._hub: dict[str, Any] = parts.hub if isinstance(parts.hub, dict) else {}
        self._hub["parts"] = parts

    def services(self) -> Sequence[Service]:
        service = FakeService("fake", self._hub.setdefault("events", []))
        service.fails = self._hub.get("fails")
        self._hub["service"] = service
        return [service]


#: Where the fakes are, for entry points.
FAKE_TRANSPORT = f"{__name__}:FakeTransport"
FAKE_ROLE = f"{__name__}:FakeRole"
