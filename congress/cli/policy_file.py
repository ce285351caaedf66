"""Policies in YAML files, as commands read them.

Imports the client's failure only; PyYAML when a file is read.
"""

from pathlib import Path
from typing import Any

from congress.cli.client import RequestFailed


def read_policy_file(path: Path) -> dict[str, Any]:
    """The one policy in a YAML file, with its rules.

    :raises RequestFailed: the file cannot be read, or holds something else.
    """
    documents = _documents(path)
    if len(documents) != 1 or not isinstance(documents[0], dict) or "rules" not in documents[0]:
        raise RequestFailed(f"{path} does not hold one policy with name and rules")
    return _checked(documents[0], path)


def read_policies(path: Path) -> list[dict[str, Any]]:
    """The policies in a YAML file: a document each, or a list under ``policies``.

    :raises RequestFailed: the file cannot be read, or holds something else.
    """
    documents = _documents(path)
    first = documents[0] if len(documents) == 1 else None
    if isinstance(first, dict) and isinstance(first.get("policies"), list):
        documents = first["policies"]
    if not documents:
        raise RequestFailed(f"{path} holds no policy")
    return [_checked(document, path) for document in documents]


def _documents(path: Path) -> list[Any]:
    import yaml

    try:
        found = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RequestFailed(f"{path} cannot be read: {error}") from error
    return [document for document in found if document is not None]


def _checked(policy: Any, path: Path) -> dict[str, Any]:
    """A policy whose rules are objects, if it has any."""
    if not isinstance(policy, dict):
        raise RequestFailed(f"{path}: a policy must be an object with name and rules")
    rules = policy.get("rules", [])
    if not isinstance(rules, list):
        raise RequestFailed(f"{path}: rules must be a list")
    if not all(isinstance(rule, dict) for rule in rules):
        raise RequestFailed(f"{path}: each of the rules must be an object with the key rule")
    return policy


def rule_texts(policy: dict[str, Any]) -> dict[str, str]:
    """The texts of a policy's rules, by the places that diagnostics name."""
    rules = policy.get("rules") or ()
    return {f"rules[{index}]": str(rule.get("rule")) for index, rule in enumerate(rules)}
