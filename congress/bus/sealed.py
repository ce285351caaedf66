"""A transport whose messages are signed, if there are keys; over any other transport.

May import ``congress.model``, ``congress.interfaces`` and this package.

Invariants: with keys, nothing reaches the node that was not signed with one of them,
unless signatures are not required; without keys, bytes pass as they are. The options are
looked at for every message, so that a reload of the configuration changes them.
"""

from congress.bus.messages import Refusal, encode
from congress.bus.seal import BadSeal, Expected, Purpose, Seal, is_signed, mark
from congress.bus.strangers import Grounds, Strangers
from congress.interfaces.bus import BusTransport, Channel, OnMessage, OnRequest
from congress.interfaces.plugin import PluginInfo
from congress.model.diagnostic import Diagnostic, diagnostic_to_plain, refuse
from congress.model.status import Health

_PURPOSES = {Channel.CONTROL: Purpose.CONTROL, Channel.DATA: Purpose.DATA}

_HINTS = {
    "signed": "set [dse] signing_keys as on the other nodes",
    "unsigned": "give all nodes the same [dse] signing_keys, or somebody else writes to the bus",
    "wrong-key": "give all nodes the same [dse] signing_keys, or somebody else writes to the bus",
    "old": "set the clocks of the two nodes",
    "replayed": "if this goes on, somebody repeats messages on the broker",
    "misused": "if this goes on, somebody else writes to the bus",
}


class SealedTransport(BusTransport):
    """Signs what it gives to ``inner``, and checks what comes from there."""

    def __init__(self, inner: BusTransport, seal: Seal, strangers: Strangers) -> None:
        self.inner = inner
        self._seal = seal
        self._strangers = strangers

    def describe(self) -> PluginInfo:  # type: ignore[override]  # what the inner one says
        return self.inner.describe()

    @classmethod
    def configured(cls, conf: object) -> bool:
        """Nobody chooses it; a bus puts it around what was chosen."""
        return False

    def open(
        self, bus_id: str, node: str, instance: str, on_message: OnMessage, on_request: OnRequest
    ) -> None:
        def hear(channel: Channel, sender: str, payload: bytes) -> None:
            try:
                plain = self._seal.open(payload, Expected(_PURPOSES[channel], sender))
            except BadSeal as bad:
                self._note(sender, bad)
            else:
                on_message(channel, sender, plain)

        def answer(sender: str, payload: bytes) -> bytes:
            try:
                plain = self._seal.open(payload, Expected(Purpose.REQUEST, sender))
            except BadSeal as bad:
                grounds = self._note(sender, bad)
                message = f"node {node!r} refuses requests of {sender!r}, which {bad}"
                problem = Diagnostic("unavailable", message, hint=grounds.hint)
                return encode(Refusal([diagnostic_to_plain(problem)]))
            result = on_request(sender, plain)
            return self._seal.sign(Purpose.ANSWER, sender, result, _mark_of(payload))

        self.inner.open(bus_id, node, instance, hear, answer)

    def broadcast(self, channel: Channel, payload: bytes) -> None:
        self.inner.broadcast(channel, self._seal.sign(_PURPOSES[channel], "", payload))

    def send(self, node: str, payload: bytes) -> None:
        self.inner.send(node, self._seal.sign(Purpose.DATA, node, payload))

    def call(self, node: str, payload: bytes, deadline: float) -> bytes:
        request = self._seal.sign(Purpose.REQUEST, node, payload)
        answer = self.inner.call(node, request, deadline)
        try:
            return self._seal.open(answer, Expected(Purpose.ANSWER, node, _mark_of(request)))
        except BadSeal as bad:
            grounds = self._note(node, bad)
            raise refuse(
                "unavailable",
                f"the answer of node {node!r} cannot be believed: it {grounds.message}",
                hint=grounds.hint,
            ) from None

    def give_up(self, node: str) -> None:
        self.inner.give_up(node)

    def close(self, drain: float) -> None:
        self.inner.close(drain)

    def health(self) -> Health:
        return self.inner.health()

    def _note(self, node: str, bad: BadSeal) -> Grounds:
        grounds = Grounds(bad.reason, str(bad), _HINTS[bad.reason])
        self._strangers.note(node, grounds)
        return grounds


def _mark_of(request: bytes) -> bytes:
    """What an answer to a request refers to."""
    return mark(request) if is_signed(request) else b""
