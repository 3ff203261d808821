"""The reply table row by row, and what holds for any reply at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.outcome import Parked, Phase, Rejected, Reply, Retry
from shared.rules.replies import Verdict, classify, not_sent, parse_accepted, parse_enhanced
from shared.rules.reply_table import LONG, PROBE, ROWS, SOON, ReplyKind, Row
from tests.fakes.reply_cases import CASES, pattern
from tests.fakes.seen_replies import FRONT_END, SEEN

AUTH, MAIL, RCPT, DOT, CONNECT = Phase.AUTH, Phase.MAIL, Phase.RCPT, Phase.FINAL_DOT, Phase.CONNECT
RETRY, TOKEN, CONFIG = ReplyKind.RETRY, ReplyKind.FRESH_TOKEN, ReplyKind.CONFIGURATION
THIS_MAIL, RECIPIENT = ReplyKind.MAIL, ReplyKind.RECIPIENT


def judged(phase: Phase, code: int, text: str) -> Verdict:
    """A reply as the edge hands it over."""
    return classify(phase, code, parse_enhanced(text), text)


@pytest.mark.parametrize(("phase", "code", "text", "kind", "reason"), SEEN, ids=[f"{s[1]} {s[2][:40]}" for s in SEEN])
def test_a_reply_that_was_seen_has_its_kind_and_reason(
    phase: Phase, code: int, text: str, kind: ReplyKind, reason: str
) -> None:
    """Each reply of the reference is about what the reference says."""
    verdict = judged(phase, code, text)
    assert (verdict.kind, verdict.reason.code) == (kind, reason)


def test_every_row_is_met_by_a_reply_that_was_seen() -> None:
    """No row of the table is hidden behind another one."""
    met = {(code, judged(phase, code, text).reason) for phase, code, text, _, _ in SEEN}
    assert {(row.code, row.reason) for row in ROWS} <= met


@pytest.mark.parametrize("row", ROWS, ids=pattern)
def test_every_row_is_met_over_the_wire(row: Row) -> None:
    """A row that nobody can make the simulator say would be a guess (the cases are tried in test_smtp_replies.py)."""
    assert pattern(row) in {case.row for case in CASES}


def test_every_reply_of_the_reference_has_a_row() -> None:
    """The table lacks nothing, and no two of its rows are found by the same words."""
    patterns = [pattern(row) for row in ROWS]
    assert {case.row for case in CASES} <= set(patterns)
    assert len(set(patterns)) == len(patterns)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.code} {row.enhanced} {row.keyword}")
def test_a_row_tells_an_operator_what_to_do(row: Row) -> None:
    """A plain sentence always, a cure where a person has to act, a pause where the mail is tried again."""
    assert row.reason.text
    assert row.reason.fix or row.kind in (RETRY, TOKEN, RECIPIENT)
    assert row.delay is not None or row.kind not in (RETRY, TOKEN)


def test_switched_off_smtp_auth_comes_with_the_command_that_switches_it_on() -> None:
    """The most frequent first fault has its cure in full, without an identifier."""
    verdict = judged(AUTH, 535, "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.")
    assert verdict.reason.fix == "Set-CASMailbox -Identity <mailbox> -SmtpClientAuthenticationDisabled $false"


@pytest.mark.parametrize("enhanced", ["5.7.606", "5.7.649", "5.7.6", "5.7.601"])
def test_an_enhanced_code_is_compared_as_a_whole(enhanced: str) -> None:
    """5.7.60 (no right to send as) is not 5.7.606 (a blocked address)."""
    assert judged(MAIL, 550, f"{enhanced} Access denied").reason.code == "mail-refused"


def test_the_basic_code_tells_a_refusal_from_a_lockout() -> None:
    """554 5.2.252 is one refused mail, 550 5.2.252 a mailbox that is locked out."""
    assert judged(DOT, 554, "5.2.252 SendAsDenied").reason.code == "send-as-denied"
    assert judged(DOT, 550, "5.2.252 Sender throttled").reason.code == "locked-out-send-as"


def test_the_longer_keyword_wins() -> None:
    """SubmissionQuotaExceededException holds QuotaExceededException and is not about a full mailbox."""
    text = "5.2.2 STOREDRV.Submission.Exception:SubmissionQuotaExceededException"
    assert judged(DOT, 554, text.replace("5.2.2", "5.2.0")).reason.code == "daily-recipient-limit"


@pytest.mark.parametrize(
    ("embedded", "reason"),
    [
        ("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.", "smtp-auth-off"),
        ("535 5.7.3 Authentication unsuccessful", "login-refused"),
    ],
)
def test_530_is_judged_by_the_login_that_it_carries(embedded: str, reason: str) -> None:
    """A refused MAIL repeats the error of the AUTH before it; that one tells what to do."""
    text = f"5.7.57 Client not authenticated to send mail. Error: {embedded} {FRONT_END}"
    assert judged(MAIL, 530, text).reason.code == reason


def test_keywords_are_found_in_any_case_and_on_any_line() -> None:
    """Long diagnostics come in several lines, and nobody promises their case."""
    text = "5.2.0 STOREDRV;\n5.2.0 more\n5.2.0 SENDASDENIEDEXCEPTION"
    assert judged(DOT, 554, text).reason.code == "send-as-denied"


@pytest.mark.parametrize(
    ("phase", "code", "kind"),
    [
        (DOT, 471, RETRY),
        (RCPT, 450, RETRY),
        (RCPT, 553, RECIPIENT),
        (MAIL, 553, THIS_MAIL),
        (DOT, 599, THIS_MAIL),
        (CONNECT, 554, CONFIG),
        (AUTH, 538, CONFIG),
        (AUTH, 535, TOKEN),
        (MAIL, 530, TOKEN),
        (MAIL, 503, CONFIG),
        (DOT, -1, RETRY),
        (DOT, 354, RETRY),
    ],
)
def test_an_unknown_reply_is_judged_by_its_class(phase: Phase, code: int, kind: ReplyKind) -> None:
    """RFC 5321 4.2.1: the first digit is enough to go on."""
    assert judged(phase, code, "never heard of").kind is kind


def test_a_refused_starttls_is_one_that_is_not_offered() -> None:
    """Without TLS no token is sent, and no waiting helps."""
    verdict = judged(Phase.STARTTLS, 502, "no such command")
    assert isinstance(not_sent(verdict), Parked)
    assert verdict.reason.code == "starttls-not-offered"


@given(st.sampled_from(Phase), st.integers(-1, 999), st.none() | st.from_regex(r"[245]\.\d{1,3}\.\d{1,3}"), st.text())
def test_any_reply_has_a_verdict(phase: Phase, code: int, enhanced: str | None, text: str) -> None:
    """Nothing that a server says raises, and what is tried again has a pause."""
    outcome = not_sent(classify(phase, code, enhanced, text), Reply(code, enhanced))
    assert isinstance(outcome, Rejected | Parked | Retry)
    if isinstance(outcome, Retry):
        assert SOON <= outcome.after <= LONG


@given(st.sampled_from(Phase), st.integers(400, 499), st.text(alphabet="abc XYZ.0"))
def test_a_temporary_code_never_ends_a_mail(phase: Phase, code: int, text: str) -> None:
    """4yz without a row means: later."""
    assert classify(phase, code, None, text).kind is RETRY


@pytest.mark.parametrize(
    ("kind", "delay", "expected"),
    [
        (RETRY, 60.0, Retry),
        (TOKEN, 60.0, Retry),
        (CONFIG, PROBE, Retry),
        (CONFIG, None, Parked),
        (THIS_MAIL, None, Rejected),
        (RECIPIENT, None, Rejected),
    ],
)
def test_the_kind_decides_the_outcome(kind: ReplyKind, delay: float | None, expected: type) -> None:
    """Faults of mailbox and organisation wait and look again, the mail's own end it, bugs are parked."""
    verdict = Verdict(kind, ROWS[0].reason, delay)
    assert isinstance(not_sent(verdict), expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.0.0 OK", "2.0.0"),
        ("5.7.139 Authentication", "5.7.139"),
        ("4.3.2", "4.3.2"),
        ("5.2.252, odd", "5.2.252"),
        ("3.0.0 no such class", None),
        ("5.7.1394 too long", None),
        ("5.7.1.4 an address", None),
        ("Message 5.7.1 later", None),
        ("", None),
    ],
)
def test_the_enhanced_code_stands_at_the_start(text: str, expected: str | None) -> None:
    """RFC 2034 section 4; anything else in the text only looks like one."""
    assert parse_enhanced(text) == expected


