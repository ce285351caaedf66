"""Which URLs are allowed: by their parts, whatever tricks the text plays."""

import unittest

from congress.plugins.datasource.notify.targets import read_prefixes, read_target


def allowed(url, *prefixes):
    found, problems = read_prefixes(prefixes)
    assert not problems, problems
    return any(read_target(url).begins_with(prefix) for prefix in found)


class AllowedTest(unittest.TestCase):
    def test_same_origin_and_path_at_or_below(self):
        for url, prefix in (
            ("https://h.test/a", "https://h.test/a"),
            ("https://h.test/a/b?q=1", "https://h.test/a"),
            ("https://h.test/a", "https://h.test/a/"),
            ("https://h.test/a/", "https://h.test/a"),
            ("https://h.test:443/a", "https://H.test"),
            ("HTTPS://h.test/%61/b", "https://h.test/a"),
            ("http://[::1]:8080/x", "http://[::1]:8080"),
            ("http://h.test", "http://h.test/"),
        ):
            with self.subTest(url=url, prefix=prefix):
                self.assertTrue(allowed(url, prefix))

    def test_anything_else_is_not(self):
        for url, prefix in (
            ("https://h.test/ab", "https://h.test/a"),
            ("https://h.test/", "https://h.test/a"),
            ("https://h.test.evil.test/a", "https://h.test"),
            ("https://evil.test/https://h.test/a", "https://h.test/a"),
            ("http://h.test/a", "https://h.test/a"),
            ("https://h.test:444/a", "https://h.test/a"),
            ("https://h.test./a", "https://h.test/a"),
            ("https://evil.test?https://h.test/a", "https://h.test"),
            ("https://sub.h.test/a", "https://h.test/a"),
        ):
            with self.subTest(url=url, prefix=prefix):
                try:
                    self.assertFalse(allowed(url, prefix))
                except ValueError as error:
                    self.assertTrue(str(error))

    def test_nothing_is_allowed_by_default(self):
        self.assertFalse(allowed("https://h.test/a"))


class ReadingTest(unittest.TestCase):
    def test_urls_that_may_be_misread_are_refused(self):
        for url in (
            "https://h.test/a/../b",
            "https://h.test/a/%2e%2E/b",
            "https://h.test/a/..;x/b",
            "https://h.test/a%2fb",
            "https://h.test/a%5cb",
            "https://h.test\\@evil.test/",
            "https://h.test@evil.test/",
            "https://user:word@h.test/",
            "https://h.test/a#b",
            "https://h.test/a b",
            "https://h.test/a\r\nHost: evil.test",
            "\thttps://h.test/",
            "https://h.test:99999/",
            "https://h.test:x/",
            "https://[::1/",
            "https://:80/",
            "https:///a",
            "https:h.test/a",
            "//h.test/a",
            "ftp://h.test/a",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://\uff48.test/",
            "https://h.test%2eevil.test/",
            "",
        ):
            with self.subTest(url=url), self.assertRaises(ValueError) as caught:
                read_target(url)
            self.assertNotIn("word", str(caught.exception))

    def test_parts_make_the_url_again(self):
        for url, same in (
            ("https://h.test", "https://h.test/"),
            ("HTTP://H.test:80/A?b=c", "http://h.test/A?b=c"),
            ("http://[::1]:81/x", "http://[::1]:81/x"),
        ):
            self.assertEqual(same, read_target(url).url)

    def test_prefixes_that_cannot_be_meant(self):
        found, problems = read_prefixes(["https://h.test/?q", "h.test", 7, "https://ok.test"])
        self.assertEqual(["https://ok.test/"], [prefix.url for prefix in found])
        self.assertEqual(3, len(problems))
        self.assertTrue(problems[0].startswith("allowed_urls: entry 1: "))
