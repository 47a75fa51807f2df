"""A receiver on the simulator, its bonds in a folder of its own."""

import contextlib
import os
import tempfile

CONTROLLER = os.environ.get("TANDEM_TEST_CONTROLLER", "sim")
NOBODY = "00:00:00:00:00:99"


@contextlib.contextmanager
def arguments(**settings):
    """What to open a receiver with."""
    with tempfile.TemporaryDirectory() as folder:
        yield {
            "controller": CONTROLLER,
            "sound": "null",
            "settings": {"state_dir": folder, "name": "Kitchen", **settings},
        }
