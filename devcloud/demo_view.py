"""How the demo shows what it found, with `rich`. Data of mails and spans is put in as plain text, never as markup."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from devcloud.demo_result import Finding

BAR_WIDTH = 32
SHOWN_ATTRIBUTES = ("reply_code", "enhanced_code", "connection_reused", "cache_hit", "operation", "state")
"""Last words of the attributes that say the most beside a span's name."""

Span = Mapping[str, Any]


def show(console: Console, findings: Iterable[Finding]) -> None:
    """One panel per door."""
    for finding in findings:
        console.print(_panel(finding))


def subject_of(mail: Mapping[str, Any]) -> str:
    """The Subject as it stands in the header."""
    return next((value for name, value in mail["headers"] if name.lower() == "subject"), "")


def tree_rows(spans: Sequence[Span]) -> Iterator[tuple[str, Span]]:
    """Spans in tree order, each with its guide lines; a span whose parent is not there is a root."""
    known = {span["span_id"] for span in spans}
    children: dict[str | None, list[Span]] = {}
    for span in spans:
        parent = span["parent_span_id"]
        children.setdefault(parent if parent in known else None, []).append(span)
    yield from _branches(children, None, "")


def _branches(children: Mapping[str | None, Sequence[Span]], parent: str | None, guides: str) -> Iterator[tuple[str, Span]]:
    below = children.get(parent, ())
    for number, span in enumerate(below, start=1):
        last = number == len(below)
        own, further = ("", "") if parent is None else ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield guides + own, span
        yield from _branches(children, span["span_id"], guides + further)


def _panel(finding: Finding) -> Panel:
    missing = finding.missing
    title = Text.assemble(("✓ " if not missing else "✗ ", "bold"), (finding.door, "bold"), f"  {finding.does} ")
    parts: list[RenderableType] = [Text(f"missing: {sentence}", style="bold red") for sentence in missing]
    if finding.mail is not None:
        parts += [_facts(finding), *(_trace(trace) for trace in finding.telling_traces)]
    style = "red" if missing else "green"
    return Panel(Group(*parts), title=title, title_align="left", border_style=style, box=box.ROUNDED, padding=(0, 1))


def _facts(finding: Finding) -> Table:
    mail = finding.mail or {}
    table = Table.grid(padding=(0, 2))
    rows = [
        ("from", mail["from"]),
        ("to", ", ".join(mail["to"])),
        ("subject", subject_of(mail)),
        ("size", f"{mail['size']:,} bytes"),
        ("message-id", mail["message_id"]),
    ]
    for name, value in rows:
        table.add_row(Text(name, style="dim"), Text(str(value)))
    table.add_row(Text("states", style="dim"), _states(finding.status))
    return table


def _states(status: Mapping[str, Any]) -> Text:
    text = Text()
    for entry in status.get("timeline", ()):
        if text:
            text.append(" → ", style="dim")
        text.append(str(entry["state"]), style="bold green" if entry["state"] == "sent" else "bold")
        text.append(f" {_clock(str(entry['at']))}", style="dim")
    return text if text else Text("not known", style="red")


def _trace(trace: Mapping[str, Any]) -> RenderableType:
    spans = trace["spans"]
    length = max((span["offset_ms"] + span["duration_ms"] for span in spans), default=0.0)
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False, expand=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(width=BAR_WIDTH, no_wrap=True)
    for guides, span in tree_rows(spans):
        style = "bold red" if span["status"] == "error" else "bold"
        name = Text.assemble((guides, "dim"), (span["name"], style), (_hints(span), "dim"))
        table.add_row(name, Text(_duration(span["duration_ms"])), _bar(span, length))
    head = Text.assemble(("\ntrace ", "dim"), trace["trace_id"], (f"  {_duration(length)}, {len(spans)} spans", "dim"))
    return Group(head, table)


def _hints(span: Span) -> str:
    values = {name.rpartition(".")[2]: value for name, value in span["attributes"].items()}
    words = [f"{word} {values[word]}" for word in SHOWN_ATTRIBUTES if word in values]
    return f"  {', '.join(words)}" if words else ""


def _bar(span: Span, length: float) -> Text:
    if length <= 0:
        return Text("")
    start = min(int(span["offset_ms"] / length * BAR_WIDTH), BAR_WIDTH - 1)
    width = max(1, min(round(span["duration_ms"] / length * BAR_WIDTH), BAR_WIDTH - start))
    style = "red" if span["status"] == "error" else "cyan"
    return Text.assemble(("·" * start, "dim"), ("━" * width, style), ("·" * (BAR_WIDTH - start - width), "dim"))


def _duration(milliseconds: float) -> str:
    return f"{milliseconds:.1f} ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:.2f} s"


def _clock(at: str) -> str:
    return at.partition("T")[2][:12]
