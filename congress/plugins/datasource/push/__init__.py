"""The driver ``push``: tables that others fill through the API."""

from congress.plugins.datasource.push.driver import PushDriver

__all__ = ["PushDriver"]
