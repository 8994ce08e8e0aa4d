"""Exits with 0 when the process of this container answers, with 1 when it does not.

python3 healthy.py [ADDRESS]: by default what `serve` and `gateway` answer at their port.
"""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request

_PORT = os.environ.get("POLYVOX_SERVER__PORT", "8080")
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def healthy(address: str) -> bool:
    """Whether it answers, within 3 seconds, with a status below 400."""
    try:
        with _DIRECTLY.open(address, timeout=3):
            return True
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else f"http://127.0.0.1:{_PORT}/health/live"
    sys.exit(not healthy(asked))
