"""The sample configuration against the registry it is made from."""

import configparser
import logging
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import unittest
from collections.abc import Iterator
from typing import Any, ClassVar

from oslo_config import cfg

from congress.bus import make_bus
from congress.cli.server import parse
from congress.kernel.node import Node
from congress.kernel.options import list_opts

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "etc" / "congress.conf.sample"
SCRIPTS = pathlib.Path(sysconfig.get_path("scripts"))
POLICY_GENERATOR = "oslopolicy-sample-generator"
#: Where the configuration itself is found, which the command line tells; and a group that
#: keystonemiddleware registers and never reads.
NOT_OURS = {"config_file", "config_dir", "config_source", "shell_completion"}
NEVER_READ = {"cache"}
REMEDY = "run tox -e genconfig and commit etc/congress.conf.sample"

Entries = dict[tuple[str, str], tuple[str, str]]


def read_sample(path: pathlib.Path) -> Entries:
    """Default and description of each option of a sample, by group and name."""
    entries: Entries = {}
    group, comment = "", []
    for line in path.read_text().splitlines():
        if found := re.fullmatch(r"\[(.+)\]", line):
            group = found[1]
        elif found := re.fullmatch(r"#([\w-]+) =(.*)", line):
            entries[group, found[1]] = (found[2].strip(), " ".join(comment))
        if line.startswith("#") and not found:
            comment.append(line[1:].strip())
        else:
            comment = []
    return entries


def genconfig() -> list[str]:
    """The command of ``tox -egenconfig``, with the path of its program."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    program, *arguments = tox["testenv:genconfig"]["commands"].split()
    return [sys.executable, "-W", "ignore", str(SCRIPTS / program), *arguments]


def known(conf: cfg.ConfigOpts) -> Iterator[tuple[str, str]]:
    """Group and name of every option that somebody has registered."""
    for name in conf:
        if isinstance(conf[name], cfg.ConfigOpts.GroupAttr):
            yield from ((name, one) for one in conf[name])
        else:
            yield "DEFAULT", name


class SampleTest(unittest.TestCase):
    """The sample that tox writes, and the one in the repository."""

    fresh: ClassVar[Entries]
    kept: ClassVar[Entries]
    own: ClassVar[dict[tuple[str, str], Any]]

    @classmethod
    def setUpClass(cls) -> None:
        root = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (root / "etc").mkdir()
        shutil.copy(ROOT / "etc" / "congress-config-generator.conf", root / "etc")
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(genconfig(), check=True, capture_output=True, cwd=root, env=env, timeout=300)
        cls.fresh = read_sample(root / "etc" / "congress.conf.sample")
        cls.kept = read_sample(SAMPLE)
        cls.own = {
            (group, option.name): option for group, options in list_opts() for option in options
        }

    def test_every_option_is_in_it_with_its_description(self) -> None:
        for (group, name), option in self.own.items():
            entry = self.fresh.get((group, option.dest))
            self.assertIsNotNone(entry, f"[{group}] {name}")
            assert entry
            beginning = str(option.help).split()[:3]
            self.assertIn(" ".join(beginning), entry[1], f"[{group}] {name}")

    def test_the_one_that_is_kept_is_up_to_date(self) -> None:
        groups = {group for group, _ in self.own} - {"DEFAULT"}
        names = {(group, option.dest) for (group, _), option in self.own.items()}
        for key in sorted(names | {key for key in self.kept if key[0] in groups}):
            self.assertEqual(self.fresh.get(key), self.kept.get(key), f"{key}: {REMEDY}")

    def test_it_lists_what_libraries_read(self) -> None:
        for key in (
            ("DEFAULT", "transport_url"),
            ("DEFAULT", "debug"),
            ("database", "connection"),
            ("keystone_authtoken", "www_authenticate_uri"),
            ("oslo_policy", "policy_file"),
            ("cors", "allowed_origin"),
        ):
            self.assertIn(key, self.kept)

    def test_it_lists_all_that_a_node_knows_when_nothing_is_set(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        file = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "congress.conf"
        where = f"state_path = {file.parent}\nbind_host = 127.0.0.1\nbind_port = 0\n"
        file.write_text(f"[DEFAULT]\n{where}")
        conf = parse(["--config-file", str(file)])
        node = Node(conf, make_bus=make_bus)
        self.addCleanup(node.stop, 30.0)
        node.start()
        found = {key for key in known(conf) if key[0] not in NEVER_READ and key[1] not in NOT_OURS}
        self.assertGreater(len(found), 150)
        self.assertEqual(set(), found - self.fresh.keys())


class PolicySampleTest(unittest.TestCase):
    def test_the_sample_of_the_policy_file_is_up_to_date(self) -> None:
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        fresh = folder / "fresh.sample"
        command = [sys.executable, "-W", "ignore", str(SCRIPTS / POLICY_GENERATOR)]
        command += ["--namespace", "congress", "--output-file", str(fresh)]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT, timeout=300)
        self.assertEqual(
            fresh.read_text(),
            (ROOT / "etc" / "policy.yaml.sample").read_text(),
            "run tox -e genpolicy and commit etc/policy.yaml.sample",
        )
