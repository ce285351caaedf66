"""Paths: which are tidied, and which go through authentication; ids of requests."""

import unittest
import uuid

from congress.api.front import is_versioned, request_id, tidy


class PathTest(unittest.TestCase):
    def test_tidy(self) -> None:
        cases = {
            "": "/",
            "/": "/",
            "//": "/",
            "/v1/": "/v1",
            "//v1//policies//": "/v1/policies",
            "/a b/é": "/a b/é",
        }
        for path, tidied in cases.items():
            self.assertEqual(tidied, tidy(path))

    def test_versioned(self) -> None:
        self.assertTrue(all(map(is_versioned, ("/v1", "/v1/x"))))
        self.assertFalse(any(map(is_versioned, ("/", "/v1x", "/v2", "/x/v1"))))


class RequestIdTest(unittest.TestCase):
    def test_each_is_a_random_uuid_of_its_own(self) -> None:
        found = {request_id() for _ in range(1000)}
        self.assertEqual(1000, len(found))
        for text in found:
            number = uuid.UUID(text.removeprefix("req-"))
            self.assertEqual(f"req-{number}", text)
            self.assertEqual((4, uuid.RFC_4122), (number.version, number.variant))
