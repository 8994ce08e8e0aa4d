"""Who may ask a node: whoever holds its token."""

from __future__ import annotations

import hmac
from hashlib import sha256

from polyvox.domain.errors import Unavailable

VARIABLE = "POLYVOX_TOKEN"
_SHORTEST = 16


class Token:
    def __init__(self, value: str, name: str = VARIABLE) -> None:
        """`name` is where it was set. Raises Unavailable for a token that is none, or that can be
        guessed."""
        token = value.strip()
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise Unavailable(f"{name} holds characters that no token has.")
        if len(token) < _SHORTEST:
            raise Unavailable(
                f"{name} must hold a token of at least {_SHORTEST} characters; make one with: "
                "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
        self._digest = sha256(token.encode()).digest()

    def opens(self, authorization: str) -> bool:
        """Whether a request with that header may come in; takes as long for every header."""
        scheme, _, given = authorization.partition(" ")
        digest = sha256(given.strip().encode()).digest()
        return hmac.compare_digest(digest, self._digest) and scheme.lower() == "bearer"
