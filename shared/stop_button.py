"""The operator's stop button: an order to pause or to resume, checked against what there is to stop."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from shared.ports import Templates
from shared.rules import callers
from shared.rules.config import MailConfig
from shared.rules.field_rules import single_line
from shared.rules.mail_filter import Name
from shared.rules.stops import EVERYTHING, Place, Scope, Stop
from shared.rules.storage_errors import Conflict
from shared.rules.strict import Check, Problem, Refused, convert, parse_json
from shared.steer import LONGEST_NAME, ORDER_LIMIT, NotPossible
from shared.stops import Resumed, StopKeeper

NAMED = 20
"""Names in one error: as many as a person reads."""

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME), Check(single_line)]


class PauseOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stop everything, or what one sender, caller or template sends; `name` is the sender's, caller's or template's."""

    scope: Literal["all", "sender", "caller", "template"]
    who: Words
    why: Words
    name: Name | None = None


class ResumeOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of a stop; a mailbox is stopped by its own breaker only, and may be resumed by hand."""

    scope: Literal["all", "sender", "caller", "template", "mailbox"]
    who: Words
    why: Words
    name: Name | None = None


def pause_from(body: bytes) -> PauseOrder:
    """The order in a JSON body; raises `Refused`."""
    return convert(parse_json(body, limit=ORDER_LIMIT), PauseOrder)


def resume_from(body: bytes) -> ResumeOrder:
    """The order in a JSON body; raises `Refused`."""
    return convert(parse_json(body, limit=ORDER_LIMIT), ResumeOrder)


@dataclass(frozen=True, slots=True)
class StopButton:
    """The story."""

    config: MailConfig
    templates: Templates
    keeper: StopKeeper

    async def pause(self, order: PauseOrder) -> Stop:
        """Stop; raises `Refused` for a name that nobody has, `NotPossible` where others keep changing the same record."""
        try:
            return await self.keeper.pause(self._place(order, ()), who=order.who, why=order.why)
        except Conflict:
            raise NotPossible("others changed the same stop at this moment; try again") from None

    async def resume(self, order: ResumeOrder) -> Resumed:
        """End the stop, a breaker's too, and put its mails back. What mail.toml has lost can be resumed where it stands."""
        standing = await self.keeper.standing()
        place = self._place(order, standing)
        resumed = [await self.keeper.resume(one, who=order.who, why=order.why) for one in (place, *_below(place, standing))]
        return Resumed(tuple(stop for one in resumed for stop in one.stops), sum(one.mails for one in resumed))

    def _place(self, order: PauseOrder | ResumeOrder, standing: Iterable[Stop]) -> Place:
        scope = Scope(order.scope)
        if scope is Scope.ALL:
            if order.name is not None:
                raise _refused("name is given, but all needs none; leave it out, or give another scope")
            return EVERYTHING
        if order.name is None:
            raise _refused(f"name is missing; name the {scope}")
        known = self._known(scope)
        here = [stop.place.name for stop in standing if stop.place.scope is scope]
        if (name := _same(order.name, (*known, *here), scope)) is not None:
            return Place(scope, name)
        raise _refused(f"there is no such {scope}; there is: {_listed(known)}")

    def _known(self, scope: Scope) -> tuple[str, ...]:
        match scope:
            case Scope.SENDER:
                return tuple(self.config.senders)
            case Scope.TEMPLATE:
                return self.templates.names()
            case Scope.MAILBOX:
                return tuple(dict.fromkeys(box for sender in self.config.senders.values() for box in sender.mailboxes))
        return tuple(caller.name for caller in callers.all_of(self.config))


def _same(name: str, names: Iterable[str], scope: Scope) -> str | None:
    """The name as it is known; mailboxes are the same in any case (Exchange reads them so)."""
    if scope is not Scope.MAILBOX:
        return name if name in names else None
    return next((one for one in names if one.casefold() == name.casefold()), None)


def _below(place: Place, standing: Iterable[Stop]) -> list[Place]:
    """What stands below a mailbox: its stops for single From addresses."""
    if place.scope is not Scope.MAILBOX:
        return []
    below = f"{place.name} as "
    return [one.place for one in standing if one.place.scope is Scope.SEND_AS and one.place.name.startswith(below)]


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "") if names else "none"


def _refused(message: str) -> Refused:
    return Refused([Problem("/name", message)])
