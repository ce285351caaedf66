"""Options of what is kept: the storage backend, the audit trail and the store of secrets.

May import oslo.config only. Where the database is, is said in ``[database]``,
which belongs to oslo.db.
"""

from oslo_config import cfg

STORAGE = (
    cfg.StrOpt(
        "backend",
        default="sql",
        help="The plugin that keeps policy, data sources and the action ledger: sql (a "
        "database, see [database] connection), memory (nothing survives the process), or an "
        "installed one.",
    ),
    cfg.IntOpt(
        "change_log_keep",
        default=10_000,
        min=100,
        mutable=True,
        help="Revisions of policy whose changes are kept for nodes that fell behind. One that "
        "is further behind reads everything.",
    ),
    cfg.FloatOpt(
        "action_log_retention",
        default=7 * 86400.0,
        min=60.0,
        mutable=True,
        help="Seconds a finished action that is no longer wanted stays in the action ledger.",
    ),
)

AUDIT = (
    cfg.StrOpt(
        "sink",
        default="log",
        choices=("log", "file", "none"),
        help="Where audit records go besides the database, as lines of JSON: the log of the node "
        "that made them, a file, or nowhere.",
    ),
    cfg.StrOpt(
        "file",
        help="The file of sink=file. It may be moved away at any time, as logrotate does; the next "
        "record makes a new one.",
    ),
    cfg.FloatOpt(
        "retention",
        default=90 * 86400.0,
        min=60.0,
        mutable=True,
        help="Seconds an audit record stays in the database.",
    ),
)

SECRETS = (
    cfg.StrOpt(
        "backend",
        default="fernet",
        help="The plugin that seals the passwords of data sources: fernet (a key file, see "
        "encryption_key_path), or an installed one.",
    ),
)
