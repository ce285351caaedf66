"""Options of the bus: partition, transport, timing, and how a leader is found.

May import oslo.config only.
"""

from typing import Any

from oslo_config import cfg, types

#: The least length of a key with which nodes sign.
KEY_LENGTH = 16


class SigningKey(types.String):
    """A key; what is wrong with one is said without showing it."""

    def __call__(self, value: Any) -> Any:
        key = super().__call__(value)
        if len(key) < KEY_LENGTH:
            raise ValueError(f"a key has {KEY_LENGTH} characters at least")
        return key


def _seconds(name: str, default: float, text: str, least: float = 0.01) -> cfg.FloatOpt:
    return cfg.FloatOpt(name, default=default, min=least, mutable=True, help=text)


#: Options of earlier releases that old files may hold.
_WITHOUT_EFFECT: dict[str, Any] = {
    "deprecated_for_removal": True,
    "deprecated_since": "13.0.0",
    "deprecated_reason": "Heartbeats tell which nodes and updates there are; a gap is filled "
    "as soon as one shows it.",
    "help": "Has no effect.",
}

DSE = (
    cfg.StrOpt(
        "bus_id",
        default="bus",
        help="Unique name of the bus: the same for all nodes of one Congress, different for "
        "every Congress that shares the messaging service. Any text of up to 255 printable "
        "characters. A Congress of one process can ignore it.",
    ),
    cfg.StrOpt(
        "transport",
        help="The plugin that carries messages between nodes: inproc (within one process), "
        "oslo (oslo.messaging), or an installed one. Unset: the one whose own settings are "
        "there (for oslo: transport_url), else inproc if all three roles run in this process.",
    ),
    cfg.StrOpt(
        "leader_strategy",
        default="auto",
        help="The plugin by which each data source picks the policy engine whose actions it "
        "runs: auto (the one on its own node, else the first heard), first-heard, same-node, "
        "lease (as auto, and the choice is kept in the database), or an installed one.",
    ),
    cfg.ListOpt(
        "signing_keys",
        item_type=SigningKey(),
        default=[],
        secret=True,
        mutable=True,
        help="Keys with which the nodes of one Congress sign what they send each other "
        "(HMAC-SHA256): the same on all nodes, secret, at least 16 characters each, separated "
        "by commas. The first signs, all are accepted, so keys can be exchanged while nodes "
        "run. Messages without a good signature are dropped. Empty: nothing is signed.",
    ),
    cfg.BoolOpt(
        "signing_required",
        default=True,
        mutable=True,
        help="Believe only nodes that sign as this one does: with a key those that sign, "
        "without a key those that do not. Turn it off while keys are introduced or given up "
        "on running nodes, and never for longer.",
    ),
    _seconds("heartbeat_interval", 0.5, "Seconds between two heartbeats of a node."),
    _seconds(
        "leader_timeout",
        2.0,
        "Seconds of silence after which a data source drops its leader and picks another.",
    ),
    _seconds("peer_timeout", 3.0, "Seconds of silence after which a node is taken to be gone."),
    _seconds(
        "lease",
        5.0,
        "Seconds a datasource node owns its data sources without renewing. After that long "
        "without it, another one takes over.",
        1.0,
    ),
    _seconds(
        "action_park_window",
        30.0,
        "Seconds an action that was wanted and no longer is stays in the memory of a data "
        "source, so that a change of leader in between loses nothing.",
        0.0,
    ),
    cfg.IntOpt(
        "max_inbox_rows",
        default=1_000_000,
        min=1000,
        mutable=True,
        help="Rows of changes that may wait at a policy engine behind the one that is next. "
        "Above it all that waits is put together into one change, as large as the tables at most.",
    ),
    _seconds(
        "safety_resync_period",
        60.0,
        "Seconds between two looks at the database for changes of policy and data sources "
        "that no notification told of.",
        1.0,
    ),
    cfg.FloatOpt("ping_timeout", default=5.0, min=0.0, **_WITHOUT_EFFECT),
    _seconds(
        "long_timeout",
        120.0,
        "Seconds to wait for the answer of a call that may take long: simulations, manual "
        "actions, refreshes.",
    ),
    cfg.FloatOpt("time_to_resub", default=10.0, min=0.0, **_WITHOUT_EFFECT),
    cfg.BoolOpt(
        "execute_action_retry",
        default=False,
        mutable=True,
        help="Repeat actions whose outcome is unknown, also those that do not declare "
        "at_least_once. They may then be executed twice.",
    ),
    cfg.FloatOpt(
        "execute_action_retry_timeout",
        default=600.0,
        mutable=True,
        help="Seconds after which a repeated action is given up. Zero or less: never.",
    ),
)
