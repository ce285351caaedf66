"""A datasource's configuration: types, names, choices, secrets."""

import unittest
from collections.abc import Mapping

from congress.interfaces.plugin import Option, PluginInfo, Scope
from congress.model.diagnostic import Refused
from congress.roles.datasource import config
from tests.unit.roles_datasource.kit import FakeSecrets

INFO = PluginInfo(
    "d",
    "A driver.",
    (
        Option("project_name", required=True),
        Option("address", aliases=("url", "host")),
        Option("password", secret=True),
        Option("keys", type="object", secret=True),
        Option("level", type="integer", minimum=1, maximum=5),
        Option("ratio", type="number", default=0.5),
        Option("verbose", type="boolean", default=False),
        Option("tags", type="list", schema={"items": {"type": "string", "maxLength": 3}}),
        Option("extra", type="object"),
        Option("mode", choices=("fast", "slow")),
        Option("roots", scope=Scope.NODE),
    ),
)


def checked(**given: object) -> Mapping[str, object]:
    return config.checked(INFO, {"project_name": "p", **given})


class CheckTest(unittest.TestCase):
    def problems(self, **given: object) -> list[tuple[str, str]]:
        with self.assertRaises(Refused) as caught:
            config.checked(INFO, given)
        return [(d.where, d.message) for d in caught.exception.diagnostics]

    def test_texts_are_converted_to_the_declared_types(self) -> None:
        given = {
            "level": "3",
            "ratio": "1.5",
            "verbose": "True",
            "tags": "a, b",
            "extra": '{"a": [1]}',
        }
        expected = {
            "level": 3,
            "ratio": 1.5,
            "verbose": True,
            "tags": ["a", "b"],
            "extra": {"a": [1]},
        }
        self.assertEqual({"project_name": "p", **expected}, checked(**given))
        self.assertEqual(["a"], checked(tags='["a"]')["tags"])

    def test_proper_values_stay(self) -> None:
        given = {"level": 3, "ratio": 2, "verbose": False, "tags": [], "extra": {}, "mode": "fast"}
        self.assertEqual({"project_name": "p", **given}, checked(**given))
        self.assertEqual("7", checked(address=7)["address"])
        self.assertEqual(3, checked(level=3.0)["level"])

    def test_null_counts_as_not_given(self) -> None:
        self.assertEqual({"project_name": "p"}, checked(level=None, nonsense=None))

    def test_wrong_values_are_refused(self) -> None:
        wrong: list[tuple[str, object]] = [
            ("level", "many"),
            ("level", 1.5),
            ("level", True),
            ("level", 0),
            ("level", 9),
            ("ratio", "nan"),
            ("ratio", []),
            ("verbose", "perhaps"),
            ("verbose", []),
            ("tags", 3),
            ("tags", ["long one"]),
            ("tags", "[1"),
            ("extra", "[]"),
            ("mode", "sideways"),
            ("address", {}),
        ]
        for name, value in wrong:
            with self.subTest(name=name, value=value):
                found = self.problems(project_name="p", **{name: value})
                self.assertEqual([f"config.{name}"], [where for where, _ in found])

    def test_older_names_are_understood(self) -> None:
        self.assertEqual({"project_name": "t"}, config.checked(INFO, {"tenant_name": "t"}))
        self.assertEqual("x", checked(url="x")["address"])
        self.assertIn("given twice", self.problems(project_name="p", url="x", host="y")[0][1])

    def test_options_of_the_node_are_not_the_users(self) -> None:
        self.assertIn("no option 'roots'", self.problems(project_name="p", roots="/")[0][1])

    def test_what_is_missing_is_named(self) -> None:
        expected = [("config.project_name", "option 'project_name' is missing")]
        self.assertEqual(expected, self.problems())

    def test_defaults_are_filled_in_apart(self) -> None:
        full = config.completed(INFO, checked())  # type: ignore[arg-type]
        self.assertEqual((0.5, False, None), (full["ratio"], full["verbose"], full["address"]))
        self.assertNotIn("roots", full)


class SecretTest(unittest.TestCase):
    def test_secrets_are_sealed_opened_and_masked(self) -> None:
        store = FakeSecrets({})
        values = config.checked(
            INFO, {"project_name": "p", "password": "pw", "keys": {"a": ["k1", 2, None, True]}}
        )
        kept, names = config.sealed(INFO, values, store)
        self.assertEqual(("keys", "password"), names)
        self.assertEqual("p", kept["project_name"])
        self.assertNotIn("pw", str(kept["password"]))
        self.assertEqual(values, config.opened(kept, names, store))
        hidden = {"project_name": "p", "password": "<hidden>", "keys": "<hidden>"}
        self.assertEqual(hidden, config.masked(kept, names))
        self.assertEqual({"pw", "k1", "2"}, set(config.secret_texts(values, names)))

    def test_a_wrong_secret_is_not_repeated(self) -> None:
        info = PluginInfo("d", "", (Option("pin", secret=True, schema={"maxLength": 4}),))
        with self.assertRaises(Refused) as caught:
            config.checked(info, {"pin": "123456"})
        self.assertNotIn("123456", str(caught.exception))
