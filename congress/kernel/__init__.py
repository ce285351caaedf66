"""The kernel: it finds plugins, composes nodes from them, and keeps nodes alive.

May import ``congress.model`` and ``congress.interfaces``, never a plugin, a role,
the engine, the bus, the API, or a library that only a plugin needs. It knows
kinds of plugins, and not one plugin by name except as a default in an option.
"""
