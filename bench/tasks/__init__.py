"""What is measured, by name. Each task adds its figures to the bench's."""

from collections.abc import Callable, Mapping

from bench.bench import Bench
from bench.tasks import changes, churn, evaluation, lookups, memory, readers, tenants

Task = Callable[[Bench], None]

TASKS: Mapping[str, Task] = {
    "t1": evaluation.run,
    "t2": changes.run,
    "t3": lookups.run,
    "t4": memory.run,
    "t5": tenants.run,
    "readers": readers.run,
    "churn": churn.run,
}
