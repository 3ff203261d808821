"""`python -m ops doctor`: walks the way of a mail inside the app and says at each fault which command cures it.

Inside the app, because whoever asks has another identity and another network. Nothing is sent unless a mail is asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec

from shared.doctor_logins import Logins
from shared.doctor_mail import DoctorMail
from shared.doctor_ports import NewestGrants, Visit, Walk
from shared.doctor_stops import of_stops
from shared.doctor_storage import StorageTrials
from shared.doctor_token import Checkup, TokenCheck
from shared.rules.config import MailConfig, Sender
from shared.rules.cures import Ids, filled
from shared.rules.faults import Fault
from shared.rules.field_rules import single_line
from shared.rules.findings import (
    VERDICTS,
    Finding,
    Standing,
    Step,
    fault,
    ok,
    skipped,
    verdict_of,
    warning,
)
from shared.rules.grants import FRESH, Grants
from shared.rules.mail_filter import Name
from shared.rules.outcome import Reason
from shared.rules.storage_errors import StorageFault, StorageForbidden, StorageUnavailable
from shared.rules.strict import Check, Problem, Refused, convert, parse_json
from shared.status import iso
from shared.steer import LONGEST_NAME, ORDER_LIMIT
from shared.stops import StopKeeper


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks, about which sender (all where none is named), and whether a mail is to be sent to its own mailbox."""

    who: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME), Check(single_line)]
    sender: Name | None = None
    send: bool = False


def question_from(body: bytes) -> Question:
    """The question in a JSON body; raises `Refused`."""
    return convert(parse_json(body, limit=ORDER_LIMIT), Question)


def report(findings: Sequence[Finding], at: float) -> dict[str, Any]:
    """JSON data: the verdict in a word and a sentence, and every finding."""
    verdict = verdict_of(findings)
    return {
        "at": iso(at),
        "verdict": verdict.value,
        "told": VERDICTS[verdict],
        "findings": [_view(finding) for finding in findings],
    }


def of_settings(faults: Sequence[Fault], warnings: Sequence[Fault]) -> list[Finding]:
    """What is wrong with settings and mail.toml, each by the name of its setting."""
    found = [fault(Step.SETTINGS, _of_setting(one), one.name) for one in faults]
    found += [warning(Step.SETTINGS, _of_setting(one), one.name) for one in warnings]
    return found or [ok(Step.SETTINGS, seen="mail.toml and the app settings are sound")]


@dataclass(frozen=True, slots=True)
class Doctor:
    """The story. `ids` are what this deployment is called; `clock` gives epoch seconds."""

    config: MailConfig
    warnings: Sequence[Fault]
    ids: Ids
    walk: Walk
    storage: StorageTrials
    token: TokenCheck
    newest_grants: NewestGrants
    stops: StopKeeper
    mail: DoctorMail
    clock: Callable[[], float]

    async def examine(self, question: Question) -> dict[str, Any]:
        """The whole way for one sender or all; raises `Refused` for a sender that mail.toml does not have."""
        senders = self._senders(question.sender)
        round_ = _Round(self, senders, self.ids)
        findings = await round_.walk(await self._fresh_grants())
        if question.send:
            findings += await self._send(senders, findings, question.who, round_.ids)
        return report(findings, self.clock())

    def _senders(self, name: str | None) -> list[Sender]:
        if name is None:
            return list(self.config.senders.values())
        sender = self.config.senders.get(name)
        if sender is None:
            known = ", ".join(self.config.senders)
            raise Refused([Problem("/sender", f"there is no such sender; mail.toml has: {known}")])
        return [sender]

    async def _fresh_grants(self) -> Grants | None:
        """An export that still says what is; one that cannot be read is no evidence, and the storage trials say why."""
        try:
            grants = await self.newest_grants()
        except StorageFault:
            return None
        return grants if grants is not None and self.clock() - grants.exported_at < FRESH else None

    async def _send(self, senders: Sequence[Sender], found: Sequence[Finding], who: str, ids: Ids) -> list[Finding]:
        sent = []
        for sender in senders:
            if any(_in_the_way(one, sender) for one in found):
                sent.append(skipped(Step.SEND, sender.name, "not sent, as something is in its way already"))
            else:
                sent.append(_filled(await self.mail.send(sender, who=who), _of_sender(ids, sender)))
        return sent


