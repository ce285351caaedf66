"""What openstackclient asks of a plugin, and how the released client steps aside for it.

May import openstackclient and ``congress.cli``. The commands are the classes of the
command ``congress``, named in ``setup.cfg``.

The released python-congressclient has commands of the same names. Where both are
installed these here are used: its commands are not even loaded, so that openstackclient
has nothing to warn about. Its Python library is left alone.
"""

import argparse
import contextlib
import os
from typing import Any

from openstackclient.common import clientmanager

from congress.cli.client import Client
from congress.cli.credentials import policy_adapter
from congress.cli.transports import KeystoneTransport

API_NAME = "congress"
API_VERSION_OPTION = "os_policy_api_version"
DEFAULT_API_VERSION = "1"
API_VERSIONS = ("1",)

RELEASED_CLIENT = "congressclient.osc.osc_plugin"


class SteppedAside:
    """Stands where the plugin of the released client stood, and offers nothing."""

    API_NAME = "congressclient"
    API_VERSION_OPTION = "os_no_policy_api_version"
    DEFAULT_API_VERSION = ""

    @staticmethod
    def build_option_parser(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
        """See openstackclient; adds no option."""
        return parser


def make_client(instance: Any) -> Client:
    """The client for the commands, with the session that openstackclient made."""
    adapter = policy_adapter(
        instance.session, interface=instance.interface, region_name=instance.region_name
    )
    return Client(KeystoneTransport(adapter))


def build_option_parser(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the global option, after the released client has stepped aside.

    openstackclient calls this while it goes through its list of plugins; hence nothing
    is taken out of the list.
    """
    plugins = clientmanager.PLUGIN_MODULES
    for place, plugin in enumerate(plugins):
        if getattr(plugin, "__name__", "") == RELEASED_CLIENT:
            plugins[place] = SteppedAside
    with contextlib.suppress(argparse.ArgumentError):  # the released client has added it
        parser.add_argument(
            "--os-policy-api-version",
            metavar="<policy-api-version>",
            default=os.environ.get("OS_POLICY_API_VERSION", DEFAULT_API_VERSION),
            help="version of the policy API (env OS_POLICY_API_VERSION)",
        )
    return parser
