"""Policies in YAML files, as commands read them.

Imports the client's failure only; PyYAML when a file is read.
"""

from pathlib import Path
from typing import Any

from congress.cli.client import RequestFailed


def read_policy_file(path: Path) -> dict[str, Any]:
    """The one policy in a YAML file.

    :raises RequestFailed: the file cannot be read, or holds something else.
    """
    import yaml

    try:
        documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RequestFailed(f"{path} cannot be read: {error}") from error
    policy = documents[0] if len(documents) == 1 else None
    rules = policy.get("rules") if isinstance(policy, dict) else None
    if not isinstance(policy, dict) or not isinstance(rules, list):
        raise RequestFailed(f"{path} does not hold one policy with name and rules")
    if not all(isinstance(rule, dict) for rule in rules):
        raise RequestFailed(f"{path}: each of the rules must be an object with the key rule")
    return policy


def rule_texts(policy: dict[str, Any]) -> dict[str, str]:
    """The texts of a policy's rules, by the places that diagnostics name."""
    rules = policy.get("rules") or ()
    return {f"rules[{index}]": str(rule.get("rule")) for index, rule in enumerate(rules)}
