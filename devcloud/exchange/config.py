"""How one simulated Exchange Online behaves; everything has the value that is documented for the real one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

import msgspec

from devcloud.exchange.access import Access, Model, OutOfScope
from devcloud.exchange.replies import BASIC_AUTH_DISABLED, Reply

OverRate = Literal["delay", "reject"]

AUDIENCES = ("https://outlook.office365.com", "https://outlook.office.com", "https://outlook.office365.us")
"""Audiences of the worldwide and US government clouds, as the public SmtpClientDiag tool accepts them."""


Positive = Annotated[int, msgspec.Meta(ge=1)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What can be changed while the server runs (design 3.1, `limits` of the faults API)."""

    messages_per_minute: Positive = 30
    connections: Positive = 3
    idle_counts: bool = False
    over_rate: OverRate = "delay"


@dataclass(frozen=True)
class ExchangeConfig:
    """Settings of the simulator. Times are seconds, sizes octets; empty collections mean "any" where it says so.

    `message_id` "replace" assigns a new Message-ID as Outlook servers were seen to do; `idle_counts` lets idle
    authenticated connections count toward `connections`; `over_rate` is what message 31 of a minute meets.
    """

    host: str = "127.0.0.1"
    port: int = 0
    messages_per_minute: int = 30
    connections: int = 3
    recipients_per_day: int = 10_000
    idle_counts: bool = False
    over_rate: OverRate = "delay"
    message_id: Literal["keep", "replace"] = "keep"
    tarpit: float = 0.0
    """Before the answer to a bad EHLO name or an unknown command; 5.0 in reality, 0 so that tests need not wait."""
    audiences: Collection[str] = AUDIENCES
    size_limit: int = 157_286_400
    recipients_per_message: int = 500
    tenants: Collection[str] = ()
    """Accepted `tid` claims; empty: any."""
    appids: Collection[str] = ()
    """Applications with a service principal in Exchange; empty: any."""
    models: Collection[Model] = ("claim", "rbac")
    """Ways in which an app may be authorised: role SMTP.SendAsApp in the token, or RBAC for Applications."""
    full_access: Collection[str] | None = None
    """Mailboxes on which the app's service principal has FullAccess, which the role claim needs; None: all."""
    rbac_scope: Collection[str] | None = None
    """Mailboxes in the scope of the role assignment; None: all."""
    out_of_scope: OutOfScope = "auth"
    """Where a mailbox outside the scope is refused, which is not known: 535 at AUTH or 430 after DATA."""
    send_as: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Further From addresses by mailbox."""
    basic_auth: Reply = BASIC_AUTH_DISABLED
    """Answer to a password login."""
    lockout_after: int = 10
    """Same-kind failures in a row until the mailbox is locked out (550 5.2.251 to 255); 0: never. Not published."""
    lockout_seconds: float = 3600.0
    """How long; not published either."""
    suppress_duplicates: bool = False
    """Drop a second mail with the same Message-ID and Date within an hour, as the Exchange store did in 2004."""
    max_errors: int = 0
    """Protocol errors until the connection is closed; 0: never. Exchange Server closes after 5, Exchange Online: unknown."""
    idle_timeout: float = 300.0
    """Without a byte from the client; Exchange Server's default."""

    @property
    def limits(self) -> Limits:
        """The limits to start with."""
        return Limits(self.messages_per_minute, self.connections, self.idle_counts, self.over_rate)

    @property
    def access(self) -> Access:
        """The access to start with: what has no setting here is as open as it can be."""
        return Access(
            appids=sorted(self.appids) or None,
            models=tuple(sorted(self.models)),
            full_access=None if self.full_access is None else sorted(self.full_access),
            rbac_scope=None if self.rbac_scope is None else sorted(self.rbac_scope),
            out_of_scope=self.out_of_scope,
            send_as={mailbox: sorted(addresses) for mailbox, addresses in self.send_as.items()},
        )
