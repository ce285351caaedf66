"""The contract: ``openapi.yaml`` next to this file, kept by hand.

Imports nothing of Congress.
"""

from functools import cache
from importlib import resources
from typing import Any

import msgspec
import yaml


@cache
def contract() -> dict[str, Any]:
    """The OpenAPI document as JSON values."""
    text = resources.files("congress.api").joinpath("openapi.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    return document


@cache
def contract_json() -> bytes:
    """The OpenAPI document as JSON text."""
    return msgspec.json.encode(contract()) + b"\n"
