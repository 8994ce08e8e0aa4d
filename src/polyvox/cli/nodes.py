"""polyvox nodes: the nodes of a gateway, seen and told what to do over HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Annotated, Any
from urllib.parse import quote, urlencode, urlsplit

import typer

app = typer.Typer(help="Nodes of a gateway.", no_args_is_help=True, rich_markup_mode=None)
Url = Annotated[str, typer.Option("--url", help="Of the gateway.")]
Which = Annotated[list[str], typer.Argument(help="Ids of nodes, or how they begin.")]
Model = Annotated[str | None, typer.Option(help="Which one; the node's choice if unset.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", envvar="POLYVOX_KEY", help="Of a gateway that asks for one.", metavar="KEY"
    ),
]
HERE = "http://127.0.0.1:8080"
_GIVE = "Give the gateway's with --key, or as POLYVOX_KEY."
_WITHIN = 30.0
"""Seconds in which an answer must come."""
_WIDE = 130
"""Letters of a terminal that shows everything."""
_FIRST = ("id", "speaks", "state", "under way", "heard", "address")
"""What a narrower one shows."""
_SHORT = 8
"""Characters of an id that are shown in a list."""


@app.command("list")
def list_nodes(
    engine: Annotated[str | None, typer.Option(help="Only those that offer it.")] = None,
    state: Annotated[
        str | None,
        typer.Option(help="standby, loading, ready, busy, draining, offline or error."),
    ] = None,
    as_json: AsJson = False,
    url: Url = HERE,
    key: Key = None,
) -> None:
    """List nodes, in the order in which they registered."""
    from rich.console import Console
    from rich.table import Table

    asked = {"engine": engine, "state": state}
    query = urlencode({name: value for name, value in asked.items() if value})
    found = _Gateway(url, key).ask("GET", f"?{query}")["nodes"]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    if not found:
        typer.echo(f"There is no such node. One is started with: polyvox worker --gateway {url}")
        return
    console, table = Console(), Table(box=None)
    rows = [_row(node) for node in found]
    for head in rows[0] if console.width >= _WIDE else _FIRST:
        table.add_column(head, no_wrap=True)
    for row in rows:
        table.add_row(*(row[str(column.header)] for column in table.columns))
    console.print(table)
    typer.echo("* in memory")


def _row(node: dict[str, Any]) -> dict[str, str]:
    """What the list says of a node, by the heads of its columns."""
    load = node["load"]
    return {
        "id": node["id"][:_SHORT],
        "speaks": ", ".join(f"{each['model']}{'*' * each['loaded']}" for each in node["offers"]),
        "state": node["state"],
        "cpu": _share(load["cpu"]),
        "memory": _share(load["memory"]),
        "gpu": _share(load["gpu"]),
        "under way": f"{node['under_way']}/{sum(each['seats'] for each in node['offers'])}",
        "requests": str(load["request_count"]),
        "errors": str(load["error_count"]),
        "mean": f"{load['avg_response_time_ms'] / 1000:.2f} s" if load["request_count"] else "",
        "heard": f"{node['silent_seconds']:.0f} s ago",
        "address": node["url"],
    }


@app.command()
def show(
    id: Annotated[str, typer.Argument(help="Id of the node, or how it begins.")],
    as_json: AsJson = False,
    url: Url = HERE,
    key: Key = None,
) -> None:
    """Show how a node is doing."""
    node = _Gateway(url, key).found([id])[0]
    if as_json:
        typer.echo(json.dumps(node, ensure_ascii=False, indent=1))
        return
    load = node["load"]
    models = [
        f"{each['model']} of {each['engine']}, {each['seats']} at once"
        f"{', in memory' if each['loaded'] else ''}"
        for each in node["offers"]
    ]
    lines = {
        "id": node["id"],
        "state": node["state"],
        "error": node["error"],
        "address": node["url"],
        "speaks": "; ".join(models),
        "under way": f"{load['current_concurrent']}, {load['queue_size']} of them waiting",
        "requests": f"{load['request_count']}, {load['error_count']} with an error of the node",
        "mean time": f"{load['avg_response_time_ms'] / 1000:.2f} s",
        "cpu": _share(load["cpu"]),
        "memory": _share(load["memory"]),
        "gpu": _share(load["gpu"]),
        "gpu memory": _share(load["gpu_memory"]),
        "heard": f"{node['silent_seconds']:.0f} s ago",
        "since": node["registered_at"],
        "version": node["version"],
        **node["about"],
    }
    for name, value in lines.items():
        if value:
            typer.echo(f"{name:11}{value}")


@app.command()
def activate(ids: Which, model: Model = None, url: Url = HERE, key: Key = None) -> None:
    """Bring a model into the memory of nodes."""
    _Gateway(url, key).command(ids, "activate", model)


@app.command()
def standby(ids: Which, model: Model = None, url: Url = HERE, key: Key = None) -> None:
    """Give the memory of nodes back; the next request brings a model there again."""
    _Gateway(url, key).command(ids, "standby", model)


@app.command()
def stop(
    ids: Which,
    url: Url = HERE,
    key: Key = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Let nodes finish what they speak, and end."""
    gateway = _Gateway(url, key)
    found = gateway.found(ids)
    if not yes:
        typer.confirm(f"Stop {len(found)} node{'s' * (len(found) > 1)}?", abort=True)
    gateway.command([node["id"] for node in found], "stop", None)


