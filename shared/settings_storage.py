"""The mail's storage from the app settings: a connection string for development, or addresses and the managed identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.rules.clouds import CUSTOM
from shared.rules.faults import Fault
from shared.rules.patterns import ACCOUNT_NAME, GUID, https_origin, is_loopback
from shared.rules.storage_config import StorageSettings
from shared.settings_table import STORAGE, STORAGE_PREFIX

SERVICES = ("queue", "blob", "table")

_PUBLIC_SUFFIX = "core.windows.net"
# A bearer token for storage is good for every account of the identity, so it goes to Azure's own hosts only.
_SUFFIXES = (_PUBLIC_SUFFIX, "core.usgovcloudapi.net", "core.chinacloudapi.cn", "storage.azure.net")
_NEITHER = f"set {STORAGE_PREFIX}accountName (in Azure) or {STORAGE} (a connection string, for development)"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Whether this is Azure, and the cloud that mail.toml names ('' where it is unreadable)."""

    in_azure: bool
    cloud: str


def read_storage(
    environ: Mapping[str, str], surroundings: Surroundings, ca_file: str | None
) -> tuple[StorageSettings | None, list[Fault]]:
    """The storage settings, or every fault that stands in their way."""
    parts = {name.removeprefix(STORAGE_PREFIX): value for name, value in environ.items() if name.startswith(STORAGE_PREFIX)}
    connection_string = environ.get(STORAGE)
    if connection_string and parts:
        named = ", ".join(f"{STORAGE_PREFIX}{part}" for part in sorted(parts))
        return None, [Fault(STORAGE, f"contradicts {named}: both say where the storage is", "remove one of them")]
    if connection_string:
        faults = _connection_string_faults(connection_string, surroundings)
        return (None, faults) if faults else (StorageSettings(connection_string=connection_string, ca_file=ca_file), [])
    if not parts:
        return None, [Fault(STORAGE, "is missing: there is no storage for the mail", _NEITHER)]
    return _addressed(parts, surroundings, ca_file)


def _connection_string_faults(text: str, surroundings: Surroundings) -> list[Fault]:
    fields = _fields(text)
    if fields is None:
        return [Fault(STORAGE, "is not a connection string (Name=value;Name=value)", _NEITHER)]
    if fields.get("usedevelopmentstorage", "").lower() == "true":
        return []
    if not ({"accountkey", "sharedaccesssignature"} & fields.keys()):
        cause = "has neither AccountKey nor SharedAccessSignature"
        return [Fault(STORAGE, cause, f"use Azurite's connection string, or {STORAGE_PREFIX}accountName with the identity")]
    if surroundings.in_azure and not all(is_loopback(host) for host in _hosts(fields)):
        cause = "is a connection string with a key, which is for development only"
        return [
            Fault(STORAGE, cause, f"set {STORAGE_PREFIX}accountName and {STORAGE_PREFIX}credential=managedidentity instead")
        ]
    return []


def _fields(text: str) -> dict[str, str] | None:
    pairs = [part.partition("=") for part in text.strip().strip(";").split(";")]
    if not all(name.strip() and equals for name, equals, _ in pairs):
        return None
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _hosts(fields: Mapping[str, str]) -> list[str]:
    endpoints = [fields.get(f"{service}endpoint", "") for service in SERVICES]
    return [urlsplit(endpoint).hostname or "" for endpoint in endpoints]


def _addressed(
    parts: Mapping[str, str], surroundings: Surroundings, ca_file: str | None
) -> tuple[StorageSettings | None, list[Fault]]:
    uris, faults = _service_uris(parts, surroundings)
    faults += _credential_faults(parts)
    if faults:
        return None, faults
    storage = StorageSettings(
        queue_uri=uris["queue"],
        blob_uri=uris["blob"],
        table_uri=uris["table"],
        client_id=parts.get("clientId"),
        ca_file=ca_file,
    )
    return storage, []


def _service_uris(parts: Mapping[str, str], surroundings: Surroundings) -> tuple[dict[str, str], list[Fault]]:
    account = parts.get("accountName")
    given = [service for service in SERVICES if f"{service}ServiceUri" in parts]
    if account is not None:
        return _uris_of_account(account, given)
    uris: dict[str, str] = {}
    faults: list[Fault] = []
    for service in SERVICES:
        uri, fault = _uri(service, parts.get(f"{service}ServiceUri"), surroundings)
        if fault is not None:
            faults.append(fault)
        uris[service] = uri
    return uris, faults


def _uris_of_account(account: str, given: list[str]) -> tuple[dict[str, str], list[Fault]]:
    name = f"{STORAGE_PREFIX}accountName"
    if given:
        others = ", ".join(f"{STORAGE_PREFIX}{service}ServiceUri" for service in given)
        return {}, [Fault(name, f"contradicts {others}", "keep the account's name or the three addresses, not both")]
    if not ACCOUNT_NAME.fullmatch(account):
        cause = "is not the name of a storage account (3 to 24 lower-case letters and digits)"
        return {}, [Fault(name, cause, "set the account's bare name, without https:// and without domain")]
    return {service: f"https://{account}.{service}.{_PUBLIC_SUFFIX}" for service in SERVICES}, []


def _uri(service: str, text: str | None, surroundings: Surroundings) -> tuple[str, Fault | None]:
    name = f"{STORAGE_PREFIX}{service}ServiceUri"
    example = f"set https://ACCOUNT.{service}.{_PUBLIC_SUFFIX}"
    if text is None:
        return "", Fault(name, "is missing: queues, blobs and tables each need their address", example)
    origin = https_origin(text)
    if origin is None:
        return "", Fault(name, "is not an https address without path, user or query", example)
    host = urlsplit(origin).hostname or ""
    if surroundings.cloud not in ("", CUSTOM) and not any(_is_azure(host, service, suffix) for suffix in _SUFFIXES):
        return "", Fault(name, "is not a host of Azure Storage: a token must not be sent there", example)
    return origin, None


def _is_azure(host: str, service: str, suffix: str) -> bool:
    return host.endswith(f".{service}.{suffix}")


def _credential_faults(parts: Mapping[str, str]) -> list[Fault]:
    faults: list[Fault] = []
    credential, client_id = parts.get("credential"), parts.get("clientId")
    if credential not in (None, "managedidentity"):
        faults.append(Fault(f"{STORAGE_PREFIX}credential", "is not managedidentity", "set it to managedidentity"))
    if client_id is not None and not GUID.fullmatch(client_id):
        cause = "is not a client id (a GUID)"
        faults.append(Fault(f"{STORAGE_PREFIX}clientId", cause, "copy the client id of the user-assigned identity"))
    if client_id is not None and credential is None:
        cause = "is missing although a user-assigned identity is named: the host would not find it and never wake up"
        faults.append(Fault(f"{STORAGE_PREFIX}credential", cause, "set it to managedidentity"))
    return faults
