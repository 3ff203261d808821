"""Another client of the same mailbox: aiosmtplib, logged in with a token of the identity emulator."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import aiosmtplib

from bench.pace_cloud import MAILBOX
from devcloud.identity import API_VERSION
from devcloud.local_cloud import LocalCloud

_RESOURCE = "https://outlook.office365.com"  # the audience that Exchange accepts


@asynccontextmanager
async def logged_in(cloud: LocalCloud, http: aiohttp.ClientSession) -> AsyncIterator[aiosmtplib.SMTP]:
    """A connection of its own, verified and logged in to the mailbox; it says QUIT at the end."""
    token = await _token(cloud, http)
    context = ssl.create_default_context(cafile=str(cloud.run.ca_file))
    client = aiosmtplib.SMTP(hostname="localhost", port=cloud.addresses.smtp, start_tls=True, tls_context=context)
    async with client:
        await client.auth_xoauth2(MAILBOX, token)
        yield client


async def _token(cloud: LocalCloud, http: aiohttp.ClientSession) -> str:
    asked = {"api-version": API_VERSION, "resource": _RESOURCE}
    shown = {"X-IDENTITY-HEADER": cloud.run.identity_header}
    async with http.get(cloud.addresses.identity_endpoint, params=asked, headers=shown) as answer:
        answer.raise_for_status()
        document: dict[str, Any] = await answer.json()
    return str(document["access_token"])
