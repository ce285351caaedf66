"""Checks policies in files as a server would if they were created together.

May import the engine's interface and its neighbours only.

Invariant: a file that cannot be used hides nothing that is found in another one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from congress.cli.lang.documents import PolicyFile, each_once, read_given, read_policy
from congress.cli.lang.findings import Finding, about_files
from congress.cli.lang.world import World
from congress.model.diagnostic import Refused

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def check_files(paths: Sequence[Path], given: Iterable[Path] = ()) -> list[Finding]:
    """Everything that is wrong with some policies, and all advice about them.

    :param given: files of steps that come first.
    """
    _policies, findings = open_files(World(), paths, given)
    return findings


def open_files(
    world: World, paths: Sequence[Path], given: Iterable[Path]
) -> tuple[list[PolicyFile], list[Finding]]:
    """Make the policies of some files, still without rules, and check their texts."""
    findings: list[Finding] = []
    gifts = _all(read_given, given, findings)
    policies = _all(read_policy, paths, findings)
    _all(world.give, each_once(gifts, policies), findings)
    created = [policy for policy in policies if _all(world.create, [policy], findings)]
    return created, findings + check_policies(world, created)


def check_policies(world: World, policies: Sequence[PolicyFile]) -> list[Finding]:
    """What is found in the texts of policies that are created but still empty."""
    findings: list[Finding] = []
    texts = [(policy, text) for policy in policies for text in policy.texts]
    found = world.engine.check([(policy.name, text.text) for policy, text in texts])
    for (policy, text), diagnostics in zip(texts, found, strict=True):
        for each in diagnostics:
            span = text.place(each.span) if each.span else None
            findings.append(Finding(str(policy.path), replace(each, span=span), text.source))
    return findings


def _all(
    action: Callable[[Argument], Result], arguments: Iterable[Argument], findings: list[Finding]
) -> list[Result]:
    """What an action gives for each argument that it does not refuse; refusals are findings."""
    results: list[Result] = []
    for argument in arguments:
        try:
            results.append(action(argument))
        except Refused as refusal:
            findings += about_files(refusal)
    return results
