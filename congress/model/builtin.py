"""The description of a builtin predicate.

May import the standard library and ``congress.model`` only.

Invariant: a builtin whose call raises makes its rule instance underivable in
either polarity; it never counts as false.
"""

from collections.abc import Callable
from dataclasses import dataclass

from congress.model.values import Value


@dataclass(frozen=True, slots=True)
class Builtin:
    """A predicate computed by a function instead of looked up in a table.

    :param name: lower-case name, reached as ``builtin:name`` or bare.
    :param inputs: names of the arguments that must be bound, in order.
    :param outputs: names of the arguments it computes, after the inputs.
    :param function: takes the inputs. Without outputs it returns a truth value;
        with one output that value; with several a tuple of them. Values in and
        out are those of ``congress.model.values``. It signals a call that has
        no answer (wrong type, bad date) by raising ``ValueError`` or
        ``TypeError``; any other exception is treated the same and counted.
    :param types: per argument ``string``, ``number``, ``any`` ... for messages.
    :param deterministic: equal inputs give equal outputs for ever.
    :param grows: may return values that occur nowhere in its inputs, so a
        recursion through it need not end by itself.
    :param inline: a Python expression over the input names that computes the
        same, for engines that compile rules; empty if there is none.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    function: Callable[..., Value | bool | tuple[Value, ...]]
    types: tuple[str, ...] = ()
    deterministic: bool = True
    grows: bool = False
    inline: str = ""
    description: str = ""

    @property
    def arity(self) -> int:
        """Number of arguments, inputs and outputs together."""
        return len(self.inputs) + len(self.outputs)
