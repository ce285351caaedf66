"""Machines that are namespaces, and the network between them.

A ``Lab`` holds two networks, ``lan`` with the servers of this host and ``ring``, which
only machines are on. A ``Machine`` has a cable to each, ``eth0`` and ``eth1``, and a disk
that it finds again when it is switched on anew; ``init.sh`` is its process 1.

Invariant: all of it ends with this process, however that ends. Networks, mounts and
machines have no names on this host; each lives as long as a process, which the kernel
kills when its parent ends.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
from collections.abc import Sequence

from tests.functional.system import SCRIPTS, wait_until

PATHS = f"{SCRIPTS}:{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
HERE = pathlib.Path(__file__).parent
CABLES = {"eth0": ("lan", "10.77.0"), "eth1": ("ring", "10.78.0")}

#: The lab's own addresses on its ``lan``, one for each server, so that they can be lost apart.
BROKER, DATABASE, WEB = "10.77.0.251", "10.77.0.252", "10.77.0.253"

#: Programs that machines are made of.
PROGRAMS = ("corosync", "crm", "crm_mon", "ip", "nsenter", "pacemakerd", "setpriv", "socat")

#: Seconds a command on a machine may take.
PATIENCE = 60.0


def missing() -> list[str]:
    """What machines need and this host has not."""
    lacks = [name for name in (*PROGRAMS, "unshare") if not shutil.which(name, path=PATHS)]
    return lacks if os.geteuid() == 0 else ["root", *lacks]


def spawn(log: pathlib.Path, *command: str) -> "subprocess.Popen[bytes]":
    """A process that ends when this thread does."""
    with log.open("ab") as output:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "PATH": PATHS},
        )


def child_of(process: "subprocess.Popen[bytes]", log: pathlib.Path) -> int:
    """The pid of its only child, 0 if there is none yet; a failure if there will be none."""
    if process.poll() is not None:
        raise AssertionError(f"{process.args!r} has ended: {log.read_text()}")
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return int((children.read_text().split() or ["0"])[0])


class Lab:
    """The two networks, and the disks of the machines."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.log = folder / "lab.log"
        self.pid = 0
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Lab":
        with contextlib.ExitStack() as stack:
            flags = ("--net", "--mount", "--pid", "--fork", "--kill-child")
            holder = spawn(self.log, "unshare", *flags, "sleep", "infinity")
            stack.callback(end, holder)
            self.pid = wait_until(lambda: child_of(holder, self.log), "there is a lab")
            disks = self.folder / "disks"
            disks.mkdir()
            self.run("mount", "-t", "tmpfs", "tmpfs", str(disks))
            self.run("ip", "link", "set", "lo", "up")
            for number, (network, _) in enumerate(CABLES.values()):
                # Without one of its own a bridge has the hardware address of one of its
                # cables, and is not found any more for half a minute when that is cut.
                own = ("address", f"02:00:00:00:01:{number:02x}")
                self.run("ip", "link", "add", "name", network, *own, "type", "bridge")
                self.run("ip", "link", "set", network, "up")
            for address in (BROKER, DATABASE, WEB):
                self.run("ip", "address", "add", f"{address}/24", "dev", "lan")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def inside(self, *command: str) -> list[str]:
        """The command line that runs a command in the lab."""
        return ["nsenter", f"--target={self.pid}", "--net", "--mount", *command]

    def run(self, *command: str) -> None:
        """Run something in the lab that must succeed."""
        finish(self.inside(*command))

    def relay(self, address: str, port: int, target: int) -> None:
        """Let machines reach a port of this host's loopback at an address of the lab.

        The lab and this host have no network in common, so the way goes over a socket in a file.
        """
        path = self.folder / f"relay-{port}"
        outer = spawn(self.log, "socat", f"UNIX-LISTEN:{path},fork", f"TCP:127.0.0.1:{target}")
        self._stack.callback(end, outer)
        listen = f"TCP-LISTEN:{port},bind={address},reuseaddr,fork"
        inner = spawn(self.log, *self.inside("--pid", "socat", listen, f"UNIX-CONNECT:{path}"))
        self._stack.callback(end, inner)


