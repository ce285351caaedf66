"""What the middleware costs: processor time of the same route with it and without.

May import the standard library only.

A load over the network tells little of it, since the machine does much besides. So the
applications are called here, on one thread, in turns.
"""

import io
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

ROUNDS = 200
_CALLS = 50


def cost(bare: App, limit: App) -> Mapping[str, float]:
    """Seconds of one call without the middleware, and which share of that it adds."""
    rounds = [(_seconds(bare, "/bare"), _seconds(limit, "/v1/bare")) for _ in range(ROUNDS)]
    return {
        "seconds": statistics.median(without for without, _ in rounds),
        "share": statistics.median(together / without - 1 for without, together in rounds),
    }


def _seconds(app: App, path: str) -> float:
    """The processor seconds of one call, the mean of some."""
    start = time.thread_time()
    for _ in range(_CALLS):
        b"".join(app(_environ(path), _begin))
    return (time.thread_time() - start) / _CALLS


def _begin(_status: str, _headers: object) -> None:
    """Takes the head of an answer."""


def _environ(path: str) -> dict[str, Any]:
    """What the HTTP server makes of a request of a load."""
    return {
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_HOST": "127.0.0.1",
        "REMOTE_PORT": "50000",
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "1789",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "congress",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "HTTP_HOST": "127.0.0.1:1789",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.input": io.BytesIO(),
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
