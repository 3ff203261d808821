"""Who may send as whom, and to whom."""

from dataclasses import replace

import msgspec
import pytest

from shared.rules.callers import Caller, application
from shared.rules.config import CallerSetting, Cloud, HttpAuth, Identity, MailConfig, OnUnknown, Priority, Sender
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


ANYONE = Caller("x", frozenset({"alerts", "reports"}), "callers.x")
"""A caller without limits of its own."""

SHOP = CallerSetting("shop", ("reports",), application="a")
"""A caller that is named in mail.toml."""


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
        allow(settings, Caller("x", frozenset(senders), "callers.x"), what)
    return caught.value


def test_the_rule_that_allowed_is_named() -> None:
    """The ledger stores which rule let a mail through."""
    rule = allow(config("contoso.test"), ANYONE, envelope("a@contoso.test"))
    assert rule == "senders.alerts.allow_recipients"


@pytest.mark.parametrize("entry", ["contoso.test", "CONTOSO.test", "*", "a@contoso.test", "A@Contoso.test"])
def test_a_domain_an_address_or_everybody_can_be_allowed(entry: str) -> None:
    """Each form of entry lets the address through, without regard to case."""
    assert allow(config("other.test", entry), ANYONE, envelope("a@contoso.test"))


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


def test_a_caller_with_templates_sends_nothing_else() -> None:
    """Free text would make the list worthless; an empty list leaves nothing."""
    shop = application(replace(SHOP, templates=("alert",)))
    templated = Envelope(sender="reports", to=("a@x.test",), template="alert", data={})
    assert allow(config(), shop, templated)
    for caller, what in (
        (shop, replaced(templated, template="event")),
        (shop, envelope("a@x.test", sender="reports")),
        (replace(shop, templates=frozenset()), templated),
    ):
        with pytest.raises(Refused) as refused:
            allow(config(), caller, what)
        assert (refused.value.code, refused.value.problems[0].pointer) == ("template-not-allowed", "/template")


@pytest.mark.parametrize(("highest", "allowed"), [("high", 3), ("normal", 2), ("bulk", 1)])
def test_a_caller_has_a_highest_priority(highest: Priority, allowed: int) -> None:
    """Above it a mail is refused and not lowered in silence."""
    shop = application(replace(SHOP, priority=highest))
    lanes: tuple[Priority, ...] = ("bulk", "normal", "high")
    for number, priority in enumerate(lanes):
        what = replaced(envelope("a@x.test", sender="reports"), priority=priority)
        if number < allowed:
            assert allow(config(), shop, what)
            continue
        with pytest.raises(Refused) as refused:
            allow(config(), shop, what)
        assert (refused.value.code, refused.value.problems[0].pointer) == ("priority-not-allowed", "/priority")


def test_a_callers_domains_narrow_the_senders() -> None:
    """In every recipient field, beside what the sender itself may do."""
    shop = application(replace(SHOP, senders=("alerts", "reports"), recipients=("contoso.test",)))
    what = envelope("a@contoso.test", "b@x.test", sender="reports", bcc=("c@x.test",))
    with pytest.raises(Refused) as refused:
        allow(config(), shop, what)
    assert [p.pointer for p in refused.value.problems] == ["/to/1", "/bcc/0"]
    assert "callers.shop.recipients" in refused.value.problems[0].message
    with pytest.raises(Refused):
        allow(config("other.test"), shop, envelope("a@contoso.test"))


def test_replies_go_to_known_domains() -> None:
    """The sender's own, and those that the caller's table lists; callers without a table may say any."""
    own, listed, other = (
        replaced(envelope("a@x.test", sender="reports"), reply_to=(address,))
        for address in ("r@contoso.test", "r@partner.test", "r@evil.test")
    )
    shop = application(replace(SHOP, reply_to=("partner.test",)))
    assert allow(config(), shop, own)
    assert allow(config(), shop, listed)
    assert allow(config(), ANYONE, other)
    with pytest.raises(Refused) as refused:
        allow(config(), shop, other)
    assert (refused.value.code, refused.value.problems[0].pointer) == ("reply-to-not-allowed", "/reply_to/0")


def test_strangers_do_not_see_long_lists_of_each_other() -> None:
    """Ten in to and cc together; bcc and the sender's own domain do not count, and a sender may allow more."""
    outside = tuple(f"p{n}@x.test" for n in range(11))
    inside = tuple(f"p{n}@contoso.test" for n in range(20))
    assert allow(config(), ANYONE, envelope(*outside[:10], *inside, sender="reports", bcc=outside))
    crowd = envelope(*outside[:6], sender="reports", cc=outside[6:])
    with pytest.raises(Refused) as refused:
        allow(config(), ANYONE, crowd)
    assert (refused.value.code, refused.value.problems[0].pointer) == ("too-many-visible", "/to")
    settings = config()
    wide = replace(settings.senders["reports"], visible_external=11)
    assert allow(replace(settings, senders={"reports": wide}), ANYONE, crowd)


def replaced(what: Envelope, **changes: object) -> Envelope:
    """The envelope with some fields changed."""
    return msgspec.structs.replace(what, **changes)
