"""Congress on the machines, put there by the commands of the guide.

What the guide takes for granted is done here: that Congress is installed, that names are
known, and that there are servers, whose addresses and passwords are not those of the guide.
"""

import pathlib
from urllib.parse import urlsplit

from tests.functional.system import SCRIPTS, wait_until
from tests.ha.node import Settings, written
from tests.ha.pacemaker.machine import BROKER, DATABASE, Machine
from tests.ha.pacemaker.pair import Pair
from tests.ocf import guide
from tests.ocf.agent import ROOT

#: The servers by their names in the guide.
SERVERS = {"mq.example.org": BROKER, "db.example.org": DATABASE}
SERVER = pathlib.Path("/usr/local/bin/congress-server")
CONFIG = pathlib.Path("/etc/congress/congress.conf")
KEY = pathlib.Path("/var/lib/congress/keys/aes_key")


def prepare(pair: Pair, database: str, more: Settings) -> None:
    """Have Congress and its configuration on both machines."""
    text = guide.configuration().replace("PASSWORD", "congress")
    text = text.replace("/congress?", f"{urlsplit(database).path}?") + written(more)
    for host in pair.machines:
        host.path(SERVER).symlink_to(SCRIPTS / SERVER.name)
        with host.path("/etc/hosts").open("a") as hosts:
            hosts.writelines(f"{address} {name}\n" for name, address in SERVERS.items())
            hosts.writelines(f"{one.ring_address} {one.name}\n" for one in pair.machines)
        host.write(CONFIG, text)


def follow(pair: Pair) -> None:
    """Do what the guide says, up to the datasource node under Pacemaker."""
    first, second = pair.machines
    (schema,) = guide.commands(guide.section(1))
    folder, make, again, copy = guide.commands(guide.section(2))
    for line in (schema, folder, make):
        first.shell(line, ROOT)
    second.shell(again, ROOT)
    _copy(copy, pair, second)
    _, *lines = guide.commands(guide.section(4))
    for host in pair.machines:
        for line in lines[:2]:
            host.shell(line, ROOT)
    wait_until(lambda: pair.online() == {"host-1", "host-2"}, "both machines are online")
    without_fencing, *monitor = (line for line in lines if line.startswith("crm configure "))
    first.shell(without_fencing, ROOT)
    first.run("crm", "configure", text=guide.shell_of_pacemaker())
    for line in monitor:
        first.shell(line, ROOT)


def _copy(line: str, pair: Pair, target: Machine) -> None:
    """Do what ``scp`` does from one machine to another."""
    _, _, source, folder = line.split()
    name, _, there = source.partition(":")
    path = pair.machine(name).path(there)
    target.write(f"{folder}{path.name}", path.read_text(), path.stat().st_mode)
