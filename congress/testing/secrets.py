"""The conformance suite of secret stores, for anybody who writes one.

May import the standard library, ``congress.interfaces`` and ``congress.model``.

Mix ``SecretSuite`` into a ``unittest.TestCase`` and say how to make a store::

    class TestMine(SecretSuite, unittest.TestCase):
        def make_secrets(self, key: str) -> SecretStore: ...

Stores made with an equal ``key`` within one test use the same key, stores made
with another one a different key; none of them exists when the test begins.
"""

import unittest
from typing import TYPE_CHECKING

from congress.interfaces.secrets import SecretStore
from congress.model.diagnostic import Refused
from congress.model.status import State

if TYPE_CHECKING:
    Case = unittest.TestCase
else:
    Case = object

SECRETS = ["", "pass word", "Ä\U0001f600", "\x00\ud800", "x" * 100_000]


class SecretSuite(Case):
    """What every secret store must do."""

    def make_secrets(self, key: str) -> SecretStore:
        """A store that is not prepared."""
        raise AssertionError(f"{type(self).__name__} does not say how to make a store")

    def prepared(self, key: str = "one") -> SecretStore:
        """A store with its key at hand."""
        store = self.make_secrets(key)
        store.prepare(create=True)
        return store

    def test_what_was_sealed_can_be_opened(self) -> None:
        store = self.prepared()
        for secret in SECRETS:
            sealed = store.seal(secret)
            self.assertTrue(sealed.isascii() and sealed.isprintable())
            self.assertEqual(store.open(sealed), secret)

    def test_the_sealed_form_gives_nothing_away(self) -> None:
        store = self.prepared()
        sealed = store.seal("a-long-password")
        self.assertNotIn("a-long-password", sealed)
        self.assertNotEqual(store.seal("a-long-password"), sealed)

    def test_another_store_with_the_key_opens(self) -> None:
        sealed = self.prepared().seal("secret")
        other = self.make_secrets("one")
        other.prepare(create=False)
        self.assertEqual(other.open(sealed), "secret")
        self.assertEqual(other.fingerprint(), self.prepared().fingerprint())

    def test_the_key_that_seals_is_told_first(self) -> None:
        store = self.prepared()
        self.assertEqual(store.fingerprint(), store.fingerprints()[0])

    def test_a_store_with_another_key_refuses(self) -> None:
        one, two = self.prepared("one"), self.prepared("two")
        self.assertNotEqual(one.fingerprint(), two.fingerprint())
        with self.assertRaises(Refused) as caught:
            two.open(one.seal("secret"))
        self.assertEqual(caught.exception.code, "secret-key")
        self.assertNotIn("secret'", str(caught.exception))

    def test_what_is_not_sealed_cannot_be_opened(self) -> None:
        store = self.prepared()
        sealed = store.seal("secret")
        for damaged in ("", "secret", "Ä\ud800", sealed[:-1], sealed[:-4] + "AAA=", "A" + sealed):
            with self.assertRaises(Refused) as caught:
                store.open(damaged)
            self.assertEqual(caught.exception.code, "secret-key")

    def test_no_key_is_made_unless_asked_for(self) -> None:
        store = self.make_secrets("one")
        for _ in range(2):
            with self.assertRaises(Refused) as caught:
                store.prepare(create=False)
            self.assertEqual(caught.exception.code, "secret-key")
            self.assertTrue(caught.exception.diagnostics[0].hint)

    def test_an_unprepared_store_refuses(self) -> None:
        store = self.make_secrets("one")
        self.assertIs(store.health().state, State.NOT_READY)
        for work in (store.fingerprint, lambda: store.seal("a"), lambda: store.open("a")):
            with self.assertRaises(Refused) as caught:
                work()
            self.assertEqual(caught.exception.code, "secret-key")
        store.prepare(create=True)
        self.assertIs(store.health().state, State.OK)

    def test_preparing_again_keeps_the_key(self) -> None:
        store = self.prepared()
        sealed = store.seal("secret")
        store.prepare(create=True)
        self.assertEqual(store.open(sealed), "secret")
