"""The probes: each settles one open question about Exchange Online, by what the server really answers.

A probe sends to the mailbox under test and to nobody else, at most as many mails as `PROBES` says, and ends in the time that
it says. What it finds is one sentence; what it rests on are the recorded replies.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from infra.exchange.app_token import AppToken
from infra.exchange.letters import letter, message_id_in
from infra.exchange.wire import NotLetIn, Record, Refused, Server, Session

OVER_RATE = 35
"""Mails of probe `rate`: Microsoft names 30 a minute, so that the last five see what lies behind."""

LARGEST_DECLARED = 157_286_401
"""Octets that probe `size` declares: one more than the SIZE that Exchange Online was seen to advertise."""

OVER_SEND_SIZE = 40_000_000
"""Octets that probe `big` sends: above the 35 MB that a mailbox may send by default."""

OVER_RECIPIENTS = 501
"""Recipients of probe `recipients`: one more than a mailbox's default."""

IDLE_SESSIONS = 3
"""Sessions that probe `connections` keeps open: as many as may submit at once."""

BEFORE_EXPIRY = 60.0
"""Seconds before the token's end at which probe `expiry` logs in, and after it at which it sends."""

HEARTBEAT = 60.0
"""Seconds between the NOOPs of probe `session`."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What every probe works with; `mailbox` is under test, `outside` is beyond the app's scope, `limit` is in seconds."""

    server: Server
    token: AppToken
    mailbox: str
    outside: str
    limit: float
    record: Record

    def session(self, mailbox: str | None = None) -> Session:
        """A connection that is logged in, as the mailbox under test unless said otherwise; raises `Refused`."""
        session = Session(self.server, self.record)
        try:
            session.open()
            code, text = session.login(mailbox or self.mailbox, self.token.value)
            if code != 235:
                raise NotLetIn(f"{code} to AUTH: {text}")
        except Refused:
            session.close()
            raise
        return session


def login(bench: Bench) -> str:
    """Does the server accept the app's own token?"""
    try:
        with bench.session() as session:
            session.say("NOOP")
    except NotLetIn as refusal:
        return f"refused: {refusal}"
    return "accepted: 235 to AUTH"


def send(bench: Bench) -> str:
    """Does a mail get through, and is its Message-ID kept?"""
    message, own = letter(bench.mailbox, "send")
    with bench.session() as session:
        code, text = _mail(session, bench.mailbox, message)
    if code != 250:
        return f"refused after the login: {code} {text}"
    theirs = message_id_in(text)
    if theirs is None:
        return "accepted; the reply names no Message-ID"
    return f"accepted; Message-ID {'kept' if theirs == own else 'replaced'}"


def scope(bench: Bench) -> str:
    """Where is a mailbox refused that lies outside the scope: at AUTH, or after DATA?"""
    message, _ = letter(bench.outside, "scope")
    try:
        with bench.session(bench.outside) as session:
            code, text = _mail(session, bench.outside, message)
    except NotLetIn as refusal:
        return f"refused before any mail: {refusal}"
    return f"ALARM: accepted, the app can send as {bench.outside}" if code == 250 else f"let in, then refused: {code} {text}"


