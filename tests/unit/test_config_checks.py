"""What the tables of mail.toml say about each other, and what is sound but unwise."""

import pytest

from shared.rules.addresses import check_address
from shared.rules.callers import Caller
from shared.rules.clouds import WORLDWIDE
from shared.rules.config import HttpAuth, Identity, MailConfig, Retention
from shared.rules.config_checks import advise
from shared.rules.config_references import may_receive
from shared.rules.envelope import Envelope
from shared.rules.permissions import allow
from shared.rules.problems import Refused
from tests.unit.mail_toml_texts import GUID, PRODUCER, SENDERS, WHOLE, changed, names, read


def test_a_whole_file_is_sound() -> None:
    """Every table at once, without a fault and without a warning."""
    tables, faults = read(WHOLE)
    assert not faults
    assert advise(tables) == []
    assert tables.producers["default"].senders == ("alerts", "reports")
    assert tables.webhooks["demo"].template == "event"
    assert tables.digests["daily"].time_zone == "Europe/London"


def test_a_file_without_a_sender_is_a_fault() -> None:
    """An empty file says that nothing could be sent."""
    assert names("") == ["senders"]


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ('from = "alerts@contoso.test"', 'from = "alerts"', "senders.alerts.from"),
        ('from = "alerts@contoso.test"', 'from = "A <a@contoso.test>, B <b@contoso.test>"', "senders.alerts.from"),
        ('from = "alerts@contoso.test"', 'from = "A\\nBcc: x <a@contoso.test>"', "senders.alerts.from"),
        ('from = "alerts@contoso.test"', "from = 7", "senders.alerts.from"),
        ('mailboxes = ["alerts@contoso.test"]', "mailboxes = []", "senders.alerts.mailboxes"),
        ('mailboxes = ["alerts@contoso.test"]', 'mailboxes = ["a@contoso.test", "A b@x"]', "senders.alerts.mailboxes[1]"),
        ('mailboxes = ["alerts@contoso.test"]', 'mailboxes = "alerts@contoso.test"', "senders.alerts.mailboxes"),
        (
            'mailboxes = ["alerts@contoso.test"]',
            'mailboxes = ["a@contoso.test", "A@contoso.test"]',
            "senders.alerts.mailboxes",
        ),
        ('on_unknown = "resend"', 'on_unknown = "drop"', "senders.alerts.on_unknown"),
        ('on_unknown = "resend"', "", "senders.alerts.on_unknown"),
        ('on_unknown = "resend"', 'on_unknown = "hold"\nallow_recipients = []', "senders.alerts.allow_recipients"),
        (
            'on_unknown = "resend"',
            'on_unknown = "hold"\nallow_recipients = ["*.contoso.test"]',
            "senders.alerts.allow_recipients[0]",
        ),
        ('queue = "outbox"', 'queue = "sending"', "producers.default.queue"),
        ('queue = "outbox"', 'queue = "outbox-poison"', "producers.default.queue"),
        ('queue = "outbox"', 'queue = "Outbox"', "producers.default.queue"),
        ('queue = "outbox"', 'queue = "out--box"', "producers.default.queue"),
        ('queue = "outbox"', 'queue = "-outbox"', "producers.default.queue"),
        ('queue = "outbox"', 'queue = "ob"', "producers.default.queue"),
        ('queue = "outbox"', f'queue = "{"q" * 57}"', "producers.default.queue"),
        ('senders = ["alerts", "reports"]', "senders = []", "producers.default.senders"),
        ('senders = ["alerts", "reports"]', 'senders = ["reports", "alert"]', "producers.default.senders[1]"),
        ('verify = "github"', 'verify = "gitlab"', "webhooks.demo.verify"),
        ('secrets = ["DEMO_SECRET"]', "secrets = []", "webhooks.demo.secrets"),
        ('secrets = ["DEMO_SECRET"]', 'secrets = ["whsec_abc+/="]', "webhooks.demo.secrets[0]"),
        ('secrets = ["DEMO_SECRET"]', 'secrets = ["MailStorage"]', "webhooks.demo.secrets[0]"),
        ('secrets = ["DEMO_SECRET"]', 'secrets = ["IDENTITY_HEADER"]', "webhooks.demo.secrets[0]"),
        ('sender = "alerts"', 'sender = "alarm"', "webhooks.demo.sender"),
        ('sender = "alerts"', "", "webhooks.demo.sender"),
        ('to = ["ops@contoso.test"]\ntemplate = "event"', 'template = "event"', "webhooks.demo.to"),
        ('to = ["ops@contoso.test"]', 'to = ["ops@example.com"]', "webhooks.demo.to[0]"),
        ('to = ["ops@contoso.test"]', 'to = ["ops@sub.contoso.test"]', "webhooks.demo.to[0]"),
        ('template = "event"', 'template = "../event"', "webhooks.demo.template"),
        ('template = "event"', 'template = "evnt"', "webhooks.demo.template"),
        ('template = "event"', "", "webhooks.demo.template"),
        ('template = "event"', 'template = "event"\ndigest = "daily"', "webhooks.demo.template"),
        ('template = "event"', 'digest = "weekly"', "webhooks.demo.digest"),
        ('schedule = "0 7 * * *"', 'schedule = "0 25 * * *"', "digests.daily.schedule"),
        ('schedule = "0 7 * * *"', 'schedule = "0 7 30 2 *"', "digests.daily.schedule"),
        ('schedule = "0 7 * * *"', 'schedule = "7 o\'clock"', "digests.daily.schedule"),
        ('time_zone = "Europe/London"', 'time_zone = "Europe/Londn"', "digests.daily.time_zone"),
        ('time_zone = "Europe/London"', 'time_zone = "../../etc/passwd"', "digests.daily.time_zone"),
        ('sender = "reports"', 'sender = "report"', "digests.daily.sender"),
        ('template = "digest"', 'template = "none"', "digests.daily.template"),
    ],
)
def test_one_wrong_value_is_one_fault_with_its_path(old: str, new: str, path: str) -> None:
    """Every rule has its culprit, and no other table is blamed."""
    assert names(changed(old, new)) == [path]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('payload = "30m"', "retention.payload"),
        ('payload = "91d"', "retention.payload"),
        ("payload = 1", "retention.payload"),
        ('rows = "1d"', "retention.rows"),
        ('rows = "20000d"', "retention.rows"),
        ('payload = "30d"\nrows = "29d"', "retention.rows"),
        ('row = "90d"', "retention.row"),
    ],
)
def test_an_unsound_retention_is_one_fault_with_its_path(text: str, path: str) -> None:
    """Out of bounds, or rows gone before their content."""
    assert names(f"{WHOLE}[retention]\n{text}\n") == [path]


