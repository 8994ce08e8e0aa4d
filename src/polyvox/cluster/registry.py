"""Where it is kept which nodes there are: in this process, or in Redis, which several gateways
share. Who is alive is not decided here."""

from __future__ import annotations

import json
from typing import Any, Protocol

from polyvox.domain.errors import Unavailable
from polyvox.domain.node import Node
from polyvox.runtime.wire import from_fields, to_fields

_KEY = "polyvox:nodes"
_MARK = b"mark"
"""A field that is no node: it is missing when Redis has lost its data."""
_ANSWERS_WITHIN = 5.0
"""Seconds."""


class Registry(Protocol):
    """All raise Unavailable while the nodes' book is away."""

    async def put(self, node: Node) -> None: ...
    async def get(self, id: str) -> Node | None: ...
    async def remove(self, id: str) -> bool: ...
    async def all(self) -> list[Node]: ...
    async def close(self) -> None: ...


class OwnRegistry:
    """Of one gateway, gone with its process; nodes register again by themselves."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}

    async def put(self, node: Node) -> None:
        self._nodes[node.id] = node

    async def get(self, id: str) -> Node | None:
        return self._nodes.get(id)

    async def remove(self, id: str) -> bool:
        return self._nodes.pop(id, None) is not None

    async def all(self) -> list[Node]:
        return list(self._nodes.values())

    async def close(self) -> None:
        pass


class SharedRegistry:
    """A hash in Redis, a field a node. What is read again unchanged is not parsed again, and
    what Redis has lost is written again."""

    def __init__(self, url: str) -> None:
        from redis.asyncio import Redis  # half a second of imports that one gateway does without
        from redis.exceptions import RedisError

        within = _ANSWERS_WITHIN
        self._redis = Redis.from_url(url, socket_timeout=within, socket_connect_timeout=within)
        self._errors = (RedisError, OSError)
        self._parsed: dict[bytes, Node | None] = {}

    async def put(self, node: Node) -> None:
        await self._ask("hset", node.id, json.dumps(to_fields(node)))

    async def get(self, id: str) -> Node | None:
        found = await self._ask("hget", id)
        return _node(found) if found else None

    async def remove(self, id: str) -> bool:
        return bool(await self._ask("hdel", id))

    async def all(self) -> list[Node]:
        written: dict[bytes, bytes] = await self._ask("hgetall")
        if _MARK not in written:
            await self._write_again()
            written = await self._ask("hgetall")
        written.pop(_MARK, None)
        known = self._parsed
        self._parsed = {
            each: known[each] if each in known else _node(each) for each in written.values()
        }
        return [node for node in self._parsed.values() if node]

    async def close(self) -> None:
        await self._redis.aclose()

    async def _write_again(self) -> None:
        """What was known last; what others have written since is newer."""
        for written, node in self._parsed.items():
            if node:
                await self._ask("hsetnx", node.id, written)
        await self._ask("hset", _MARK, "1")

    async def _ask(self, command: str, *given: Any) -> Any:
        try:
            return await getattr(self._redis, command)(_KEY, *given)
        except self._errors as error:
            raise Unavailable(f"The Redis of the nodes (cluster.redis) is away: {error}") from error


def _node(written: bytes) -> Node | None:
    """None for what another version has written in another way."""
    try:
        node: Node = from_fields(Node, json.loads(written))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None
    return node
