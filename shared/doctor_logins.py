"""The doctor's logins: one connection for each mailbox, AUTH, MAIL FROM and RSET, and why Exchange refuses where it does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.doctor_ports import Walk
from shared.doctor_token import Checkup, TokenCheck
from shared.rules.access_faults import told
from shared.rules.config import Sender
from shared.rules.findings import Finding, Step, Stopped, fault, ok
from shared.rules.grants import Grants
from shared.rules.token import Token

Box = tuple[str, Sender]
"""A mailbox, and a sender that uses it."""


@dataclass(frozen=True, slots=True)
class Logins:
    """Tries all; what one mailbox tells is evidence for the others."""

    walk: Walk
    token: TokenCheck

    async def each(self, boxes: Sequence[Box], checkup: Checkup, grants: Grants | None) -> list[tuple[Finding, Sender]]:
        """Findings of AUTH and MAIL FROM, each with the sender that it concerns."""
        tried = [(box, await self._try(box, checkup.token)) for box in boxes]
        let_in = any(_let_in(stopped) for _, stopped in tried)
        return [
            (one, box[1]) for box, stopped in tried for one in self._findings(box, stopped, checkup, grants, let_in=let_in)
        ]

    async def _try(self, box: Box, token: Token | None) -> Stopped | None:
        mailbox, sender = box
        visit = await self.walk.visit(mailbox)
        try:
            if visit.stopped is not None or token is None:
                return visit.stopped
            return await visit.login(token) or await visit.propose(sender.from_address)
        finally:
            await visit.leave()

    def _findings(
        self, box: Box, stopped: Stopped | None, checkup: Checkup, grants: Grants | None, *, let_in: bool
    ) -> list[Finding]:
        mailbox, sender = box
        proposed = f"MAIL FROM as {sender.name}, then RSET"
        if stopped is None:
            return [ok(Step.AUTH, mailbox), ok(Step.MAIL_FROM, mailbox, proposed)]
        evidence = self.token.evidence(mailbox, checkup.claims, checkup.graph_roles, grants)
        reason = told(stopped.reason, replace(evidence, other_let_in=let_in))
        refusal = fault(stopped.step, reason, mailbox, stopped.codes)
        return [refusal] if stopped.step is not Step.MAIL_FROM else [ok(Step.AUTH, mailbox), refusal]


def _let_in(stopped: Stopped | None) -> bool:
    return stopped is None or stopped.step is Step.MAIL_FROM
