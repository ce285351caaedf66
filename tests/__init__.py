"""The tests. A resource that is not given back fails the test that left it."""

import faulthandler
import logging
import os
import warnings

import hypothesis

from congress.kernel.threads import prepare_process

# Before any test imports what would choose how this process runs threads.
prepare_process()

# A run that hangs is ended by SIGABRT, and says where it hung.
faulthandler.enable()

# What is logged belongs to the test that looks for it, not on the screen.
logging.getLogger().addHandler(logging.NullHandler())

warnings.simplefilter("error", ResourceWarning)

hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.register_profile("long", deadline=None, max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("CONGRESS_PROFILE", "ci"))
