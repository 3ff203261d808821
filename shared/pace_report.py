"""What operators are told of the pace: each mailbox's forecast, the tenant's external recipients, and the same as gauges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.pace_ports import AllPaces
from shared.rules.config import MailConfig
from shared.rules.pace import Lane, Limits, Pace, limits_of, pace_key
from shared.rules.pace_forecast import TRIAL_LIMIT, Forecast, Foreign, Wall, external_limit, forecast
from shared.rules.storage_errors import NewerRow
from shared.status import iso
from shared.telemetry import Attr, Metric, Telemetry


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox of `mail.toml`: its address, the key of its row, and what its row says; or that it cannot be read."""

    address: str
    key: str
    said: Forecast | NewerRow


@dataclass(frozen=True, slots=True)
class PaceReport:
    """The story. `clock` is storage's time, as the rows have it."""

    config: MailConfig
    rows: AllPaces
    telemetry: Telemetry
    clock: Callable[[], float]

    async def report(self) -> dict[str, Any]:
        """JSON data, times in ISO 8601; for operators only, as it names the mailboxes."""
        now = self.clock()
        boxes = await self._boxes(now)
        return {
            "at": iso(now),
            "mailboxes": [_box_view(box, box.said, now) for box in boxes if isinstance(box.said, Forecast)],
            "unreadable": [_unreadable_view(box, box.said) for box in boxes if isinstance(box.said, NewerRow)],
            "tenant": self._tenant(boxes),
        }

    async def measure(self) -> None:
        """Set the gauges of every mailbox, under its row's key: no address may be in them."""
        for box in await self._boxes(self.clock()):
            if isinstance(box.said, Forecast):
                self._set_gauges({Attr.MAILBOX: box.key}, box.said)

    async def _boxes(self, now: float) -> list[Box]:
        rows = await self.rows.all()
        found = []
        for key, (address, limits) in self._mailboxes().items():
            row = rows.get(key, Pace())
            found.append(Box(address, key, row if isinstance(row, NewerRow) else forecast(row, limits, now)))
        return found

    def _mailboxes(self) -> dict[str, tuple[str, Limits]]:
        """By key: a mailbox of several senders, or in two spellings, is one."""
        found: dict[str, tuple[str, Limits]] = {}
        for sender in self.config.senders.values():
            for address in sender.mailboxes:
                found.setdefault(pace_key(address), (address, limits_of(sender)))
        return found

    def _tenant(self, boxes: list[Box]) -> dict[str, Any]:
        """What all mailboxes that can be read sent to other domains in a day, and what the tenant may."""
        licences = self.config.licences
        limit = None if licences is None else external_limit(licences)
        external = sum(box.said.external for box in boxes if isinstance(box.said, Forecast))
        return {
            "external": external,
            "licences": licences,
            "limit": limit,
            "trial_limit": TRIAL_LIMIT,
            "reached": limit is not None and external >= limit,
        }

    def _set_gauges(self, which: Mapping[Attr, str], said: Forecast) -> None:
        self.telemetry.gauge(Metric.PACE_SENT, said.sent, which)
        self.telemetry.gauge(Metric.PACE_FOREIGN, said.foreign.messages, which)
        self.telemetry.gauge(Metric.PACE_CONNECTIONS, said.connections, which)
        self.telemetry.gauge(Metric.PACE_RECIPIENTS, said.recipients, which)
        for lane, mails in said.backlog.items():
            self.telemetry.gauge(Metric.PACE_BACKLOG, mails, {**which, Attr.LANE: lane.value})


def _box_view(box: Box, said: Forecast, now: float) -> dict[str, Any]:
    return {
        "mailbox": box.address,
        "key": box.key,
        "last_minute": {"sent": said.sent, "allowed": said.allowed, "limit": said.limits.messages_per_minute},
        "connections": {"held": said.held, "allowed": said.connections, "limit": said.limits.connections},
        "backlog": {lane.value: said.backlog[lane] for lane in Lane} | {"mails": said.mails},
        "drains_at": _iso(said.drains_at),
        "recipients": {"used": said.recipients, "external": said.external, "limit": said.limits.recipients_per_day},
        "wall": None if said.wall is None else _wall_view(said.wall, said.limits, now),
        "foreign": _foreign_view(said.foreign, now),
    }


def _wall_view(wall: Wall, limits: Limits, now: float) -> dict[str, Any]:
    """`kept` recipients beyond the wall are for the high lane alone."""
    return {
        "at": iso(wall.at),
        "reached": wall.at <= now,
        "recipients": wall.limit,
        "kept": limits.recipients_per_day - wall.limit,
        "mails": wall.mails,
        "next_at": iso(wall.first_at),
    }


def _foreign_view(foreign: Foreign, now: float) -> dict[str, Any]:
    """`felt` is False where it is over as far as anybody can know: the next mail tries the connections that were refused."""
    felt = foreign.messages > 0 or (foreign.next_try is not None and foreign.next_try > now)
    return {
        "messages_per_minute": foreign.messages,
        "connections": foreign.connections,
        "next_try_at": _iso(foreign.next_try),
        "felt": felt,
    }


def _unreadable_view(box: Box, why: NewerRow) -> dict[str, Any]:
    return {"mailbox": box.address, "key": box.key, "reason": str(why)}


def _iso(at: float | None) -> str | None:
    return None if at is None else iso(at)
