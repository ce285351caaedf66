"""What is said of an exception, to people and to the log.

Imports the interfaces and the model only.

Invariant: what is returned holds no secret, no traceback and, unless the driver
put it into words itself, nothing of the exception but its kind.
"""

import logging
import traceback

from congress.interfaces.datasource import DriverError
from congress.interfaces.storage import StorageError
from congress.model.diagnostic import Refused
from congress.roles.datasource.redaction import Redactor

LOG = logging.getLogger(__name__)

_WORDED = (DriverError, Refused, StorageError)


class Explainer:
    """Words the exceptions of one datasource's driver. Any thread."""

    def __init__(self, datasource: str, node: str) -> None:
        self._datasource = datasource
        self._node = node
        self._last = ""
        self.redact = Redactor()

    def __call__(self, error: Exception) -> str:
        if isinstance(error, _WORDED):
            return self.redact(str(error) or type(error).__name__)
        trace = self.redact("".join(traceback.format_exception(error)))
        told = f"{type(error).__name__}: {error}"
        level = logging.DEBUG if told == self._last else logging.ERROR
        self._last = told
        LOG.log(level, "the driver of datasource %s failed:\n%s", self._datasource, trace)
        return (
            f"the driver failed unexpectedly ({type(error).__name__}); "
            f"the log of node {self._node} says more"
        )
