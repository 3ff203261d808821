"""The story of the permission audit: evidence, import, drift, report, gauges, and what stands in no log."""

import json
import logging
from email import message_from_bytes, policy

import pytest

from shared.audit_order import AuditOrder, audit_order_from
from shared.audit_views import audit_view
from shared.rules.audit import Kind, Verdict, needs_of
from shared.rules.audit_words import text_of
from shared.rules.config import AuditSetting
from shared.rules.grants import FRESH
from shared.rules.outcome import Reason
from shared.rules.problems import Refused
from shared.rules.storage_errors import StorageUnavailable
from shared.telemetry import Attr, Metric
from tests.unit.audit_evidence import CLIENT, EXPORT, a_token, exported
from tests.unit.audit_rig import DECOY, AuditRig

REPORT = AuditSetting(sender="reports", to=("ops@contoso.test",))
WITH_EXPORT = AuditOrder(who="Sam", why="after onboarding", grants=EXPORT)
AGAIN = AuditOrder(who="Sam", why="again")


async def test_an_audit_is_kept_with_who_and_why() -> None:
    """And the export counts for the audits after it, too."""
    rig = AuditRig()
    first = await rig.audit.order(WITH_EXPORT)
    assert (first.verdict, first.who, first.why) == (Verdict.MINIMAL, "Sam", "after onboarding")
    assert (await rig.audit.order(AGAIN)).verdict is Verdict.MINIMAL
    assert [row.why for row in await rig.audit.newest()] == ["again", "after onboarding"]


async def test_without_an_export_nobody_knows() -> None:
    """Until one is imported, and again when it has grown old."""
    rig = AuditRig()
    assert (await rig.audit.order(AGAIN)).verdict is Verdict.UNKNOWN
    assert (await rig.audit.order(WITH_EXPORT)).verdict is Verdict.MINIMAL
    rig.stage.later(FRESH)
    old = await rig.audit.order(AGAIN)
    assert (old.verdict, old.exported_at) == (Verdict.UNKNOWN, None)


async def test_a_token_that_cannot_be_had_is_no_fault() -> None:
    """Its permissions stay unknown; the one for Microsoft Graph is covered by an export, as that names them."""
    rig = AuditRig()
    rig.graph.text = None
    assert (await rig.audit.order(WITH_EXPORT)).verdict is Verdict.MINIMAL
    rig.graph.text = "opaque"
    assert (await rig.audit.order(AGAIN)).verdict is Verdict.MINIMAL
    rig.tokens.text = None
    assert [one.code for one in (await rig.audit.order(AGAIN)).findings] == ["no-token"]


async def test_permissions_in_both_tokens_are_seen() -> None:
    """Those for Exchange and those for Microsoft Graph, fetched anew by each audit."""
    rig = AuditRig()
    rig.tokens.text, rig.graph.text = a_token("Mail.ReadWrite"), a_token("User.Read.All")
    row = await rig.audit.order(WITH_EXPORT)
    assert [one.code for one in row.findings] == ["mail-read-write", "graph-role"]
    assert row.verdict is Verdict.EXCESS
    assert await rig.audit.graph_roles() == ("User.Read.All",)
    asked = rig.graph.asked
    await rig.audit.order(AGAIN)
    assert rig.graph.asked == asked + 1


async def test_an_export_of_somebody_else_is_refused_and_not_kept() -> None:
    """The one before it goes on to count, and no audit is made of the order."""
    rig = AuditRig()
    await rig.audit.order(WITH_EXPORT)
    other = {**EXPORT, "principal": {"client_id": "c", "object_id": "o"}}
    with pytest.raises(Refused, match="principal"):
        await rig.audit.order(AuditOrder(who="Sam", why="x", grants=other))
    assert json.loads(rig.audits.text)["principal"]["client_id"] == CLIENT
    assert len(rig.audits.rows) == 1


async def test_drift_names_what_came_and_what_went() -> None:
    """Since the last audit that could see it: one without an export in between hides nothing and invents nothing."""
    rig = AuditRig()
    first = await rig.audit.order(WITH_EXPORT)
    assert not first.drifted
    text, rig.audits.text = rig.audits.text, ""
    blind = await rig.audit.order(AGAIN)
    assert not blind.drifted
    rig.audits.text = text
    wider = exported(role_assignments=[{"role": "Application SMTP.SendAsApp"}])
    changed = await rig.audit.order(AuditOrder(who="Sam", why="x", grants=wider))
    assert changed.added == ("rbac: Application SMTP.SendAsApp for every mailbox",)
    assert changed.removed == ("rbac: Application SMTP.SendAsApp for mail",)
    assert not (await rig.audit.order(AGAIN)).drifted


async def test_the_report_is_a_mail_with_every_finding_and_its_command() -> None:
    """Sent through the same door as every other mail, once for each audit."""
    rig = AuditRig(REPORT)
    row = await rig.audit.order(AuditOrder(who="Sam", why="x", grants=exported(smtp_auth_tenant=True)))
    assert await rig.stage.run() == 1
    (mail,) = rig.stage.gateway.mails
    said = message_from_bytes(mail.content, policy=policy.default)
    assert (mail.mailbox, said["To"]) == ("reports@contoso.test", "ops@contoso.test")
    assert said["Subject"] == "Permission audit: excess, 1 more than is needed"
    body = said.get_content().replace("\r\n", "\n")
    assert all(one.cause in body and one.command in body for one in row.findings)
    assert rig.stage.row.provenance.caller == "audit"


