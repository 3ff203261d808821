"""What all connections of one simulator share."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from devcloud.exchange.access import Access
from devcloud.exchange.config import ExchangeConfig, Limits
from devcloud.exchange.faults import FaultPlan
from devcloud.exchange.ledgers import Deliveries, Lockout, Presence, Quota, RateLedger
from devcloud.exchange.stats import Stats
from devcloud.exchange.store import MailStore
from devcloud.exchange.tokens import PublicKeys

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]


@dataclass
class Service:
    """The parts behind the connections; `clock` gives seconds since 1970 and `sleep` waits in the same time."""

    config: ExchangeConfig
    tls: ssl.SSLContext
    public_keys: PublicKeys
    clock: Clock
    sleep: Sleep = asyncio.sleep
    certificates: Mapping[str, ssl.SSLContext] = field(default_factory=dict)
    limits: Limits = field(init=False)
    access: Access = field(init=False)
    lockout: Lockout = field(init=False)
    faults: FaultPlan = field(default_factory=FaultPlan)
    rate: RateLedger = field(default_factory=RateLedger)
    submitting: Presence = field(default_factory=Presence)
    logged_in: Presence = field(default_factory=Presence)
    quota: Quota = field(default_factory=Quota)
    store: MailStore = field(default_factory=MailStore)
    stats: Stats = field(default_factory=Stats)
    deliveries: Deliveries = field(default_factory=Deliveries)

    def __post_init__(self) -> None:
        self.limits = self.config.limits
        self.access = self.config.access
        self.lockout = Lockout(self.config.lockout_after, self.config.lockout_seconds)

    @property
    def counted(self) -> Presence:
        """The connections that count toward the limit, which depends on `idle_counts`."""
        return self.logged_in if self.limits.idle_counts else self.submitting
