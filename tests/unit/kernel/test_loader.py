"""The loader, with everything third parties get wrong."""

import sys

from congress.kernel.catalogue import Candidate, read_installed
from congress.kernel.loader import Loaded, load, load_all
from congress.model.diagnostic import Refused
from tests.unit.kernel.support import DRIVER, KernelTestCase

BAD_SOURCES = {
    "raises": ("raise RuntimeError('kaputt')", "cannot be imported: RuntimeError: kaputt"),
    "exits": ("import sys; sys.exit(3)", "cannot be imported: SystemExit: 3"),
    "asserts": ("assert False", "cannot be imported: AssertionError"),
    "unreadable": ("def (", "cannot be imported: SyntaxError"),
    "lacking": ("import no_such_module_at_all", "cannot be imported: ModuleNotFoundError"),
    "empty": ("pass", "cannot be imported: AttributeError"),
    "other": ("class Driver: pass", "is not a DatasourceDriver"),
    "function": ("def Driver(): pass", "is not a DatasourceDriver"),
    "future": (
        (DRIVER % "") + "    interface_version = '2.0'\n",
        "was written for version 2.0 of the datasource driver interface, this Congress has 1.0",
    ),
    "versionless": ((DRIVER % "") + "    interface_version = None\n", "version None"),
    "abstract": (
        "from congress.interfaces.datasource import DatasourceDriver\n"
        "class Driver(DatasourceDriver): pass\n",
        "lacks describe, schema",
    ),
    "shy": (
        (DRIVER % "").replace('return PluginInfo("x", "A test.", ())', "raise SystemExit(1)"),
        "cannot describe itself: SystemExit(1)",
    ),
    "mute": (
        (DRIVER % "").replace('return PluginInfo("x", "A test.", ())', "return 'x'"),
        "no PluginInfo",
    ),
}

BUILTINS = '''
"""Numbers for tests."""
from congress.model.builtin import Builtin
INTERFACE_VERSION = "%s"
SET = [Builtin("twice", ("x",), ("y",), lambda x: 2 * x)]
WRONG = ["twice"]
TEXT = "twice"
'''


class LoaderTest(KernelTestCase):
    def find(self, distribution: str) -> Candidate:
        found, _ = read_installed()
        return next(one for one in found if one.distribution == distribution)

    def test_a_sound_plugin_is_loaded_and_described_under_its_installed_name(self) -> None:
        self.install_driver("acme")
        loaded = load(self.find("acme"))
        self.assertEqual("Driver", loaded.target.__name__)
        self.assertEqual("acme", loaded.info.name)

    def test_every_way_to_be_broken_is_named(self) -> None:
        for name, (source, expected) in BAD_SOURCES.items():
            with self.subTest(name):
                self.install_driver(f"bad-{name}", source=source)
                with self.assertRaises(Refused) as caught:
                    load(self.find(f"bad-{name}"))
                (found,) = caught.exception.diagnostics
                self.assertEqual("plugin", found.code)
                self.assertIn(f"'acme' of bad-{name} 1.0", found.message)
                self.assertIn(expected, found.message)
                self.assertIn(f"bad-{name}", found.hint)

    def test_a_minor_version_may_differ(self) -> None:
        self.install_driver("newer", source=(DRIVER % "") + "    interface_version = '1.7'\n")
        self.assertTrue(load(self.find("newer")).target)

    def test_what_fails_does_not_stop_the_rest(self) -> None:
        for kind, name in (("driver", "d"), ("role", "r"), ("builtin", "b"), ("storage", "s")):
            with self.subTest(kind):
                good, bad = f"good_{kind}", f"bad_{kind}"
                candidates = [
                    Candidate(kind, "x" + name, f"{bad}:X", "bad", "1"),
                    Candidate(kind, name, f"{good}:X", "good", "1"),
                ]
                self.shelf.install(bad, {}, modules={bad: "import os; raise SystemExit"})
                self.shelf.install(good, {}, modules={good: self.source_of(kind)})
                loaded, failures = load_all(candidates)
                self.assertEqual([name], [one.candidate.name for one in loaded])
                self.assertEqual(1, len(failures))

    def source_of(self, kind: str) -> str:
        if kind == "driver":
            return (DRIVER % "") + "\nX = Driver\n"
        return {
            "role": "from congress.testing.plugins import FakeRole as X",
            "builtin": "X = []",
            "storage": "from congress.plugins.storage.memory import MemoryStorage as X",
        }[kind]

    def test_nothing_loads_as_nothing(self) -> None:
        self.assertEqual(([], []), load_all([]))

    def test_an_import_can_be_interrupted(self) -> None:
        self.install_driver("slow", source="raise KeyboardInterrupt")
        with self.assertRaises(KeyboardInterrupt):
            load(self.find("slow"))

    def test_loading_one_imports_no_other(self) -> None:
        self.install_driver("one", "one")
        self.install_driver("two", "two")
        load(self.find("one"))
        self.assertIn("one_module", sys.modules)
        self.assertNotIn("two_module", sys.modules)


class BuiltinTest(KernelTestCase):
    def load(self, target: str, version: str = "1.0") -> Loaded:
        name = f"acme_{target.lower()}_{version.replace('.', '_')}"
        self.shelf.install(name, {}, modules={name: BUILTINS % version})
        return load(Candidate("builtin", "acme", f"{name}:{target}", "acme", "1"))

    def test_a_set_is_described_by_its_module(self) -> None:
        loaded = self.load("SET")
        self.assertEqual("Numbers for tests.", loaded.info.summary)
        self.assertEqual({"predicates": 1}, loaded.info.features)
        self.assertEqual("twice", loaded.target[0].name)

    def test_what_is_no_set_is_refused(self) -> None:
        for target in ("WRONG", "TEXT"):
            with self.assertRaisesRegex(Refused, "not a sequence of Builtin"):
                self.load(target)

    def test_another_version_is_refused(self) -> None:
        with self.assertRaisesRegex(Refused, "version 3.1 of the set of builtins"):
            self.load("SET", "3.1")
