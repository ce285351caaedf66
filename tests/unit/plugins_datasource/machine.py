"""A machine made of plain values, and processes that refuse to be read."""

import contextlib
import socket
from types import SimpleNamespace as Facts

import psutil

from congress.plugins.datasource.host.machine import Machine


class FakeProcess:
    """A process; details that are exceptions are raised."""

    def __init__(self, pid, **details):
        self.pid = pid
        self._details = {
            "ppid": 1,
            "name": f"proc{pid}",
            "exe": f"/usr/bin/proc{pid}",
            "cmdline": [f"/usr/bin/proc{pid}", "-v"],
            "cwd": "/",
            "username": "root",
            "uids": Facts(real=0, effective=0),
            "gids": Facts(real=0),
            "terminal": None,
            "status": psutil.STATUS_SLEEPING,
            "create_time": 1700000000.5,
            "cpu_times": Facts(user=1.5, system=0.25),
            "cpu_percent": 2.0,
            "memory_info": Facts(rss=4096, vms=8192),
            "memory_percent": 0.123456,
            "num_threads": 3,
            "num_fds": 7,
            **details,
        }

    def oneshot(self):
        return contextlib.nullcontext()

    def __getattr__(self, name):
        value = self._details[name]

        def read():
            if isinstance(value, Exception):
                raise value
            return value

        return read


def a_socket(kind, local, remote=(), status="NONE", pid=None, family=socket.AF_INET):
    return Facts(type=kind, family=family, laddr=local, raddr=remote, status=status, pid=pid)


class FakeMachine(Machine):
    """What a test says."""

    def __init__(self):
        self.fakes = [FakeProcess(1, ppid=0), FakeProcess(42)]
        self.listening = [
            a_socket(socket.SOCK_STREAM, ("0.0.0.0", 22), (), "LISTEN", 42),
            a_socket(socket.SOCK_DGRAM, ("::", 53), (), "NONE", None, socket.AF_INET6),
        ]
        self.connected = [
            a_socket(socket.SOCK_STREAM, ("10.0.0.1", 22), ("10.0.0.9", 5555), "ESTABLISHED", 42),
            a_socket(socket.SOCK_DGRAM, ("10.0.0.1", 68), ("10.0.0.2", 67), "NONE", 1),
        ]
        self.volumes = [
            Facts(mountpoint="/", device="/dev/sda", fstype="ext4", opts="rw,nosuid"),
            Facts(mountpoint="/proc", device="proc", fstype="proc", opts="rw"),
            Facts(mountpoint="/far", device="srv:/x", fstype="nfs4", opts=""),
        ]
        self.broken = {}

    def _tell(self, what, value):
        if what in self.broken:
            raise self.broken[what]
        return value

    def processes(self):
        return self._tell("processes", self.fakes)

    def sockets(self):
        return self._tell("sockets", self.listening + self.connected)

    def accounts(self):
        user = Facts(
            pw_name="ann", pw_uid=1000, pw_gid=100, pw_gecos="Ann", pw_dir="/a", pw_shell="/bin/sh"
        )
        return self._tell("accounts", [user])

    def groups(self):
        return [
            Facts(gr_name="users", gr_gid=100, gr_mem=["bob"]),
            Facts(gr_name="empty", gr_gid=7, gr_mem=[]),
        ]

    def sessions(self):
        return [Facts(name="ann", terminal="pts/0", host="", started=1700000001.0, pid=42)]

    def mounts(self):
        return self.volumes

    def space(self, mount):
        if mount == "/far":
            raise AssertionError("a network filesystem was asked")
        total = 0 if mount == "/proc" else 1000
        return self._tell("space", Facts(total=total, used=250, free=700, percent=26.3))

    def interfaces(self):
        return {"eth0": Facts(isup=True, mtu=1500, speed=0, duplex=psutil.NIC_DUPLEX_FULL)}

    def addresses(self):
        return {
            "eth0": [
                Facts(
                    family=socket.AF_INET, address="10.0.0.1", netmask="255.0.0.0", broadcast=None
                ),
                Facts(family=socket.AF_INET6, address="fe80::1%eth0", netmask=None, broadcast=None),
                Facts(family=psutil.AF_LINK, address="aa:bb", netmask=None, broadcast=None),
                Facts(family=12345, address="?", netmask=None, broadcast=None),
            ]
        }

    def traffic(self):
        return {"eth0": Facts(bytes_sent=1, bytes_recv=2, errin=3, errout=4, dropin=5, dropout=6)}

    def load(self):
        return (0.123, 1.0, 2.5)

    def memory(self):
        return Facts(total=100, used=40, available=60, percent=40.0)

    def swap(self):
        return Facts(total=0, used=0, free=0, percent=0.0)

    def boot_time(self):
        return 1600000000.7

    def processors(self):
        return 4, None

    def kernel(self):
        return Facts(node="box", system="Linux", release="6.1", machine="x86_64")

    def distribution(self):
        return {}
