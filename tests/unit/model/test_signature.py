"""Signatures of webhooks, against a published example of HMAC-SHA256."""

import unittest

from congress.model.signature import not_genuine, signature_of


class SignatureTest(unittest.TestCase):
    def test_it_is_what_others_compute(self) -> None:
        # printf '1700000000.{"a": 1}' | openssl dgst -sha256 -hmac 'a long enough secret'
        self.assertEqual(
            "ca792ace8c7a0ef36fc6ef22f82db57ca25205d0c7e5997c718fd05a0244d134",
            signature_of("a long enough secret", "1700000000", '{"a": 1}'),
        )

    def test_each_part_counts(self) -> None:
        parts = ("secret", "1", "body")
        made = {
            signature_of(*parts),
            signature_of("Secret", "1", "body"),
            signature_of("secret", "2", "body"),
            signature_of("secret", "1", "body "),
            signature_of("secret", "1.body", ""),
        }
        self.assertEqual(5, len(made))

    def test_the_refusal_says_how_it_is_done(self) -> None:
        refused = not_genuine()
        self.assertEqual("unauthenticated", refused.code)
        self.assertIn("webhook_secret", refused.diagnostics[0].hint)
