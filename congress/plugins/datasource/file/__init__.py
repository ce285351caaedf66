"""The driver ``file``: CSV, JSON, JSON Lines and YAML files as tables."""

from congress.plugins.datasource.file.driver import FileDriver

__all__ = ["FileDriver"]
