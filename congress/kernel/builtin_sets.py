"""Several sets of builtins side by side: no predicate may stand in two of them.

May import the kernel's loader only.

Invariant: Congress's own sets are never dropped in favour of others, and which
of two others is dropped does not depend on the order they were found in.
"""

from collections.abc import Sequence

from congress.kernel.catalogue import OWN_DISTRIBUTION
from congress.kernel.loader import Loaded
from congress.model.diagnostic import Refused, refuse


def without_repetitions(
    new: Sequence[Loaded], present: Sequence[Loaded]
) -> tuple[list[Loaded], list[Refused]]:
    """The new sets that repeat no predicate of another one, and why the rest do not count."""
    owners: dict[str, Loaded] = {}
    for loaded in present:
        owners.update((builtin.name, loaded) for builtin in loaded.target)
    kept: list[Loaded] = []
    refused: list[Refused] = []
    for loaded in sorted(new, key=_rank):
        names = [builtin.name for builtin in loaded.target]
        taken = [name for name in names if name in owners]
        twice = sorted({name for name in names if names.count(name) > 1})
        if taken or twice:
            other = owners[taken[0]].candidate.label if taken else "the same set"
            refused.append(
                refuse(
                    "plugin",
                    f"{loaded.candidate.label} repeats {', '.join(taken or twice)} of {other}",
                    hint=f"uninstall {loaded.candidate.distribution}",
                    where=f"builtin {loaded.candidate.name}",
                )
            )
        else:
            kept.append(loaded)
            owners.update(dict.fromkeys(names, loaded))
    return kept, refused


def _rank(loaded: Loaded) -> tuple[bool, str, str]:
    candidate = loaded.candidate
    return (candidate.distribution != OWN_DISTRIBUTION, candidate.distribution, candidate.name)
