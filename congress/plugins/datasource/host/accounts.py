"""Users, groups and login sessions.

May import ``congress.model`` and its own folder.
"""

from collections.abc import Iterator

from congress.plugins.datasource.columns import integer, string
from congress.plugins.datasource.host.reading import Reading, clean
from congress.plugins.datasource.host.table import RawRow, table


def _users(reading: Reading) -> Iterator[RawRow]:
    for entry in reading.machine.accounts():
        yield (
            clean(entry.pw_name),
            entry.pw_uid,
            entry.pw_gid,
            clean(entry.pw_gecos),
            clean(entry.pw_dir),
            clean(entry.pw_shell),
        )


def _groups(reading: Reading) -> Iterator[RawRow]:
    for entry in reading.machine.groups():
        yield (clean(entry.gr_name), entry.gr_gid)


def _members(reading: Reading) -> Iterator[RawRow]:
    names: dict[int, str] = {}
    for group in reading.machine.groups():
        names[group.gr_gid] = group.gr_name
        for user in group.gr_mem:
            yield (clean(group.gr_name), clean(user))
    for entry in reading.machine.accounts():
        if entry.pw_gid in names:
            yield (clean(names[entry.pw_gid]), clean(entry.pw_name))


def _sessions(reading: Reading) -> Iterator[RawRow]:
    for session in reading.machine.sessions():
        yield (
            clean(session.name),
            clean(session.terminal),
            clean(session.host) or None,
            int(session.started),
            session.pid,
        )


TABLES = (
    table(
        "users",
        "The users in the user database.",
        (
            string("name", "Login name.", nullable=False),
            integer("uid", "User id.", nullable=False),
            integer("gid", "Id of the primary group.", nullable=False),
            string("comment", "Full name or purpose."),
            string("home", "Home directory."),
            string("shell", "Login shell."),
        ),
        _users,
        key=("name",),
    ),
    table(
        "groups",
        "The groups in the group database.",
        (
            string("name", "Name of the group.", nullable=False),
            integer("gid", "Group id.", nullable=False),
        ),
        _groups,
        key=("name",),
    ),
    table(
        "group_members",
        "Who belongs to which group, primary groups included.",
        (
            string("group", "Name of the group.", nullable=False),
            string("user", "Login name of the member.", nullable=False),
        ),
        _members,
        key=("group", "user"),
    ),
    table(
        "sessions",
        "Who is logged in.",
        (
            string("user", "Login name.", nullable=False),
            string("terminal", "Terminal of the session."),
            string("host", "Where the session comes from."),
            integer("started", "When it began, in seconds since the epoch."),
            integer("pid", "Process that opened it."),
        ),
        _sessions,
    ),
)
