"""Where each mailbox logs in, and how much life its token needs there.

Sources: Exchange reference 1.3 (High Volume Email has a host of its own) and 6.5 (it refuses a token that ends soon, and a
session must not outlast its token).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shared.rules.config import Cloud, EndpointName, Sender
from shared.rules.token import EXPIRY_MARGIN

SESSION_MARGIN = 60.0
"""Seconds before its token's expiry at which a session counts as over: one mail has to fit in."""

HIGH_VOLUME_LIFE = 600.0
"""Seconds. High Volume Email refuses a login whose token has less left (535 5.7.142) and wants the session to end before the
token does; no mail takes longer than this, however slowly its every step is answered."""

WAY_TO_LOGIN = 60.0
"""Seconds from the look at the token to the server's look at it: connection and TLS, and clocks that differ."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A submission server: its host, its port with STARTTLS, and what it needs of a token's life.

    A token with `login_margin` seconds or less left makes no new login, a session whose token has `session_margin` or less
    left serves no further mail.
    """

    host: str
    port: int
    login_margin: float = EXPIRY_MARGIN
    session_margin: float = SESSION_MARGIN


@dataclass(frozen=True, slots=True)
class Endpoints:
    """One cloud's: `usual` for every mailbox that `others` does not name (its address casefolded)."""

    usual: Endpoint
    others: Mapping[str, Endpoint] = field(default_factory=dict)

    def of(self, mailbox: str) -> Endpoint:
        """Where this mailbox logs in."""
        return self.others.get(mailbox.casefold(), self.usual)


def endpoints_of(cloud: Cloud, senders: Iterable[Sender] = ()) -> Endpoints:
    """The cloud's endpoints, with the mailboxes of `senders` that use High Volume Email.

    Raises `ValueError` where the cloud has none; `config_checks` refuses such a file.
    """
    boxes = {box for sender in senders if sender.endpoint is EndpointName.HIGH_VOLUME for box in sender.mailboxes}
    usual = Endpoint(cloud.smtp_host, cloud.smtp_port)
    if not boxes:
        return Endpoints(usual)
    if cloud.high_volume is None:
        raise ValueError("the cloud has no High Volume Email")
    high_volume = Endpoint(
        cloud.high_volume.host,
        cloud.high_volume.port,
        login_margin=HIGH_VOLUME_LIFE + WAY_TO_LOGIN,
        session_margin=HIGH_VOLUME_LIFE,
    )
    return Endpoints(usual, {box.casefold(): high_volume for box in boxes})