async def test_without_somebody_who_gets_it_there_is_no_mail() -> None:
    """The ledger of audits and the gauges are there all the same."""
    rig = AuditRig()
    await rig.audit.order(AGAIN)
    assert rig.stage.ledger.rows == {}
    assert len(rig.audits.rows) == 1


async def test_a_report_that_is_refused_does_not_undo_the_audit() -> None:
    """It is counted as a fault."""
    rig = AuditRig(AuditSetting(sender="reports", to=("ops@fabrikam.test",)))
    await rig.audit.order(AGAIN)
    assert len(rig.audits.rows) == 1
    assert (Metric.FAULTS, {Attr.DOOR: "audit", Attr.REASON: "Refused"}) in rig.recorder.counts


async def test_the_report_shows_nothing_that_hides_or_breaks_lines() -> None:
    """Names come from a file: a line break or a mark that reorders text stands there as a replacement."""
    rig = AuditRig()
    box = {"address": "a\n\u202eb@contoso.test", "exists": True, "in_scope": True}
    row = await rig.audit.order(AuditOrder(who="Sam", why="x", grants=exported(mailboxes=[box])))
    assert "a\ufffd\ufffdb@contoso.test" in text_of(row)


async def test_gauges_say_how_many_and_how_old() -> None:
    """By kind, none of them left out, so that a gauge falls when its cause is gone."""
    rig = AuditRig()
    rig.tokens.text = a_token("Mail.Read")
    await rig.audit.order(WITH_EXPORT)
    said = {one[Attr.FINDING]: value for metric, value, one in rig.recorder.gauges if metric is Metric.AUDIT_FINDINGS}
    assert said == {"excess": 1, "alarm": 0, "unknown": 0, "missing": 0, "note": 0}
    assert (Metric.AUDIT_EXPORT_AGE, 3600, {}) in rig.recorder.gauges


async def test_no_address_and_no_name_of_a_grant_is_logged_or_measured(caplog: pytest.LogCaptureFixture) -> None:
    """Logs can be pasted in public (design rule 7), also when grants changed and the decoy got through."""
    caplog.set_level(logging.DEBUG)
    rig = AuditRig(AuditSetting(sender="reports", to=("ops@contoso.test",), decoy=DECOY))
    await rig.audit.order(WITH_EXPORT)
    rig.tokens.text = a_token("Mail.Read")
    await rig.audit.order(AGAIN)
    spans = [str(dict(span.attributes or {})) for span in rig.recorder.exporter.get_finished_spans()]
    said = " ".join([caplog.text, str(rig.recorder.counts), str(rig.recorder.gauges), *spans])
    assert "1 grants came and 0 went" in caplog.text
    assert not any(word in said for word in ("contoso", "Mail.Read", rig.tokens.text, CLIENT))


async def test_an_audit_that_storage_does_not_keep_fails() -> None:
    """The operator is told; nothing is reported that is not in the ledger."""
    rig = AuditRig(REPORT)
    rig.audits.fail_next(StorageUnavailable(Reason("storage-down", "made up"), 30.0))
    with pytest.raises(StorageUnavailable):
        await rig.audit.order(AGAIN)
    assert rig.stage.ledger.rows == {}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"who": "Sam"}, "/why"),
        ({"who": "Sam", "why": "x", "grant": {}}, "/grant"),
        ({"who": "Sam", "why": "x", "grants": []}, "/grants"),
        ({"who": "Sam", "why": "x", "grants": {**EXPORT, "version": 2}}, "/grants/version"),
        ({"who": "Sam\n", "why": "x"}, "/who"),
    ],
)
def test_an_order_in_another_form_is_refused_by_name(body: dict[str, object], pointer: str) -> None:
    """The fields of the export among them, by where they stand in the body."""
    with pytest.raises(Refused) as refused:
        audit_order_from(json.dumps(body).encode())
    assert [one.pointer for one in refused.value.problems] == [pointer]


def test_what_mail_toml_needs_follows_from_its_senders() -> None:
    """Each mailbox with the From addresses of its senders."""
    rig = AuditRig()
    needs = needs_of(rig.audit.config)
    assert needs.own == needs.mailboxes == ("alerts@contoso.test", "reports@contoso.test")
    assert needs.from_of["alerts@contoso.test"] == {"alerts@contoso.test"}
    assert not needs.high_volume


async def test_what_operators_see_is_the_whole_audit() -> None:
    """Names and commands too: they are the ones who act."""
    rig = AuditRig()
    view = audit_view(await rig.audit.order(AuditOrder(who="Sam", why="x", grants=exported(smtp_auth_tenant=True))))
    assert view["verdict"] == "excess"
    assert view["findings"][0]["kind"] == Kind.EXCESS.value
    assert "Set-TransportConfig" in view["findings"][0]["command"]
    assert view["grants"]["mailboxes"] == ["SMTP AUTH for the tenant", "in scope: alerts@contoso.test"]
    assert view["decoy"] is None
