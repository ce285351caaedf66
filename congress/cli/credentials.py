"""Where the server is and who asks: global options, and the transport they ask for.

Imports the client. keystoneauth is imported only when credentials are given, and
openstacksdk, which knows ``clouds.yaml``, only when a cloud is named.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from congress.cli.client import RequestFailed, Transport
from congress.cli.transports import DEFAULT_ENDPOINT, KeystoneTransport, PlainTransport
from congress.model.diagnostic import Diagnostic

if TYPE_CHECKING:
    from keystoneauth1.adapter import Adapter
    from keystoneauth1.session import Session

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
    _add_option(group, "cloud", "one of clouds.yaml; the options below change parts of it")
    for name in ("auth_type", *_PLUGIN_OPTIONS, "region_name", "cacert"):
        _add_option(group, name)
    _add_option(group, "interface", "of the catalogue: public, internal or admin", "public")
    group.add_argument(
        "--insecure", action="store_true", help="do not verify the server's certificate"
    )


def _add_option(
    group: argparse._ArgumentGroup, name: str, meaning: str = "", default: str | None = None
) -> None:
    variable = f"OS_{name.upper()}"
    group.add_argument(
        f"--os-{name.replace('_', '-')}",
        dest=f"os_{name}",
        metavar=name.upper(),
        default=os.environ.get(variable, default),
        help=f"{meaning} (env {variable})" if meaning else f"env {variable}",
    )


def make_transport(options: argparse.Namespace) -> Transport:
    """The transport that the global options ask for.

    :raises RequestFailed: the credentials cannot be used.
    """
    given = options.os_cloud or any(getattr(options, f"os_{name}") for name in _DECIDING)
    if not given or options.os_auth_type == "none":
        return PlainTransport(options.endpoint or DEFAULT_ENDPOINT)
    from keystoneauth1.exceptions import ClientException

    try:
        session, region, interface = (
            _of_cloud(options) if options.os_cloud else _of_account(options)
        )
    except ClientException as error:
        raise _unusable(f"the credentials cannot be used: {error}") from error
    return KeystoneTransport(
        policy_adapter(
            session, region_name=region, interface=interface, endpoint_override=options.endpoint
        )
    )


def policy_adapter(session: Session, **where: Any) -> Adapter:
    """What sends requests to the policy service of the catalogue.

    :param where: ``region_name``, ``interface`` and ``endpoint_override``, if wanted.
    """
    from keystoneauth1.adapter import Adapter

    return Adapter(session, service_type="policy", user_agent="congress", **where)


def _of_account(options: argparse.Namespace) -> tuple[Session, str | None, str]:
    """The session for an account given by options; region and interface to look up."""
    from keystoneauth1 import loading
    from keystoneauth1.session import Session

    kind = options.os_auth_type or ("token" if options.os_token else "password")
    loader: Any = loading.get_plugin_loader(kind)
    values = {option.dest: _value(options, option.dest) for option in loader.get_options()}
    if "endpoint" in values and options.endpoint:
        values["endpoint"] = options.endpoint
    given = {name: value for name, value in values.items() if value}
    verify = False if options.insecure else options.os_cacert or True
    session = Session(auth=loader.load_from_options(**given), verify=verify)
    return session, options.os_region_name, options.os_interface


def _value(options: argparse.Namespace, name: str) -> str | None:
    """What is given for an option of an authentication plugin; rare ones by environment."""
    value: str | None = getattr(options, f"os_{name}", os.environ.get(f"OS_{name.upper()}"))
    return value


def _of_cloud(options: argparse.Namespace) -> tuple[Session, str | None, str]:
    """The same for a cloud of ``clouds.yaml``, but for what options say otherwise.

    This takes seconds to import, and is therefore not the way for everybody.
    """
    from openstack.config import OpenStackConfig
    from openstack.exceptions import ConfigException

    account = {name: getattr(options, f"os_{name}") for name in _PLUGIN_OPTIONS}
    changes: dict[str, Any] = {
        "auth": {name: value for name, value in account.items() if value},
        "cacert": options.os_cacert,
        "region_name": options.os_region_name,
        "verify": False if options.insecure else None,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    try:
        cloud = OpenStackConfig().get_one(cloud=options.os_cloud, **given)
        return cloud.get_session(), cloud.region_name, options.os_interface
    except ConfigException as error:
        raise _unusable(f"the cloud {options.os_cloud!r} cannot be used: {error}") from error


def _unusable(message: str) -> RequestFailed:
    hint = "congress --help lists the options for credentials"
    return RequestFailed(message, (Diagnostic("not-configured", message, hint=hint),))
