"""The sample configuration against the registry it is made from."""

import pathlib
import re
import subprocess
import sys
import sysconfig
import tempfile
import unittest
from typing import Any, ClassVar

from congress.kernel.options import list_opts

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "etc" / "congress.conf.sample"
GENERATOR = pathlib.Path(sysconfig.get_path("scripts")) / "oslo-config-generator"
POLICY_GENERATOR = "oslopolicy-sample-generator"
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


class SampleTest(unittest.TestCase):
    fresh: ClassVar[Entries]
    kept: ClassVar[Entries]
    own: ClassVar[dict[tuple[str, str], Any]]

    @classmethod
    def setUpClass(cls) -> None:
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        fresh = folder / "fresh.sample"
        command = [sys.executable, "-W", "ignore", str(GENERATOR)]
        command += ["--config-file", str(ROOT / "etc" / "congress-config-generator.conf")]
        command += ["--output-file", str(fresh)]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT, timeout=300)
        cls.fresh = read_sample(fresh)
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


class PolicySampleTest(unittest.TestCase):
    def test_the_sample_of_the_policy_file_is_up_to_date(self) -> None:
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        fresh = folder / "fresh.sample"
        command = [sys.executable, "-W", "ignore", str(GENERATOR.with_name(POLICY_GENERATOR))]
        command += ["--namespace", "congress", "--output-file", str(fresh)]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT, timeout=300)
        self.assertEqual(
            fresh.read_text(),
            (ROOT / "etc" / "policy.yaml.sample").read_text(),
            "run tox -e genpolicy and commit etc/policy.yaml.sample",
        )
