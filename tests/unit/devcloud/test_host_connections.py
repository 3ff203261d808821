"""From names in decorators to storage accounts."""

import pytest

from devcloud.host.connections import Connection, expand, resolve
from devcloud.host.faults import HostFault


def test_a_value_of_the_very_name_is_a_connection_string_and_beats_the_prefix_form() -> None:
    """NAME wins over NAME__queueServiceUri."""
    settings = {"Mail": "UseDevelopmentStorage=true", "Mail__queueServiceUri": "https://other.queue.core.windows.net"}
    assert resolve("Mail", settings) == Connection("Mail", connection_string="UseDevelopmentStorage=true")


def test_the_alias_with_the_host_prefix_comes_first() -> None:
    """AzureWebJobsNAME is looked up before NAME, as in the Storage extension."""
    assert resolve("Mail", {"AzureWebJobsMail": "one", "Mail": "two"}).connection_string == "one"


def test_no_name_means_the_storage_of_the_host() -> None:
    """An empty connection is AzureWebJobsStorage."""
    assert resolve("", {"AzureWebJobsStorage": "here"}).connection_string == "here"


def test_an_endpoint_with_managed_identity_is_understood() -> None:
    """NAME__queueServiceUri, __credential and __clientId describe a connection without a secret."""
    settings = {
        "Mail__queueServiceUri": "https://mail.queue.core.windows.net",
        "Mail__credential": "managedidentity",
        "Mail__clientId": "11111111-2222-3333-4444-555555555555",
    }
    connection = resolve("Mail", settings)
    assert connection.queue_uri == "https://mail.queue.core.windows.net"
    assert (connection.managed, connection.client_id) == (True, "11111111-2222-3333-4444-555555555555")


def test_an_account_name_stands_for_the_public_endpoints() -> None:
    """NAME__accountName gives the queue and blob endpoints of the public cloud."""
    connection = resolve("AzureWebJobsStorage", {"AzureWebJobsStorage__accountName": "host"})
    assert connection.queue_uri == "https://host.queue.core.windows.net"
    assert connection.blob_uri == "https://host.blob.core.windows.net"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"Mail": ""},
        {"Mail__credential": "managedidentity"},
        {"Mail__queueServiceUri": "https://x.test", "Mail__clientSecret": "s"},
    ],
)
def test_a_connection_that_cannot_be_used_is_refused_by_name(settings: dict[str, str]) -> None:
    """The fault names the connection."""
    with pytest.raises(HostFault, match="Mail"):
        resolve("Mail", settings)


def test_binding_expressions_are_replaced_and_a_missing_setting_is_named() -> None:
    """%NAME% becomes the setting's value; a missing one stops the host."""
    assert expand("%Q%-%Z%", {"Q": "mail", "Z": "one"}, "f") == "mail-one"
    with pytest.raises(HostFault, match="NOT_THERE"):
        expand("%NOT_THERE%", {}, "function f")
