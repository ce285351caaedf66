"""The storage backend ``memory``: nothing survives the process.

May import the standard library, ``congress.interfaces``, ``congress.model`` and
the shared files of ``congress.plugins.storage``.
"""

from congress.plugins.storage.memory.backend import MemoryStorage
from congress.plugins.storage.memory.contents import MemoryHub

__all__ = ["MemoryHub", "MemoryStorage"]
