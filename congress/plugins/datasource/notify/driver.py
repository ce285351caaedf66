"""The driver ``notify``: writes to the node's log and calls webhooks.

May import the interfaces, the model, msgspec and its own folder.

Invariant: which URLs can be called is the operator's choice alone, in the node's
configuration; neither a rule nor a datasource can widen it.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from congress.interfaces.datasource import Config, DatasourceDriver, DriverContext, DriverError
from congress.interfaces.plugin import PluginInfo
from congress.model.action import ActionCall, ActionResult, ActionSpec, Promise
from congress.model.schema import Schema
from congress.plugins.datasource.notify.actions import declare_actions
from congress.plugins.datasource.notify.delivery import Delivery
from congress.plugins.datasource.notify.settings import (
    OPTIONS,
    allowed_urls,
    find_problems,
    fixed_headers,
)
from congress.plugins.datasource.notify.targets import Target, read_prefixes, read_target

_LONGEST = 8192
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class NotifyDriver(DatasourceDriver):
    """Actions that tell somebody."""

    def __init__(self, config: Config, ctx: DriverContext) -> None:
        super().__init__(config, ctx)
        self._promise = Promise(str(config["delivery"]))
        self._level = logging.getLevelNamesMapping()[str(config["level"]).upper()]
        self._headers = fixed_headers(config)
        self._allowed, _ = read_prefixes(allowed_urls(ctx.settings))
        self._delivery = Delivery(
            session=ctx.session,
            clock=ctx.clock,
            stop=ctx.stop,
            timeout=float(str(config["timeout"])),
            attempts=int(str(config["attempts"])),
            repeatable=self._promise is Promise.AT_LEAST_ONCE,
        )

    @classmethod
    def describe(cls) -> PluginInfo:
        """See ``Plugin.describe``."""
        return PluginInfo(
            name="notify",
            summary="Actions that tell somebody: log and webhook. No tables.",
            options=OPTIONS,
        )

    @classmethod
    def static_schema(cls) -> Schema:
        """No tables."""
        return Schema.of((), closed=True)

    @classmethod
    def static_actions(cls) -> Sequence[ActionSpec]:
        """The actions with the default promise."""
        return declare_actions(Promise.AT_MOST_ONCE)

    @classmethod
    def check(cls, config: Config, settings: Config) -> Sequence[str]:
        """Problems with the headers and the allowed URLs; values are not quoted."""
        return find_problems(config, settings)

    def schema(self) -> Schema:
        """No tables."""
        return self.static_schema()

    def actions(self) -> Sequence[ActionSpec]:
        """The actions."""
        return declare_actions(self._promise)

    def execute(self, call: ActionCall, deadline: float) -> ActionResult:
        """Run an action.

        :raises DriverError: if a webhook may not be called, failed, or is not known.
        """
        actions: Mapping[str, Callable[[], ActionResult]] = {
            "log": lambda: self._log(call),
            "webhook": lambda: self._webhook(call, deadline),
        }
        if call.name not in actions:
            raise DriverError(f"no action {call.name!r}; there are log and webhook")
        return actions[call.name]()

    def _log(self, call: ActionCall) -> ActionResult:
        """Write one line, whatever the message holds."""
        parts = call.named["message"]
        text = " ".join(map(_spoken, parts if isinstance(parts, list | tuple) else [parts]))
        line = _CONTROL.sub(lambda match: ascii(match[0])[1:-1], text[:_LONGEST])
        self.ctx.log.log(self._level, "%s", line)
        return ActionResult(message=line)

    def _webhook(self, call: ActionCall, deadline: float) -> ActionResult:
        """Send one request."""
        target = self._target(str(call.named["url"]))
        try:
            body = msgspec.json.encode(_payload(call.named["payload"]))
        except (UnicodeEncodeError, RecursionError, TypeError) as error:
            raise DriverError("the payload cannot be written as JSON") from error
        headers = {
            "User-Agent": "congress",
            **self._headers,
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
        }
        if call.idempotency_key:
            headers["Idempotency-Key"] = call.idempotency_key
        status, attempts = self._delivery.post(target, body, headers, deadline)
        value = {"status": status, "attempts": attempts}
        return ActionResult(value, f"{target.origin}: answered with status {status}")

    def _target(self, url: str) -> Target:
        """The parts of a URL that may be called."""
        try:
            target = read_target(url)
        except ValueError as error:
            raise DriverError(f"url: {error}") from error
        if not any(target.begins_with(prefix) for prefix in self._allowed):
            raise DriverError(
                f"{target.origin}: this URL is not allowed; "
                "the operator can add it to [driver_notify] allowed_urls"
            )
        return target


def _spoken(value: object) -> str:
    """A part of a message as text: null and truth values as the language writes them."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _payload(value: object) -> object:
    """What to send: rules can give text only, so text that is an object or list is one."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return msgspec.json.decode(value)
        except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
            return value
    return value
