"""API authentication ``token-file``: who has a token from a file may call the API.

It shows what a strategy needs: it wraps a WSGI application, leaves a ``Caller``
in the environment of a request that may go on, and answers any other itself.

The file holds a line for each token: its SHA-256 in hexadecimal, the name of the
user, and the user's roles, separated by commas::

    ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec78f5564afe39d alice admin
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from congress.interfaces.auth import CALLER_KEY, AuthStrategy, Caller, WsgiApp
from congress.interfaces.plugin import Option, PluginInfo, Scope
from congress.model.diagnostic import Diagnostic, diagnostic_to_plain


class TokenFileAuth(AuthStrategy):
    """Accepts ``X-Auth-Token`` with a token whose digest is in the file."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            "token-file",
            "Tokens whose digests are in a file.",
            (
                Option(
                    "path",
                    description="The file of digests, users and roles.",
                    required=True,
                    scope=Scope.NODE,
                ),
            ),
        )

    def wrap(self, app: WsgiApp) -> WsgiApp:
        def admit(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            try:
                caller = self.find(environ.get("HTTP_X_AUTH_TOKEN", ""))
            except OSError:
                return refuse(start_response, "503 Service Unavailable", "not-configured")
            if caller is None:
                return refuse(start_response, "401 Unauthorized", "unauthenticated")
            environ[CALLER_KEY] = caller
            return app(environ, start_response)

        return admit

    def find(self, token: str) -> Caller | None:
        """The user of a token. The file is read each time, so a token can be withdrawn."""
        given = hashlib.sha256(token.encode("latin-1", "replace")).hexdigest()
        for line in Path(str(self.config["path"])).read_text().splitlines():
            fields = line.split()
            if len(fields) == 3 and hmac.compare_digest(given, fields[0]):
                roles = tuple(fields[2].split(","))
                return Caller(user_id=fields[1], user_name=fields[1], roles=roles)
        return None


MESSAGES = {
    "not-configured": ("the token file cannot be read", "set [auth_token_file] path"),
    "unauthenticated": ("no valid token", "send a token in the header X-Auth-Token"),
}


def refuse(start_response: Callable[..., Any], status: str, code: str) -> Iterable[bytes]:
    """Answer a request that may not go on."""
    message, hint = MESSAGES[code]
    problem = diagnostic_to_plain(Diagnostic(code, message, hint=hint))
    error = {
        "message": f"{message} - {hint}",
        "error_code": int(status.split()[0]),
        "error_data": None,
        "diagnostics": [problem],
    }
    body = json.dumps({"error": error}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]
