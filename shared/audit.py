"""The permission audit: what may the app's identity do beyond sending, what changed, and does Exchange refuse the decoy?

It looks at tokens and at the export that an administrator imported; it asks neither Microsoft Graph nor Azure, and the app
holds no right to. An audit is kept, measured, and mailed where mail.toml names somebody.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.accept import Accept, KeyConflict, Origin
from shared.audit_decoy import Decoy, Shown, finding_of
from shared.audit_order import AuditOrder, export_of
from shared.audit_ports import Audits, Sight
from shared.ports import Tokens
from shared.rules.audit import Evidence, Finding, Holder, Kind, Seen, needs_of, verdict_of
from shared.rules.audit_commands import Ids
from shared.rules.audit_judge import counts, judge, refuse_doubtful
from shared.rules.audit_rows import KEPT, AuditRow, drift
from shared.rules.audit_words import subject_of, text_of
from shared.rules.callers import Caller
from shared.rules.config import MailConfig
from shared.rules.envelope import Envelope
from shared.rules.grants import EXCHANGE_APP_ID, GRAPH_APP_ID
from shared.rules.problems import Refused
from shared.rules.storage_errors import BrokenRow, NewerRow, NotStorable
from shared.rules.token_claims import claims_of
from shared.rules.token_errors import TokenUnavailable
from shared.telemetry import Attr, Metric, Telemetry

log = logging.getLogger("keyless_mail")

DOOR = "audit"
"""Where the report comes from, in the ledger and in the telemetry."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The story of one audit. `sights` are the tokens to look at beside the one that sends; `new_id` gives 32 hex digits."""

    config: MailConfig
    tokens: Tokens
    sights: Sequence[Sight]
    decoy: Decoy
    audits: Audits
    accept: Accept
    telemetry: Telemetry
    clock: Callable[[], float]
    new_id: Callable[[], str]

    async def order(self, order: AuditOrder) -> AuditRow:
        """Import the export that the order may hold, then audit. Raises `Refused` for an export that cannot be evidence."""
        export = export_of(order)
        if export is not None:
            refuse_doubtful(Evidence(await self._seen(), export), self.clock())
            await self.audits.keep_export(order.text)
        return await self.run(who=order.who, why=order.why)

    async def newest(self) -> Sequence[AuditRow]:
        """The audits that are kept, the newest first."""
        return await self.audits.newest(KEPT)

    async def run(self, *, who: str, why: str) -> AuditRow:
        """Audit now, keep the result, and tell of it."""
        audit_id, now = self.new_id(), self.clock()
        with self.telemetry.span("audit", parent=""):
            evidence = Evidence(await self._seen(), await self.audits.export())
            judged = judge(needs_of(self.config), evidence, now)
            shown, tried = await self._try_decoy(audit_id, now, judged.ids)
            findings = (*tried, *judged.findings)
            change = drift(judged.grants, await self.newest())
            row = AuditRow(
                id=audit_id,
                at=now,
                verdict=verdict_of(findings),
                findings=findings,
                grants=judged.grants,
                added=change.added,
                removed=change.removed,
                decoy=shown,
                exported_at=evidence.export.exported_at if evidence.export and counts(evidence, now) else None,
                who=who,
                why=why,
            )
            await self.audits.add(row)
            self._say(row)
            await self._mail(row)
            return row

    async def graph_roles(self) -> tuple[str, ...]:
        """Permissions in the token for Microsoft Graph of the principal that sends; () where there is no such token."""
        wanted = (Holder.SENDER, GRAPH_APP_ID)
        seen = [await _look(sight) for sight in self.sights if (sight.holder, sight.resource) == wanted]
        return tuple(role for one in seen if one is not None for role in one.claims.roles)

    def measure(self, row: AuditRow) -> None:
        """Set the gauges: findings by kind, and the age of the export that counted; no name may be in them."""
        for kind in Kind:
            self.telemetry.gauge(Metric.AUDIT_FINDINGS, row.count(kind), {Attr.FINDING: kind.value})
        if row.exported_at is not None:
            self.telemetry.gauge(Metric.AUDIT_EXPORT_AGE, max(0, int(self.clock() - row.exported_at)))

    async def _seen(self) -> tuple[Seen, ...]:
        """The claims of every token that can be had. A refusal is no fault: what it would say stays unknown."""
        found: list[Seen] = []
        try:
            text = (await self.tokens.get()).value
        except TokenUnavailable:
            text = ""
        if (claims := claims_of(text)) is not None:
            found.append(Seen(Holder.SENDER, EXCHANGE_APP_ID, claims))
        others = [await _look(sight) for sight in self.sights]
        return (*found, *(one for one in others if one is not None))

    async def _try_decoy(self, audit_id: str, now: float, ids: Ids) -> tuple[str, tuple[Finding, ...]]:
        """What the decoy showed, and the finding of it."""
        address = self.config.audit.decoy
        if not address:
            return "", ()
        proof = await self.decoy(address, audit_id, now)
        if proof.shown is Shown.ACCEPTED:
            log.error(
                "permission audit: Exchange accepted a mail from the decoy; python -m ops audit says what to take away"
            )
            self.telemetry.count(Metric.FAULTS, {Attr.DOOR: DOOR, Attr.REASON: "decoy-accepted"})
        finding = finding_of(proof, address, self.config.identity.model, ids)
        return proof.shown.value, () if finding is None else (finding,)

    def _say(self, row: AuditRow) -> None:
        """Numbers and codes only: names of grants hold addresses."""
        self.measure(row)
        counts = ", ".join(f"{row.count(kind)} {kind}" for kind in Kind if row.count(kind))
        log.info("permission audit: %s (%s)", row.verdict.value, counts or "nothing found")
        if row.drifted:
            log.warning("permission audit: %d grants came and %d went since the last one", len(row.added), len(row.removed))

    async def _mail(self, row: AuditRow) -> None:
        """The report, once for each audit. What keeps it from being taken is logged; the audit is kept all the same."""
        setting = self.config.audit
        if not setting.to:
            return
        envelope = Envelope(sender=setting.sender, to=setting.to, subject=subject_of(row), text=text_of(row))
        try:
            await self.accept(envelope, Caller(DOOR, frozenset({setting.sender}), DOOR), Origin(door=DOOR, key=row.id))
        except (Refused, KeyConflict, BrokenRow, NewerRow, NotStorable) as failed:
            log.warning("permission audit: the report cannot be sent: %s", failed)
            self.telemetry.count(Metric.FAULTS, {Attr.DOOR: DOOR, Attr.REASON: type(failed).__name__})


async def _look(sight: Sight) -> Seen | None:
    """The claims of a token that is only looked at; None where it cannot be had or read."""
    try:
        text, _ = await sight.fetch()
    except TokenUnavailable:
        return None
    claims = claims_of(text)
    return None if claims is None else Seen(sight.holder, sight.resource, claims)
