"""The Microsoft clouds as data: where mail is submitted, and where the token for it comes from.

Sources: Microsoft 365 URLs and IP address ranges (one list per cloud) for the hosts, "Authenticate an IMAP, POP or SMTP
connection using OAuth" for the worldwide scope, "Configure an application to trust a managed identity" for the audiences
of federated credentials, "Microsoft Graph national cloud deployments" for Graph, "Manage High Volume Email for Microsoft
365" for its host. Only `worldwide` has been seen to work; the others are what the published lists say.
"""

from collections.abc import Mapping

from shared.rules.config import Cloud, Server

CUSTOM = "custom"
"""The cloud whose values come from app settings: the local cloud, tests, other relays."""

SUBMISSION_PORT = 587
"""Client submission with STARTTLS (RFC 6409 section 3.1); Exchange Online offers no implicit TLS on 465."""

FEDERATION_AUDIENCE = "api://AzureADTokenExchange"
"""Audience of the identity's token when it is the credential of an app registration, in the worldwide cloud."""

WORLDWIDE = Cloud(
    name="worldwide",
    smtp_host="smtp.office365.com",
    smtp_port=SUBMISSION_PORT,
    authority="https://login.microsoftonline.com",
    scope="https://outlook.office365.com/.default",
    exchange_audience=FEDERATION_AUDIENCE,
    graph="https://graph.microsoft.com",
    # The older name, smtp-hve.office365.com, is to be taken away.
    high_volume=Server("smtp.hve.mx.microsoft", SUBMISSION_PORT),
)

GCC_HIGH = Cloud(
    name="gcc-high",
    # Microsoft's list names outlook.office365.us for port 587; configurations in the field use this name.
    smtp_host="smtp.office365.us",
    smtp_port=SUBMISSION_PORT,
    authority="https://login.microsoftonline.us",
    scope="https://outlook.office365.us/.default",
    exchange_audience="api://AzureADTokenExchangeUSGov",
    graph="https://graph.microsoft.us",
)

DOD = Cloud(
    name="dod",
    smtp_host="outlook-dod.office365.us",
    smtp_port=SUBMISSION_PORT,
    authority="https://login.microsoftonline.us",
    # Public configurations disagree between this audience and outlook.office365.us.
    scope="https://outlook-dod.office365.us/.default",
    exchange_audience="api://AzureADTokenExchangeUSGov",
    graph="https://dod-graph.microsoft.us",
)

CHINA = Cloud(
    name="china",
    smtp_host="smtp.partner.outlook.cn",
    smtp_port=SUBMISSION_PORT,
    authority="https://login.partner.microsoftonline.cn",
    scope="https://partner.outlook.cn/.default",
    exchange_audience="api://AzureADTokenExchangeChina",
    graph="https://microsoftgraph.chinacloudapi.cn",
)

CLOUDS: Mapping[str, Cloud] = {cloud.name: cloud for cloud in (WORLDWIDE, GCC_HIGH, DOD, CHINA)}
"""Every cloud whose values are fixed in the code, so that no app setting can send a token elsewhere."""

UNPROVEN = frozenset({GCC_HIGH.name, DOD.name, CHINA.name})
"""Clouds of which parts rest on public configurations; choosing one is a warning, with what to check."""
