"""What holds these senders' mail back now: a stop that Exchange's refusals set, or a pause. Both outlive their cause."""

from collections.abc import Sequence
from dataclasses import replace

from shared.rules.config import Sender
from shared.rules.cures import Ids, filled
from shared.rules.findings import Finding, Step, fault, ok, warning
from shared.rules.stops import EVERYTHING, Place, Scope, Stop, Trial, mailbox, send_as
from shared.stops import StopKeeper

_RESUME = {
    Scope.ALL: "python -m ops resume --all --why cured",
    Scope.SENDER: "python -m ops resume --sender {} --why cured",
    Scope.MAILBOX: "python -m ops resume --mailbox {} --why cured",
    Scope.SEND_AS: "python -m ops resume --mailbox {} --why cured",
}


async def of_stops(keeper: StopKeeper, senders: Sequence[Sender]) -> list[Finding]:
    """A finding for each stop on the way of these senders' mail; raises the storage's errors."""
    ours = {place for sender in senders for place in _places(sender)}
    found = [_finding(stop) for stop in await keeper.standing() if stop.place in ours]
    return found or [ok(Step.STOPS, seen="nothing is paused or stopped")]


def _places(sender: Sender) -> list[Place]:
    boxes = [place for box in sender.mailboxes for place in (mailbox(box), send_as(box, sender.from_address))]
    return [EVERYTHING, Place(Scope.SENDER, sender.name), *boxes]


def _finding(stop: Stop) -> Finding:
    """The cure of the cause, and then the command that ends the stop; a pause needs only that."""
    name, _, from_address = stop.place.name.partition(" as ")
    resume = _RESUME[stop.place.scope].format(name)
    if stop.trial is Trial.BY_HAND:
        return warning(Step.STOPS, replace(stop.reason, fix=resume), name, stop.by)
    cure = filled(stop.reason.fix, Ids(mailbox=name, from_mailbox=from_address))
    told = replace(stop.reason, fix=f"{cure}; then {resume}" if cure else resume)
    return fault(Step.STOPS, told, name, f"mails of {stop.place.scope} {stop.place.name} wait")