@dataclass(slots=True)
class _Round:
    """One examination; `ids` grow with what is learnt on the way."""

    doctor: Doctor
    senders: Sequence[Sender]
    ids: Ids

    async def walk(self, grants: Grants | None) -> list[Finding]:
        """Every step up to MAIL FROM, each with its cure filled in."""
        boxes = [box for sender in self.senders for box in sender.mailboxes]
        checkup = await self.doctor.token.check(grants, max(self.doctor.walk.login_margin(box) for box in boxes))
        client_id = checkup.client_id or self.ids.client_id
        self.ids = replace(self.ids, client_id=client_id, object_id=checkup.object_id)
        findings = [*of_settings((), self.doctor.warnings), *await self.doctor.storage.run()]
        first = await self.doctor.walk.visit(self.senders[0].mailboxes[0])
        await first.leave()
        host, port = first.server
        self.ids = replace(self.ids, server=host, port=str(port))
        findings += [*_arrival(first), *checkup.findings]
        filled_in = [_filled(one, self.ids) for one in findings]
        return [*filled_in, *await self._logins(first, checkup, grants), *await self._stops()]

    async def _logins(self, first: Visit, checkup: Checkup, grants: Grants | None) -> list[Finding]:
        boxes = [(box, sender) for sender in self.senders for box in sender.mailboxes]
        if first.stopped is not None or checkup.token is None:
            why = "not tried: the server is out of reach" if first.stopped else "not tried: there is no token"
            return [skipped(Step.AUTH, box, why) for box in dict.fromkeys(box for box, _ in boxes)]
        logins = Logins(self.doctor.walk, self.doctor.token)
        found = await logins.each(boxes, checkup, grants)
        return [_filled(one, replace(_of_sender(self.ids, sender), mailbox=one.subject)) for one, sender in found]

    async def _stops(self) -> list[Finding]:
        try:
            found = await of_stops(self.doctor.stops, self.senders)
        except (StorageUnavailable, StorageForbidden) as down:
            found = [fault(Step.STOPS, down.reason)]
        return [_filled(one, replace(self.ids, mailbox=one.subject)) for one in found]


def _in_the_way(finding: Finding, sender: Sender) -> bool:
    """A fault of the whole app, or of this sender's own mailboxes."""
    common = finding.step not in (Step.AUTH, Step.MAIL_FROM, Step.STOPS)
    return finding.standing is Standing.FAULT and (common or finding.subject in (*sender.mailboxes, sender.name, ""))


def _arrival(visit: Visit) -> list[Finding]:
    """What the way to the server showed, up to where it ended."""
    host, port = visit.server
    findings = [ok(seen.step, f"{host}:{port}", seen.facts) for seen in visit.steps]
    if visit.stopped is not None:
        findings.append(fault(visit.stopped.step, visit.stopped.reason, f"{host}:{port}", visit.stopped.codes))
    return findings


def _of_sender(ids: Ids, sender: Sender) -> Ids:
    return replace(ids, mailbox=sender.mailboxes[0], from_mailbox=sender.from_address)


def _filled(finding: Finding, ids: Ids) -> Finding:
    if finding.reason is None:
        return finding
    return replace(finding, reason=replace(finding.reason, fix=filled(finding.reason.fix, ids)))


def _of_setting(one: Fault) -> Reason:
    return Reason("setting", one.cause, one.cure)


def _view(finding: Finding) -> dict[str, Any]:
    reason = finding.reason
    return {
        "step": finding.step.value,
        "standing": finding.standing.value,
        "subject": finding.subject,
        "seen": finding.seen,
        "code": reason.code if reason else None,
        "cause": reason.text if reason else None,
        "fix": reason.fix if reason else None,
    }
