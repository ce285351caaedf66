"""What the driver ``notify`` can do, as it declares it.

May import the model only.
"""

from collections.abc import Mapping

from congress.model.action import ActionSpec, Promise

_LOG: Mapping[str, object] = {
    "type": "object",
    "properties": {
        "message": {
            "type": "array",
            "items": {"type": ["string", "number", "boolean", "null"]},
            "minItems": 1,
            "maxItems": 100,
            "description": "The parts of the message.",
        }
    },
    "required": ["message"],
    "additionalProperties": False,
}
_WEBHOOK: Mapping[str, object] = {
    "type": "object",
    "properties": {
        "url": {
            "type": "string",
            "maxLength": 2048,
            "description": "Where to, within [driver_notify] allowed_urls.",
        },
        "payload": {
            "description": "A JSON value; text that holds a JSON object or list stands for that."
        },
    },
    "required": ["url", "payload"],
    "additionalProperties": False,
}


def declare_actions(promise: Promise) -> tuple[ActionSpec, ...]:
    """The actions, with what is promised of a webhook."""
    return (
        ActionSpec(
            "log",
            "Write a message to the node's log; its parts are joined by spaces.",
            _LOG,
            variadic="message",
        ),
        ActionSpec("webhook", "Send a JSON payload to a URL by POST.", _WEBHOOK, promise=promise),
    )
