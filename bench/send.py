"""Send core: mails per second and CPU per mail, beside bare aiosmtplib in the same run, against the same simulator."""

import asyncio
import gc
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Protocol

import msgspec

from bench.bare import BareSender
from bench.core import CoreSender
from bench.figures import Spread, Target, ratios
from bench.mails import CONNECTIONS, sample
from bench.progress import Steps, steps
from bench.report import Column, Report, Row
from bench.simulator import Addresses
from bench.tracing import Tracing, in_memory, over_otlp
from devcloud.processes import Child, stop_all
from shared.rules.token import Token

LEAST = 0.7
"""Of the mails per second of bare aiosmtplib (issue 2, section 5)."""

MAILS = 600
"""Of each sender in each round: a second or two, and several times the hundred mails after which we change connections."""

_READY_SECONDS = 30.0
_STOP_SECONDS = 5.0


class MailSender(Protocol):
    """One of the two that take turns."""

    async def prepare(self, count: int) -> None:
        """What does not belong to the measurement."""

    async def send(self, count: int) -> None:
        """Send `count` mails and everything that goes with them."""

    async def stop(self) -> None:
        """End."""


@dataclass(frozen=True, slots=True)
class Lap:
    """One sender's part of one round: seconds of wall clock and of CPU of this process, all its threads."""

    wall: float
    cpu: float

    @property
    def mails_per_second(self) -> float:
        """Throughput."""
        return MAILS / self.wall

    @property
    def cpu_per_mail(self) -> float:
        """Milliseconds."""
        return self.cpu / MAILS * 1000

    @property
    def busy(self) -> float:
        """Percent of one core; near 100 the client is what limits the throughput, and not the simulator."""
        return self.cpu / self.wall * 100


def measure(*, rounds: int) -> Report:
    """Let both send in turn, `rounds` times after one round that warms them up. Raises `StartFault`."""
    with tempfile.TemporaryDirectory(prefix="keyless-mail-bench-") as folder:
        ca_file = Path(folder) / "ca.pem"
        argv = [sys.executable, "-m", "bench.simulator", str(ca_file)]
        simulator = Child("simulator", argv, environment=os.environ, folder=Path(folder))
        try:
            addresses = simulator.wait_ready(_addresses, seconds=_READY_SECONDS)
            with (
                over_otlp(addresses.receiver) as otlp,
                in_memory() as memory,
                steps("send core", 3 * rounds + 3) as progress,
            ):
                laps = asyncio.run(_race(addresses, str(ca_file), (memory, otlp), rounds, progress))
        finally:
            stop_all([simulator], seconds=_STOP_SECONDS)
    return _report(laps)


def _addresses(output: str) -> Addresses | None:
    line, complete, _rest = output.partition("\n")
    return msgspec.json.decode(line, type=Addresses) if complete else None


async def _race(
    addresses: Addresses, ca_file: str, pipelines: Sequence[Tracing], rounds: int, progress: Steps
) -> list[list[Lap]]:
    """Laps of the peer, then of our core with each pipeline."""
    mail = await sample(addresses.smtp)
    token = Token(addresses.token, time.time(), addresses.expires_at)
    bare = BareSender(mail, addresses.token, ca_file)
    cores = [CoreSender(mail, token, ca_file, pipeline) for pipeline in pipelines]
    await bare.start()
    found: list[list[Lap]] = [[], *([] for _ in cores)]
    senders: list[MailSender] = [bare, *cores]
    for number in range(rounds + 1):
        for laps, sender in zip(found, senders, strict=True):
            lap = await _lap(sender, progress)
            if number:  # the first round opens connections and loads modules
                laps.append(lap)
    for sender in senders:
        await sender.stop()
    return found


async def _lap(sender: MailSender, progress: Steps) -> Lap:
    await sender.prepare(MAILS)
    # What the ledger in memory holds would be looked through again and again; a real one is elsewhere.
    gc.collect()
    gc.freeze()
    wall, cpu = time.perf_counter(), time.process_time()
    await sender.send(MAILS)
    lap = Lap(time.perf_counter() - wall, time.process_time() - cpu)
    gc.unfreeze()
    progress.done("send core")
    return lap


def _report(laps: Sequence[Sequence[Lap]]) -> Report:
    bare, memory, otlp = laps
    columns = (
        Column("mails_per_second", "mails/s", 0),
        Column("speed_ratio", "ratio", 2),
        Column("cpu_ms_per_mail", "CPU ms", 2),
        Column("cpu_ratio", "ratio", 2),
    )
    rows = (
        _row("bare aiosmtplib", bare, None),
        _row("keyless-mail", memory, bare),
        _row("exporting OTLP", otlp, bare),
    )
    speed = ratios([lap.mails_per_second for lap in memory], [lap.mails_per_second for lap in bare])
    target = Target("mails per second, tracing on, of bare aiosmtplib's", speed, LEAST, at_most=False)
    notes = (
        f"{MAILS} mails of 2 kB per lap, {CONNECTIONS} connections over TLS; the simulator is a process of its own.",
        "keyless-mail: tracing on; ledger and queue in memory; claim, outcome, pace, spans and metrics are real.",
        "exporting OTLP: a thread of the same process encodes and sends all that to a receiver, the last span included.",
        f"CPU of this process per mail; it is busy for {median(lap.busy for lap in bare):.0f} % of a core with the peer and"
        f" {median(lap.busy for lap in memory):.0f} % with keyless-mail. Far below 100 the simulator sets the pace.",
    )
    return Report("send", "Send core", len(bare), columns, rows, (target,), notes)


def _row(label: str, laps: Sequence[Lap], peer: Sequence[Lap] | None) -> Row:
    speeds, cpu = [lap.mails_per_second for lap in laps], [lap.cpu_per_mail for lap in laps]
    busy = {"busy_percent": median(lap.busy for lap in laps)}
    if peer is None:
        return Row(label, (Spread.of(speeds), None, Spread.of(cpu), None), busy)
    speed = ratios(speeds, [lap.mails_per_second for lap in peer])
    thrift = ratios(cpu, [lap.cpu_per_mail for lap in peer])
    return Row(label, (Spread.of(speeds), speed, Spread.of(cpu), thrift), busy)
