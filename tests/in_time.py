"""What must not wait for what a test holds back."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

#: Seconds after which what has not ended does not end, as nobody lets it go.
PATIENCE = 40.0
#: The name of the thread on which it is done.
THREAD = "in-time"


def in_time(job: Callable[[], T]) -> T:
    """What something returns or raises that must not wait for what the test holds back.

    On a thread of its own that nobody waits for: a failure, and no hanging test, if it does.
    """
    outcome: Future[T] = Future()

    def work() -> None:
        try:
            outcome.set_result(job())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=work, name=THREAD, daemon=True).start()
    return outcome.result(PATIENCE)