def rate(bench: Bench) -> str:
    """What does the 31st mail of a minute see?"""
    times: list[float] = []
    codes: list[int] = []
    began = time.monotonic()
    with bench.session() as session:
        while len(codes) < OVER_RATE and (not codes or time.monotonic() - began < bench.limit):
            started = time.monotonic()
            message, _ = letter(bench.mailbox, f"rate {len(codes) + 1}")
            codes.append(_mail(session, bench.mailbox, message)[0])
            times.append(time.monotonic() - started)
            if codes[-1] != 250:
                break
    usual = sorted(times)[len(times) // 2]
    taken = f"{codes.count(250)} of {len(codes)} accepted, last code {codes[-1]}"
    return f"{taken}; usual {usual:.1f} s, longest {max(times):.1f} s"


def connections(bench: Bench) -> str:
    """Do idle logged-in connections count toward the three?"""
    message, _ = letter(bench.mailbox, "connections")
    with ExitStack() as stack:
        for _ in range(IDLE_SESSIONS):
            stack.enter_context(bench.session())
        session = stack.enter_context(bench.session())
        code, _ = _mail(session, bench.mailbox, message)
    counted = "do not count" if code == 250 else "seem to count"
    return f"a mail beside {IDLE_SESSIONS} idle sessions: {code}; idle ones {counted}"


def size(bench: Bench) -> str:
    """What is said to a size above the limit, where it is only declared?"""
    with bench.session() as session:
        code, text = session.say(f"MAIL FROM:<{bench.mailbox}> SIZE={LARGEST_DECLARED}")
    return f"MAIL with SIZE above the limit: {code} {text}"


def big(bench: Bench) -> str:
    """What is said to a mail above the mailbox's MaxSendSize?"""
    message, _ = letter(bench.mailbox, "big", octets=OVER_SEND_SIZE)
    with bench.session() as session:
        code, text = _mail(session, bench.mailbox, message)
    return f"a mail of {OVER_SEND_SIZE} octets: {code} {text}"


def recipients(bench: Bench) -> str:
    """What is said to more than 500 recipients, and where?"""
    message, _ = letter(bench.mailbox, "recipients")
    with bench.session() as session:
        session.say(f"MAIL FROM:<{bench.mailbox}>")
        for number in range(OVER_RECIPIENTS):
            code, text = session.say(f"RCPT TO:<{bench.mailbox}>")
            if code != 250:
                return f"recipient {number + 1} refused: {code} {text}"
        code, text = session.give(message, "the message and its dot")
    return f"{OVER_RECIPIENTS} recipients taken at RCPT, after DATA: {code} {text}"


def unknown(bench: Bench) -> str:
    """What is said at RCPT to a recipient of the own domain that does not exist?"""
    domain = bench.mailbox.rpartition("@")[2]
    with bench.session() as session:
        session.say(f"MAIL FROM:<{bench.mailbox}>")
        code, text = session.say(f"RCPT TO:<nobody-{time.time_ns():x}@{domain}>")
    return f"RCPT of an unknown recipient: {code} {text}"


def idle(bench: Bench) -> str:
    """After how long is a silent session closed?"""
    with bench.session() as session:
        started = time.monotonic()
        ended = session.listen(bench.limit)
        seconds = time.monotonic() - started
    return f"silent session {'closed' if ended else 'still open'} after {seconds:.0f} s"


def session_length(bench: Bench) -> str:
    """After how long is a session closed that is never silent?"""
    with bench.session() as session:
        started = time.monotonic()
        while time.monotonic() - started < bench.limit:
            if session.listen(min(HEARTBEAT, bench.limit)) is not None or session.say("NOOP")[0] != 250:
                return f"session with NOOPs closed after {time.monotonic() - started:.0f} s"
    return f"session with NOOPs still open after {bench.limit:.0f} s"


def expiry(bench: Bench) -> str:
    """Does an open session go on after its token has expired?"""
    left = bench.token.expires_at - time.time() - BEFORE_EXPIRY
    if left > bench.limit:
        raise Refused(f"the token lives {left / 60:.0f} minutes longer: allow as many by --minutes, or come back then")
    time.sleep(max(0.0, left))
    message, _ = letter(bench.mailbox, "expiry")
    with bench.session() as session:
        if session.listen(2 * BEFORE_EXPIRY) is not None:
            return "the session was closed around the token's end"
        code, text = _mail(session, bench.mailbox, message)
    return f"a mail {BEFORE_EXPIRY:.0f} s after the token's end: {code} {text}"


def _mail(session: Session, mailbox: str, message: bytes) -> tuple[int, str]:
    """One mail from the mailbox to itself; the first reply that is no success, or that to the final dot."""
    for command in (f"MAIL FROM:<{mailbox}> SIZE={len(message)}", f"RCPT TO:<{mailbox}>"):
        answer = session.say(command)
        if answer[0] != 250:
            return answer
    return session.give(message, f"the message ({len(message)} octets) and its dot")


Probe = Callable[[Bench], str]
EVERY: Mapping[str, Probe] = {
    "login": login,
    "send": send,
    "scope": scope,
    "rate": rate,
    "connections": connections,
    "size": size,
    "big": big,
    "recipients": recipients,
    "unknown": unknown,
    "idle": idle,
    "session": session_length,
    "expiry": expiry,
}
"""By the names that the command line takes."""
