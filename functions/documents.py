"""`GET /api/openapi.json`, `/api/docs` and `/api/envelope.schema.json`: what the API takes and answers. For everybody."""

import json
from functools import lru_cache
from typing import Any

import azure.functions as func

from functions.answers import FIXED
from shared.wiring import settings

blueprint = func.Blueprint()


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    from shared.openapi import document
    from shared.version import VERSION

    return document(entra=settings().checks_tokens, version=VERSION)


@blueprint.function_name("openapi")
@blueprint.route("openapi.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def openapi_get(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the worker hands it over by name
    """The OpenAPI document."""
    return func.HttpResponse(json.dumps(_document()), mimetype="application/json", headers=FIXED)


@blueprint.function_name("docs")
@blueprint.route("docs", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def docs_get(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the worker hands it over by name
    """The same as a page."""
    from shared.openapi_page import POLICY, page

    return func.HttpResponse(page(_document()), mimetype="text/html", headers={**FIXED, "Content-Security-Policy": POLICY})


@blueprint.function_name("envelope_schema")
@blueprint.route("envelope.schema.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def schema_get(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the worker hands it over by name
    """The envelope's JSON Schema."""
    from shared.rules.envelope_schema import envelope_schema

    return func.HttpResponse(json.dumps(envelope_schema()), mimetype="application/schema+json", headers=FIXED)
