"""Entra's token endpoint for applications, with the metadata that msal asks for and the keys that verifiers ask for.

Protocol: Microsoft identity platform, "OAuth 2.0 client credentials flow", third case (federated credential);
RFC 7523 section 2.2 (the assertion), OpenID Connect Discovery 1.0 section 4.
"""

import uuid
from typing import Any

import jwt
from aiohttp import web
from jwt.types import Options

from devcloud.directory import TENANT_ID, Directory, application
from devcloud.identity import misbehave
from devcloud.tokens import FEDERATION_AUDIENCE, issuer_of

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CLOCK_SKEW = 300.0  # seconds that Entra forgives between two clocks
_DEFAULT_SCOPE = "/.default"


class EntraRefusal(Exception):
    """A request that gets an OAuth error: its name, Entra's number (AADSTS…) and the text."""

    def __init__(self, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.error = error
        self.number = number
        self.text = text


def build_app(directory: Directory) -> web.Application:
    """The web application of the tenant's authority; to be served over TLS at its own origin."""

    async def token(request: web.Request) -> web.StreamResponse:
        directory.count_request("entra")
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        facts = {"endpoint": "entra", "resource": _resource(form), "client_id": form.get("client_id", "")}
        wrong = await misbehave(request, directory.scenarios.draw(facts))
        if wrong is not None:
            return wrong
        try:
            return web.json_response(_issue(directory, _tenant(request), form))
        except EntraRefusal as refusal:
            return _error(refusal, directory.clock())

    async def metadata(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(_metadata(f"{request.scheme}://{request.host}", _tenant(request)))
        except EntraRefusal as refusal:
            return _error(refusal, directory.clock())

    async def keys(request: web.Request) -> web.StreamResponse:
        directory.count_request("keys")
        wrong = await misbehave(request, directory.scenarios.draw({"endpoint": "keys", "resource": "", "client_id": ""}))
        if wrong is not None:
            return wrong
        try:
            _tenant(request)
        except EntraRefusal as refusal:
            return _error(refusal, directory.clock())
        return web.json_response(directory.keys.jwks())

    app = web.Application()
    app.router.add_post("/{tenant}/oauth2/v2.0/token", token)
    app.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", metadata)
    app.router.add_get("/{tenant}/discovery/v2.0/keys", keys)
    return app


def _metadata(origin: str, tenant: str) -> dict[str, Any]:
    base = f"{origin}/{tenant}"
    return {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def _tenant(request: web.Request) -> str:
    tenant = request.match_info["tenant"]
    if tenant.lower() != TENANT_ID:
        raise EntraRefusal("invalid_request", 90002, f"Tenant {tenant!r} not found.")
    return TENANT_ID


def _issue(directory: Directory, tenant: str, form: dict[str, str]) -> dict[str, Any]:
    if form.get("grant_type") != "client_credentials":
        raise EntraRefusal("unsupported_grant_type", 70003, "grant_type must be client_credentials.")
    client_id = _required(form, "client_id")
    if not directory.knows(client_id):
        raise EntraRefusal("unauthorized_client", 700016, "Application with this identifier was not found.")
    if not _required(form, "scope").endswith(_DEFAULT_SCOPE):
        raise EntraRefusal("invalid_scope", 70011, "The scope of client credentials must end with /.default.")
    if form.get("client_assertion_type") != _ASSERTION_TYPE:
        raise EntraRefusal("invalid_client", 7000216, "client_assertion of type jwt-bearer is required.")
    _check_assertion(directory, tenant, _required(form, "client_assertion"))
    access_token, expires_on = directory.issue(application(client_id), _resource(form), endpoint="entra")
    lifetime = expires_on - int(directory.clock())
    return {
        "token_type": "Bearer",
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": access_token,
    }


def _check_assertion(directory: Directory, tenant: str, assertion: str) -> None:
    """The assertion must be our own identity's: signature, issuer, audience, time and subject, in this order."""
    claims = _verified(directory, assertion)
    if claims.get("iss") != issuer_of(tenant, FEDERATION_AUDIENCE):
        raise EntraRefusal("invalid_client", 700211, "No matching federated credential for the assertion's issuer.")
    if claims.get("aud") != FEDERATION_AUDIENCE:
        raise EntraRefusal("invalid_client", 700212, "No matching federated credential for the assertion's audience.")
    now = directory.clock()
    if not claims["nbf"] - _CLOCK_SKEW <= now <= claims["exp"] + _CLOCK_SKEW:
        raise EntraRefusal("invalid_client", 700024, "The assertion is not within its valid time range.")
    subjects = directory.faults.federated_subjects
    if subjects is not None and claims["sub"] not in subjects:
        raise EntraRefusal("invalid_client", 700213, "No matching federated credential for the assertion's subject.")


def _verified(directory: Directory, assertion: str) -> dict[str, Any]:
    # Time, issuer and audience are checked by the caller: against the emulator's clock, and each with its own number.
    options: Options = {
        "verify_exp": False,
        "verify_nbf": False,
        "verify_iat": False,
        "verify_aud": False,
        "require": ["exp", "nbf", "iss", "aud", "sub"],
    }
    try:
        key = directory.keys.public_keys()[jwt.get_unverified_header(assertion)["kid"]]
        claims: dict[str, Any] = jwt.decode(assertion, key, algorithms=["RS256"], options=options)
    except (jwt.PyJWTError, KeyError) as error:
        raise EntraRefusal("invalid_client", 700027, "The assertion failed signature validation.") from error
    if not all(isinstance(claims[name], int) for name in ("nbf", "exp")):
        raise EntraRefusal("invalid_client", 700024, "The assertion's nbf and exp must be whole seconds.")
    return claims


def _required(form: dict[str, str], name: str) -> str:
    value = form.get(name)
    if not value:
        raise EntraRefusal("invalid_request", 900144, f"The request body must contain the parameter {name!r}.")
    return value


def _resource(form: dict[str, str]) -> str:
    return form.get("scope", "").removesuffix(_DEFAULT_SCOPE)


def _error(refusal: EntraRefusal, now: float) -> web.Response:
    body = {
        "error": refusal.error,
        "error_description": f"AADSTS{refusal.number}: {refusal.text}",
        "error_codes": [refusal.number],
        "timestamp": int(now),
        "trace_id": str(uuid.uuid4()),
        "correlation_id": str(uuid.uuid4()),
    }
    return web.json_response(body, status=401 if refusal.error == "invalid_client" else 400)
