"""The managed-identity endpoint of App Service, as the unchanged identity SDKs ask it.

Protocol: Microsoft Learn, "How to use managed identities for App Service and Azure Functions", REST endpoint reference.
"""

import asyncio
import hmac
import re
from collections.abc import Mapping

from aiohttp import web

from devcloud.directory import Directory, IdentityScenario, Principal, managed_identity
from devcloud.listening import drop

API_VERSION = "2019-08-01"
PATH = "/msi/token"

AMBIGUOUS = "Unable to load the proper Managed Identity."
"""What App Service says where a request names no identity and there are several, or none of the app's own: 400, and no
word of which (seen in reports of Azure Functions and Container Apps of 2023 to 2025)."""

_SELECTORS = ("client_id", "mi_res_id", "object_id", "principal_id")
_RESOURCE = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/]+\S*|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class IdentityRefusal(Exception):
    """A request that gets an error answer: the HTTP status and the text in its body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def build_app(directory: Directory, *, header: str) -> web.Application:
    """The endpoint's web application; `header` is the secret that every request must show in `X-IDENTITY-HEADER`."""

    async def token(request: web.Request) -> web.StreamResponse:
        directory.count_request("identity")
        try:
            _check_caller(request, header)
            return await _answer(directory, request)
        except IdentityRefusal as refusal:
            return _error(refusal.status, refusal.message)

    app = web.Application()
    app.router.add_get(PATH, token)
    return app


async def misbehave(request: web.Request, scenario: IdentityScenario | None) -> web.StreamResponse | None:
    """Do what the scenario says; None when the right answer is still to be given (no scenario, or only slow)."""
    if scenario is None:
        return None
    if scenario.name == "slow":
        await asyncio.sleep(scenario.seconds)
        return None
    if scenario.name == "drop":
        return drop(request)
    if scenario.name == "garbage":
        return web.Response(text="<html>not what you asked for", content_type="text/html")
    headers = {} if scenario.retry_after is None else {"Retry-After": f"{scenario.retry_after:g}"}
    return _error(scenario.status, "an unexpected error occurred (armed scenario)", headers)


def _check_caller(request: web.Request, header: str) -> None:
    shown = request.headers.get("X-IDENTITY-HEADER")
    if shown is None:
        raise IdentityRefusal(401, "the header X-IDENTITY-HEADER is missing")
    if not hmac.compare_digest(shown.encode(), header.encode()):
        raise IdentityRefusal(403, "the header X-IDENTITY-HEADER is not this app's")


async def _answer(directory: Directory, request: web.Request) -> web.StreamResponse:
    query = request.query
    resource, selectors = query.get("resource", ""), _selectors(query)
    facts = {"endpoint": "identity", "resource": resource, "client_id": selectors.get("client_id", "")}
    wrong = await misbehave(request, directory.scenarios.draw(facts))
    if wrong is not None:
        return wrong
    _check_question(query.get("api-version"), resource)
    principal = _identity(directory, selectors)
    token, expires_on = directory.issue(principal, resource, endpoint="identity")
    return web.json_response(
        {
            "access_token": token,
            "expires_on": str(expires_on),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": principal.client_id,
        }
    )


def _selectors(query: Mapping[str, str]) -> dict[str, str]:
    selectors = {name: query[name] for name in _SELECTORS if query.get(name)}
    if len(selectors) > 1:
        raise IdentityRefusal(400, f"only one of {', '.join(_SELECTORS)} may be given")
    return selectors


def _identity(directory: Directory, selectors: Mapping[str, str]) -> Principal:
    if directory.faults.ambiguous and not selectors:
        raise IdentityRefusal(400, AMBIGUOUS)
    principal = managed_identity(selectors)
    if not directory.knows(principal.client_id):
        raise IdentityRefusal(400, "no managed identity was found for the specified app, client id or resource id")
    return principal


def _check_question(api_version: str | None, resource: str) -> None:
    if api_version != API_VERSION:
        raise IdentityRefusal(400, f"api-version must be {API_VERSION}")
    if not resource:
        raise IdentityRefusal(400, "the parameter resource is missing")
    if not _RESOURCE.fullmatch(resource):
        # App Service is as vague as this about a resource that does not exist.
        raise IdentityRefusal(500, "an unexpected error occurred while fetching the token")


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"statusCode": status, "message": message}, status=status, headers=headers)
