"""The doctor's mail: to the sender's own mailbox, on the way of every mail, for Exchange's answer after DATA."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.accept import Accept, Origin
from shared.ports import Ledger
from shared.rules.callers import Caller
from shared.rules.config import Sender
from shared.rules.envelope import Envelope, envelope_from
from shared.rules.findings import Finding, Standing, Step, fault, ok
from shared.rules.mail_row import MailRow
from shared.rules.outcome import Reason
from shared.rules.problems import Refused
from shared.rules.states import State
from shared.rules.storage_errors import StorageForbidden, StorageUnavailable
from shared.steer import NotPossible, Steer
from shared.stops import StopKeeper

LONGEST_WAIT = 45.0
"""Seconds for Exchange's answer: a front end in Azure gives up after 230, and most mails need one."""

LOOK = 0.5
"""Seconds between two looks at the mail's row."""

LIFE = 900.0
"""Seconds after which the mail is not worth sending any more, if the app dies while it waits."""

NOT_ALLOWED = Reason(
    "own-mailbox-not-allowed",
    "the sender may not write to its own mailbox, so no mail can prove anything",
    "add the mailbox to allow_recipients of this sender in mail.toml, or send a mail to somebody who is allowed",
)
STILL_WAITING = Reason("still-waiting", "the mail still waits for its turn", "python -m ops pace, then python -m ops show")


@dataclass(frozen=True, slots=True)
class DoctorMail:
    """The story. `clock` gives epoch seconds, `sleep` waits."""

    accept: Accept
    ledger: Ledger
    steer: Steer
    stops: StopKeeper
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]

    async def send(self, sender: Sender, *, who: str) -> Finding:
        """Send one mail and wait for what becomes of it. What did not leave is cancelled: a doctor leaves nothing behind."""
        caller = Caller("operator", frozenset({sender.name}), "ops doctor")
        origin = Origin(door="doctor", key=uuid.uuid4().hex)
        try:
            accepted = await self.accept(self._envelope(sender, who), caller, origin)
            return await self._outcome(sender, accepted.row.id, who)
        except Refused:
            return fault(Step.SEND, NOT_ALLOWED, sender.name)
        except (StorageUnavailable, StorageForbidden) as down:
            return fault(Step.SEND, down.reason, sender.name)

    def _envelope(self, sender: Sender, who: str) -> Envelope:
        ends = datetime.fromtimestamp(self.clock() + LIFE, UTC)
        return envelope_from(
            {
                "sender": sender.name,
                "to": [sender.mailboxes[0]],
                "subject": "keyless-mail doctor",
                "text": f"{who} asked whether this app can send. It can: you are reading the answer.\n",
                "priority": "high",
                "expires_at": ends.isoformat(),
            }
        )

    async def _outcome(self, sender: Sender, mail_id: str, who: str) -> Finding:
        until = self.clock() + LONGEST_WAIT
        while (row := await self._row(mail_id)) is not None:
            reason = await self._reason(row)
            if row.state is State.SENT:
                return ok(Step.SEND, sender.name, f"Exchange accepted mail {mail_id}")
            if reason is not None:
                await self._take_back(mail_id, who)
                return fault(Step.SEND, reason, sender.name, f"mail {mail_id}")
            if self.clock() >= until:
                break
            await self.sleep(LOOK)
        return Finding(Step.SEND, Standing.WARNING, sender.name, f"mail {mail_id}", STILL_WAITING)

    async def _row(self, mail_id: str) -> MailRow | None:
        entry = await self.ledger.read(mail_id)
        return entry.row if entry else None

    async def _reason(self, row: MailRow) -> Reason | None:
        """Why it did not leave; None while it may still do so."""
        if row.stopped:
            standing = {stop.place.key: stop.reason for stop in await self.stops.standing()}
            return standing.get(row.stopped, row.why)
        return row.why if row.state is not State.SENDING else None

    async def _take_back(self, mail_id: str, who: str) -> None:
        entry = await self.ledger.read(mail_id)
        if entry is None:
            return
        try:
            await self.steer.give_up(entry, who=who, why="the doctor's mail")
        except NotPossible:
            return  # it is over already, or on its way
