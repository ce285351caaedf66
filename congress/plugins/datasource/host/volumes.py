"""Filesystems and mounts.

May import ``congress.model``, psutil and its own folder.

Invariant: network filesystems are never asked for their space, since one that
does not answer would block the poll for ever.
"""

from collections.abc import Iterator
from functools import partial

from congress.plugins.datasource.columns import integer, string
from congress.plugins.datasource.host.reading import Reading, clean, detail
from congress.plugins.datasource.host.table import RawRow, table

_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "lustre", "afs", "9p", "autofs"}
)


def _remote(kind: str) -> bool:
    """Whether a filesystem of that type may wait for somebody else."""
    return kind in _NETWORK or kind.startswith("fuse")


def _filesystems(reading: Reading) -> Iterator[RawRow]:
    for mount in reading.machine.mounts():
        path = mount.mountpoint
        if _remote(mount.fstype):
            continue
        space = detail(partial(reading.machine.space, path))
        if space is None or space.total:
            yield (
                clean(path),
                clean(mount.device),
                clean(mount.fstype),
                space.total if space else None,
                space.used if space else None,
                space.free if space else None,
                round(space.percent) if space else None,
            )


def _mounts(reading: Reading) -> Iterator[RawRow]:
    for mount in reading.machine.mounts():
        yield tuple(map(clean, (mount.mountpoint, mount.device, mount.fstype, mount.opts)))


def _mount_options(reading: Reading) -> Iterator[RawRow]:
    for mount in reading.machine.mounts():
        for option in filter(None, mount.opts.split(",")):
            yield (clean(mount.mountpoint), clean(option))


_MOUNT = (
    string("mount", "Folder it is mounted on.", nullable=False),
    string("device", "What is mounted."),
    string("type", "Type of the filesystem."),
)

TABLES = (
    table(
        "filesystems",
        "Local filesystems that hold data, and how full they are.",
        (
            *_MOUNT,
            integer("total", "Size in bytes."),
            integer("used", "Bytes in use."),
            integer("free", "Bytes that a user without privileges can still use."),
            integer("percent", "Share of the space in use, in whole percent."),
        ),
        _filesystems,
        key=("mount",),
    ),
    table(
        "mounts",
        "Everything that is mounted, pseudo and network filesystems included.",
        (*_MOUNT, string("options", "Mount options, joined by commas.")),
        _mounts,
    ),
    table(
        "mount_options",
        "Mount options, one a row.",
        (_MOUNT[0], string("option", "One option, such as nosuid.", nullable=False)),
        _mount_options,
    ),
)
