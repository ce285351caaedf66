"""Secrets kept out of texts that people read.

Imports the standard library only.

Invariant: what a driver says of an error, and what it logs through its logger,
shows none of its datasource's secrets, whatever the driver put in.
"""

import logging
import re
from collections.abc import Iterable

HIDDEN = "<hidden>"

#: Shorter secrets are hidden only where they stand alone, or no text would be legible.
_DISTINCT = 4


class Redactor:
    """Replaces each occurrence of some secrets."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        found = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        parts = [
            re.escape(secret) if len(secret) >= _DISTINCT else rf"(?<!\w){re.escape(secret)}(?!\w)"
            for secret in found
        ]
        self._pattern = re.compile("|".join(parts)) if parts else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub(HIDDEN, text) if self._pattern else text


class RedactingFilter(logging.Filter):
    """Makes the records of one logger pass through a redactor."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, without secrets."""
        record.msg, record.args = self._redact(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self._redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


def driver_logger(name: str, redact: Redactor) -> logging.Logger:
    """The logger of a datasource's driver."""
    logger = logging.getLogger(f"congress.datasource.{name}")
    for old in [entry for entry in logger.filters if isinstance(entry, RedactingFilter)]:
        logger.removeFilter(old)
    logger.addFilter(RedactingFilter(redact))
    return logger
