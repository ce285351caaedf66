"""What the driver ``notify`` can do, as it declares it.

May import the model only.
"""

from congress.model.action import ActionSpec, Promise


def declare_actions(promise: Promise) -> tuple[ActionSpec, ...]:
    """The actions, with what is promised of a webhook."""
    scalar = ["string", "number", "boolean", "null"]
    return (
        ActionSpec(
            "log",
            "Write a message to the node's log; its parts are joined by spaces.",
            {
                "type": "object",
                "properties": {
                    "message": {
                        "type": "array",
                        "items": {"type": scalar},
                        "minItems": 1,
                        "maxItems": 100,
                        "description": "The parts of the message.",
                    }
                },
                "required": ["message"],
                "additionalProperties": False,
            },
            variadic="message",
        ),
        ActionSpec(
            "webhook",
            "Send a JSON payload to a URL by POST.",
            {
                "type": "object",
                "properties": {
                    "url": {
                        "type": "string",
                        "maxLength": 2048,
                        "description": "Where to, within [driver_notify] allowed_urls.",
                    },
                    "payload": {
                        "description": "A JSON value; text that holds a JSON object or list "
                        "stands for that."
                    },
                },
                "required": ["url", "payload"],
                "additionalProperties": False,
            },
            promise=promise,
        ),
    )
