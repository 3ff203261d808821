"""Which refusals stop what, and for how long: the breaker's rules as data (Exchange reference 6, actions C and R).

Exchange locks a mailbox out of SMTP AUTH that repeats certain errors (550 5.2.251 to 5.2.255), for a time that it does not
tell. So a refusal that every mail of a mailbox would meet is met once, and then tried again rarely.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.rules import access_reasons, token_errors
from shared.rules.outcome import Fate, Outcome, Parked, Reason, Rejected, Retry, Sent, Unknown
from shared.rules.stops import Phase, Place, Scope, Stop, Trial

STRIKE_WINDOW = 3600.0
"""Seconds in which faults are counted together."""

QUARTER = 900.0  # grants take up to hours to spread; a login every quarter of an hour is no hammering
HOUR = 3600.0
DAY = 86_400.0  # lockouts were seen to last about as long


class Breaker(StrEnum):
    """A kind of refusal that concerns more than one mail."""

    LOGIN = "login"
    SEND_AS = "send-as"
    LOCKOUT = "lockout"
    RIGHTS = "rights"
    FRONT_END = "front-end"
    QUOTA = "quota"
    CALLER = "caller"


@dataclass(frozen=True, slots=True)
class Rule:
    """Where it stops, after how many faults, for how many seconds at first (doubled up to `longest`), and how it ends."""

    scope: Scope
    strikes: int
    pause: float
    longest: float
    trial: Trial


RULES: Mapping[Breaker, Rule] = {
    Breaker.LOGIN: Rule(Scope.MAILBOX, 1, QUARTER, QUARTER, Trial.LOGIN),
    Breaker.SEND_AS: Rule(Scope.SEND_AS, 1, HOUR, DAY, Trial.MAIL),
    Breaker.LOCKOUT: Rule(Scope.MAILBOX, 1, HOUR, DAY, Trial.MAIL),
    # 430: rarely a glitch, so the third within the hour counts (reference 6.3)
    Breaker.RIGHTS: Rule(Scope.MAILBOX, 3, QUARTER, HOUR, Trial.MAIL),
    # 451 PRX: mostly the service's trouble, but an hour of it means that the mailbox cannot submit (reference 6.1)
    Breaker.FRONT_END: Rule(Scope.MAILBOX, 12, QUARTER, HOUR, Trial.MAIL),
    Breaker.QUOTA: Rule(Scope.MAILBOX, 1, HOUR, DAY, Trial.MAIL),
    # half of the ten or so after which mailboxes were seen locked out
    Breaker.CALLER: Rule(Scope.CALLER, 5, HOUR, DAY, Trial.MAIL),
}

_OF_CODE: Mapping[str, Breaker] = {
    **dict.fromkeys(
        (
            "login-refused",
            "login-refused-by-policy",
            "smtp-auth-off",
            "smtp-auth-off-for-mailbox",
            "password-login",
            "login-policy",
            "security-defaults",
            "basic-auth-off",
            "federation-not-https",
            "organisation-refuses-login",
            "basic-auth-retired",
            "tls-too-old",
            "api-permission-missing",
            "app-not-allowed",
            "server-refuses",
        ),
        Breaker.LOGIN,
    ),
    **dict.fromkeys((reason.code for reason in access_reasons.OF_RIGHTS), Breaker.RIGHTS),
    **dict.fromkeys((reason.code for reason in access_reasons.OF_LOGIN), Breaker.LOGIN),
    "send-as-denied": Breaker.SEND_AS,
    **dict.fromkeys(
        (
            "mailbox-full",
            "locked-out-mailbox-full",
            "locked-out-send-as",
            "locked-out-licence",
            "locked-out-recipients",
            "locked-out-addresses",
            "mailbox-restricted",
        ),
        Breaker.LOCKOUT,
    ),
    **dict.fromkeys(("mailbox-logon-failed", "not-authenticated"), Breaker.RIGHTS),
    "front-end-cannot-reach-mailbox": Breaker.FRONT_END,
    "daily-recipient-limit": Breaker.QUOTA,
    **dict.fromkeys(("recipient-refused", "recipient-address-refused", "too-many-recipients"), Breaker.CALLER),
}

_SERVICE_OUT = frozenset(
    {
        "server-unreachable",
        "service-not-available",
        "front-end-cannot-reach-mailbox",
        "authentication-unavailable",
        "federation-down",
        "server-busy",
        "tls-failed",
        *(reason.code for reason in token_errors.ALL),
    }
)
"""Reasons for which nobody could have sent anything."""

BAD_RECIPIENTS = Reason(
    "bad-recipients",
    "this caller keeps naming recipients that Exchange refuses, which can lock the mailbox out for everybody",
    "correct the addresses at their source, then resume the caller",
)


def breaker_of(outcome: Outcome) -> Breaker | None:
    """The breaker that this outcome belongs to, if any."""
    if isinstance(outcome, Sent | Rejected) and any(one.fate is Fate.REFUSED for one in outcome.recipients.values()):
        return Breaker.CALLER
    if isinstance(outcome, Sent | Unknown | Parked):
        return None
    return _OF_CODE.get(outcome.reason.code)


def reason_for(breaker: Breaker, outcome: Outcome) -> Reason:
    """Why it stops: what Exchange said, except that a caller is stopped for what it keeps doing."""
    return BAD_RECIPIENTS if breaker is Breaker.CALLER or isinstance(outcome, Sent) else outcome.reason


def service_out(outcome: Outcome) -> bool:
    """Whether the mail met no refusal of its own but a service that takes nobody's mail: its time to live stands still."""
    return isinstance(outcome, Retry) and outcome.reason.code in _SERVICE_OUT


def tripped(known: Stop | None, place: Place, breaker: Breaker, reason: Reason, now: float) -> Stop:
    """The place's record after one more fault: it counts, or it stands, longer with every trial that failed."""
    rule = RULES[breaker]
    standing = known is not None and known.phase is Phase.STANDING
    if known is not None and standing and known.trial is Trial.BY_HAND:
        return known
    if known is not None and standing and now < (known.until or now) and not known.trial_mail:
        return known  # a mail that was under way when the stop was set: the same fault, not one more
    strikes = (*_recent(known, now), now)
    counting = Stop(place, Phase.COUNTING, reason, since=now, trial=rule.trial, strikes=strikes)
    if not standing and len(strikes) < rule.strikes:
        return counting
    trips = (known.trips if known is not None and standing else 0) + 1
    pause = min(rule.pause * 2.0 ** (trips - 1), rule.longest)
    since = known.since if known is not None and standing else now
    return replace(counting, phase=Phase.STANDING, since=since, until=now + pause, trips=trips, strikes=())


def _recent(known: Stop | None, now: float) -> tuple[float, ...]:
    if known is None or known.phase is not Phase.COUNTING:
        return ()
    return tuple(at for at in known.strikes if at > now - STRIKE_WINDOW)
