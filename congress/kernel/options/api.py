"""Options of the REST API, and the address it listens on.

May import oslo.config only.
"""

from oslo_config import cfg

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
        deprecated_for_removal=True,
        deprecated_since="13.0.0",
        deprecated_reason="One process serves the API with [api] threads threads. To serve it "
        "from more processes, start nodes with the role api behind a load balancer.",
        help="Has no effect besides a warning if it is greater than one.",
    ),
)

API = (
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
