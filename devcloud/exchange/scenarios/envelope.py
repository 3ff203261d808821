"""Scenarios at MAIL, RCPT and DATA."""

from devcloud.exchange import replies
from devcloud.exchange.actions import Action, Answer, Cut, CutAfter
from devcloud.exchange.replies import front
from devcloud.exchange.scenarios.registry import Moment, scenario


@scenario("mail")
def starttls_required(_: Moment) -> Action:
    """451 5.7.3: says that there was no STARTTLS."""
    return Answer(replies.STARTTLS_REQUIRED)


@scenario("mail", error="")
def not_authenticated(at: Moment) -> Action:
    """530 5.7.57: takes the session for not logged in, and repeats the error of AUTH where one is given."""
    said = f" Error: {at.options['error']}" if at.options["error"] else ""
    return Answer(front(530, f"5.7.57 Client not authenticated to send mail.{said}"))


@scenario("mail")
def not_authenticated_old(_: Moment) -> Action:
    """530 5.7.57 in its older wording."""
    return Answer(replies.NOT_AUTHENTICATED_OLD)


@scenario("mail")
def send_as_denied_at_mail(_: Moment) -> Action:
    """550 5.7.60: the older form of the send-as refusal."""
    return Answer(replies.SEND_AS_DENIED_AT_MAIL)


@scenario("mail")
def invalid_sender_address(_: Moment) -> Action:
    """501 5.1.7: does not like the envelope sender."""
    return Answer(replies.INVALID_SENDER)


@scenario("rcpt")
def invalid_recipient_address(_: Moment) -> Action:
    """501 5.1.3: does not like this recipient's address."""
    return Answer(replies.INVALID_RECIPIENT)


@scenario("mail")
def send_hello_first(_: Moment) -> Action:
    """503 5.5.2: has forgotten the EHLO."""
    return Answer(replies.SEND_HELLO_FIRST)


@scenario("rcpt")
def need_mail_command(_: Moment) -> Action:
    """503 5.5.2: has forgotten the MAIL."""
    return Answer(replies.NEED_MAIL)


@scenario("data")
def need_rcpt_command(_: Moment) -> Action:
    """503 5.5.2: has forgotten the RCPT."""
    return Answer(replies.NEED_RCPT)


@scenario("dot", "mail")
def message_too_large(_: Moment) -> Action:
    """552 5.3.4: the message is larger than it may be."""
    return Answer(replies.TOO_LARGE)


@scenario("rcpt")
def too_many_recipients_at_rcpt(_: Moment) -> Action:
    """452 4.5.3: takes no further recipient in this transaction."""
    return Answer(replies.TOO_MANY_AT_RCPT)


@scenario("rcpt", text="4.2.1 Recipient cannot be accepted now")
def recipient_refused_4xx(at: Moment) -> Action:
    """450: this one recipient not now, the others are taken."""
    return Answer(front(450, str(at.options["text"])))


@scenario("rcpt", text="5.1.10 RESOLVER.ADR.RecipientNotFound; recipient not found")
def recipient_refused_5xx(at: Moment) -> Action:
    """550: this one recipient never, the others are taken."""
    return Answer(front(550, str(at.options["text"])))


@scenario("data")
def cut_before_354(_: Moment) -> Action:
    """Drops the connection in place of the 354: no byte of the content was asked for."""
    return Cut()


@scenario("data", after_bytes=64)
def cut_in_data(at: Moment) -> Action:
    """Says 354 and drops the connection after this many bytes of the content."""
    return CutAfter("client", max(1, int(at.options["after_bytes"])), relative=True)
