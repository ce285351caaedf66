"""The role ``status-file``: this node's health in a file, for monitors that read files.

It shows what a role needs: from the parts the kernel gives it, it makes services
with ``start``, ``stop`` and ``health``.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from congress.interfaces.plugin import Option, PluginInfo, Scope
from congress.interfaces.role import NodeRole, RoleParts, Service
from congress.interfaces.runtime import Loop
from congress.model.status import Health, State


class StatusFileRole(NodeRole):
    """Writes a JSON object now and then: the node's parts and the nodes it hears."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            "status-file",
            "Writes the health of the node to a file.",
            (
                Option(
                    "path",
                    description="The file to write.",
                    required=True,
                    scope=Scope.NODE,
                ),
                Option(
                    "interval",
                    "number",
                    "Seconds between two writings.",
                    10.0,
                    scope=Scope.NODE,
                    minimum=0.1,
                ),
            ),
        )

    def services(self) -> Sequence[Service]:
        return [StatusFile(self.parts)]


class StatusFile:
    """The service behind the role. The file is there as long as the service runs."""

    name = "status-file"

    def __init__(self, parts: RoleParts) -> None:
        settings = parts.plugins.settings("role", "status-file")
        self._parts = parts
        self._path = Path(str(settings["path"]))
        self._interval = float(str(settings["interval"]))
        self._loop: Loop | None = None
        self._problem = ""

    def start(self) -> None:
        """Write at once, so that a path that cannot be written stops the start."""
        self._write()
        self._loop = self._parts.threads.loop(self.name)
        self._loop.every(self._interval, self._attempt)

    def stop(self, timeout: float) -> None:
        """Take the file away: a node that has stopped has no status."""
        if self._loop is not None:
            self._loop.close(timeout)
        self._path.unlink(missing_ok=True)

    def health(self) -> Health:
        return Health(State.DEGRADED, self._problem) if self._problem else Health()

    def _attempt(self) -> None:
        try:
            self._write()
        except OSError as error:
            self._problem = f"cannot write {self._path.name}: {error.strerror}"
        else:
            self._problem = ""

    def _write(self) -> None:
        """Replace the file in one step, so that no reader sees half of it."""
        parts = self._parts
        status = {
            "node": parts.bus.node,
            "at": parts.clock.time(),
            "peers": [peer.node for peer in parts.bus.peers()],
            "parts": {
                name: {"state": str(health.state), "message": health.message}
                for name, health in parts.node_health().items()
                if name != self.name
            },
        }
        draft = self._path.with_name(self._path.name + ".new")
        draft.write_text(json.dumps(status))
        draft.replace(self._path)
