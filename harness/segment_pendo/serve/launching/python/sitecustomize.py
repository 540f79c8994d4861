"""Run at the start of each Python under `segment-pendo run -- CMD`: this folder is first in PYTHONPATH.

Any Python may come by, an old one too: then nothing is done. The sitecustomize that this hides runs after.
"""

import os
import sys


def _install():
    # Only what a Python of any version can read stands in this file.
    try:
        import segment_pendo_hook

        segment_pendo_hook.install(os.environ)
    except Exception as error:
        sys.stderr.write(
            "segment-pendo: this Python's connections could not be re-pointed (%s); calls of clients that "
            "ignore HTTPS_PROXY reach the real Segment.\n" % type(error).__name__
        )


def _go_on():
    """Leave sys.path as it was without us, and import the sitecustomize that would have been found."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    ours = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError:
        if "sitecustomize" in str(sys.exc_info()[1]):  # there is none
            sys.modules["sitecustomize"] = ours
            return
        raise


if sys.version_info >= (3, 8) and os.environ.get("SEGMENT_PENDO_TUNNEL"):
    _install()
_go_on()
