"""What a chaos run came to, as a table for people and as JSON for programs."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bench.chaos_run import Result
from bench.chaos_verdict import Ending

MOST_DETAILS = 10
"""Mails of each kind of failure that are described: enough to find the cause, few enough to read."""


TELLING = ("attempt-died", "outcome-unknown", "resend", "late-evidence", "swept")
"""Reasons in the timelines that show whether the run hit mails at the moments that matter."""


def as_json(result: Result) -> dict[str, Any]:
    """Everything, the plan included."""
    verdict = result.verdict
    return {
        "seed": result.plan.seed,
        "mails": len(verdict.endings),
        "hosts": result.plan.hosts,
        "accepted": verdict.told,
        "refused": result.refused,
        "states": verdict.states(),
        "sent": verdict.count("sent"),
        "rejected": verdict.count("rejected"),
        "unknown": verdict.count("unknown"),
        "copies": {"marked": len(verdict.marked_duplicates), "silent": len(verdict.silent_duplicates)},
        "unknown_at_exchange": verdict.held_copies,
        "not_at_rest": len(verdict.moving),
        "lost": len(verdict.lost),
        "silent_duplicates": len(verdict.silent_duplicates),
        "messages_left": result.left,
        "by_rule": {rule.value: count for rule, count in verdict.by_rule().items()},
        "reasons": dict(verdict.reasons().most_common()),
        "happened": dict(sorted(result.happened.items())),
        "resting_seconds": round(result.resting, 1),
        "seconds": round(result.seconds, 1),
        "plan": result.plan.as_json(),
        "details": {name: [_described(result, ending) for ending in endings] for name, endings in _failures(result)},
        "good": verdict.good,
    }


def show(result: Result, console: Console) -> None:
    """The counts, what happened, the failures one by one, and the verdict."""
    console.print(_counts(result))
    console.print(_happened(result))
    for name, endings in _failures(result):
        for ending in endings:
            console.print(Padding(_paragraph(name, ending, result.rows.get(ending.mail.key, {})), (0, 0, 0, 2)))
    for key, answer in list(result.refused.items())[:MOST_DETAILS]:
        console.print(Padding(Text(f"refused: {key}: {answer[:300]}", style="yellow"), (0, 0, 0, 2)))
    if result.verdict.moving:
        text = f"  ! {len(result.verdict.moving)} not at rest in time, {result.left} messages left in the queues"
        console.print(Text(text, style="yellow"))
    console.print(_verdict(result))


def _failures(result: Result) -> list[tuple[str, Sequence[Ending]]]:
    verdict = result.verdict
    kinds = (("lost", verdict.lost), ("silent duplicate", verdict.silent_duplicates), ("not at rest", verdict.moving))
    return [(name, endings[:MOST_DETAILS]) for name, endings in kinds]


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE, pad_edge=False)
    table.show_header = False
    table.add_column("", no_wrap=True)
    table.add_column("", justify="right")
    return table


def _counts(result: Result) -> Table:
    verdict, plan = result.verdict, result.plan
    table = _table(f"Chaos run, seed {plan.seed}")
    held = f"{verdict.count('unknown')} ({verdict.held_copies} of them at Exchange)"
    rules = ", ".join(f"{count} {rule}" for rule, count in verdict.by_rule().items())
    rows = (
        ("mails", f"{len(verdict.endings)} ({rules})"),
        ("accepted", str(verdict.told)),
        ("sent", str(verdict.count("sent"))),
        ("rejected", str(verdict.count("rejected"))),
        ("unknown, held for a person", held),
        *((name, str(count)) for name, count in verdict.states().items() if name not in ("sent", "rejected", "unknown")),
        ("two copies, marked as possible", str(len(verdict.marked_duplicates))),
        ("lost", str(len(verdict.lost))),
        ("silent duplicates", str(len(verdict.silent_duplicates))),
        ("messages left in the queues", str(result.left)),
        ("seconds disturbed, until rest, in all", f"{plan.seconds:.0f}, {result.resting:.0f}, {result.seconds:.0f}"),
    )
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    return table


def _happened(result: Result) -> Table:
    table = _table("What happened")
    plan = result.plan
    table.add_row(Text(f"clock of host {plan.skewed} is off by"), Text(f"{plan.clock_offset:+.1f} s"))
    reasons = result.verdict.reasons()
    told = {f"mails that say {reason}": reasons[reason] for reason in TELLING}
    for name, count in (*sorted(result.happened.items()), *told.items()):
        table.add_row(Text(name), Text(str(count)))
    return table


def _described(result: Result, ending: Ending) -> dict[str, Any]:
    mail = ending.mail
    return {
        "key": mail.key,
        "door": mail.door.value,
        "sender": mail.sender,
        "on_unknown": mail.on_unknown.value,
        "told": ending.told,
        "state": ending.state,
        "possible_duplicate": ending.marked,
        "copies": dict(ending.copies),
        "row": result.rows.get(mail.key, {}),
        "timeline": [moment._asdict() for moment in ending.record.timeline] if ending.record else [],
    }


def _paragraph(name: str, ending: Ending, row: Mapping[str, str]) -> Text:
    mail = ending.mail
    head = f"{name}: {mail.key}, {mail.door}, {mail.on_unknown}, {ending.state}, copies {dict(ending.copies)}"
    timeline = ending.record.timeline if ending.record else ()
    lines = [f"{moment.at} {moment.state}: {moment.reason}" for moment in timeline]
    lines += [f"{column} {value}" for column, value in row.items()]
    return Text.assemble((head, "yellow"), *(f"\n    {line}" for line in lines))


def _verdict(result: Result) -> Text:
    verdict = result.verdict
    if not verdict.good:
        text = f"  ✗ {len(verdict.lost)} lost, {len(verdict.silent_duplicates)} silently sent twice"
        return Text(f"{text}; repeat with --seed {result.plan.seed}", style="bold red")
    return Text(f"  ✓ nothing lost, nothing silently sent twice ({verdict.told} mails)", style="green")
