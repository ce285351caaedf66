"""The policy engine role: stored policy and arriving data in, answers and desired actions out.

Imports the engine, the interfaces and the model; never another role.

Two loops share the work. The *store loop* (``synchronizer``, ``policies``) speaks
with storage and may wait for it; the *engine loop* (``runtime``, ``feed``,
``actions``) owns the engine and never waits for anything. The first may call the
second, never the other way round.
"""
