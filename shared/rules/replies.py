"""What an SMTP reply means: the reply table first, the class of the code where it has no row.

A row is found by basic code, enhanced code and keyword together, never by the enhanced code alone: `554 5.2.252` is one
refusal, `550 5.2.252` a locked-out mailbox (Exchange reference 6.6). Of several rows the one with the longest keyword
wins, then the one that names an enhanced code.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.rules.outcome import NotSent, Parked, Phase, Reason, Recipients, Rejected, Reply, Retry
from shared.rules.reply_table import ISSUE, PROBE, ROWS, SHORT, ReplyKind, Row

_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?![\d.])", re.ASCII)
_EMBEDDED = re.compile(r"\b(535)[ -]([245]\.\d{1,3}\.\d{1,3})(?![\d.])(.*)", re.ASCII | re.DOTALL)
_ACCEPTED_ID = re.compile(r"\bOK (<[!-;=?-~]{1,512}>)")
_ACCEPTED_HOST = re.compile(r"\[Hostname=([A-Za-z0-9.-]{1,255})\]")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a refusal is about, why, and seconds until the next try (None: no repetition helps)."""

    kind: ReplyKind
    reason: Reason
    delay: float | None


_LOGIN = frozenset({530, 535})
"""RFC 4954 section 6: authentication required, authentication credentials invalid."""

_SYNTAX = frozenset({500, 502, 503, 504})
"""RFC 5321 4.2.2: command unknown, not implemented, out of order, parameter not implemented: not the mail's fault."""

_BEFORE_MAIL = frozenset({Phase.CONNECT, Phase.STARTTLS, Phase.EHLO, Phase.AUTH})


def _by_code() -> Mapping[int, tuple[Row, ...]]:
    ranked = sorted(ROWS, key=lambda row: (-len(row.keyword or ""), row.enhanced is None))
    return {code: tuple(row for row in ranked if row.code == code) for code in {row.code for row in ROWS}}


_ROWS_BY_CODE = _by_code()


def parse_enhanced(text: str) -> str | None:
    """The enhanced status code at the start of a reply's text (RFC 2034 section 4), None where there is none.

    Its class may differ from the basic code's: Exchange answers `451 5.7.3` to a MAIL without TLS.
    """
    match = _ENHANCED.match(text)
    return match[1] if match else None


def parse_accepted(text: str) -> tuple[str | None, str | None]:
    """Message-ID and mailbox server of `OK <id> [Hostname=…]`, each None where the server does not tell."""
    exchange_id, host = _ACCEPTED_ID.search(text), _ACCEPTED_HOST.search(text)
    return (exchange_id[1] if exchange_id else None, host[1] if host else None)


def classify(phase: Phase, code: int, enhanced: str | None, text: str) -> Verdict:
    """What the refusal `code enhanced text` in `phase` means. Never raises: an unknown reply is judged by its first digit.

    `530 … Error: 535 …` carries the refused login that came before it, and is judged by that (reference 6.2).
    """
    if code == 530 and (embedded := _EMBEDDED.search(text)):
        return classify(Phase.AUTH, 535, embedded[2], embedded[3])
    folded = text.casefold()
    for row in _ROWS_BY_CODE.get(code, ()):
        if _matches(row, enhanced, folded):
            return Verdict(row.kind, row.reason, row.delay)
    return _by_class(phase, code)


def not_sent(verdict: Verdict, reply: Reply | None = None, recipients: Recipients | None = None) -> NotSent:
    """The outcome of a mail that met this refusal as a whole.

    Faults of mailbox, organisation or server let the mail wait and look again at the row's pace (design 3.6); it is
    parked only where waiting cannot help.
    """
    known = {} if recipients is None else recipients
    if verdict.kind in (ReplyKind.MAIL, ReplyKind.RECIPIENT):
        return Rejected(verdict.reason, reply, known)
    if verdict.delay is None:
        return Parked(verdict.reason, reply, known)
    return Retry(verdict.delay, verdict.reason, reply, known)


def _matches(row: Row, enhanced: str | None, folded: str) -> bool:
    if row.enhanced is not None and row.enhanced != enhanced:
        return False
    return row.keyword is None or row.keyword.casefold() in folded


def _by_class(phase: Phase, code: int) -> Verdict:
    if 400 <= code <= 499:
        return Verdict(ReplyKind.RETRY, TEMPORARY, SHORT)
    if not 500 <= code <= 599:
        return Verdict(ReplyKind.RETRY, NOT_UNDERSTOOD, SHORT)
    if code in _LOGIN:
        return Verdict(ReplyKind.FRESH_TOKEN, LOGIN_REFUSED, PROBE)
    if code in _SYNTAX and phase not in _BEFORE_MAIL:
        return Verdict(ReplyKind.CONFIGURATION, COMMAND_REFUSED, None)
    return _by_phase(phase)


def _by_phase(phase: Phase) -> Verdict:
    if phase is Phase.STARTTLS:
        return Verdict(ReplyKind.CONFIGURATION, STARTTLS_NOT_OFFERED, None)
    if phase in _BEFORE_MAIL:
        return Verdict(ReplyKind.CONFIGURATION, SERVER_REFUSES, PROBE)
    if phase is Phase.RCPT:
        return Verdict(ReplyKind.RECIPIENT, RECIPIENT_REFUSED, None)
    return Verdict(ReplyKind.MAIL, MAIL_REFUSED, None)


TEMPORARY = Reason("temporary-refusal", "the server refuses for now")
NOT_UNDERSTOOD = Reason("reply-not-understood", "the server's reply is not one that SMTP allows here")
LOGIN_REFUSED = Reason(
    "login-refused",
    "the server refuses the token for this mailbox",
    "check the token's audience ([cloud] and its scope), and that the identity may log in as this mailbox",
)
SERVER_REFUSES = Reason("server-refuses", "the server refuses to serve us", "check host and port of [cloud]")
RECIPIENT_REFUSED = Reason("recipient-refused", "the server refuses this recipient")
COMMAND_REFUSED = Reason("command-refused", "the server does not take one of our commands", ISSUE)
MAIL_REFUSED = Reason("mail-refused", "the server refuses this mail for good")
STARTTLS_NOT_OFFERED = Reason(
    "starttls-not-offered",
    "the server offers no STARTTLS, and without TLS no token is sent",
    "check host and port of [cloud], and whether something between the app and the server strips STARTTLS",
)
