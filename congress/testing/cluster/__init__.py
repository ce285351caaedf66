"""A deterministic simulator of whole clusters.

May import all of Congress but the API and the CLI.

``Cluster(seed).run()`` runs whole nodes (kernel, roles, bus, storage, plugins
through the loader) in one process on a manual clock: services that change,
people who write policy, and whatever the seed's plan breaks: processes are
killed or paused at any input or output and come back, networks lose messages
and fall apart, the database goes away. Then the faults stop, time passes, and
the outcome says which promise was broken, if any.

See a seed: ``python -m congress.testing.cluster --seed 7``; look for seeds that
fail: ``python -m congress.testing.cluster --seeds 0-999``.
"""

from congress.testing.cluster.cluster import Cluster, Outcome
from congress.testing.cluster.plan import Plan, Step, make_plan

__all__ = ["Cluster", "Outcome", "Plan", "Step", "make_plan"]
