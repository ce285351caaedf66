"""The policy library through the API."""

from typing import Any

from tests.api.case import ApiTestCase

PLACE = "/v1/librarypolicies"

#: As clients of the library post one: rules keep the members they are given.
POSTED: dict[str, Any] = {
    "name": "audit",
    "abbreviation": "aud",
    "description": "checks",
    "kind": "nonrecursive",
    "rules": [{"rule": "p(x) :- q(x)", "comment": "why"}, {"rule": "q(1)", "name": None}],
}


class LibraryTest(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.post(PLACE, POSTED)

    def test_what_was_posted_is_listed_with_an_id(self) -> None:
        expected = {**POSTED, "id": self.made["id"]}
        self.assertEqual([expected], self.get(PLACE)["results"])
        self.assertEqual(expected, self.made)
        for key in ("audit", self.made["id"]):
            self.assertEqual(expected, self.get(f"{PLACE}/{key}"))

    def test_the_place_of_a_new_one(self) -> None:
        answer = self.send("POST", PLACE, {**POSTED, "name": "other"})
        self.assertTrue(answer.headers["Location"].endswith(f"{PLACE}/{answer.json['id']}"))

    def test_what_is_left_out_has_defaults(self) -> None:
        made = self.post(PLACE, {"name": "short_one", "rules": [], "depends-on": ["audit"]})
        expected = {"abbreviation": "short", "description": "", "kind": "nonrecursive"}
        self.assertEqual({**expected, "name": "short_one", "rules": [], "id": made["id"]}, made)

    def test_rules_are_left_out_for_the_value_false_only(self) -> None:
        for place in (PLACE, f"{PLACE}/audit"):
            for value, shown in (("False", False), ("True", True), ("0", True), ("", True)):
                with self.subTest(place=place, value=value):
                    found = self.get(f"{place}?include_rules={value}")
                    [one] = found.get("results", [found])
                    self.assertEqual(shown, "rules" in one)

    def test_the_name_is_matched_exactly(self) -> None:
        for name, many in (("audit", 1), ("audi", 0), ("", 0)):
            self.assertEqual(many, len(self.get(f"{PLACE}?name={name}")["results"]))

    def test_one_is_replaced_and_keeps_its_id(self) -> None:
        new = {"name": "review", "rules": [{"rule": "r(2)"}]}
        found = self.expect(200, "PUT", f"{PLACE}/audit", new)
        self.assertEqual((self.made["id"], "review"), (found["id"], found["name"]))
        self.assertEqual("", found["description"])
        self.assertEqual([{"rule": "r(2)"}], self.get(f"{PLACE}/review")["rules"])
        self.refused(404, "GET", f"{PLACE}/audit")

    def test_a_change_leaves_the_rest_as_it_is(self) -> None:
        found = self.expect(200, "PATCH", f"{PLACE}/audit", {"description": "new"})
        self.assertEqual({**self.made, "description": "new"}, found)

    def test_a_change_may_depend_on_what_was_seen(self) -> None:
        path = f"{PLACE}/audit"
        tag = self.send("GET", path).headers["ETag"]
        self.assertEqual(tag, self.send("GET", f"{path}?include_rules=false").headers["ETag"])
        self.assertEqual(304, self.send("GET", path, headers={"If-None-Match": tag}).status_code)
        stale = {"If-Match": tag}
        changed = self.send("PATCH", path, {"description": "new"}, headers=stale)
        self.assertEqual(200, changed.status_code)
        for method, body in (("PATCH", {"kind": "action"}), ("PUT", POSTED), ("DELETE", ...)):
            self.refused(412, method, path, body, headers=stale)
        fresh = {"If-Match": changed.headers["ETag"]}
        replaced = self.send("PUT", path, POSTED, headers=fresh)
        self.assertEqual(tag, replaced.headers["ETag"])
        self.expect(200, "DELETE", path, headers=stale)

    def test_a_name_that_is_taken_is_refused(self) -> None:
        self.post(PLACE, {"name": "other", "rules": []})
        self.refused(409, "PUT", f"{PLACE}/other", POSTED)
        self.refused(409, "PATCH", f"{PLACE}/other", {"name": "audit"})

    def test_a_deletion_answers_what_was_deleted(self) -> None:
        self.assertEqual(self.made, self.expect(200, "DELETE", f"{PLACE}/audit"))
        self.assertEqual([], self.get(PLACE)["results"])

    def test_loading_tells_what_it_did(self) -> None:
        done = self.post(f"{PLACE}/load", status=200)
        self.assertEqual((["HostChecks"], []), (done["added"], done["problems"]))


class ActivationTest(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.post(PLACE, POSTED)

    def test_bodies_that_say_nothing(self) -> None:
        for body in ({}, None, []):
            with self.subTest(body=body):
                made = self.post(f"/v1/policies?library_policy={self.made['id']}", body)
                self.assertEqual(("audit", "user"), (made["name"], made["owner_id"]))
                self.assertEqual(2, len(made["rules"]))
                self.expect(200, "DELETE", "/v1/policies/audit")

    def test_no_body_and_a_name(self) -> None:
        made = self.post("/v1/policies?library_policy=audit")
        self.assertEqual(made["id"], self.get("/v1/policies/audit")["id"])

    def test_a_body_that_says_something_is_refused(self) -> None:
        error = self.refused(400, "POST", "/v1/policies?library_policy=audit", {"name": "x"})
        self.assertIn("must be empty", error["message"])
        self.refused(404, "GET", "/v1/policies/audit")

    def test_twice_is_a_duplicate(self) -> None:
        self.post("/v1/policies?library_policy=audit")
        self.refused(409, "POST", "/v1/policies?library_policy=audit")

    def test_columns_that_are_not_known_yet(self) -> None:
        self.post(PLACE, {"name": "later", "rules": [{"rule": "p(x) :- parked(x=x)"}]})
        self.refused(400, "POST", "/v1/policies?library_policy=later")
        self.post("/v1/policies?library_policy=later&allow_parked=1")