def test_an_acceptance_tells_id_and_host() -> None:
    """The reply to the final dot as it was seen in 2025."""
    text = (
        "2.0.0 OK <PR3P193MB0123@PR3P193MB0123.EURP193.PROD.OUTLOOK.COM> [Hostname=PR3P193MB0123.EURP193.PROD.OUTLOOK.COM]"
    )
    assert parse_accepted(text) == (
        "<PR3P193MB0123@PR3P193MB0123.EURP193.PROD.OUTLOOK.COM>",
        "PR3P193MB0123.EURP193.PROD.OUTLOOK.COM",
    )


@pytest.mark.parametrize("text", ["2.0.0 Ok: queued as 4XyZ", "2.0.0 OK", "", "2.0.0 OK <a b> [Hostname=]"])
def test_an_acceptance_without_them_is_one_all_the_same(text: str) -> None:
    """Other servers say less."""
    assert parse_accepted(text) == (None, None)


@given(st.text())
def test_nothing_but_visible_ascii_is_taken_over_from_an_acceptance(text: str) -> None:
    """What goes into the ledger can be printed anywhere."""
    exchange_id, host = parse_accepted(f"2.0.0 OK <{text}> [Hostname={text}]")
    for part in (exchange_id, host):
        assert part is None or (part.isascii() and part.isprintable() and " " not in part)
