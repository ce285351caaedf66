"""The API for other WSGI servers: ``congress.api.wsgi:application``.

May import the kernel and the bus: like ``congress-server`` it makes a node of its
own, with the role ``api`` only, that reaches the others over the bus.

The configuration is that of ``congress-server``, found in the usual places, or in the files
that ``CONGRESS_CONFIG_FILES`` names, separated by colons. The node starts with the first
request of a process, so that a server may load the application and fork afterwards.
"""

import atexit
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any, cast

from congress.api.role import ApiService
from congress.bus import make_bus
from congress.interfaces.auth import WsgiApp
from congress.kernel import logs
from congress.kernel.node import Node
from congress.kernel.options import new_conf
from congress.kernel.release import version
from congress.kernel.threads import prepare_process

FILES = "CONGRESS_CONFIG_FILES"


class Application:
    """The WSGI application. Each process has a node of its own behind it.

    :raises Refused: by a call, if the node cannot start; the next call tries again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._served: WsgiApp | None = None
        self._process = 0

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if self._served is None or self._process != os.getpid():
            self._start()
        assert self._served is not None
        return self._served(environ, start_response)

    def _start(self) -> None:
        with self._lock:
            if self._served is None or self._process != os.getpid():
                self._served, self._process = start_node(), os.getpid()


def start_node() -> WsgiApp:
    """Start a node that serves the API by somebody else's server; it ends with the process."""
    prepare_process()
    conf = new_conf()
    logs.register(conf)
    files = [name for name in os.environ.get(FILES, "").split(":") if name]
    conf([], project="congress", version=version(), default_config_files=files or None)
    conf.set_override("roles", ["api"], group="node")
    conf.set_override("id", f"{conf.node.id}-wsgi-{os.getpid()}", group="node")
    conf.set_override("listen", False, group="api")
    logs.prepare(conf, version())
    node = Node(conf, make_bus=make_bus)
    node.start()
    atexit.register(node.stop, float(conf.shutdown_timeout))
    service = next(one for one in node.services() if one.name == ApiService.name)
    return cast(ApiService, service).application


application = Application()
