"""The clouds' values, each written down a second time from the published lists, and who may use High Volume Email."""

import pytest

from shared.rules.clouds import CHINA, CLOUDS, DOD, GCC_HIGH, UNPROVEN, WORLDWIDE
from shared.rules.config import Cloud, Server


@pytest.mark.parametrize(
    ("cloud", "host", "login", "resource", "exchange", "graph"),
    [
        (WORLDWIDE, "smtp.office365.com", "microsoftonline.com", "outlook.office365.com", "", "graph.microsoft.com"),
        (GCC_HIGH, "smtp.office365.us", "microsoftonline.us", "outlook.office365.us", "USGov", "graph.microsoft.us"),
        (
            DOD,
            "outlook-dod.office365.us",
            "microsoftonline.us",
            "outlook-dod.office365.us",
            "USGov",
            "dod-graph.microsoft.us",
        ),
        (
            CHINA,
            "smtp.partner.outlook.cn",
            "partner.microsoftonline.cn",
            "partner.outlook.cn",
            "China",
            "microsoftgraph.chinacloudapi.cn",
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Cloud) else "",
)
def test_a_cloud_is_what_the_lists_say(
    cloud: Cloud, host: str, login: str, resource: str, exchange: str, graph: str
) -> None:
    """Exchange reference 1.1 and 3, Learn's "Microsoft Graph national cloud deployments"; all submit at 587."""
    assert (cloud.smtp_host, cloud.smtp_port) == (host, 587)
    assert cloud.authority == f"https://login.{login}"
    assert cloud.scope == f"https://{resource}/.default"
    assert cloud.exchange_audience == f"api://AzureADTokenExchange{exchange}"
    assert cloud.graph == f"https://{graph}"


def test_only_worldwide_has_high_volume_email() -> None:
    """Exchange reference 1.3; no other cloud's pages name a host for it."""
    assert {name: cloud.high_volume for name, cloud in CLOUDS.items() if cloud.high_volume} == {
        "worldwide": Server("smtp.hve.mx.microsoft", 587)
    }


def test_every_cloud_has_values_of_its_own() -> None:
    """A token for one is never sent to another's hosts; all but worldwide are told to be unproven."""
    assert len({cloud.smtp_host for cloud in CLOUDS.values()}) == len({cloud.scope for cloud in CLOUDS.values()}) == 4
    assert set(CLOUDS) - UNPROVEN == {"worldwide"}
