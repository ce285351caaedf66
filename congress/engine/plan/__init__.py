"""From resolved rules to steps over environments. Imports ``lang`` and ``congress.model``."""
