"""What callers ask to be written, checked for form before anything else happens.

Imports the engine's functions on texts, and the model. No I/O.

Invariant: what comes out of here fits storage: names, comments and abbreviations
have the lengths that every backend can hold.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from congress.engine import pretty_rule, rule_fingerprint, valid_policy_name
from congress.model.diagnostic import Diagnostic, Refused, refuse
from congress.model.policy import (
    ABBREVIATION_LENGTH,
    COMMENT_LENGTH,
    NAME_LENGTH,
    PolicyKind,
    default_abbreviation,
)

T = TypeVar("T")

#: The kinds that users may give a policy.
KINDS = (PolicyKind.NONRECURSIVE, PolicyKind.ACTION, PolicyKind.DATALOG, PolicyKind.Z3)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked for a write, for the audit trail."""

    actor: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class NewRule:
    """One statement to be stored. ``where`` says which one it is within a request."""

    text: str
    fingerprint: str
    pretty: str
    name: str | None = None
    comment: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class NewPolicy:
    """A policy to be stored. ``rules`` is ``None`` where the request had none at all."""

    name: str
    kind: PolicyKind
    abbreviation: str
    description: str
    rules: tuple[NewRule, ...] | None


def read_policy(
    name: object,
    kind: object = None,
    abbreviation: object = None,
    description: object = None,
    rules: object = None,
    where: str = "",
) -> NewPolicy:
    """A policy from the arguments of a call; null counts as not given.

    Rules equivalent to an earlier one of the same request are left out. ``where`` says
    which policy it is within a request.

    :raises Refused: with everything that is wrong.
    """
    problems: list[Diagnostic] = []
    prefix = f"{where}." if where else ""
    checked_name = _tried(problems, lambda: _policy_name(name, f"{prefix}name")) or ""
    checked_kind = _tried(problems, lambda: _kind(kind, f"{prefix}kind"))
    place = f"{prefix}abbreviation"
    short = _tried(problems, lambda: _abbreviation(abbreviation, checked_name, place)) or ""
    text = _tried(problems, lambda: _text(description, f"{prefix}description", None)) or ""
    checked_rules = None if rules is None else _rules(problems, rules, f"{prefix}rules")
    if problems:
        raise Refused(*problems)
    kind_or_default = checked_kind or PolicyKind.NONRECURSIVE
    return NewPolicy(checked_name, kind_or_default, short, text, checked_rules)


def read_rule(
    rule: object, name: object = None, comment: object = None, where: str = ""
) -> NewRule:
    """A rule from the arguments of a call; null counts as not given.

    :raises Refused: with everything that is wrong.
    """
    problems: list[Diagnostic] = []
    prefix = f"{where}." if where else ""
    checked_name = _tried(problems, lambda: _text(name, f"{prefix}name", NAME_LENGTH))
    remark = _tried(problems, lambda: _text(comment, f"{prefix}comment", COMMENT_LENGTH)) or ""
    if not isinstance(rule, str):
        problems.append(_wrong_type(f"{prefix}rule", rule))
        raise Refused(*problems)
    fingerprint = _tried(problems, lambda: rule_fingerprint(rule), where)
    if problems:
        raise Refused(*problems)
    return NewRule(rule, fingerprint or "", pretty_rule(rule), checked_name, remark, where)


def _rules(problems: list[Diagnostic], rules: object, place: str) -> tuple[NewRule, ...]:
    if not isinstance(rules, list):
        problems.append(_wrong_type(place, rules, "a list of rules"))
        return ()
    found: dict[str, NewRule] = {}
    for index, given in enumerate(rules):
        where = f"{place}[{index}]"
        if not isinstance(given, Mapping):
            problems.append(_wrong_type(where, given, "an object"))
            continue
        text, name, comment = (given.get(key) for key in ("rule", "name", "comment"))
        rule = _tried(problems, partial(read_rule, text, name, comment, where))
        if rule:
            found.setdefault(rule.fingerprint, rule)
    return tuple(found.values())


def _policy_name(name: object, where: str) -> str:
    if not isinstance(name, str):
        raise Refused(_wrong_type(where, name))
    if len(name) > NAME_LENGTH:
        message = f"a policy's name has at most {NAME_LENGTH} characters, this one has {len(name)}"
        raise refuse("bad-policy-name", message, where=where)
    if problem := valid_policy_name(name):
        raise refuse("bad-policy-name", problem, where=where)
    return name


def _kind(kind: object, where: str) -> PolicyKind:
    if kind is None:
        return PolicyKind.NONRECURSIVE
    for known in KINDS:
        if isinstance(kind, str) and kind.lower() == known:
            return known
    hint = f"choose one of: {', '.join(KINDS)}"
    if isinstance(kind, str) and kind.lower() == PolicyKind.DATASOURCE:
        hint = "create a data source; it gets a policy of its name by itself"
    raise refuse("bad-kind", f"{kind!r:.40} is no kind of policy", hint=hint, where=where)


def _abbreviation(abbreviation: object, name: str, where: str) -> str:
    if abbreviation is None:
        return default_abbreviation(name)
    if isinstance(abbreviation, str) and 0 < len(abbreviation) <= ABBREVIATION_LENGTH:
        return abbreviation
    message = f"an abbreviation is a text of 1 to {ABBREVIATION_LENGTH} characters"
    raise refuse("invalid", message, where=where)


def _text(value: object, where: str, limit: int | None) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Refused(_wrong_type(where, value))
    if limit is not None and len(value) > limit:
        message = f"{where} has at most {limit} characters, this one has {len(value)}"
        raise refuse("invalid", message, hint="shorten it", where=where)
    return value


def _wrong_type(where: str, value: object, wanted: str = "a text") -> Diagnostic:
    given = "nothing" if value is None else f"a {type(value).__name__}"
    return Diagnostic("invalid", f"{where} must be {wanted}, not {given}", where=where)


def _tried(problems: list[Diagnostic], work: Callable[[], T], where: str = "") -> T | None:
    """The result of some work, or its problems added to the others."""
    try:
        return work()
    except Refused as refusal:
        problems += [placed(diagnostic, where) for diagnostic in refusal.diagnostics]
        return None


def placed(diagnostic: Diagnostic, where: str) -> Diagnostic:
    """The diagnostic with the place it is about, unless it has one."""
    return replace(diagnostic, where=diagnostic.where or where)
