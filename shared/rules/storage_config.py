"""Where the mail's storage is, as a value: written by the settings, read by the storage edges."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Either a connection string (development only: it holds a key, so it never prints) or the three service addresses.

    With addresses the app's managed identity is the credential; `client_id` names a user-assigned one. `ca_file` is a
    certificate authority to trust besides the system's, only with cloud `custom`.
    """

    connection_string: str | None = field(default=None, repr=False)
    queue_uri: str | None = None
    blob_uri: str | None = None
    table_uri: str | None = None
    client_id: str | None = None
    ca_file: str | None = None
