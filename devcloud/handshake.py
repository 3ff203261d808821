"""What `up` tells the cloud process on its standard input, and what that answers on its standard output."""

import msgspec


class CloudConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`azurite`: service → origin; the two limits are the simulator's, of each mailbox.

    `send_as`: mailbox → further From addresses, the right that an administrator gives to the mailboxes of a pool.
    `queues` are made in the storage of `connection`, as a deployment makes its producers' queues.
    """

    azurite: dict[str, str]
    connection: str
    queues: list[str]
    ca_file: str
    identity_header: str
    messages_per_minute: int
    connections: int
    send_as: dict[str, list[str]] = {}


class CloudAddresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where the emulators listen: `storage` is service → port of the proxy, `smtp` a port, the rest are addresses."""

    storage: dict[str, int]
    smtp: int
    authority: str
    tenant_id: str
    identity_endpoint: str
    inbox: str
