"""The benchmark: every program in every incident, against one simulator, at the same time where that is possible."""

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.outcomes import cloud as devcloud_run
from bench.outcomes import ours, programs
from bench.outcomes.cloud import POLICIES, Cloud, sender_name
from bench.outcomes.incidents import INCIDENTS, Incident
from bench.outcomes.programs import PROGRAMS, Running
from bench.outcomes.result import Result, in_order
from bench.outcomes.trial import Outcome, Trial
from bench.outcomes.verdict import Says, told_by_library
from bench.progress import Steps, steps
from devcloud.processes import StartFault

FIRE_SECONDS = 20.0
"""Until our host has met what was set for its next connection: it looks into its queue every second."""

NOTES = (
    "By itself: one call of the library, or one mail that keyless-mail accepted (202), until it rests. Once more: on any"
    " error; with keyless-mail the caller always posts once more, under the same key.",
    "keyless-mail says what it knows in `GET /messages/{id}`; resend and hold are values of the sender's `on_unknown`."
    " Waiting is not sent yet: it goes on by itself.",
    "A refusal (4yz, 5yz) says that the mail was not sent. An error without a reply does not say whether it was.",
    "Mails of 2 kB; the large one has 900 kB and is cut after 1 kB. keyless-mail writes a small mail with its final dot at"
    " once, so it cannot tell a cut in the middle of it from one after the dot; a large one may have left as a whole too"
    " before the cut is noticed, so that it is sometimes sent plainly and sometimes unknown.",
)

_POLL_SECONDS = 0.1
_WHAT = "outcomes"


def measure() -> Result:
    """Run all trials; raises `StartFault` where something does not start or does not answer."""
    total = len(INCIDENTS) * (len(PROGRAMS) + len(POLICIES)) + 1
    with (
        tempfile.TemporaryDirectory(prefix="keyless-mail-bench-") as name,
        steps("outcomes: starting the devcloud", total) as progress,
        devcloud_run.running(INCIDENTS, Path(name)) as line,
    ):
        progress.done(_WHAT)
        try:
            return asyncio.run(_measure(line, Path(name), progress))
        except httpx.HTTPError as error:
            raise StartFault(f"the devcloud does not answer: {type(error).__name__}") from error


async def _measure(line: Mapping[str, Any], folder: Path, progress: Steps) -> Result:
    async with Cloud.of(line) as cloud, AsyncExitStack() as stack:
        started = await asyncio.gather(
            *(stack.enter_async_context(programs.running(program, folder)) for program in PROGRAMS)
        )
        bench = _Bench(cloud, started, await cloud.token(), progress)
        trials = await bench.run()
        notes = programs.notes([(one.program, one.version) for one in started])
        names = [program.name for program in PROGRAMS] + [ours.program_name(policy) for policy in POLICIES]
        return Result(in_order(trials, names), (*NOTES, *notes))


@dataclass(frozen=True, slots=True)
class _Bench:
    cloud: Cloud
    started: Sequence[Running]
    token: str
    progress: Steps

    async def run(self) -> list[Trial]:
        alone = [incident for incident in INCIDENTS if incident.before_login]
        together = [incident for incident in INCIDENTS if not incident.before_login]
        trials, mails = [], []
        for incident in alone:
            trials += [await self._alone(incident, program) for program in self.started]
            mails += [await self._ours_alone(incident, policy) for policy in POLICIES]
        names = [*(one.program.name for one in self.started), *POLICIES]
        pairs = [(name, incident) for name in names for incident in together if incident.scenario]
        await self.cloud.misbehave([incident.rule(_mailbox(name, incident)) for name, incident in pairs])
        mails += [await ours.submit(self.cloud, policy, incident) for incident in together for policy in POLICIES]
        waited = await asyncio.gather(self._ours(mails), *(self._in_turn(program, together) for program in self.started))
        self._check(pairs, await self.cloud.fired())
        return [*trials, *(trial for some in waited for trial in some)]

    async def _ours(self, mails: Sequence[ours.Mail]) -> list[Trial]:
        found = await ours.trials(self.cloud, mails)
        for _ in found:
            self.progress.done(_WHAT)
        return found

    async def _in_turn(self, program: Running, incidents: Sequence[Incident]) -> list[Trial]:
        return [await self._trial(program, incident) for incident in incidents]

    async def _trial(self, running: Running, incident: Incident) -> Trial:
        first = then = await self._outcome(running, incident)
        if first.told.says is not Says.SENT:
            then = await self._outcome(running, incident)
        self.progress.done(_WHAT)
        return Trial(running.program.name, incident, first, then)

    async def _outcome(self, running: Running, incident: Incident) -> Outcome:
        mailbox = _mailbox(running.program.name, incident)
        answer = await running.send(self._task(mailbox, incident))
        return Outcome((await self.cloud.taken())[mailbox], told_by_library(answer))

    async def _alone(self, incident: Incident, running: Running) -> Trial:
        name = running.program.name
        await self.cloud.misbehave([incident.rule(_mailbox(name, incident))])
        trial = await self._trial(running, incident)
        self._check([(name, incident)], await self.cloud.fired())
        return trial

    async def _ours_alone(self, incident: Incident, policy: str) -> ours.Mail:
        await self.cloud.misbehave([incident.rule(_mailbox(policy, incident))])
        mail = await ours.submit(self.cloud, policy, incident)
        deadline = time.monotonic() + FIRE_SECONDS
        while not all(await self.cloud.fired()):
            if time.monotonic() > deadline:
                raise StartFault(f"keyless-mail did not meet: {incident.title}")
            await asyncio.sleep(_POLL_SECONDS)
        return mail

    def _task(self, mailbox: str, incident: Incident) -> dict[str, Any]:
        smtp = self.cloud.line["smtp"]
        return {
            "host": smtp["host"],
            "port": smtp["port"],
            "ca_file": smtp["ca_file"],
            "mailbox": mailbox,
            "token": self.token,
            "to": "ops@contoso.test",
            "subject": f"Disk almost full ({incident.title})",
            "text": incident.text,
        }

    def _check(self, pairs: Sequence[tuple[str, Incident]], fired: Sequence[int]) -> None:
        """An incident that did not happen would show its program in too good a light."""
        for (name, incident), times in zip(pairs, fired, strict=True):
            if not times:
                raise StartFault(f"{name} did not meet: {incident.title}")


def _mailbox(name: str, incident: Incident) -> str:
    return f"{sender_name(name, incident)}@contoso.test"
