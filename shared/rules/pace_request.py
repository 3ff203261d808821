"""What a mail asks of the pace."""

from shared.rules.addresses import domain_of
from shared.rules.config import Sender
from shared.rules.mail import Mail
from shared.rules.mail_row import MailRow, pending
from shared.rules.pace import Lane, Request


def request_of(row: MailRow, mail: Mail, sender: Sender) -> Request:
    """The mail's lane, and the recipients that it still has: all of them, and those outside the sender's own domain."""
    recipients = [mail.recipients[n] for n in pending(row)]
    own = domain_of(sender.from_address)
    external = sum(domain_of(recipient) != own for recipient in recipients)
    lane = Lane(row.priority) if row.priority in Lane.__members__.values() else Lane.NORMAL
    return Request(row.id, lane, len(recipients), external, row.place)
