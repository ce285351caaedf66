"""What a server's exit code says.

May import ``congress.model`` and the standard library only. Cluster managers and
systemd units rely on the numbers.
"""

import enum
from collections.abc import Mapping

from congress.model.diagnostic import Refused


class ExitCode(enum.IntEnum):
    """The exit codes of ``congress-server``."""

    CLEAN = 0
    FAILURE = 1
    CONFIGURATION = 2
    DUPLICATE_NODE = 3
    SCHEMA = 4


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.CLEAN: "ended because it was asked to",
    ExitCode.FAILURE: "failed while it was starting or running",
    ExitCode.CONFIGURATION: "the configuration or the command line cannot be used",
    ExitCode.DUPLICATE_NODE: "another node with the same id is alive on the bus",
    ExitCode.SCHEMA: "the database does not have the schema this release needs",
}

_BY_DIAGNOSTIC: Mapping[str, ExitCode] = {
    "bad-configuration": ExitCode.CONFIGURATION,
    "not-configured": ExitCode.CONFIGURATION,
    "plugin": ExitCode.CONFIGURATION,
    "secret-key": ExitCode.CONFIGURATION,
    "duplicate": ExitCode.DUPLICATE_NODE,
    "schema-version": ExitCode.SCHEMA,
}


def exit_code(refusal: Refused) -> ExitCode:
    """The exit code for a node that could not start."""
    return _BY_DIAGNOSTIC.get(refusal.code, ExitCode.FAILURE)
