"""The server that is measured: a whole node, and two routes that do nothing beside it.

May import ``congress.api``, ``congress.cli`` and the kernel.

All are served by the same HTTP server in the same process, so that what takes time
elsewhere in it takes it from all of them. Prints a line of JSON with their addresses, then
for every line it reads one with what the middleware costs; ends when its standard input does.
"""

import json
import sys
from typing import Any

from flask import Flask, Response

from bench.api import stack
from congress.api.front import compose
from congress.api.server import HttpServer
from congress.bus import make_bus
from congress.cli.server import parse
from congress.interfaces.auth import AuthContext, WsgiApp
from congress.kernel import logs
from congress.kernel.node import Node
from congress.kernel.release import version
from congress.kernel.threads import prepare_process

ANSWER = b'{"results": []}\n'


def bare_app() -> Flask:
    """An application with one route, below ``/v1`` and not."""
    app = Flask("bench.bare", static_folder=None)

    def answer() -> Response:
        return Response(ANSWER, content_type="application/json")

    app.add_url_rule("/bare", "bare", answer)
    app.add_url_rule("/v1/bare", "below", answer)
    return app


def serve(node: Node, app: WsgiApp) -> HttpServer:
    """Serve an application as the API is served, on a port of its own."""
    conf = node.conf
    server = HttpServer(app, "127.0.0.1", 0, threads=node.threads, clock=node.clock)
    server.start(conf.api.threads, conf.api.max_request_bytes, conf.api.max_header_bytes)
    return server


def main(arguments: list[str]) -> None:
    """Serve until told otherwise."""
    prepare_process()
    conf = parse(["--standalone", *arguments])
    logs.prepare(conf, version())
    node = Node(conf, make_bus=make_bus)
    node.start()
    strategy: Any = node.plugins.make("auth", "noauth", AuthContext(conf, "127.0.0.1"))
    app = bare_app()
    alone, composed = app.wsgi_app, compose(app, strategy.wrap, conf)
    bare, limit = serve(node, alone), serve(node, composed)
    api = next(one.url for one in node.services() if one.name == "api")  # type: ignore[attr-defined]
    print(json.dumps({"api": api, "bare": bare.url, "limit": limit.url}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(stack.cost(alone, composed)), flush=True)
    for server in (bare, limit):
        server.stop(5)
    node.stop(10)


if __name__ == "__main__":
    main(sys.argv[1:])
