"""A receiver on the simulator, its bonds in a folder of its own."""

import contextlib
import os
import signal
import tempfile

# Who runs the tests in the background of a shell has it ignored, and so would their programs.
signal.signal(signal.SIGINT, signal.default_int_handler)

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