@dataclass(frozen=True)
class _Gateway:
    """One that is asked over HTTP."""

    url: str
    key: str | None

    def command(self, ids: list[str], command: str, model: str | None) -> None:
        asked = {"command": command, "params": {"model": model} if model else {}}
        for node in self.found(ids):
            answer = self.ask("POST", f"/{quote(node['id'], safe='')}/command", asked)
            typer.echo(f"{node['id']}: {answer['state']}")

    def found(self, ids: list[str]) -> list[dict[str, Any]]:
        """The nodes whose ids are these, or begin so. Raises NotFound, InvalidInput."""
        from polyvox.domain.errors import InvalidInput, NotFound

        every = self.ask("GET", "")["nodes"]
        found = []
        for id in ids:
            same = [node for node in every if node["id"] == id]
            like = same or [node for node in every if node["id"].startswith(id)]
            if not like:
                raise NotFound(f"There is no node '{id}'. See: polyvox nodes list --url {self.url}")
            if len(like) > 1:
                several = ", ".join(node["id"] for node in like)
                raise InvalidInput(f"Several nodes begin with '{id}': {several}.")
            found += like
        return found

    def ask(self, method: str, path: str, said: Any = None) -> dict[str, Any]:
        """What it answers. Raises Unavailable when it does not, and what it refuses with."""
        from polyvox.domain.errors import Unauthorized, Unavailable, from_message

        connection, root = _connection(self.url)
        body = None if said is None else json.dumps(said)
        sent = _as_header(self.key)
        if body:
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, f"{root}/v1/nodes{path}", body, sent)
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, HTTPException) as error:
            raise Unavailable(
                f"No gateway answers at {self.url}: {error or type(error).__name__}. Start one "
                "with `polyvox gateway`, or say where it is with --url."
            ) from error
        finally:
            connection.close()
        try:
            told: dict[str, Any] = json.loads(data)
            refusal = told["error"] if answer.status >= 400 else None
        except (ValueError, KeyError, TypeError) as error:
            raise Unavailable(
                f"{self.url} answers {answer.status}, not as a gateway does."
            ) from error
        if refusal is None:
            return told
        refused = from_message(dict(refusal))
        if isinstance(refused, Unauthorized):
            raise Unauthorized(f"{refused.message} {_GIVE}") from refused
        raise refused


def _as_header(key: str | None) -> dict[str, str]:
    """Raises InvalidInput for what no key looks like."""
    from polyvox.domain.errors import InvalidInput

    written = (key or "").strip()
    if not (written.isascii() and written.isprintable()):
        raise InvalidInput(f"That is no key: they look like pv_…_…. {_GIVE}")
    return {"Authorization": f"Bearer {written}"} if written else {}


def _connection(url: str) -> tuple[HTTPConnection, str]:
    """To a server, and the path below which it answers. Raises InvalidInput."""
    from polyvox.domain.errors import InvalidInput

    try:
        place = urlsplit(url)
        kind = {"http": HTTPConnection, "https": HTTPSConnection}[place.scheme]
        connection = kind(place.hostname or "", place.port, timeout=_WITHIN)
    except (ValueError, KeyError, HTTPException) as error:
        raise InvalidInput(f"--url needs http(s)://HOST:PORT, not '{url}'.") from error
    if not place.hostname:
        raise InvalidInput(f"--url needs http(s)://HOST:PORT, not '{url}'.")
    return connection, place.path.rstrip("/")


def _share(percent: float | None) -> str:
    return "" if percent is None else f"{percent:.0f} %"
