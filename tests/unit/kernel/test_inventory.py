"""The listing of plugins."""

import logging
import sys

from congress.kernel.inventory import list_entries, show_entries
from congress.kernel.plugins import NodePlugins
from congress.model.diagnostic import Refused
from tests.unit.kernel.support import DRIVER, KernelTestCase

OPTION = 'Option("roots", "list", "Folders.", scope=Scope.NODE),'


class InventoryTest(KernelTestCase):
    def setUp(self) -> None:
        super().setUp()
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.install_driver("good-one", source=DRIVER % OPTION, version="3.2")
        self.install_driver("bad-one", "bad", source="1 / 0")
        self.install_driver("twin-a", "twin")
        self.install_driver("twin-b", "twin")
        self.plugins = NodePlugins(self.conf("disabled_drivers = push"))

    def test_a_list_imports_nothing(self) -> None:
        listed = {(one.kind, one.name): one for one in list_entries(self.plugins)}
        self.assertEqual(("good-one", "3.2"), self.origin(listed["driver", "acme"]))
        self.assertEqual("usable", listed["driver", "bad"].state)
        self.assertEqual("disabled", listed["driver", "push"].state)
        self.assertIn("disabled_drivers", listed["driver", "push"].reason)
        self.assertIn(("storage", "sql"), listed)
        self.assertNotIn("good_one_module", sys.modules)

    def origin(self, entry: object) -> tuple[object, object]:
        return getattr(entry, "distribution", ""), getattr(entry, "version", "")

    def test_details_come_from_the_plugins(self) -> None:
        listed = {one.name: one for one in list_entries(self.plugins, "driver", details=True)}
        self.assertEqual("A test.", listed["acme"].summary)
        self.assertEqual("broken", listed["bad"].state)
        self.assertIn("ZeroDivisionError", listed["bad"].reason)

    def test_show_imports_that_plugin_only(self) -> None:
        self.install_driver("late-one", "late")
        plugins = NodePlugins(self.conf())
        (entry,) = show_entries(plugins, "driver", "acme")
        self.assertEqual(["roots"], [option.name for option in entry.options])
        self.assertEqual("1.0", entry.interface_version)
        self.assertIn("good_one_module", sys.modules)
        self.assertNotIn("late_one_module", sys.modules)

    def test_show_of_a_duplicate_shows_all(self) -> None:
        entries = show_entries(self.plugins, "driver", "twin")
        self.assertEqual({"twin-a", "twin-b"}, {one.distribution for one in entries})
        self.assertEqual({"duplicate"}, {one.state for one in entries})

    def test_unknown_names_are_refused(self) -> None:
        for kind, name, hint in (("driver", "acne", "acme"), ("drivers", "x", "driver")):
            with self.assertRaises(Refused) as caught:
                show_entries(self.plugins, kind, name)
            self.assertEqual("not-found", caught.exception.code)
            self.assertIn(f"did you mean '{hint}'", caught.exception.diagnostics[0].hint)
        with self.assertRaises(Refused):
            list_entries(self.plugins, "nosuch")
