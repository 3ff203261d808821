"""Our project in the same incidents: mails over its HTTP door, and what its ledger says of them in the end."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.outcomes.cloud import Cloud, sender_name
from bench.outcomes.incidents import Incident
from bench.outcomes.trial import Outcome, Trial
from bench.outcomes.verdict import told_by_ledger
from devcloud.processes import StartFault

NAME = "keyless-mail"

REST_SECONDS = 90.0
"""Until every mail rests: a 421 puts one off by up to a minute, and an unknown outcome by half of one."""

CALM_SECONDS = 3.0
"""After the callers have posted everything again: enough for a host that looks into its queue every second."""

_POLL_SECONDS = 0.5
_RESTS = frozenset({"sent", "rejected", "parked", "unknown", "cancelled", "expired"})


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that our project has accepted under the caller's key."""

    policy: str
    incident: Incident
    id: str

    @property
    def program(self) -> str:
        """Its name in the table."""
        return program_name(self.policy)

    @property
    def mailbox(self) -> str:
        """Who sends it."""
        return f"{sender_name(self.policy, self.incident)}@contoso.test"


def program_name(policy: str) -> str:
    """Of our project with a value of `on_unknown`, as the tables show it."""
    return f"{NAME}, {policy}"


async def submit(cloud: Cloud, policy: str, incident: Incident) -> Mail:
    """Have a mail accepted. The same policy and incident again: the same key, so the same mail."""
    name = sender_name(policy, incident)
    envelope = {
        "id": f"outcome-{name}",
        "sender": name,
        "to": ["ops@contoso.test"],
        "subject": f"Disk almost full ({incident.title})",
        "text": incident.text,
    }
    return Mail(policy, incident, await cloud.submit(envelope))


async def trials(cloud: Cloud, mails: Sequence[Mail]) -> list[Trial]:
    """Wait until the mails rest, let the callers post all of them once more, and look again."""
    first = await _outcomes(cloud, mails)
    for mail in mails:
        await submit(cloud, mail.policy, mail.incident)
    await asyncio.sleep(CALM_SECONDS)
    then = await _outcomes(cloud, mails)
    return [Trial(mail.program, mail.incident, one, other) for mail, one, other in zip(mails, first, then, strict=True)]


async def _outcomes(cloud: Cloud, mails: Sequence[Mail]) -> list[Outcome]:
    statuses, taken = await rested(cloud, mails), await cloud.taken()
    return [Outcome(taken[mail.mailbox], told_by_ledger(statuses[mail.id])) for mail in mails]


async def rested(cloud: Cloud, mails: Sequence[Mail]) -> Mapping[str, Mapping[str, Any]]:
    """Status by id as soon as nothing more is to come within this benchmark. Raises `StartFault` when the time is over."""
    deadline = time.monotonic() + REST_SECONDS
    while True:
        found = {mail.id: await cloud.status(mail.id) for mail in mails}
        restless = [mail for mail in mails if not _rests(mail, found[mail.id])]
        if not restless:
            return found
        if time.monotonic() > deadline:
            raise StartFault(
                f"no end within {REST_SECONDS:g} seconds of {restless[0].program}: {restless[0].incident.title}"
            )
        await asyncio.sleep(_POLL_SECONDS)


def _rests(mail: Mail, status: Mapping[str, Any]) -> bool:
    return status["state"] in _RESTS or (mail.incident.outlasts and status["state"] == "waiting" and status["attempts"] > 0)
