"""What a request to Azure Storage does, as a short name: the words in which operations are counted and disturbed.

From the REST references of Blob, Queue and Table service. Paths are those of the emulator: the account comes first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

_ENTITY = re.compile(r"(?P<table>[^()]+)\((?P<key>.*)\)", re.DOTALL)
_TABLE_NAMED = re.compile(r"Tables\('(?P<table>[^']+)'\)")
# The first line of a change in a batch: method, absolute address of the entity or table, version.
_CHANGE = re.compile(rb"(?:GET|POST|PUT|MERGE|PATCH|DELETE) https?://[^/\s]+/[^/\s]+/(?P<table>[^/(\s?]+)")


@dataclass(frozen=True, slots=True)
class Operation:
    """`name` such as `queue.put-message`; `resource` is the queue, table or container, empty for the account."""

    name: str
    resource: str


def classify(service: str, method: str, path: str, query: Mapping[str, str], *, conditional: bool, body: bytes) -> Operation:
    """Name a request. `path` as on the wire; `conditional`: it carries If-Match; `body` is read for table batches only."""
    parts = [unquote(part) for part in path.split("/") if part][1:]
    if service == "queue":
        return _queue(method, parts, query)
    if service == "table":
        return _table(method, parts, conditional=conditional, body=body)
    return _blob(method, parts, query)


def _queue(method: str, parts: list[str], query: Mapping[str, str]) -> Operation:
    if not parts:
        return Operation("queue.list" if query.get("comp") == "list" else "queue.account", "")
    peek = query.get("peekonly", "").lower() == "true"
    of_queue = {"PUT": "create", "DELETE": "delete", "GET": "get-metadata", "HEAD": "get-metadata"}
    of_messages = {"POST": "put-message", "GET": "peek-messages" if peek else "get-messages", "DELETE": "clear-messages"}
    of_message = {"PUT": "update-message", "DELETE": "delete-message"}
    verbs = (of_queue, of_messages, of_message)[min(len(parts), 3) - 1]
    name = "set-metadata" if len(parts) == 1 and method == "PUT" and "comp" in query else verbs.get(method, "other")
    return Operation(f"queue.{name}", parts[0])


def _table(method: str, parts: list[str], *, conditional: bool, body: bytes) -> Operation:
    if not parts:
        return Operation("table.account", "")
    if parts[0] == "$batch":
        change = _CHANGE.search(body)
        return Operation("table.transaction", change["table"].decode() if change else "")
    if parts[0] == "Tables":
        return Operation("table.create" if method == "POST" else "table.list", "")
    named = _TABLE_NAMED.fullmatch(parts[0])
    if named:
        return Operation("table.delete-table" if method == "DELETE" else "table.list", named["table"])
    entity = _ENTITY.fullmatch("/".join(parts))
    if entity is None or not entity["key"]:
        return Operation("table.insert" if method == "POST" else "table.query", entity["table"] if entity else parts[0])
    write = "update" if conditional else "upsert"
    names = {"GET": "get", "PUT": write, "MERGE": write, "PATCH": write, "DELETE": "delete"}
    return Operation(f"table.{names.get(method, 'other')}", entity["table"])


def _blob(method: str, parts: list[str], query: Mapping[str, str]) -> Operation:
    comp = query.get("comp", "")
    if not parts:
        return Operation("blob.list-containers" if comp == "list" else "blob.account", "")
    if len(parts) == 1:
        return Operation(f"blob.{_container(method, comp)}", parts[0])
    if comp:
        return Operation(f"blob.{_part(method, comp)}", parts[0])
    names = {"PUT": "put", "GET": "get", "HEAD": "head", "DELETE": "delete"}
    return Operation(f"blob.{names.get(method, 'other')}", parts[0])


def _container(method: str, comp: str) -> str:
    if comp:
        return "list" if comp == "list" else f"{comp}-container"
    return {"PUT": "create-container", "DELETE": "delete-container"}.get(method, "get-container")


def _part(method: str, comp: str) -> str:
    verb = "get" if method in {"GET", "HEAD"} else "put"
    return {"block": "put-block", "blocklist": f"{verb}-block-list", "metadata": f"{verb}-metadata"}.get(comp, comp)
