"""Work that a caller has done on the store loop, and waits for.

Imports the interfaces and the model.
"""

from collections.abc import Callable
from typing import TypeVar

from congress.interfaces.runtime import Loop
from congress.interfaces.storage import StorageError
from congress.model.diagnostic import refuse

T = TypeVar("T")


def call_store(loop: Loop, work: Callable[[], T], timeout: float) -> T:
    """The result of some work.

    :param timeout: seconds it may take.
    :raises Refused: what the work refuses; ``unavailable`` while the storage is away;
        ``timeout`` if it did not end in time.
    """
    try:
        return loop.call(work, timeout)
    except StorageError as error:
        message = "policy cannot be changed while the storage is away"
        raise refuse("unavailable", message, hint="repeat the request later") from error
    except TimeoutError as error:
        message = f"the request did not end within {timeout:g} seconds"
        hint = "it may still be carried out; look before repeating it"
        raise refuse("timeout", message, hint=hint) from error
