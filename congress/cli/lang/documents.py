"""Files that hold policies, or steps that are given to them.

May import the engine's interface, msgspec and yaml. A policy is a text of rules, or
a YAML file as ``congress policy create-from-file`` takes it.

Invariant: whatever a file holds, it is read or ``Refused`` with its path.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from congress.cli.lang.places import Extract
from congress.model.diagnostic import refuse
from congress.model.policy import PolicyKind

T = TypeVar("T")

YAML_SUFFIXES = (".yaml", ".yml")
_SETTINGS = re.compile(r"(?:#|//)\s*congress:(.*)")
_KEYS = ("policy", "kind", "given")


@dataclass(frozen=True, slots=True)
class Given:
    """Steps that come before what is looked at, and the file they are from."""

    path: Path
    steps: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy that a file holds.

    :param texts: a text of rules is one text, of YAML each rule is.
    """

    path: Path
    name: str
    kind: str
    given: tuple[Given, ...]
    texts: tuple[Extract, ...]


class _Rule(msgspec.Struct):
    rule: str


class _Policy(msgspec.Struct):
    name: str
    rules: list[_Rule]
    kind: str = str(PolicyKind.NONRECURSIVE)
    given: str | list[Any] = []


def read_policy(path: Path) -> PolicyFile:
    """The policy in a file.

    :raises Refused: it cannot be read, or holds something else.
    """
    source = read_text(path)
    if path.suffix in YAML_SUFFIXES:
        return _policy_of_yaml(path, source)
    name, kind = re.sub(r"\W", "_", path.name.partition(".")[0]), str(PolicyKind.NONRECURSIVE)
    given: list[Given] = []
    for key, value in _settings(path, source):
        if key == "policy":
            name = value
        elif key == "kind":
            kind = value
        else:
            given.append(read_given(path.parent / value))
    return PolicyFile(path, name, kind, tuple(given), (Extract(source, source),))


def read_given(path: Path) -> Given:
    """The steps in a YAML file.

    :raises Refused: it cannot be read, or holds something else.
    """
    return Given(path, tuple(parse_yaml(path, read_text(path), list[Any])))


def given_of(path: Path, given: str | Sequence[Any]) -> Given:
    """What a member ``given`` of a file means: steps, or the name of a file of steps.

    :raises Refused: that file cannot be used.
    """
    if isinstance(given, str):
        return read_given(path.parent / given)
    return Given(path, tuple(given))


def each_once(first: Iterable[Given], policies: Iterable[PolicyFile]) -> list[Given]:
    """What comes before policies; a file that several of them name counts once."""
    named = (given for policy in policies for given in policy.given)
    return list({given.path.resolve(): given for given in chain(first, named)}.values())


def read_text(path: Path) -> str:
    """The text of a file.

    :raises Refused: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise refuse("invalid", f"the file cannot be read: {reason}", where=str(path)) from error


def parse_yaml(path: Path, source: str, form: type[T]) -> T:
    """What a YAML text holds, as a type that msgspec knows.

    :raises Refused: it is no YAML, or holds something else.
    """
    try:
        return msgspec.convert(yaml.safe_load(source), form)
    except msgspec.ValidationError as error:
        raise refuse("invalid", str(error).replace("`", ""), where=str(path)) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise refuse("invalid", f"this is no YAML: {error}", where=str(path)) from error


def _settings(path: Path, source: str) -> Iterator[tuple[str, str]]:
    """The settings in the comments that a text of rules begins with."""
    for line in source.splitlines():
        if line.strip() and not line.lstrip().startswith(("#", "//")):
            return
        found = _SETTINGS.match(line.strip())
        for word in found[1].split() if found else ():
            key, sign, value = word.partition("=")
            if key not in _KEYS or not sign:
                hint = f"settings are {', '.join(f'{each}=...' for each in _KEYS)}"
                raise refuse("invalid", f"{word!r} is no setting", hint=hint, where=str(path))
            yield key, value


def _policy_of_yaml(path: Path, source: str) -> PolicyFile:
    policy = parse_yaml(path, source, _Policy)
    root = yaml.compose(source, yaml.SafeLoader)
    assert root is not None
    starts = _rule_places(root, len(policy.rules))
    texts = tuple(
        Extract(rule.rule, source, start) for rule, start in zip(policy.rules, starts, strict=True)
    )
    given = (given_of(path, policy.given),) if policy.given else ()
    return PolicyFile(path, policy.name, policy.kind, given, texts)


def _rule_places(node: yaml.Node, count: int) -> list[int]:
    """Where the texts of a policy's rules begin; roughly, where YAML merges mappings."""
    rules = _member(node, "rules")
    if not isinstance(rules, yaml.SequenceNode) or len(rules.value) != count:
        return [node.start_mark.index] * count
    return [_member(rule, "rule").start_mark.index for rule in rules.value]


def _member(node: yaml.Node, name: str) -> yaml.Node:
    """The value of a key that a mapping has, or the mapping."""
    found = [value for key, value in node.value if key.value == name]
    return found[-1] if found else node
