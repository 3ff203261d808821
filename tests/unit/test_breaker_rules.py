"""Which refusals stop what, and for how long."""

from dataclasses import replace

import pytest

from shared.rules.breakers import (
    BAD_RECIPIENTS,
    DAY,
    HOUR,
    QUARTER,
    STRIKE_WINDOW,
    Breaker,
    breaker_of,
    reason_for,
    service_out,
    tripped,
)
from shared.rules.outcome import Fate, Parked, Phase, Reason, RecipientResult, Rejected, Reply, Retry, Sent, Unknown
from shared.rules.reply_table import ROWS, ReplyKind
from shared.rules.stops import Phase as Stage
from shared.rules.stops import Place, Scope, Stop, StopEntry, Trial, mailbox, on_trial, send_as, standing_at, wants_trial
from shared.rules.token_errors import DOWN

NOW = 1_800_000_000.0
BOX = mailbox("alerts@contoso.test")
WHY = Reason("made-up", "made up")


def standing(breaker: Breaker = Breaker.LOCKOUT, *, at: float = NOW) -> Stop:
    """A stop that has just been set."""
    stop = None
    for _ in range(12):
        stop = tripped(stop, BOX, breaker, WHY, at)
    assert stop is not None
    assert stop.phase is Stage.STANDING
    return stop


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.kind is ReplyKind.CONFIGURATION and row.delay is not None], ids=str
)
def test_every_fault_of_mailbox_or_organisation_has_a_breaker(row: object) -> None:
    """Otherwise each waiting mail would find out by itself, and Exchange would lock the mailbox."""
    assert breaker_of(Retry(1.0, row.reason)) is not None  # type: ignore[attr-defined]  # a row of the reply table


def test_only_a_refused_login_is_proved_by_a_login() -> None:
    """535 stops the mailbox for a quarter of an hour; what is refused after DATA needs a mail as its trial."""
    login = tripped(None, BOX, Breaker.LOGIN, WHY, NOW)
    lockout = tripped(None, BOX, Breaker.LOCKOUT, WHY, NOW)
    assert (login.phase, login.trial, login.until) == (Stage.STANDING, Trial.LOGIN, NOW + QUARTER)
    assert (lockout.phase, lockout.trial, lockout.until) == (Stage.STANDING, Trial.MAIL, NOW + HOUR)


def test_a_lockout_lasts_longer_with_each_failed_trial_up_to_a_day() -> None:
    """1 h, 2 h, 4 h … 24 h; the standstill counts from its very beginning."""
    stop, now, pauses = tripped(None, BOX, Breaker.LOCKOUT, WHY, NOW), NOW, []
    for _ in range(7):
        assert stop.until is not None
        pauses.append(stop.until - now)
        now = stop.until
        stop = tripped(on_trial(stop, "m", now), BOX, Breaker.LOCKOUT, WHY, now)
    assert pauses == [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR, DAY, DAY]
    assert stop.since == NOW


def test_a_mail_that_was_under_way_when_the_stop_was_set_does_not_lengthen_it() -> None:
    """Three connections meet the same lockout at the same moment: one fault."""
    stop = standing()
    assert tripped(stop, BOX, Breaker.LOCKOUT, WHY, NOW + 5) == stop


def test_a_pause_by_hand_stays_as_it_is() -> None:
    """No fault turns it into a stop that ends by itself."""
    place = Place(Scope.CALLER, "producer:default")
    pause = Stop(place, Stage.STANDING, WHY, since=NOW, by="kim: holidays")
    assert tripped(pause, place, Breaker.CALLER, WHY, NOW + 5) == pause


@pytest.mark.parametrize(("breaker", "strikes"), [(Breaker.RIGHTS, 3), (Breaker.CALLER, 5), (Breaker.FRONT_END, 12)])
def test_some_faults_count_before_they_stop(breaker: Breaker, strikes: int) -> None:
    """A single 430 or bad address may be a glitch; several within the hour are not."""
    stop: Stop | None = None
    for number in range(1, strikes + 1):
        stop = tripped(stop, BOX, breaker, WHY, NOW + number)
        assert stop.phase is (Stage.STANDING if number == strikes else Stage.COUNTING)


def test_faults_that_lie_far_apart_do_not_add_up() -> None:
    """Only the last hour counts."""
    stop: Stop | None = None
    for number in range(10):
        stop = tripped(stop, BOX, Breaker.RIGHTS, WHY, NOW + number * STRIKE_WINDOW / 2)
        assert stop.phase is Stage.COUNTING


def test_refused_recipients_are_the_callers_fault_even_if_others_got_the_mail() -> None:
    """They are what locks a mailbox out with 550 5.2.255."""
    refused = {0: RecipientResult(Fate.ACCEPTED), 1: RecipientResult(Fate.REFUSED, 550, "5.1.1")}
    sent = Sent(Reply(250), refused)
    assert breaker_of(sent) is Breaker.CALLER
    assert breaker_of(Rejected(WHY, recipients={0: refused[1]})) is Breaker.CALLER
    assert reason_for(Breaker.CALLER, sent) is BAD_RECIPIENTS


@pytest.mark.parametrize(
    "outcome", [Sent(Reply(250)), Unknown(Phase.FINAL_DOT, WHY), Parked(WHY), Rejected(WHY), Retry(1.0, WHY)], ids=repr
)
def test_what_concerns_one_mail_stops_nothing(outcome: object) -> None:
    """A refused content or a lost connection says nothing about the next mail."""
    assert breaker_of(outcome) is None  # type: ignore[arg-type]  # parametrised


def test_time_to_live_stands_still_where_nobody_could_send() -> None:
    """No identity or no server is nobody's fault; a temporary refusal of this mail counts."""
    assert service_out(Retry(1.0, DOWN))
    assert service_out(Retry(1.0, Reason("server-unreachable", "")))
    assert not service_out(Retry(1.0, Reason("temporary-refusal", "")))


def test_a_stop_holds_back_who_passes_its_place_and_nobody_else() -> None:
    """Everything else goes on; its trial mail passes too."""
    stop = replace(standing(), trial_mail="trial")
    entries = (StopEntry(stop, "e"), StopEntry(replace(stop, place=Place(Scope.SENDER, "x"), phase=Stage.COUNTING), "e"))
    assert standing_at(entries, (BOX,), "m") == entries[0]
    assert standing_at(entries, (BOX,), "trial") is None
    assert standing_at(entries, (mailbox("reports@contoso.test"), Place(Scope.SENDER, "x")), "m") is None


def test_a_trial_has_its_time() -> None:
    """Not before `until`, and then nobody else for as long as an attempt and a dead host may take."""
    stop = standing()
    assert not wants_trial(stop, NOW + HOUR - 1)
    assert wants_trial(stop, NOW + HOUR)
    assert not wants_trial(on_trial(stop, "m", NOW + HOUR), NOW + HOUR + 60)


def test_keys_of_places_differ_and_name_nobody() -> None:
    """They stand in rows of the ledger."""
    places = [BOX, mailbox("reports@contoso.test"), send_as("a@contoso.test", "b@contoso.test"), Place(Scope.ALL)]
    places += [Place(Scope.SENDER, "alerts@contoso.test"), Place(Scope.CALLER, "alerts@contoso.test")]
    assert len({place.key for place in places}) == len(places)
    assert all("contoso" not in place.key for place in places)
