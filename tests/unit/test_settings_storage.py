"""The mail's storage: a connection string for development, or Azure's addresses with the managed identity."""

import pytest

from shared.settings_storage import Surroundings, read_storage

LOCAL = Surroundings(in_azure=False, cloud="worldwide")
AZURE = Surroundings(in_azure=True, cloud="worldwide")
CUSTOM = Surroundings(in_azure=False, cloud="custom")
GUID = "11111111-2222-3333-4444-555555555555"
AZURITE = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/a;"
KEYED = "AccountName=a;AccountKey=a2V5;EndpointSuffix=core.windows.net"
URIS = {f"MailStorage__{s}ServiceUri": f"https://contoso.{s}.core.windows.net/" for s in ("queue", "blob", "table")}


def names(environ: dict[str, str], surroundings: Surroundings = LOCAL) -> list[str]:
    """Names of the faults; there are settings exactly where there are none."""
    storage, faults = read_storage(environ, surroundings, None)
    assert (storage is None) is bool(faults)
    return [fault.name for fault in faults]


def test_the_account_s_name_gives_the_public_addresses() -> None:
    """Three addresses in the public cloud, with the identity that was named."""
    environ = {
        "MailStorage__accountName": "contoso",
        "MailStorage__credential": "managedidentity",
        "MailStorage__clientId": GUID,
    }
    storage, faults = read_storage(environ, AZURE, "ca.pem")
    assert not faults
    assert storage is not None
    assert storage.queue_uri == "https://contoso.queue.core.windows.net"
    assert storage.blob_uri == "https://contoso.blob.core.windows.net"
    assert storage.table_uri == "https://contoso.table.core.windows.net"
    assert (storage.client_id, storage.ca_file, storage.connection_string) == (GUID, "ca.pem", None)


def test_three_addresses_are_kept_without_the_final_slash() -> None:
    """Each service may have its own address, as with endpoints in DNS zones."""
    storage, faults = read_storage(URIS, AZURE, None)
    assert not faults
    assert storage is not None
    assert storage.queue_uri == "https://contoso.queue.core.windows.net"
    zoned = {
        name: uri.replace(".core.windows.net", ".storage.azure.net").replace("contoso.", "contoso.z01.")
        for name, uri in URIS.items()
    }
    assert names(zoned) == []


@pytest.mark.parametrize(
    "text", ["UseDevelopmentStorage=true", AZURITE, KEYED, "BlobEndpoint=https://x.test;SharedAccessSignature=s"]
)
def test_a_connection_string_is_for_development(text: str) -> None:
    """On a developer's machine every kind is fine."""
    storage, faults = read_storage({"MailStorage": text}, LOCAL, None)
    assert not faults
    assert storage is not None
    assert storage.connection_string == text


def test_a_connection_string_with_a_key_is_refused_in_azure() -> None:
    """On the platform the identity is the credential; only a loopback address may have a key."""
    assert names({"MailStorage": KEYED}, AZURE) == ["MailStorage"]
    local = AZURITE + "QueueEndpoint=http://127.0.0.1:2/a;TableEndpoint=http://localhost:3/a"
    assert names({"MailStorage": local}, AZURE) == []


@pytest.mark.parametrize("text", ["contosomail", "=;=", "AccountName=a;BlobEndpoint=https://x.test", ";;"])
def test_what_is_no_connection_string_is_a_fault(text: str) -> None:
    """Without pairs, or without anything to sign with, nobody could connect."""
    assert names({"MailStorage": text}) == ["MailStorage"]


def test_no_storage_is_a_fault() -> None:
    """There is no default for where mail rests."""
    assert names({}) == ["MailStorage"]


@pytest.mark.parametrize("other", ["MailStorage__accountName", "MailStorage__queueServiceUri", "MailStorage__credential"])
def test_a_connection_string_contradicts_every_address(other: str) -> None:
    """Two descriptions of one storage are one too many; the fault names both."""
    _, faults = read_storage({"MailStorage": AZURITE, other: "x"}, LOCAL, None)
    assert [fault.name for fault in faults] == ["MailStorage"]
    assert other in faults[0].cause


def test_the_account_s_name_contradicts_an_address() -> None:
    """Name or addresses, not both."""
    assert names({"MailStorage__accountName": "contoso", **URIS}) == ["MailStorage__accountName"]


@pytest.mark.parametrize("account", ["Contoso", "co", "https://contoso.blob.core.windows.net", "contoso.", "a" * 25])
def test_what_is_no_account_s_name_is_a_fault(account: str) -> None:
    """It becomes part of a host name, so nothing else may slip in."""
    assert names({"MailStorage__accountName": account}) == ["MailStorage__accountName"]


def test_each_missing_address_is_named() -> None:
    """Queues, blobs and tables are all needed."""
    only_queue = {"MailStorage__queueServiceUri": URIS["MailStorage__queueServiceUri"]}
    assert names(only_queue) == ["MailStorage__blobServiceUri", "MailStorage__tableServiceUri"]


@pytest.mark.parametrize(
    "uri",
    [
        "http://contoso.queue.core.windows.net",
        "https://contoso.queue.core.windows.net/outbox",
        "https://contoso.queue.core.windows.net?sv=2024&sig=x",
        "https://user:pass@contoso.queue.core.windows.net",
        "contoso.queue.core.windows.net",
        "https://",
        "https://evil.test",
        "https://queue.core.windows.net.evil.test",
        "https://contoso.blob.core.windows.net",
        "https://evilqueue.core.windows.net",
        "https://evil.test\\@contoso.queue.core.windows.net",
        "https://evil.test#.queue.core.windows.net",
    ],
)
def test_an_address_to_which_no_token_may_go_is_a_fault(uri: str) -> None:
    """Only https, and only Azure's own hosts of that service: a bearer token is good for all that the identity may do."""
    assert names({**URIS, "MailStorage__queueServiceUri": uri}) == ["MailStorage__queueServiceUri"]


def test_the_custom_cloud_may_have_storage_of_its_own() -> None:
    """A local storage with a certificate of its own, still over https."""
    assert names({**URIS, "MailStorage__queueServiceUri": "https://localhost:10001"}, CUSTOM) == []
    assert names({**URIS, "MailStorage__queueServiceUri": "http://localhost:10001"}, CUSTOM) == [
        "MailStorage__queueServiceUri"
    ]


def test_a_named_identity_needs_the_credential() -> None:
    """Without it the host's scale controller cannot read the queue and the app never wakes up."""
    assert names({**URIS, "MailStorage__clientId": GUID}) == ["MailStorage__credential"]
    assert names({**URIS, "MailStorage__clientId": "me", "MailStorage__credential": "managedidentity"}) == [
        "MailStorage__clientId"
    ]
    assert names({**URIS, "MailStorage__credential": "password"}) == ["MailStorage__credential"]
