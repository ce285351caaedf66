"""A cloud made up from a seed: servers with all that belongs to them.

May import the standard library only. Sizes follow from the number of servers;
every id is a string padded with zeros, every number an integer.

Invariant: equal seeds and sizes give equal tables, row by row.
"""

import random
from dataclasses import dataclass

Cell = str | int
Rows = list[tuple[Cell, ...]]

COLUMNS: dict[str, int] = {
    "project": 5,
    "user": 4,
    "flavor": 5,
    "image": 7,
    "host": 3,
    "server": 9,
    "network": 5,
    "port": 5,
    "port_sg": 2,
    "secgroup": 3,
    "sgrule": 7,
    "volume": 5,
    "server_tag": 3,
    "link": 2,
}

_LOW_PORTS = (22, 80, 443, 1, 8000)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many there are of each thing."""

    servers: int

    @property
    def projects(self) -> int:
        """Projects."""
        return max(10, self.servers // 50)

    @property
    def users(self) -> int:
        """Users."""
        return max(20, self.servers // 10)

    @property
    def images(self) -> int:
        """Images."""
        return max(20, self.servers // 100)

    @property
    def hosts(self) -> int:
        """Hosts."""
        return max(8, self.servers // 20)

    @property
    def networks(self) -> int:
        """Networks."""
        return max(8, self.servers // 20)

    @property
    def groups(self) -> int:
        """Security groups in use."""
        return max(10, self.servers // 10)


class Inventory:
    """All tables, in ``tables``."""

    def __init__(self, servers: int, seed: int = 1) -> None:
        self.sizes = Sizes(servers)
        self._random = random.Random(seed)
        self.tables: dict[str, Rows] = {}
        self._people()
        self._places()
        self._servers()
        self._networks()
        self._security()
        self._belongings()
        self._links()

    @property
    def rows(self) -> int:
        """The number of rows of all tables."""
        return sum(map(len, self.tables.values()))

    def _chance(self, part: float) -> bool:
        return self._random.random() < part

    def _pick(self, letter: str, count: int) -> str:
        return name(letter, self._random.randrange(count))

    def _people(self) -> None:
        sizes = self.sizes
        self.tables["project"] = [
            (
                name("p", n),
                f"project-{n}",
                "false" if self._chance(0.03) else "true",
                f"domain{n % 5}",
                "pci" if self._chance(0.10) else "std",
            )
            for n in range(sizes.projects)
        ]
        self.tables["user"] = [
            (
                name("u", n),
                f"user-{n}",
                self._pick("p", sizes.projects),
                "false" if self._chance(0.02) else "true",
            )
            for n in range(sizes.users)
        ]

    def _places(self) -> None:
        sizes = self.sizes
        self.tables["flavor"] = [
            (name("f", n), f"flavor-{n}", 2 ** (n % 6), 512 * 2 ** (n % 9), 10 * (1 + n % 8))
            for n in range(40)
        ]
        self.tables["image"] = [
            (
                name("i", n),
                f"image-{n}",
                "linux" if self._chance(0.8) else "windows",
                "public",
                self._random.choice((256, 512, 1024, 2048)),
                "active",
                self._pick("p", sizes.projects),
            )
            for n in range(sizes.images)
        ]
        self.tables["host"] = [
            (name("h", n), f"az{n % 8}", f"agg{n % 4}") for n in range(sizes.hosts)
        ]

    def _servers(self) -> None:
        sizes = self.sizes
        self.tables["server"] = [
            (
                name("s", n),
                f"srv-{n:07d}{'-longsuffix' if self._chance(0.05) else ''}",
                self._pick("p", sizes.projects),
                self._pick("u", sizes.users),
                name("f", self._random.randrange(40)),
                self._pick("i", sizes.images),
                self._pick("h", sizes.hosts),
                "ACTIVE" if self._chance(0.80) else "SHUTOFF",
                1_700_000_000 + n,
            )
            for n in range(sizes.servers)
        ]

    def _networks(self) -> None:
        sizes = self.sizes
        networks: Rows = [
            (
                name("n", n),
                f"net-{n}",
                self._pick("p", sizes.projects),
                "true" if self._chance(0.10) else "false",
                "true" if self._chance(0.05) else "false",
            )
            for n in range(sizes.networks)
        ]
        self.tables["network"] = networks
        own: dict[Cell, list[Cell]] = {}
        for network in networks:
            own.setdefault(network[2], []).append(network[0])
        ports: Rows = []
        for number in range(2 * sizes.servers):
            server = self.tables["server"][number // 2]
            mine = own.get(server[2])
            if mine and self._chance(0.97):
                network_id = self._random.choice(mine)
            else:
                network_id = self._pick("n", sizes.networks)
            address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            ports.append((name("t", number), server[0], network_id, address, "UP"))
        self.tables["port"] = ports

    def _security(self) -> None:
        sizes = self.sizes
        pairs: set[tuple[Cell, ...]] = set()
        port_groups: Rows = []
        for port in self.tables["port"]:
            for _ in range(2 if self._chance(0.20) else 1):
                pair = (port[0], self._pick("g", sizes.groups))
                if pair not in pairs:
                    pairs.add(pair)
                    port_groups.append(pair)
        self.tables["port_sg"] = port_groups
        count = sizes.groups + max(1, sizes.groups // 20)
        self.tables["secgroup"] = [
            (name("g", n), f"group-{n}", self._pick("p", sizes.projects)) for n in range(count)
        ]
        self.tables["sgrule"] = [
            (
                name("r", 5 * group + place),
                name("g", group),
                "ingress" if self._chance(0.70) else "egress",
                "tcp" if self._chance(0.80) else "udp",
                low,
                65001 if low == 1 else low + 10,
                "0.0.0.0/0" if self._chance(0.012) else "10.0.0.0/8",
            )
            for group in range(count)
            for place, low in enumerate(_LOW_PORTS)
        ]

    def _belongings(self) -> None:
        zones = {row[0]: row[1] for row in self.tables["host"]}
        volumes: Rows = []
        tags: Rows = []
        for server in self.tables["server"]:
            if self._chance(0.50):
                encrypted = "false" if self._chance(0.20) else "true"
                size = self._random.randrange(1, 500)
                number = len(volumes)
                volumes.append((name("v", number), server[0], size, encrypted, server[2]))
            if self._chance(0.90):
                zone = zones[server[6]] if self._chance(0.95) else f"az{self._random.randrange(8)}"
                tags.append((server[0], "zone", zone))
            if self._chance(0.60):
                tags.append((server[0], "owner", self._pick("u", self.sizes.users)))
        self.tables["volume"] = volumes
        self.tables["server_tag"] = tags

    def _links(self) -> None:
        links: dict[tuple[Cell, ...], None] = {}
        for start in range(0, self.sizes.networks, 8):
            block = range(start, min(start + 8, self.sizes.networks))
            for left in block[:-1]:
                links[name("n", left), name("n", left + 1)] = None
            for _ in range(2):
                left, right = self._random.choice(block), self._random.choice(block)
                if left != right:
                    links[name("n", left), name("n", right)] = None
        self.tables["link"] = list(links)


def name(letter: str, number: int) -> str:
    """The id of one thing."""
    return f"{letter}{number:07d}"
