"""The contract: the YAML files next to this one, kept by hand, one per resource.

Imports nothing of Congress.

Each file is a piece of one OpenAPI document, in the document's own form; what is used
by several of them is in ``shared.yaml``.

Invariant: no path and no component is given by two files.
"""

from functools import cache
from importlib import resources
from typing import Any

import msgspec
import yaml


@cache
def contract() -> dict[str, Any]:
    """The OpenAPI document as JSON values."""
    document: dict[str, Any] = {}
    folder = resources.files(__name__)
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            join(document, yaml.safe_load(file.read_text(encoding="utf-8")), file.name)
    return document


@cache
def contract_json() -> bytes:
    """The OpenAPI document as JSON text."""
    return msgspec.json.encode(contract()) + b"\n"


def join(whole: dict[str, Any], piece: dict[str, Any], source: str) -> None:
    """Add a piece to a document: objects become one, lists follow each other.

    :param source: what the piece is from, for people.
    :raises ValueError: if both have something that is neither.
    """
    for key, value in piece.items():
        if key not in whole:
            whole[key] = value
        elif isinstance(value, dict) and key in ("paths", "components", *_SECTIONS):
            join(whole[key], value, source)
        elif isinstance(value, list):
            whole[key] = whole[key] + value
        else:
            raise ValueError(f"{source} gives {key} a second time")


#: Parts of ``components``.
_SECTIONS = ("headers", "parameters", "responses", "schemas")
