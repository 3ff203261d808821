"""What both senders send: the same mails from the same envelope, of about 2 kB on the wire."""

from dataclasses import dataclass

from bench.simulator import WITHOUT_LIMIT
from shared.compose import Composer
from shared.rules import callers
from shared.rules.config import Cloud, HttpAuth, Identity, MailConfig, OnUnknown, Producer, Sender
from shared.rules.envelope import Envelope, envelope_from
from shared.rules.mail import Mail
from tests.fakes.packaged import FakeAttachments, FakeTemplates

MAILBOX = "alerts@contoso.test"
CONNECTIONS = 3
"""Of one mailbox: what Exchange Online allows at once."""

_LINE = "Volume /var/lib/data on db-01 is at 93 % and grows by 2 GB an hour.\n"
_LINES = 21  # with the headers about 2 kB


@dataclass(frozen=True, slots=True)
class Sample:
    """The settings, the envelope and the mail that every round sends."""

    config: MailConfig
    envelope: Envelope
    mail: Mail


async def sample(smtp_port: int) -> Sample:
    """The mail, composed as the app composes it; raises `Refused` where the envelope is not sound."""
    config = _config(smtp_port)
    envelope = envelope_from(
        {"sender": "alerts", "to": ["ops@contoso.test"], "subject": "Disk almost full on db-01", "text": _LINE * _LINES}
    )
    caller = callers.producer(config.producers["default"])
    composed = await Composer(FakeTemplates(), FakeAttachments()).compose(envelope, caller)
    return Sample(config, envelope, composed.mail)


def _config(smtp_port: int) -> MailConfig:
    sender = Sender(
        name="alerts",
        from_name="Contoso Alerts",
        from_address=MAILBOX,
        mailboxes=(MAILBOX,),
        on_unknown=OnUnknown.RESEND,
        allow_recipients=("contoso.test",),
        expires_after=86_400.0,
        messages_per_minute=WITHOUT_LIMIT,
        connections=CONNECTIONS,
        recipients_per_day=WITHOUT_LIMIT,
    )
    return MailConfig(
        cloud=Cloud("custom", "localhost", smtp_port, "", ""),
        identity=Identity(),
        http_auth=HttpAuth.FUNCTION_KEY,
        senders={"alerts": sender},
        producers={"default": Producer("default", "outbox", ("alerts",))},
    )
