"""A node's plugins: found, permitted, loaded on demand, with their settings."""

import logging
import sys
import threading

from congress.kernel.plugins import NodePlugins
from congress.model.diagnostic import Refused
from tests.unit.kernel.support import DRIVER, KernelTestCase

OPTIONS = """
Option("roots", "list", "Folders.", default=[], scope=Scope.NODE, mutable=True),
Option("limit", "integer", "Most.", default=3, scope=Scope.NODE, minimum=1, maximum=9,
       aliases=("most",)),
Option("share", "number", "Part.", default=0.5, scope=Scope.NODE),
Option("eager", "boolean", "Now.", default=False, scope=Scope.NODE),
Option("names", "object", "Names.", default={}, scope=Scope.NODE,
       schema={"type": "object", "maxProperties": 1}),
Option("mode-of-work", "string", "How.", default="a", choices=("a", "b"), scope=Scope.NODE),
Option("url", description="Each its own.", required=True),
"""


class PluginsTestCase(KernelTestCase):
    def setUp(self) -> None:
        super().setUp()
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def plugins(self, text: str = "") -> NodePlugins:
        return NodePlugins(self.conf(text))

    def refusal(self, plugins: NodePlugins, kind: str, name: str) -> str:
        with self.assertRaises(Refused) as caught:
            plugins.load(kind, name)
        return caught.exception.diagnostics[0].render()


