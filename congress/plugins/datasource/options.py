"""The options that many drivers have, declared once.

May import the interfaces, the model and the standard library only.

Invariant: the host of drivers reads these options out of a datasource's
configuration itself; a driver that polls declares ``polling_options``, one that
takes webhooks ``webhook_options``, and neither heeds any of them.
"""

from collections.abc import Iterable, Mapping, Sequence

from congress.interfaces.plugin import Option
from congress.model.signature import SECRET_OPTION

POLL_TIME = 10


def polling_options(
    *, poll_time: float = POLL_TIME, lazy: Iterable[str] = (), tables: Iterable[str] = ()
) -> tuple[Option, Option, Option]:
    """Declare ``poll_time``, ``poll_timeout`` and ``lazy_tables``.

    :param poll_time: seconds between polls unless configured otherwise.
    :param lazy: tables that are lazy unless configured otherwise.
    :param tables: all tables, where they are known beforehand; others are refused.
    """
    return (
        Option(
            "poll_time",
            type="number",
            description="Seconds between two polls; 0 polls only when a refresh is requested.",
            default=poll_time,
            minimum=0,
        ),
        Option(
            "poll_timeout",
            type="number",
            description="Seconds that a poll may take; unset, the node's own limit.",
            minimum=1,
        ),
        Option(
            "lazy_tables",
            type="list",
            description="Tables that are read only while a policy or a reader wants them.",
            default=list(lazy),
            schema=_table_names(tables),
        ),
    )


def webhook_options() -> tuple[Option]:
    """Declare ``webhook_secret``."""
    return (
        Option(
            SECRET_OPTION,
            description="A secret of at least 16 characters. Who knows it may send webhooks "
            "without a token, by signing them.",
            secret=True,
            schema={"type": "string", "minLength": 16},
        ),
    )


def _table_names(tables: Iterable[str]) -> Mapping[str, object]:
    """The JSON Schema of a list of table names."""
    known: Sequence[str] = sorted(tables)
    item: dict[str, object] = {"type": "string"}
    if known:
        item["enum"] = known
    return {"type": "array", "items": item, "uniqueItems": True}