def test_retention_is_a_day_and_ninety_unless_the_file_says_otherwise() -> None:
    """Content and rows, in seconds."""
    assert read(WHOLE)[0].retention == Retention(86_400.0, 90 * 86_400.0)
    tables, faults = read(f'{WHOLE}[retention]\npayload = "7d"\nrows = "7d"\n')
    assert not faults
    assert tables.retention == Retention(7 * 86_400.0, 7 * 86_400.0)


@pytest.mark.parametrize(
    ("limit", "published"), [("messages_per_minute", 30), ("connections", 3), ("recipients_per_day", 10_000)]
)
def test_a_limit_above_exchange_s_is_a_warning(limit: str, published: int) -> None:
    """The published limit itself is fine, one more is not; other relays have limits of their own."""

    def warned(value: int, cloud: str) -> list[str]:
        text = cloud + changed('on_unknown = "resend"', f'on_unknown = "resend"\n{limit} = {value}')
        tables, faults = read(text)
        assert not faults
        return [warning.name for warning in advise(tables)]

    assert warned(published, "") == []
    assert warned(published + 1, "") == [f"senders.alerts.{limit}"]
    assert warned(published + 1, '[cloud]\nname = "custom"\n') == []


def test_an_unproven_cloud_is_a_warning() -> None:
    """It may work; nobody has seen it."""
    tables, faults = read('[cloud]\nname = "dod"\n' + SENDERS)
    assert not faults
    assert [warning.name for warning in advise(tables)] == ["cloud.name"]


@pytest.mark.parametrize(
    ("auth", "reader", "fits"),
    [
        ("function-key", "function-key", True),
        ("function-key", "x", False),
        ("entra", "x", True),
        ("entra", "y", False),
        ("entra", "function-key", False),
    ],
)
def test_a_reader_that_can_never_ask_is_a_warning(auth: str, reader: str, *, fits: bool) -> None:
    """The one caller with function keys, and those of the file with bearer tokens."""
    caller = f'[callers.x]\napplication = "{GUID}"\nsenders = ["alerts"]\n' if auth == "entra" else ""
    tables, faults = read(f'[http]\nauth = "{auth}"\n' + SENDERS + PRODUCER + f'readers = ["{reader}"]\n' + caller)
    assert not faults
    assert [w.name for w in advise(tables)] == ([] if fits else ["producers.default.readers[0]"])


def test_two_producers_cannot_share_a_queue() -> None:
    """Whoever may write to a queue is one producer."""
    assert names(WHOLE + '[producers.second]\nqueue = "outbox"\nsenders = ["alerts"]\n') == ["producers.second.queue"]


def test_senders_that_share_a_mailbox_say_the_same_limits() -> None:
    """A mailbox has one pace, whoever uses it."""
    shared = changed('mailboxes = ["reports@contoso.test"]', 'mailboxes = ["Alerts@contoso.test"]')
    assert names(shared) == []
    assert names(changed('on_unknown = "hold"', 'on_unknown = "hold"\nconnections = 2', shared)) == [
        "senders.reports.connections"
    ]


@pytest.mark.parametrize(
    ("rules", "recipient", "fits"),
    [
        (["contoso.test"], "ops@contoso.test", True),
        (["Contoso.test"], "ops@CONTOSO.test", True),
        (["contoso.test"], "ops@sub.contoso.test", False),
        (["contoso.test"], "ops@evilcontoso.test", False),
        (["bob@example.com"], "Bob@example.com", True),
        (["bob@example.com"], "eve@example.com", False),
        (["*"], "anybody@example.com", True),
    ],
)
def test_what_a_file_may_promise_is_what_a_mail_may_do(rules: list[str], recipient: str, *, fits: bool) -> None:
    """The check of the file and the check of every mail agree."""
    tables, _ = read(changed('on_unknown = "resend"', f'on_unknown = "resend"\nallow_recipients = {rules!r}', SENDERS))
    sender = tables.senders["alerts"]
    assert may_receive(sender, recipient) is fits
    config = MailConfig(WORLDWIDE, Identity(), HttpAuth.FUNCTION_KEY, senders={"alerts": sender})
    envelope = Envelope(sender="alerts", to=(check_address(recipient),), subject="s", text="t")
    try:
        allow(config, Caller("x", frozenset({"alerts"}), "x"), envelope)
    except Refused:
        assert not fits
    else:
        assert fits
