"""Explains an atom over policies in files and the rows that are given to them.

May import the engine's interface and its neighbours only.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from congress.cli.lang.checking import open_files
from congress.cli.lang.documents import read_given
from congress.cli.lang.findings import Finding, about_files
from congress.cli.lang.world import World
from congress.engine import Explanation
from congress.model.diagnostic import Refused


def explain_over(
    query: str,
    paths: Sequence[Path],
    *,
    given: Iterable[Path] = (),
    when: Iterable[Path] = (),
    policy: str | None = None,
) -> tuple[Explanation | None, list[Finding]]:
    """The explanation, or what keeps it from being given.

    :param given: files of steps that come before the policies.
    :param when: files of steps that come after them.
    :param policy: where the atom is asked; the first policy if it is not said.
    """
    world = World()
    policies, findings = open_files(world, paths, given)
    wrong = [finding for finding in findings if finding.error]
    if wrong:
        return None, wrong
    try:
        world.insert(policies)
        for path in when:
            world.give(read_given(path))
    except Refused as refusal:
        return None, about_files(refusal)
    try:
        return world.engine.explain(policy or policies[0].name, query), []
    except Refused as refusal:
        return None, [Finding("query", each, query) for each in refusal.diagnostics]
