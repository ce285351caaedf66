"""Sending one HTTP request, more than once if need be.

May import requests, tenacity, the interfaces and its own folder.

Invariants: redirects are never followed; nothing of an answer but its status is
read; a message names the origin of the URL and no more, since paths, queries and
headers may be secret. With ``at_most_once`` a request is repeated only if it
certainly was not received, or was answered with a failure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import requests
import urllib3.exceptions
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_any,
    wait_exponential_jitter,
)
from tenacity.stop import stop_base
from tenacity.wait import wait_base

from congress.interfaces.datasource import DriverError
from congress.interfaces.runtime import Clock, Stop
from congress.plugins.datasource.notify.targets import Target

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_PAUSE = 30.0
_NOT_CONNECTED = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
)


class _Again(Exception):  # noqa: N818 - a reason to try again
    """An attempt that failed in a way that may pass; ``after`` seconds at the earliest."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class _Pause(wait_base):
    """Exponential, and at least as long as the server asked for."""

    def __init__(self) -> None:
        self._growing = wait_exponential_jitter(initial=0.5, max=_LONGEST_PAUSE, jitter=0.5)

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        asked = error.after if isinstance(error, _Again) else 0.0
        return max(self._growing(retry_state), asked)


class _Over(stop_base):
    """No attempt may begin after the deadline or the end of the datasource."""

    def __init__(self, clock: Clock, stop: Stop, deadline: float) -> None:
        self._clock = clock
        self._stop = stop
        self._deadline = deadline

    def __call__(self, retry_state: RetryCallState) -> bool:
        start = self._clock.monotonic() + retry_state.upcoming_sleep
        return start >= self._deadline or self._stop.is_set()


@dataclass(frozen=True, slots=True)
class Delivery:
    """How requests are sent.

    :param timeout: seconds to wait for each answer.
    :param repeatable: whether a request may be repeated though it may have arrived.
    """

    session: Callable[[], requests.Session]
    clock: Clock
    stop: Stop
    timeout: float
    attempts: int
    repeatable: bool

    def post(
        self, target: Target, body: bytes, headers: Mapping[str, str], deadline: float
    ) -> tuple[int, int]:
        """Send a POST request and tell the status of the answer and the number of attempts.

        :raises DriverError: if it was refused, or did not arrive in time.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(_Again),
            wait=_Pause(),
            stop=stop_any(
                stop_after_attempt(self.attempts), _Over(self.clock, self.stop, deadline)
            ),
            sleep=self._sleep,
            reraise=True,
        )
        with self.session() as session:
            try:
                status = retrying(self._attempt, session, target, body, headers, deadline)
            except _Again as error:
                tries = int(retrying.statistics["attempt_number"])
                raise DriverError(f"{error} ({tries} attempts)") from error
        return status, int(retrying.statistics["attempt_number"])

    def _sleep(self, seconds: float) -> None:
        """Pause, but not beyond the end of the datasource."""
        self.stop.wait(seconds)

    def _attempt(
        self,
        session: requests.Session,
        target: Target,
        body: bytes,
        headers: Mapping[str, str],
        deadline: float,
    ) -> int:
        """One attempt: the status of a good answer."""
        left = deadline - self.clock.monotonic()
        if left <= 0 or self.stop.is_set():
            raise DriverError(f"{target.origin}: no time left to send the request")
        try:
            response = session.post(
                target.url,
                data=body,
                headers=dict(headers),
                timeout=min(self.timeout, left),
                allow_redirects=False,
                stream=True,
                auth=_unchanged,
            )
        except requests.RequestException as error:
            raise self._failure(target, error) from None
        with response:
            _check_status(target, response)
            return response.status_code

    def _failure(self, target: Target, error: requests.RequestException) -> Exception:
        """What to raise when there was no answer."""
        if isinstance(error, requests.exceptions.SSLError):
            return DriverError(f"{target.origin}: its certificate is not trusted")
        if not isinstance(error, requests.ConnectionError | requests.Timeout):
            return DriverError(f"{target.origin}: the request could not be sent")
        if _certainly_unsent(error):
            return _Again(f"{target.origin}: cannot connect")
        if self.repeatable:
            return _Again(f"{target.origin}: no answer")
        return DriverError(f"{target.origin}: no answer; the request may or may not have arrived")


def _certainly_unsent(error: requests.RequestException) -> bool:
    """Whether the connection failed before anything was sent over it."""
    cause = error.args[0] if error.args else None
    if isinstance(cause, urllib3.exceptions.MaxRetryError):
        cause = cause.reason
    return isinstance(error, requests.ConnectTimeout) or isinstance(cause, _NOT_CONNECTED)


def _check_status(target: Target, response: requests.Response) -> None:
    """Raise unless the answer says that all went well."""
    status = response.status_code
    if 200 <= status < 300:
        return
    message = f"{target.origin}: answered with status {status}"
    if status in _PASSING:
        after = response.headers.get("Retry-After", "")
        raise _Again(message, float(after) if after.isdecimal() and len(after) < 6 else 0.0)
    if 300 <= status < 400:
        message += "; redirects are not followed"
    raise DriverError(message)


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An authentication that adds nothing, so that no ``.netrc`` is consulted."""
    return request
