"""Who may do what at the moment: the rules with what the operator's file makes of them.

May import ``congress.model``, ``congress.interfaces`` and oslo.policy.

Invariants: a request is judged by one state of the file, never by half of a new one.
A file that cannot be understood is not used: at the start it stops the node, later on
the rules that were read before stay in force. A rule that is not known is refused.
"""

import logging
import stat
from collections.abc import Iterator
from pathlib import Path

from oslo_config import cfg
from oslo_policy import opts
from oslo_policy.policy import Enforcer, InvalidDefinitionError

from congress.api.access_rules import DEFAULTS, RULES
from congress.interfaces.auth import Caller
from congress.interfaces.runtime import Clock
from congress.model.diagnostic import Refused, refuse

LOG = logging.getLogger(__name__)

#: Seconds between two looks at the file. Judgements are remembered as long, since
#: oslo.policy takes a tenth of a millisecond for one; hence it is also the longest
#: time for which a check that asks another service (``http:``) may be out of date.
LOOK_EVERY = 1.0

#: Judgements remembered at most.
_REMEMBERED = 10_000

_KNOWN = frozenset(rule.name for rule in RULES)
_NOBODY = "!"

#: What tells one caller from another.
_Case = tuple[str, str, tuple[str, ...], str, str]

#: What tells one state of a file from another.
_Stamp = tuple[tuple[str, int, int, int], ...]


class Authority:
    """Judges callers by the rules in force.

    :raises Refused: ``bad-configuration`` if the operator's file cannot be used.
    """

    def __init__(self, conf: cfg.ConfigOpts, clock: Clock) -> None:
        self._conf = conf
        self._clock = clock
        opts.set_defaults(conf)
        self._stamp = self._look()
        self._enforcer = _read(conf)
        self._next_look = clock.monotonic() + LOOK_EVERY
        self._judgements: dict[tuple[str, _Case], bool] = {}

    def allows(self, rule: str, caller: Caller) -> bool:
        """Whether the rule lets the caller pass.

        :raises oslo_policy.policy.PolicyNotRegistered: there is no such rule.
        """
        self._follow_file()
        judgements, enforcer = self._judgements, self._enforcer
        case = (rule, _all_of(caller))
        judgement = judgements.get(case)
        if judgement is None:
            about = {"project_id": caller.project_id, "user_id": caller.user_id}
            judgement = bool(enforcer.authorize(rule, about, _credentials(caller)))
            if len(judgements) < _REMEMBERED:
                judgements[case] = judgement
        return judgement

    def _follow_file(self) -> None:
        """Read the file again if it has changed."""
        now = self._clock.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY
        self._judgements = {}
        stamp = self._look()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            if not stamp:
                raise refuse("bad-configuration", "the policy file is gone")
            self._enforcer = _read(self._conf)
            self._judgements = {}
            LOG.info("the policy file was read again")
        except Refused as refused:
            LOG.warning("%s; the rules that were read before stay in force", refused)

    def _look(self) -> _Stamp:
        """The state of the operator's files; empty if there are none."""
        found = []
        for path in _files(self._conf):
            try:
                state = path.stat()
            except OSError:
                continue
            found.append((str(path), state.st_mtime_ns, state.st_size, state.st_ino))
        return tuple(found)


def _files(conf: cfg.ConfigOpts) -> Iterator[Path]:
    """The files that rules are read from."""
    if found := conf.find_file(conf.oslo_policy.policy_file):
        yield Path(found)
    for name in conf.oslo_policy.policy_dirs:
        if folder := conf.find_file(name):
            yield from sorted(Path(folder).iterdir())


def _read(conf: cfg.ConfigOpts) -> Enforcer:
    """The rules as they are now.

    :raises Refused: ``bad-configuration``, with what is wrong.
    """
    enforcer = Enforcer(conf)
    enforcer.register_defaults(DEFAULTS)
    name = conf.oslo_policy.policy_file
    location = conf.get_location("policy_file", "oslo_policy")
    chosen = location is not None and location.location is not cfg.Locations.opt_default
    if chosen and not conf.find_file(name):
        raise _unusable(name, "there is no such file")
    for path in _files(conf):
        if path.stat().st_mode & stat.S_IWOTH:
            raise _unusable(str(path), "everybody on this machine may change it (chmod o-w)")
    try:
        enforcer.load_rules(force_reload=True)
        _check_texts(enforcer, name)
        enforcer.check_rules(raise_on_violation=True)
    except InvalidDefinitionError as error:
        raise _unusable(name, f"a rule names one that is not there, or itself: {error}") from error
    except (ValueError, TypeError, AttributeError, OSError, cfg.Error) as error:
        raise _unusable(name, f"it is no YAML object of rules: {error}") from error
    # From here on the enforcer is a value: it looks at no file of its own accord.
    enforcer.use_conf = False
    return enforcer


def _check_texts(enforcer: Enforcer, name: str) -> None:
    """Refuse what oslo.policy takes for "nobody", and warn of names that nothing asks for."""
    for rule in enforcer.file_rules.values():
        if str(rule.check) == _NOBODY and rule.check_str != _NOBODY:
            raise _unusable(name, f"{rule.name}: {rule.check_str!r:.80} is no rule")
        if ":" in rule.name and rule.name not in _KNOWN:
            LOG.warning("policy file %s: nothing asks for the rule %r", name, rule.name)


def _unusable(name: str, reason: str) -> Refused:
    return refuse(
        "bad-configuration",
        f"the policy file {name} cannot be used: {reason}",
        hint="oslopolicy-sample-generator --namespace congress shows the rules there are",
        where="[oslo_policy] policy_file",
    )


def _all_of(caller: Caller) -> _Case:
    """All that a judgement can depend on."""
    scope, others = caller.system_scope, str(caller.credentials)
    return caller.user_id, caller.project_id, caller.roles, scope, others


def _credentials(caller: Caller) -> dict[str, object]:
    """The caller as rules see it."""
    if caller.credentials:
        return dict(caller.credentials)
    return {
        "user_id": caller.user_id,
        "project_id": caller.project_id,
        "roles": list(caller.roles),
        "system_scope": caller.system_scope or None,
    }
