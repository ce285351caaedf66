"""Calls to other nodes: finding who serves, asking, and answering.

May import ``congress.model``, ``congress.interfaces`` and this package.

Invariant: a request that may have been handled is not sent again; only one that
reached nobody goes to the next node.
"""

import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from congress.bus.counters import Counters
from congress.bus.messages import ForeignVersion, Refusal, Request, Result, decode, encode, read
from congress.bus.services import Services
from congress.bus.versions import Negotiation
from congress.interfaces.bus import BusTransport, TimedOut, Unreachable
from congress.interfaces.role import Peer
from congress.interfaces.runtime import Clock
from congress.model.diagnostic import (
    Diagnostic,
    Refused,
    diagnostic_from_plain,
    diagnostic_to_plain,
    refuse,
)
from congress.model.status import State

LOG = logging.getLogger(__name__)

_PREFERENCE = {State.OK: 0, State.DEGRADED: 1, State.NOT_READY: 2, State.FAILED: 3}


class Calls:
    """The two ends of remote calls."""

    def __init__(
        self,
        transport: BusTransport,
        services: Services,
        peers: Callable[[], Sequence[Peer]],
        clock: Clock,
        counters: Counters,
        negotiation: Negotiation,
    ) -> None:
        self._transport = transport
        self._services = services
        self._peers = peers
        self._clock = clock
        self._counters = counters
        self._negotiation = negotiation
        self._turns = itertools.count()

    def call(
        self, service: str, method: str, args: Mapping[str, Any], timeout: float, node: str | None
    ) -> Any:
        """Call a method on another node, any that announces the service if none is named.

        :raises Refused: see ``interfaces.role.Bus.call``.
        """
        deadline = self._clock.monotonic() + timeout
        nodes = self._servers(service) if node is None else [node]
        if not nodes:
            raise refuse(
                "unavailable",
                f"no node serves {service!r} at the moment",
                hint="see whether a node with that role runs and is on this bus",
            )
        request = Request(service, method, dict(args))
        for candidate in nodes:
            try:
                return self.ask(candidate, request, deadline)
            except Unreachable:
                self._counters.count("calls.unreachable")
            except TimedOut:
                self._counters.count("calls.timed_out")
                raise refuse(
                    "timeout",
                    f"{service}.{method} of node {candidate!r} gave no answer",
                    hint="it may have been done nevertheless",
                ) from None
        raise refuse(
            "unavailable", f"no node that serves {service!r} can be reached", hint="try again"
        )

    def ask(self, node: str, request: Request, deadline: float) -> Any:
        """Send a request to a node; its result.

        :raises Refused: with the other node's diagnostics.
        :raises Unreachable: nobody got it.
        :raises TimedOut: no answer.
        """
        payload = encode(request, self._negotiation.version(node))
        payload = self._transport.call(node, payload, deadline)
        try:
            answer = decode(payload, self._negotiation.own)
            if isinstance(answer, Refusal):
                raise Refused(*map(diagnostic_from_plain, answer.diagnostics))
        except (ForeignVersion, ValueError):
            raise refuse(
                "unsupported",
                f"node {node!r} speaks another version of the bus's protocol",
                hint="upgrade the older one of the two nodes",
            ) from None
        if isinstance(answer, Result):
            return answer.value
        raise refuse("internal", f"node {node!r} gave an answer of the wrong kind")

    def answer(self, payload: bytes) -> bytes:
        """Answer an encoded request; the encoded result or refusal."""
        version = self._negotiation.own.newest
        try:
            version, message = read(payload, self._negotiation.own)
            if not isinstance(message, Request):
                return _refusal(version, Diagnostic("invalid", "not a request"))
            self._counters.count("calls.served")
            result = self._services.dispatch(message.service, message.method, message.args)
            return encode(Result(result), version)
        except Refused as refused:
            return _refusal(version, *refused.diagnostics)
        except ForeignVersion as error:
            return _refusal(version, Diagnostic("unsupported", str(error)))
        except (ValueError, TypeError):
            LOG.exception("a request or its result could not be converted")
            problem = Diagnostic("internal", "the request or its result has no JSON form")
            return _refusal(version, problem)

    def _servers(self, service: str) -> list[str]:
        """The nodes that announce a service: healthy ones first, equals in turn."""
        serving = [p for p in self._peers() if service in p.services]
        if serving:
            turn = next(self._turns) % len(serving)
            serving = serving[turn:] + serving[:turn]
        serving.sort(key=lambda peer: _PREFERENCE[peer.services[service].state])
        return [peer.node for peer in serving]


def _refusal(version: int, *diagnostics: Diagnostic) -> bytes:
    return encode(Refusal([diagnostic_to_plain(d) for d in diagnostics]), version)
