"""The bus: order, recovery, membership and calls on top of any transport.

May import ``congress.model`` and ``congress.interfaces`` only.
"""

from congress.bus.bus import Bus, make_bus
from congress.bus.options import BusOptions

__all__ = ["Bus", "BusOptions", "make_bus"]
