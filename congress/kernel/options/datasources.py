"""Options of the datasource role.

May import oslo.config only.
"""

from oslo_config import cfg

DEFAULT = (
    cfg.IntOpt(
        "datasource_sync_period",
        default=0,
        min=0,
        mutable=True,
        help="Seconds between two synchronisations of policy and data sources with the database. "
        "Zero: on notification, and every [dse] safety_resync_period.",
    ),
    cfg.BoolOpt(
        "enable_execute_action",
        default=True,
        mutable=True,
        help="If false, no action is ever executed; what policy asks for is recorded as "
        "suppressed, and is not made up for when this is set again.",
    ),
    cfg.StrOpt(
        "encryption_key_path",
        default="$state_path/keys",
        help="Folder of the key that seals the passwords of data sources. All nodes that share "
        "a database need the same key.",
    ),
)

DATASOURCES = (
    cfg.FloatOpt(
        "poll_time",
        default=10.0,
        min=0.1,
        mutable=True,
        help="Seconds between two polls of a data source that does not set poll_time itself.",
    ),
    cfg.FloatOpt(
        "poll_timeout",
        default=60.0,
        min=0.1,
        mutable=True,
        help="Seconds after which a poll that has not ended is given up and its tables "
        "become stale.",
    ),
    cfg.FloatOpt(
        "max_backoff",
        default=300.0,
        min=1.0,
        mutable=True,
        help="Longest pause, in seconds, between two attempts to poll a service that fails.",
    ),
    cfg.FloatOpt(
        "action_timeout",
        default=60.0,
        min=0.1,
        mutable=True,
        help="Seconds a driver has to run one action.",
    ),
    cfg.FloatOpt(
        "webhook_window",
        default=300.0,
        min=1.0,
        max=43200.0,
        mutable=True,
        help="Seconds by which the time in a signed webhook may differ from now. Within it a "
        "webhook is known by its signature, and taken once.",
    ),
    cfg.StrOpt(
        "http_proxy",
        help="Proxy that drivers use for HTTP and HTTPS. Unset: what the environment says.",
    ),
    cfg.StrOpt(
        "ca_file",
        help="File of the certificate authorities that drivers trust. Unset: those of the system.",
    ),
)
