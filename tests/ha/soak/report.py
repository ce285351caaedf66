"""What a soak found, as a table or as JSON."""

import json
from collections.abc import Sequence
from statistics import median

from tests.ha.soak.series import Series

HEADINGS = (
    "fault",
    "trials",
    "converged",
    "actions",
    "per s",
    "lost",
    "doubled",
    "in doubt",
    "recovery: median",
    "worst",
)
GROWTH_HEADINGS = ("fault", "node", "MB", "to", "files", "to")


def as_text(found: Sequence[Series]) -> str:
    """For people."""
    rows = [
        (
            one.fault.name,
            str(len(one.accounts)),
            str(sum(account.settled for account in one.accounts)),
            str(sum(account.due for account in one.accounts)),
            f"{one.rate:.0f}",
            str(sum(len(account.lost) for account in one.accounts)),
            str(sum(len(account.doubled) for account in one.accounts)),
            str(sum(len(account.doubtful) for account in one.accounts)),
            f"{median(one.gaps or [0.0]):.1f} s",
            f"{max(one.gaps, default=0.0):.1f} s",
        )
        for one in found
    ]
    sizes = [
        (
            one.fault.name,
            grown.node,
            f"{grown.before.megabytes:.0f}",
            f"{grown.after.megabytes:.0f}",
            str(grown.before.files),
            str(grown.after.files),
        )
        for one in found
        for grown in one.growth
    ]
    broken = [f"{one.fault.name}: {text}" for one in found for text in one.broken()]
    return "\n".join(
        [
            *_table(HEADINGS, rows),
            "",
            *_table(GROWTH_HEADINGS, sizes),
            "",
            *(broken or ["every promise was kept"]),
        ]
    )


def as_json(found: Sequence[Series], seed: int) -> str:
    """For programs."""
    plain = [
        {
            "fault": one.fault.name,
            "trials": len(one.accounts),
            "converged": sum(account.settled for account in one.accounts),
            "actions": sum(account.due for account in one.accounts),
            "rate": one.rate,
            "lost": sum(len(account.lost) for account in one.accounts),
            "doubled": sum(len(account.doubled) for account in one.accounts),
            "in_doubt": sum(len(account.doubtful) for account in one.accounts),
            "recovery": one.gaps,
            "growth": {
                grown.node: {
                    "megabytes": [grown.before.megabytes, grown.after.megabytes],
                    "files": [grown.before.files, grown.after.files],
                }
                for grown in one.growth
            },
            "broken": one.broken(),
        }
        for one in found
    ]
    return json.dumps({"seed": seed, "faults": plain}, indent=2)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligned lines."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    return [
        "  ".join(
            text.rjust(width) if column else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (headings, *rows)
    ]
