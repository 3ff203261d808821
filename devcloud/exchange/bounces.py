"""Non-delivery reports (RFC 3464), for the refusals that Exchange tells only by mail."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

POSTMASTER = "postmaster@contoso.test"
BOUNDARY = "=_report_1f0c"


def report(sender: str, recipients: Sequence[str], code: str, about: str, message_id: str, now: float) -> bytes:
    """The report that goes to `sender`: every recipient failed with this enhanced code; `about` is the mail's Message-ID."""
    basic = f"{'4' if code.startswith('4') else '5'}50"
    parts = [
        "Content-Type: text/plain; charset=utf-8\r\n\r\nYour message could not be delivered.\r\n",
        "Content-Type: message/delivery-status\r\n\r\n" + "\r\n".join(_status(recipients, code, basic)),
        f"Content-Type: text/rfc822-headers; charset=utf-8\r\n\r\nMessage-ID: {about}\r\n",
    ]
    head = [
        f"From: {POSTMASTER}",
        f"To: {sender}",
        "Subject: Undeliverable",
        f"Date: {format_datetime(datetime.fromtimestamp(int(now), UTC))}",
        f"Message-ID: {message_id}",
        f"In-Reply-To: {about}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{BOUNDARY}"',
    ]
    body = "".join(f"--{BOUNDARY}\r\n{part}\r\n" for part in parts) + f"--{BOUNDARY}--\r\n"
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode("utf-8", "replace")


def _status(recipients: Sequence[str], code: str, basic: str) -> list[str]:
    lines = ["Reporting-MTA: dns;LO2P123MB0001.GBRP123.PROD.OUTLOOK.COM", ""]
    for recipient in recipients:
        lines += [
            f"Final-Recipient: rfc822;{recipient}",
            "Action: failed",
            f"Status: {code}",
            f"Diagnostic-Code: smtp;{basic} {code}",
            "",
        ]
    return lines
