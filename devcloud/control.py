"""The routes on the inbox server that read and set what the identity emulator and the storage proxy do."""

from typing import Any, TypeVar

import msgspec
from aiohttp import web

from devcloud.directory import Directory, IdentityFaults, application
from devcloud.scenarios import ScenarioFault
from devcloud.storage_faults import StorageFaults
from devcloud.storage_proxy import StorageProxy
from devcloud.tokens import with_overrides

Document = TypeVar("Document", bound=msgspec.Struct)


class TokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What POST `/api/identity/tokens` takes: a token for whatever a test needs, right or wrong."""

    resource: str
    client_id: str
    claims: dict[str, Any] = {}


def routes(directory: Directory, proxy: StorageProxy) -> list[web.RouteDef]:
    """The routes below `/api/identity` and `/api/storage`."""
    return [*_identity_routes(directory), *_storage_routes(proxy)]


def _identity_routes(directory: Directory) -> list[web.RouteDef]:
    async def faults(_request: web.Request) -> web.Response:
        return web.json_response(directory.describe_faults())

    async def set_faults(request: web.Request) -> web.Response:
        try:
            directory.set_faults(await _read(request, IdentityFaults))
        except ScenarioFault as fault:
            return _refused(str(fault))
        return web.json_response(directory.describe_faults())

    async def stats(_request: web.Request) -> web.Response:
        return web.json_response(directory.stats())

    async def rotate(_request: web.Request) -> web.Response:
        return web.json_response({"kid": directory.keys.rotate()})

    async def token(request: web.Request) -> web.Response:
        try:
            wanted = await _read(request, TokenRequest)
        except ScenarioFault as fault:
            return _refused(str(fault))
        claims = directory.claims(application(wanted.client_id), wanted.resource, endpoint="entra")
        return web.json_response({"access_token": directory.keys.sign(with_overrides(claims, wanted.claims))})

    return [
        web.get("/api/identity/faults", faults),
        web.put("/api/identity/faults", set_faults),
        web.get("/api/identity/stats", stats),
        web.post("/api/identity/keys", rotate),
        web.post("/api/identity/tokens", token),
    ]


def _storage_routes(proxy: StorageProxy) -> list[web.RouteDef]:
    async def faults(_request: web.Request) -> web.Response:
        return web.json_response(proxy.describe_faults())

    async def set_faults(request: web.Request) -> web.Response:
        try:
            proxy.set_faults(await _read(request, StorageFaults))
        except ScenarioFault as fault:
            return _refused(str(fault))
        return web.json_response(proxy.describe_faults())

    async def operations(_request: web.Request) -> web.Response:
        return web.json_response(proxy.operations())

    async def reset(_request: web.Request) -> web.Response:
        proxy.reset_operations()
        return web.json_response(proxy.operations())

    return [
        web.get("/api/storage/faults", faults),
        web.put("/api/storage/faults", set_faults),
        web.get("/api/storage/operations", operations),
        web.delete("/api/storage/operations", reset),
    ]


async def _read(request: web.Request, kind: type[Document]) -> Document:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.DecodeError as error:
        raise ScenarioFault(str(error)) from error


def _refused(text: str) -> web.Response:
    return web.json_response({"error": text}, status=422)
