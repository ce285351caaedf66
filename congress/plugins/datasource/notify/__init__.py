"""The driver ``notify``: actions that tell somebody, and no tables."""

from congress.plugins.datasource.notify.driver import NotifyDriver

__all__ = ["NotifyDriver"]
