"""Paths: which are tidied, and which go through authentication."""

import unittest

from congress.api.front import is_versioned, tidy


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
