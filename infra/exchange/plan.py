"""What each probe costs, said before it runs: which question it settles, what it sends, how long it takes."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.exchange.probes import (
    BEFORE_EXPIRY,
    IDLE_SESSIONS,
    LARGEST_DECLARED,
    OVER_RATE,
    OVER_RECIPIENTS,
    OVER_SEND_SIZE,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One probe's price. `mails` is the most that it gives to the server, `long` whether it may take all of --minutes."""

    question: str
    mails: int
    sends: str
    long: bool = False
    outside: bool = False

    def told(self, mailbox: str, minutes: float) -> str:
        """One line for the person who is about to run it."""
        took = f"; takes up to {minutes:g} minutes" if self.long else ""
        whom = "the decoy" if self.outside else mailbox
        return f"{self.question}\n    {self.sends}; at most {self.mails} mails, all to {whom} itself{took}"


PLANS: Mapping[str, Plan] = {
    "login": Plan("Is the app's own token accepted?", 0, "logs in, sends nothing"),
    "send": Plan("Does a mail get through, and is its Message-ID kept?", 1, "sends a mail"),
    "scope": Plan(
        "Where is a mailbox outside the scope refused?", 1, "logs in as --outside and tries to send to it", outside=True
    ),
    "rate": Plan(
        "What does the 31st mail of a minute see?", OVER_RATE, f"sends {OVER_RATE} mails as fast as it can", long=True
    ),
    "connections": Plan(
        "Do idle connections count?", 1, f"keeps {IDLE_SESSIONS} sessions open and sends a mail beside them"
    ),
    "size": Plan("What is said to a size above the limit?", 0, f"declares {LARGEST_DECLARED} octets, sends nothing"),
    "big": Plan("What is said above MaxSendSize?", 1, f"sends a mail of {OVER_SEND_SIZE} octets"),
    "recipients": Plan(
        "What is said to too many recipients?",
        1,
        f"names the mailbox {OVER_RECIPIENTS} times as recipient, which may count {OVER_RECIPIENTS} of the day's 10,000",
    ),
    "unknown": Plan(
        "What is said to an unknown recipient?", 0, "names a recipient of the own domain that nobody has, sends nothing"
    ),
    "idle": Plan("When is a silent session closed?", 0, "logs in and says nothing", long=True),
    "session": Plan("When is a session closed that says NOOP?", 0, "logs in and says NOOP every minute", long=True),
    "expiry": Plan(
        "Does an open session outlive its token?",
        1,
        f"waits for the token's end, logs in {BEFORE_EXPIRY:.0f} s before and sends a mail {BEFORE_EXPIRY:.0f} s after it",
        long=True,
    ),
}
"""By the names of `probes.EVERY`."""