class Machine:
    """One machine, off at first.

    :param cluster: the ``corosync.conf`` of the cluster it belongs to, if it does.
    """

    def __init__(self, lab: Lab, number: int, cluster: pathlib.Path | None = None) -> None:
        self.name = f"host-{number}"
        #: Where others reach it, by ``eth0`` and by ``eth1``.
        self.address, self.ring_address = (f"{prefix}.{number}" for _, prefix in CABLES.values())
        self._lab = lab
        self._number = number
        self._cluster = cluster
        self._log = lab.folder / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._init = 0

    @property
    def on(self) -> bool:
        """Whether it is switched on."""
        return self._process is not None

    def switch_on(self) -> None:
        """Start it, and plug its cables in."""
        flags = ("--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--mount-proc")
        start = ("unshare", *flags, "--kill-child", "sh", f"{HERE}/init.sh")
        disk = str(self._lab.folder / "disks" / self.name)
        command = self._lab.inside(*start, self.name, disk, str(self._cluster or ""))
        self._process = spawn(self._log, *command)
        wait_until(self._booted, f"{self.name} has booted")
        self.run("ip", "link", "set", "lo", "up")
        for cable, (network, prefix) in CABLES.items():
            plug = f"{network}-{self._number}"
            peer = ("peer", "name", cable, "netns", str(self._init))
            self._lab.run("ip", "link", "add", plug, "type", "veth", *peer)
            self._lab.run("ip", "link", "set", plug, "master", network, "up")
            self.run("ip", "address", "add", f"{prefix}.{self._number}/24", "dev", cable)
            self.plug(cable)

    def _booted(self) -> bool:
        """Whether it has its disk; a failure if it never will."""
        assert self._process is not None
        self._init = child_of(self._process, self._log)
        return bool(self._init) and self.path("/run/booted").exists()

    def cut_off(self) -> None:
        """Cut its power. Nobody is told by a closed connection."""
        if self._process is None:
            return
        for network, _ in CABLES.values():
            self._lab.run("ip", "link", "delete", f"{network}-{self._number}")
        os.kill(self._init, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def plug(self, *cables: str) -> None:
        """Plug cables in."""
        for cable in cables:
            self.run("ip", "link", "set", cable, "up")

    def unplug(self, *cables: str) -> None:
        """Pull cables out."""
        for cable in cables:
            self.run("ip", "link", "set", cable, "down")

    def lose(self, address: str) -> None:
        """Lose the way to a server: what is sent there goes to nobody."""
        nobody = ("lladdr", "02:00:00:00:00:01", "nud", "permanent")
        self.run("ip", "neighbour", "replace", address, *nobody, "dev", "eth0")

    def find(self, address: str) -> None:
        """Find the way to a server again, if it was lost."""
        self.run("ip", "neighbour", "delete", address, "dev", "eth0", check=False)

    def run(self, *command: str, text: str = "", check: bool = True) -> str:
        """Run something as root; what it said."""
        flags = ("--mount", "--uts", "--ipc", "--pid", "--net")
        return finish(["nsenter", f"--target={self._init}", *flags, *command], text, check)

    def shell(self, line: str, folder: pathlib.Path) -> str:
        """Run what somebody types who is in a folder."""
        return self.run("sh", "-ec", f"cd {folder}; {line}")

    def write(self, name: str | pathlib.Path, text: str, mode: int = 0o644) -> None:
        """Write a file."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def path(self, name: str | pathlib.Path) -> pathlib.Path:
        """A file of the machine, as this process reaches it."""
        return pathlib.Path(f"/proc/{self._init}/root{name}")


def finish(command: Sequence[str], text: str = "", check: bool = True) -> str:
    """Run a command to its end; what it said. A failure tells that, too."""
    done = subprocess.run(
        command,
        env={**os.environ, "PATH": PATHS, "HOME": "/var/tmp"},
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    if check and done.returncode:
        raise AssertionError(f"{list(command)} ended with {done.returncode}: {done.stdout}")
    return done.stdout


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and all that end with it."""
    process.kill()
    process.wait()
