"""YAML: the part of it that means the same as JSON.

May import PyYAML and its own folder.

Invariants: nothing but strings, numbers, booleans, null, lists and objects with
string keys comes out; before anything is built, the depth of the document and its size
with every alias written out are within bounds, so aliases cannot make it explode.
Scalars follow the YAML 1.2 core schema: ``no`` and ``12:30`` and dates are texts.
"""

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

from congress.plugins.datasource.file.faults import BadFile

_DEEPEST = 100
#: Values that aliases may add to those the text has room for.
_SPARE = 100_000

_Safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _CoreLoader(_Safe):  # type: ignore[misc, valid-type]
    """A safe loader with the scalars of the core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


_SCALARS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"-?(0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+]?[0-9]+)?", list("-0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
    ("merge", r"<<", ["<"]),
)
for _tag, _form, _first in _SCALARS:
    _CoreLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_form})$"), _first
    )


def read_yaml(text: str) -> object:
    """Read one YAML document.

    :raises BadFile: naming the line.
    """
    try:
        _check_depth(text)
        loader = _CoreLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _check_size(node, len(text) + _SPARE)
            document = loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(filter(None, (error.context, error.problem))) or "not YAML"
        raise BadFile(problem, line=_line(mark)) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise BadFile("not YAML that a table can hold") from error
    _check_values(document)
    return document


def _line(mark: Any) -> int | None:
    """The line of a mark, which the parser may have left out."""
    return mark.line + 1 if mark else None


def _check_depth(text: str) -> None:
    """Look at the events only, which takes no stack however deep the nesting is."""
    depth = 0
    for event in yaml.parse(text, Loader=_CoreLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise BadFile("nested too deeply", line=_line(event.start_mark))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_size(root: yaml.Node, most: int) -> None:
    """Count the nodes as if every alias were written out; refuse loops and explosions.

    An alias stands after what it stands for, so the walk goes no deeper than the text nests.
    """
    measured: dict[int, tuple[int, int] | None] = {}

    def measure(node: yaml.Node) -> tuple[int, int]:
        """Size and height of what a node stands for."""
        line = _line(node.start_mark)
        if id(node) in measured:
            known = measured[id(node)]
            if known is None:
                raise BadFile("an alias inside of what it stands for", line=line)
            return known
        measured[id(node)] = None
        below = [measure(child) for child in _children(node)]
        size = 1 + sum(size for size, _ in below)
        height = 1 + max((height for _, height in below), default=0)
        if size > most:
            raise BadFile("aliases that stand for too much", line=line)
        if height > _DEEPEST + 1:
            raise BadFile("nested too deeply", line=line)
        measured[id(node)] = (size, height)
        return size, height

    measure(root)


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    """The nodes right below a node."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _check_values(value: object) -> None:
    """Refuse what JSON does not have: dates, bytes, sets, infinity, keys that are no strings."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise BadFile("a key that is not a string; quote it")
            _check_values(item)
    elif isinstance(value, list):
        for item in value:
            _check_values(item)
    elif isinstance(value, float) and not math.isfinite(value):
        raise BadFile("a number that is not finite")
    elif value is not None and not isinstance(value, str | bool | int | float):
        raise BadFile(f"a {type(value).__name__}, which JSON does not have")
