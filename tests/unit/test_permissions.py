"""Who may send as whom, and to whom."""

from dataclasses import replace

import pytest

from shared.rules.config import Cloud, HttpAuth, Identity, MailConfig, OnUnknown, Sender
from shared.rules.envelope import Envelope
from shared.rules.mail import Mail
from shared.rules.permissions import allow, allow_mail
from shared.rules.problems import Refused

ALERTS = Sender(
    name="alerts",
    from_name="Alerts",
    from_address="alerts@contoso.test",
    mailboxes=("alerts@contoso.test",),
    on_unknown=OnUnknown.HOLD,
    allow_recipients=("contoso.test",),
    expires_after=86_400.0,
)


def config(*allowed: str) -> MailConfig:
    """Settings in which alerts may write to `allowed`, and reports to anybody."""
    cloud = Cloud(name="custom", smtp_host="127.0.0.1", smtp_port=587, authority="https://127.0.0.1", scope="x")
    alerts = replace(ALERTS, allow_recipients=allowed)
    reports = replace(ALERTS, name="reports", allow_recipients=("*",))
    senders = {"alerts": alerts, "reports": reports}
    return MailConfig(cloud=cloud, identity=Identity(), http_auth=HttpAuth.FUNCTION_KEY, senders=senders)


def envelope(*to: str, sender: str = "alerts", cc: tuple[str, ...] = (), bcc: tuple[str, ...] = ()) -> Envelope:
    """A small envelope."""
    return Envelope(sender=sender, to=to, cc=cc, bcc=bcc, subject="s", text="x")


def refusal(settings: MailConfig, what: Envelope, senders: set[str]) -> Refused:
    """The refusal that the envelope gets."""
    with pytest.raises(Refused) as caught:
        allow(settings, senders_allowed=senders, envelope=what)
    return caught.value


def test_the_rule_that_allowed_is_named() -> None:
    """The ledger stores which rule let a mail through."""
    rule = allow(config("contoso.test"), senders_allowed={"alerts"}, envelope=envelope("a@contoso.test"))
    assert rule == "senders.alerts.allow_recipients"


@pytest.mark.parametrize("entry", ["contoso.test", "CONTOSO.test", "*", "a@contoso.test", "A@Contoso.test"])
def test_a_domain_an_address_or_everybody_can_be_allowed(entry: str) -> None:
    """Each form of entry lets the address through, without regard to case."""
    assert allow(config("other.test", entry), senders_allowed={"alerts"}, envelope=envelope("a@contoso.test"))


@pytest.mark.parametrize(
    "address", ["a@sub.contoso.test", "a@xcontoso.test", "a@contoso.test.evil.test", "a@test", "contoso.test@evil.test"]
)
def test_only_the_domain_itself_is_allowed(address: str) -> None:
    """Neither what lies below it nor what merely looks like it."""
    refused = refusal(config("contoso.test", "b@evil.test"), envelope(address), {"alerts"})
    assert refused.code == "recipient-not-allowed"


def test_every_recipient_of_every_field_is_checked() -> None:
    """Each one that is not allowed is named by its place, and none by its address."""
    what = envelope("a@contoso.test", "b@evil.test", cc=("c@evil.test",), bcc=("d@contoso.test", "e@evil.test"))
    refused = refusal(config("contoso.test"), what, {"alerts"})
    assert [p.pointer for p in refused.problems] == ["/to/1", "/cc/0", "/bcc/1"]
    assert "evil" not in str(refused)


def test_nobody_is_allowed_where_the_list_is_empty() -> None:
    """No entry, no recipient."""
    assert refusal(config(), envelope("a@contoso.test"), {"alerts"}).code == "recipient-not-allowed"


def test_a_sender_of_somebody_else_is_refused_like_one_that_does_not_exist() -> None:
    """A caller cannot find out which senders there are."""
    codes = {refusal(config("*"), envelope("a@x.test", sender=name), {"reports"}).code for name in ("alerts", "nobody")}
    assert codes == {"sender-not-allowed"}


def test_a_sender_that_left_the_settings_is_unknown() -> None:
    """A caller that may use it is told so, at its field."""
    refused = refusal(config("*"), envelope("a@x.test", sender="gone"), {"gone"})
    assert (refused.code, refused.problems[0].pointer) == ("unknown-sender", "/sender")


def test_a_stored_mail_is_held_against_the_settings_of_now() -> None:
    """What was allowed yesterday is refused today where the settings changed."""
    mail = Mail(sender="alerts", subject="s", to=("a@contoso.test",), bcc=("b@other.test",), text="x")
    assert allow_mail(config("contoso.test", "other.test"), mail) == "senders.alerts.allow_recipients"
    with pytest.raises(Refused) as caught:
        allow_mail(config("contoso.test"), mail)
    assert (caught.value.code, caught.value.problems[0].pointer) == ("recipient-not-allowed", "/bcc/0")
    with pytest.raises(Refused) as unknown:
        allow_mail(replace(config("*"), senders={}), mail)
    assert unknown.value.code == "unknown-sender"