class FindingTest(PluginsTestCase):
    def test_names_are_of_usable_plugins_only(self) -> None:
        self.install_driver("good")
        self.install_driver("bad", "bad", source="1 / 0")
        self.install_driver("twin-a", "twin")
        self.install_driver("twin-b", "twin")
        plugins = self.plugins("disabled_drivers = push")
        names = plugins.names("driver")
        self.assertIn("acme", names)
        self.assertFalse({"bad", "twin", "push"} & set(names))
        text = "\n".join(failure.render() for failure in plugins.failures())
        self.assertIn("'bad' of bad 1.0 cannot be imported: ZeroDivisionError", text)
        self.assertIn("twin-a 1.0 (twin_a_module:Driver), twin-b 1.0 (twin_b_module", text)

    def test_what_is_not_asked_for_is_not_imported(self) -> None:
        self.install_driver("lazy-one")
        plugins = self.plugins()
        plugins.names("leader")
        self.assertNotIn("lazy_one_module", sys.modules)
        plugins.load("driver", "acme")
        self.assertIn("lazy_one_module", sys.modules)

    def test_unknown_names_and_kinds_are_refused_with_the_choices(self) -> None:
        plugins = self.plugins()
        self.assertIn("did you mean 'first-heard'", self.refusal(plugins, "leader", "first"))
        self.assertIn("[dse] leader_strategy", self.refusal(plugins, "leader", "x"))
        self.assertIn("kinds: driver, bus", self.refusal(plugins, "sink", "x"))

    def test_a_duplicate_is_refused_when_it_is_used(self) -> None:
        self.install_driver("twin-a", "twin")
        self.install_driver("twin-b", "twin")
        self.install_driver("third")
        plugins = self.plugins()
        self.assertTrue(plugins.load("driver", "acme"))
        self.assertIn("twin-a 1.0", self.refusal(plugins, "driver", "twin"))

    def test_a_driver_that_is_not_permitted_says_so(self) -> None:
        self.install_driver("good")
        plugins = self.plugins("drivers = host")
        self.assertIn("not listed in [DEFAULT] drivers", self.refusal(plugins, "driver", "acme"))

    def test_custom_endpoints_are_plugins_like_others(self) -> None:
        self.shelf.install("loose", {}, modules={"loose": DRIVER % ""})
        plugins = self.plugins("custom_driver_endpoints = mine=loose:Driver,broken=loose:Nothing")
        self.assertEqual("mine", plugins.describe("driver", "mine").name)
        self.assertIn("of custom_driver_endpoints", self.refusal(plugins, "driver", "broken"))

    def test_a_failure_is_remembered(self) -> None:
        self.install_driver(
            "bad", source="import sys; sys.counted = getattr(sys, 'counted', 0) + 1; 1/0"
        )
        plugins = self.plugins()
        for _ in range(3):
            self.refusal(plugins, "driver", "acme")
        plugins.names("driver")
        self.assertEqual(1, sys.__dict__.pop("counted"))

    def test_many_threads_may_ask(self) -> None:
        self.install_driver("good")
        plugins = self.plugins()
        seen: list[object] = []
        threads = [
            threading.Thread(target=lambda: seen.append(plugins.load("driver", "acme")))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(1, len(set(seen)))
        self.assertEqual(8, len(seen))

    def test_two_nodes_of_one_process_have_nothing_in_common(self) -> None:
        self.install_driver("good", source=DRIVER % OPTIONS)
        one = self.plugins("[driver_acme]\nlimit = 4")
        two = self.plugins("[driver_acme]\nlimit = 5\n[DEFAULT]\ndisabled_drivers = host")
        self.assertEqual(4, one.settings("driver", "acme")["limit"])
        self.assertEqual(5, two.settings("driver", "acme")["limit"])
        self.assertIn("disabled_drivers", self.refusal(two, "driver", "host"))


class BuiltinSetTest(PluginsTestCase):
    SOURCE = """
from congress.model.builtin import Builtin
SET = [Builtin(name, ("x",), (), bool) for name in %r]
"""

    def install_set(self, distribution: str, name: str, builtins: list[str]) -> None:
        module = distribution.replace("-", "_")
        self.shelf.install(
            distribution,
            {"builtin": {name: f"{module}:SET"}},
            modules={module: self.SOURCE % builtins},
        )

    def test_a_set_that_repeats_a_predicate_is_left_out(self) -> None:
        self.install_set("a-set", "aaa", ["alpha", "beta"])
        self.install_set("b-set", "bbb", ["gamma", "beta"])
        self.install_set("c-set", "ccc", ["delta", "delta"])
        plugins = self.plugins()
        names = plugins.names("builtin")
        self.assertIn("aaa", names)
        self.assertFalse({"bbb", "ccc"} & set(names))
        text = "\n".join(failure.message for failure in plugins.failures())
        self.assertIn("'bbb' of b-set 1.0 repeats beta of set of builtins 'aaa' of a-set", text)
        self.assertIn("'ccc' of c-set 1.0 repeats delta of the same set", text)

    def test_own_sets_stay_when_somebody_takes_their_name(self) -> None:
        before = self.plugins().names("builtin")
        self.install_set("evil", "text", ["alpha"])
        self.assertEqual(before, self.plugins().names("builtin"))


class SettingsTest(PluginsTestCase):
    def settings(self, lines: str) -> dict[str, object]:
        self.install_driver("acme", source=DRIVER % OPTIONS)
        return dict(self.plugins(f"[driver_acme]\n{lines}\n").settings("driver", "acme"))

    def test_defaults_and_node_scope_only(self) -> None:
        self.assertEqual(
            {
                "roots": [],
                "limit": 3,
                "share": 0.5,
                "eager": False,
                "names": {},
                "mode-of-work": "a",
            },
            self.settings(""),
        )

    def test_values_are_converted(self) -> None:
        found = self.settings(
            "roots = /a, /b\nlimit = 7\nshare = 0.25\neager = yes\nnames = k:v\nmode_of_work = b"
        )
        self.assertEqual((["/a", "/b"], 7, 0.25), (found["roots"], found["limit"], found["share"]))
        self.assertEqual((True, {"k": "v"}), (found["eager"], found["names"]))
        self.assertEqual("b", found["mode-of-work"])

    def test_lists_and_objects_may_be_json_and_options_have_aliases(self) -> None:
        found = self.settings('roots = ["/a,b", 2]\nnames = {"k": [1]}\nmost = 5')
        self.assertEqual(
            (["/a,b", 2], {"k": [1]}, 5), (found["roots"], found["names"], found["limit"])
        )

    def test_everything_wrong_is_told_at_once(self) -> None:
        with self.assertRaises(Refused) as caught:
            self.settings("limit = 10\nshare = half\nnames = a:1,b:2\nmode_of_work = c\nroots = [1")
        where = [found.where for found in caught.exception.diagnostics]
        self.assertEqual(
            ["roots", "limit", "share", "names", "mode-of-work"],
            [one.removeprefix("[driver_acme] ") for one in where],
        )

    def test_a_required_setting_is_asked_for(self) -> None:
        option = 'Option("url", description="Where.", required=True, scope=Scope.NODE),'
        self.install_driver("acme", source=DRIVER % option)
        with self.assertRaisesRegex(Refused, "needs a setting") as caught:
            self.plugins().settings("driver", "acme")
        self.assertEqual("set [driver_acme] url: Where.", caught.exception.diagnostics[0].hint)

    def test_a_secret_is_not_shown(self) -> None:
        option = 'Option("pin", "integer", "Pin.", secret=True, scope=Scope.NODE),'
        self.install_driver("acme", source=DRIVER % option)
        with self.assertRaises(Refused) as caught:
            self.plugins("[driver_acme]\npin = s3cret").settings("driver", "acme")
        self.assertNotIn("s3cret", caught.exception.diagnostics[0].render())

    def test_options_that_cannot_be_are_the_plugins_fault(self) -> None:
        for number, option in enumerate(
            (
                'Option("x", "colour", "Y.", scope=Scope.NODE),',
                'Option("x", "integer", "Y.", default="z", scope=Scope.NODE),',
            )
        ):
            self.install_driver(f"odd-{number}", f"odd-{number}", source=DRIVER % option)
            text = self.refusal(self.plugins(), "driver", f"odd-{number}")
            self.assertIn(f"of odd-{number} 1.0 declares options that cannot be used", text)

    def test_two_plugins_cannot_claim_one_group_differently(self) -> None:
        for name, kind in (("a-b", "integer"), ("a_b", "boolean")):
            option = f'Option("x", "{kind}", "Y.", scope=Scope.NODE),'
            self.install_driver("d" + name.replace("-", "0"), name, source=DRIVER % option)
        plugins = self.plugins()
        self.assertTrue(plugins.load("driver", "a-b"))
        self.assertIn("options that cannot be used", self.refusal(plugins, "driver", "a_b"))

    def test_make_gives_settings_and_context(self) -> None:
        from congress.interfaces.bus import BusContext
        from congress.kernel.clock import SystemClock
        from congress.kernel.threads import SystemThreads

        self.install_fakes()
        clock = SystemClock()
        context = BusContext(clock, SystemThreads(clock))
        made = self.plugins().make("bus", "fake", context)
        self.assertEqual(({}, context), (made.config, made.ctx))
