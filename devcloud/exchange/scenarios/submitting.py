"""Scenarios after the final dot."""

from devcloud.exchange import store_replies
from devcloud.exchange.actions import Action, Answer, Bounce, Cut
from devcloud.exchange.replies import store
from devcloud.exchange.scenarios.registry import Moment, scenario


@scenario("dot")
def concurrent_connections(_: Moment) -> Action:
    """432 4.3.2: too many connections submit for this mailbox."""
    return Answer(store_replies.CONCURRENT)


@scenario("dot")
def sender_thread_limit(_: Moment) -> Action:
    """432 4.3.2 in its older wording."""
    return Answer(store_replies.SENDER_THREADS)


@scenario("dot", "mail")
def submission_rate_exceeded(_: Moment) -> Action:
    """421 4.4.2: too many messages a minute, and closes."""
    return Answer(store_replies.RATE_EXCEEDED)


@scenario("dot")
def mailbox_logon_failure(_: Moment) -> Action:
    """430 4.2.0 mailbox logon failure: no rights on the mailbox, dressed as a temporary fault."""
    return Answer(store_replies.LOGON_FAILED)


@scenario("dot", sender="")
def send_as_denied(at: Moment) -> Action:
    """554 5.2.252 SendAsDenied with long diagnostics."""
    sender = at.options["sender"] or at.facts.get("from", "")
    return Answer(store_replies.send_as_denied(at.mailbox, str(sender)))


@scenario("dot")
def send_as_denied_old(_: Moment) -> Action:
    """554 5.2.0 … SendAsDeniedException, the older form."""
    return Answer(store_replies.SEND_AS_DENIED_OLD)


@scenario("dot")
def submission_quota_exceeded(_: Moment) -> Action:
    """554 5.2.0 … SubmissionQuotaExceededException: 10,000 recipients in a day."""
    return Answer(store_replies.QUOTA_EXCEEDED)


@scenario("dot")
def mailbox_full(_: Moment) -> Action:
    """554 5.2.2 mailbox full … MapiExceptionShutoffQuotaExceeded."""
    return Answer(store_replies.MAILBOX_FULL)


@scenario("dot")
def mailbox_quota_exceeded(_: Moment) -> Action:
    """554 5.2.2 mailbox full … MapiExceptionQuotaExceeded."""
    return Answer(store_replies.MAILBOX_QUOTA)


@scenario("dot", verdict="RefuseQuota")
def outbound_spam(at: Moment) -> Action:
    """554 5.2.0 … OutboundSpamException with a verdict."""
    return Answer(store_replies.outbound_spam(str(at.options["verdict"])))


@scenario("dot")
def lockout_mailbox_full(_: Moment) -> Action:
    """550 5.2.251 Sender throttled: locked out after mailbox-full errors."""
    return Answer(store_replies.locked_out("mailbox full"))


@scenario("dot")
def lockout_send_as_denied(_: Moment) -> Action:
    """550 5.2.252 Sender throttled: locked out after send-as errors."""
    return Answer(store_replies.locked_out("send as denied"))


@scenario("dot")
def lockout_invalid_license(_: Moment) -> Action:
    """550 5.2.253 Sender throttled: locked out, no licence."""
    return Answer(store_replies.locked_out("invalid license"))


@scenario("dot")
def lockout_too_many_recipients(_: Moment) -> Action:
    """550 5.2.254 Sender throttled: locked out after too many recipients."""
    return Answer(store_replies.locked_out("too many recipients"))


@scenario("dot")
def lockout_invalid_recipients(_: Moment) -> Action:
    """550 5.2.255 Sender throttled: locked out after invalid recipients."""
    return Answer(store_replies.locked_out("invalid recipients"))


@scenario("dot")
def too_many_recipients(_: Moment) -> Action:
    """550 5.5.3 RESOLVER.ADR.RecipLimit."""
    return Answer(store_replies.TOO_MANY_RECIPIENTS)


@scenario("dot")
def multiple_from(_: Moment) -> Action:
    """550 5.1.20: several From addresses without Sender."""
    return Answer(store_replies.MULTIPLE_FROM)


@scenario("dot")
def from_not_compliant(_: Moment) -> Action:
    """550 5.7.512: no valid From."""
    return Answer(store_replies.FROM_NOT_COMPLIANT)


@scenario("dot")
def bad_outbound_sender(_: Moment) -> Action:
    """550 5.1.8: the mailbox is restricted for spam."""
    return Answer(store_replies.BAD_OUTBOUND_SENDER)


@scenario("dot")
def corrupt_content(_: Moment) -> Action:
    """554 5.6.0: the content cannot be converted."""
    return Answer(store_replies.CORRUPT_CONTENT)


@scenario("dot")
def out_of_resources(_: Moment) -> Action:
    """452 4.3.1: back pressure."""
    return Answer(store_replies.OUT_OF_RESOURCES)


@scenario("dot")
def multi_line_refusal(_: Moment) -> Action:
    """A 554 of several long lines."""
    lines = [f"5.2.0 {store_replies.diagnostics(f'Line {number}.')}" for number in range(1, 4)]
    return Answer(store(554, "5.2.0 STOREDRV.Submission.Exception:StorePermanentException;", *lines))


@scenario("accepted")
def cut_after_dot(_: Moment) -> Action:
    """Stores the mail and drops the connection in place of the 250."""
    return Cut()


@scenario("dot")
def cut_at_dot(_: Moment) -> Action:
    """Has the whole content, drops the connection and the mail with it."""
    return Cut()


@scenario("accepted", code="5.1.10")
def bounce(at: Moment) -> Action:
    """250, and a non-delivery report to the envelope sender lands in the store."""
    return Bounce(str(at.options["code"]))
