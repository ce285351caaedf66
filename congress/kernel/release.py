"""The release of Congress that runs.

May import the standard library only.
"""

import importlib.metadata

from congress.kernel.catalogue import OWN_DISTRIBUTION


def version() -> str:
    """The version as installed; ``unknown`` where it is not installed at all."""
    try:
        return importlib.metadata.version(OWN_DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
