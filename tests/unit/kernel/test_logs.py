"""Logging follows debug and the deprecated verbose."""

import contextlib
import io
import logging

from congress.kernel import logs
from tests.unit.kernel.support import KernelTestCase


class LogsTest(KernelTestCase):
    def setUp(self) -> None:
        super().setUp()
        root = logging.getLogger()
        handlers, level = list(root.handlers), root.level
        self.addCleanup(self.restore, root, handlers, level)

    def restore(self, root: logging.Logger, handlers: list[logging.Handler], level: int) -> None:
        for handler in list(root.handlers):
            if handler not in handlers:
                root.removeHandler(handler)
                handler.close()
        for handler in handlers:
            if handler not in root.handlers:
                root.addHandler(handler)
        root.setLevel(level)

    def level(self, text: str) -> int:
        from congress.kernel.options import new_conf

        file = self.folder / "congress.conf"
        file.write_text(f"[DEFAULT]\n{text}\n")
        self.made = new_conf(cli=True)
        logs.register(self.made)
        self.made([], project="congress", default_config_files=[str(file)])
        with contextlib.redirect_stderr(io.StringIO()):
            logs.prepare(self.made, "1.0")
        return logging.getLogger().level

    def test_levels(self) -> None:
        self.assertEqual(logging.INFO, self.level(""))
        self.assertEqual(logging.WARNING, self.level("verbose = false"))
        self.assertEqual(logging.DEBUG, self.level("verbose = false\ndebug = true"))

    def test_a_reload_changes_them(self) -> None:
        self.level("")
        for text, expected in (
            ("verbose = false", logging.WARNING),
            ("debug = true", logging.DEBUG),
            ("", logging.INFO),
        ):
            (self.folder / "congress.conf").write_text(f"[DEFAULT]\n{text}\n")
            self.made.mutate_config_files()
            self.assertEqual(expected, logging.getLogger().level)
