"""The driver ``host``: the machine that the node runs on, as tables."""

from congress.plugins.datasource.host.driver import HostDriver

__all__ = ["HostDriver"]
