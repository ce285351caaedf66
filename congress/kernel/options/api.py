"""Options of the REST API, and the address it listens on.

May import oslo.config and the options of the node.
"""

from oslo_config import cfg

from congress.kernel.options.node import chosen_roles

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - the documented default, with authentication
LOOPBACK = "127.0.0.1"

DEFAULT = (
    cfg.HostAddressOpt(
        "bind_host",
        default=ANY_ADDRESS,
        help="Address the API listens on. With auth_strategy=noauth it listens on 127.0.0.1 "
        "unless this is set.",
    ),
    cfg.PortOpt(
        "bind_port",
        default=1789,
        help="Port the API listens on. Nodes that share a host need different ones.",
    ),
    cfg.StrOpt(
        "auth_strategy",
        default="keystone",
        help="How API users are authenticated: keystone (they must present credentials of "
        "the OpenStack identity service), noauth (not at all), or an installed plugin.",
    ),
    cfg.IntOpt(
        "api_workers",
        default=1,
        min=1,
        max=256,
        help="Processes that serve the API at this address: the server itself, and as many more "
        "that do nothing else. They need a transport_url and a bind_port, and are nodes of their "
        "own, named after this one. A process has [api] threads threads.",
    ),
)

API = (
    cfg.BoolOpt(
        "listen",
        default=True,
        help="Whether the role api listens by itself. congress.api.wsgi, which another server "
        "loads, sets this to false.",
    ),
    cfg.IntOpt("threads", default=16, min=1, max=1000, help="Threads that serve API requests."),
    cfg.IntOpt(
        "watchers",
        default=64,
        min=0,
        max=10_000,
        help="Streams of changes that may be open at a time. They have threads of their own; one "
        "stream more is answered with 503.",
    ),
    cfg.FloatOpt(
        "watch_lifetime",
        default=3600.0,
        min=1.0,
        mutable=True,
        help="Seconds after which a stream of changes ends. Who follows connects again, is "
        "authenticated again and misses nothing.",
    ),
    cfg.IntOpt(
        "max_request_bytes",
        default=16 * 1024 * 1024,
        min=1024,
        mutable=True,
        help="Largest body of a request; larger ones are answered with 413.",
    ),
    cfg.IntOpt(
        "max_header_bytes",
        default=64 * 1024,
        min=1024,
        help="Largest head of a request; larger ones are answered with 431. Tokens of the kind "
        "PKI can be large.",
    ),
    cfg.IntOpt(
        "max_webhook_bytes",
        default=1024 * 1024,
        min=1024,
        mutable=True,
        help="Largest body of a webhook that is signed. It has to be read before it is known "
        "who sent it.",
    ),
    cfg.IntOpt(
        "max_pushed_rows",
        default=1_000_000,
        min=1,
        mutable=True,
        help="Most rows one request may push to a data source; more are answered with 413.",
    ),
    cfg.FloatOpt(
        "request_timeout",
        default=60.0,
        min=0.1,
        mutable=True,
        help="Seconds after which a request that waits for another part of Congress is "
        "answered with 503.",
    ),
)


def listen_address(conf: cfg.ConfigOpts) -> tuple[str, int]:
    """The address and port the API listens on.

    Without authentication that is loopback, unless somebody said otherwise.
    """
    location = conf.get_location("bind_host")
    chosen = location is not None and location.location is not cfg.Locations.opt_default
    host = LOOPBACK if conf.auth_strategy == "noauth" and not chosen else str(conf.bind_host)
    return host, int(conf.bind_port)


def further_api_processes(conf: cfg.ConfigOpts) -> int:
    """How many processes a server starts to serve the API beside itself."""
    serves = "api" in chosen_roles(conf) and not getattr(conf, "api_worker", 0)
    return int(conf.api_workers) - 1 if serves else 0


def shares_port(conf: cfg.ConfigOpts) -> bool:
    """Whether several processes listen on the port of the API."""
    return bool(conf.api_workers > 1)
