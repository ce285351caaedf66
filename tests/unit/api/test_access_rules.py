"""The table of rules: every route has one in it, and every one in it has a route."""

import unittest
from collections.abc import Iterator, Mapping

from congress.api.access import PUBLIC, operations, rule_of
from congress.api.access_rules import FOUNDATIONS, RULES, list_rules
from congress.api.app import make_routes

CHECKS = {rule.name: rule.check_str for rule in RULES}


def old_names(rule: str) -> Iterator[str]:
    """The rules of earlier releases that a rule comes down to."""
    for part in CHECKS[rule].split(" and "):
        followed = part.removeprefix("rule:")
        if followed in CHECKS:
            yield from old_names(followed)
        else:
            yield followed


class TableTest(unittest.TestCase):
    def test_every_route_names_rules_of_the_table(self) -> None:
        app = make_routes()
        known = {rule.name for rule in RULES} | {PUBLIC}
        for route in app.url_map.iter_rules():
            guard = rule_of(app, route.endpoint)
            named = guard.values() if isinstance(guard, Mapping) else [guard]
            for rule in named:
                with self.subTest(route=route.rule, rule=rule):
                    self.assertIn(rule, known, "add it to congress/api/access_rules.py")

    def test_every_rule_of_the_table_guards_a_route(self) -> None:
        self.assertEqual(set(), {rule.name for rule in RULES} - set(operations(make_routes())))

    def test_a_rule_follows_the_old_names_for_what_it_permits(self) -> None:
        follows = {"GET": {"get_v1"}, "POST": {"create_v1", "get_v1"}, "DELETE": {"delete_v1"}}
        follows |= {"PUT": {"update_v1"}, "PATCH": {"update_v1"}}
        for rule in RULES:
            followed = set(old_names(rule.name))
            if followed == {"regular_user"}:
                continue
            for method, path in operations(make_routes())[rule.name]:
                with self.subTest(rule=rule.name, method=method, path=path):
                    self.assertTrue(followed & follows[method])
                    self.assertLessEqual(followed, set().union(*follows.values()))

    def test_the_list_for_documentation_has_them_all(self) -> None:
        names = [rule.name for rule in list_rules()]
        self.assertEqual([rule.name for rule in (*FOUNDATIONS, *RULES)], names)
        self.assertEqual(len(names), len(set(names)))
