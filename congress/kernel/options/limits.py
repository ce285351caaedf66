"""Options that bound what a rule author or a data source can make a node do.

May import oslo.config only.
"""

from oslo_config import cfg

LIMITS = (
    cfg.IntOpt(
        "transaction_rows",
        default=5_000_000,
        min=1000,
        mutable=True,
        help="Derived rows one transaction may produce before it is rolled back.",
    ),
    cfg.FloatOpt(
        "transaction_seconds",
        default=60.0,
        min=0.1,
        mutable=True,
        help="Seconds the evaluation of one transaction may take before it is rolled back.",
    ),
    cfg.FloatOpt(
        "query_seconds",
        default=30.0,
        min=0.1,
        mutable=True,
        help="Seconds a query, simulation or explanation may take.",
    ),
    cfg.IntOpt(
        "change_rows",
        default=100_000,
        min=0,
        mutable=True,
        help="Added and removed rows of all tables together that a policy engine keeps for those "
        "who follow a table. A follower who is further behind gets all rows anew.",
    ),
    cfg.IntOpt(
        "string_length",
        default=1_000_000,
        min=1000,
        mutable=True,
        help="Longest string, in characters, that a builtin may compute.",
    ),
    cfg.IntOpt(
        "integer_bits",
        default=4096,
        min=64,
        mutable=True,
        help="Largest integer, in bits, that a builtin may compute.",
    ),
)
