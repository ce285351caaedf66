"""The one door to the operating system.

May import psutil and the standard library only. Every other file of this
driver gets what it knows of the machine through a ``Machine``, so a test
replaces this one class and nothing else.
"""

import grp
import platform
import pwd
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psutil


class Machine:
    """What psutil and the user database tell.

    Any call may fail with ``psutil.Error`` or ``OSError``; sizes are in bytes, times in seconds.
    """

    def processes(self) -> Iterable[psutil.Process]:
        """All processes."""
        return psutil.process_iter()

    def sockets(self) -> Sequence[Any]:
        """All IPv4 and IPv6 sockets of TCP and UDP, as ``psutil.net_connections`` gives them."""
        return psutil.net_connections(kind="inet")

    def accounts(self) -> Sequence[pwd.struct_passwd]:
        """The users in the user database."""
        return pwd.getpwall()

    def groups(self) -> Sequence[grp.struct_group]:
        """The groups in the group database."""
        return grp.getgrall()

    def sessions(self) -> Sequence[Any]:
        """Who is logged in, as ``psutil.users`` gives it."""
        return psutil.users()

    def mounts(self) -> Sequence[Any]:
        """Everything that is mounted, as ``psutil.disk_partitions`` gives it."""
        return psutil.disk_partitions(all=True)

    def space(self, mount: str) -> Any:
        """How full a filesystem is. Blocks while a network filesystem does not answer."""
        return psutil.disk_usage(mount)

    def interfaces(self) -> Mapping[str, Any]:
        """State of the network interfaces by name."""
        return psutil.net_if_stats()

    def addresses(self) -> Mapping[str, Sequence[Any]]:
        """Addresses of the network interfaces by name."""
        return psutil.net_if_addrs()

    def traffic(self) -> Mapping[str, Any]:
        """Counters of the network interfaces by name."""
        return psutil.net_io_counters(pernic=True)

    def load(self) -> tuple[float, float, float]:
        """Load averages over 1, 5 and 15 minutes."""
        return psutil.getloadavg()

    def memory(self) -> Any:
        """Use of memory."""
        return psutil.virtual_memory()

    def swap(self) -> Any:
        """Use of swap space."""
        return psutil.swap_memory()

    def boot_time(self) -> float:
        """When the machine started, since the epoch."""
        return psutil.boot_time()

    def processors(self) -> tuple[int | None, int | None]:
        """Number of logical processors and of cores."""
        return psutil.cpu_count(), psutil.cpu_count(logical=False)

    def kernel(self) -> platform.uname_result:
        """Name and kernel of the machine."""
        return platform.uname()

    def distribution(self) -> Mapping[str, str]:
        """The operating system as ``os-release`` describes it; empty if it does not."""
        try:
            return platform.freedesktop_os_release()
        except OSError:
            return {}
