"""Where the server is and who asks: global options, and the transport they ask for.

Imports the client. keystoneauth is imported only when credentials are given.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

from congress.cli.client import DEFAULT_ENDPOINT, KeystoneTransport, PlainTransport, Transport

#: Options that are passed to the authentication plugin as they are.
_PLUGIN_OPTIONS = (
    "auth_url",
    "username",
    "user_id",
    "password",
    "project_name",
    "project_id",
    "user_domain_name",
    "user_domain_id",
    "project_domain_name",
    "project_domain_id",
    "system_scope",
    "token",
    "application_credential_id",
    "application_credential_secret",
)

#: Any of these means that credentials are given.
_DECIDING = ("auth_type", "auth_url", "token")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Make the global options known; their defaults come from the environment."""
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        default=os.environ.get("CONGRESS_ENDPOINT"),
        help=f"address of the server (env CONGRESS_ENDPOINT; default {DEFAULT_ENDPOINT}, or, "
        "with credentials, what the service catalogue says)",
    )
    group = parser.add_argument_group(
        "credentials", "of the OpenStack identity service; each can be given in the environment"
    )
    for name in ("auth_type", *_PLUGIN_OPTIONS, "region_name", "cacert"):
        _add_option(group, name)
    group.add_argument(
        "--insecure", action="store_true", help="do not verify the server's certificate"
    )


def _add_option(group: argparse._ArgumentGroup, name: str) -> None:
    variable = f"OS_{name.upper()}"
    group.add_argument(
        f"--os-{name.replace('_', '-')}",
        dest=f"os_{name}",
        metavar=name.upper(),
        default=os.environ.get(variable),
        help=f"env {variable}",
    )


def make_transport(options: argparse.Namespace) -> Transport:
    """The transport that the global options ask for."""
    given = any(getattr(options, f"os_{name}") for name in _DECIDING)
    if not given or options.os_auth_type == "none":
        return PlainTransport(options.endpoint or DEFAULT_ENDPOINT)
    return _keystone(options)


def _keystone(options: argparse.Namespace) -> Transport:
    from keystoneauth1 import loading
    from keystoneauth1.adapter import Adapter
    from keystoneauth1.session import Session

    kind = options.os_auth_type or ("token" if options.os_token else "password")
    loader: Any = loading.get_plugin_loader(kind)
    known = {option.dest for option in loader.get_options()}
    values = {name: getattr(options, f"os_{name}") for name in _PLUGIN_OPTIONS}
    if options.endpoint:
        values["endpoint"] = options.endpoint
    given = {name: value for name, value in values.items() if value and name in known}
    verify = False if options.insecure else options.os_cacert or True
    session = Session(auth=loader.load_from_options(**given), verify=verify)
    return KeystoneTransport(
        Adapter(
            session,
            service_type="policy",
            interface="public",
            region_name=options.os_region_name,
            endpoint_override=options.endpoint,
            user_agent="congress",
        )
    )
