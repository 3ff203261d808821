"""Templates and data to subject, text and HTML. Pure: what a template may see is the data and the filters, nothing else.

Templates come with the package and are code; the data comes from anybody. So every value is escaped in HTML, a value has
its JSON members and no attributes, a missing value is an error that names it, and no error text repeats the data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shared.rules.template_engine import MissingValue, compiled
from shared.rules.template_filters import shorten

if TYPE_CHECKING:
    from css_inline import CSSInliner
    from jinja2 import Template

MAX_SUBJECT = 255
"""Characters; Exchange Online's own limit of a subject. A longer one is shortened: an alert must not fail over its title."""

MAX_TEXT = 500_000
"""Characters of the text part: more than a person reads, far below what a mailbox takes."""

MAX_HTML = 1_000_000
"""Characters of the HTML part, before its styles are inlined (which can double it)."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# C0 controls without tab and newline, DEL, and lone surrogates, which no encoding of a mail can carry.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class TemplateSources:
    """The sources of one template; `html` is None for a mail of text only, `layout` is what `{% extends %}` finds."""

    subject: str
    text: str
    html: str | None = None
    layout: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template made: the subject in one line, the text and, where the template has one, the HTML document."""

    subject: str
    text: str
    html: str | None


class TemplateRefused(ValueError):
    """A template and its data do not fit; nothing was made.

    `part` is subject, text or html; `pointer` (RFC 6901) says where the data lacks something. The text never holds a value.
    """

    def __init__(self, part: str, pointer: str, message: str) -> None:
        super().__init__(message)
        self.part = part
        self.pointer = pointer
        self.message = message


def render(sources: TemplateSources, data: Mapping[str, Any]) -> Rendered:
    """Fill a template; raises `TemplateRefused` for a missing value, a template that is broken or output that is too large.

    Styles of the HTML are moved into the elements, because Outlook and others drop style sheets; nothing is loaded for it.
    """
    subject = " ".join(_fill("subject", sources.subject, None, data, MAX_TEXT).split())
    if not subject:
        raise TemplateRefused("subject", "/data", "the template's subject is empty with this data")
    text = _fill("text", sources.text, None, data, MAX_TEXT)
    html = None if sources.html is None else _inline(_fill("html", sources.html, sources.layout or "", data, MAX_HTML))
    return Rendered(shorten(subject, MAX_SUBJECT), _tidy(text), html)


def _fill(part: str, source: str, layout: str | None, data: Mapping[str, Any], limit: int) -> str:
    """One part as text; `layout` None means plain text, in which nothing is escaped."""
    from jinja2 import TemplateSyntaxError

    try:
        return _collect(part, compiled(source, layout), data, limit)
    except TemplateRefused:
        raise
    except MissingValue as gap:
        raise _refused_gap(part, gap, data, source + (layout or "")) from None
    except TemplateSyntaxError as error:
        raise TemplateRefused(part, "", f"the template's {part} is broken at line {error.lineno}") from None
    except Exception as error:  # noqa: BLE001 - whatever a template does with odd data is the data's refusal, never a crash
        raise TemplateRefused(
            part, "/data", f"the template's {part} cannot be filled with this data ({type(error).__name__})"
        ) from None


def _collect(part: str, template: Template, data: Mapping[str, Any], limit: int) -> str:
    chunks: list[str] = []
    size = 0
    for chunk in template.generate(dict(data)):
        size += len(chunk)
        if size > limit:
            raise TemplateRefused(part, "/data", f"the template's {part} is longer than {limit} characters with this data")
        chunks.append(chunk)
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", "".join(chunks).replace("\r\n", "\n").replace("\r", "\n"))


def _tidy(text: str) -> str:
    """No trailing blanks, no more than one empty line in a row, one newline at the end."""
    lines = "\n".join(line.rstrip() for line in text.strip().split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines) + "\n"


def _refused_gap(part: str, gap: MissingValue, data: Mapping[str, Any], source: str) -> TemplateRefused:
    """Names the missing value only in words of the template itself: a key of the data could be somebody's address."""
    words = frozenset(_WORD.findall(source))
    parent = _path_to(gap.parent, data) if isinstance(gap.parent, Mapping | list | tuple) else ""
    path = f"{parent or ''}/{gap.name}"
    if not all(step.isdigit() or step in words for step in path.split("/")[1:]):
        return TemplateRefused(part, "/data", f"the template's {part} asks for a value that the data does not have")
    pointer = "/data" if parent is None else f"/data{path}"
    name = path[1:].replace("/", ".")
    return TemplateRefused(part, pointer, f"the template's {part} needs {name!r}, which the data does not have")


def _path_to(wanted: object, data: object) -> str | None:
    """The pointer that leads from `data` to the very object `wanted`, None where it is not inside."""
    open_ends: list[tuple[str, object]] = [("", data)]
    while open_ends:
        path, value = open_ends.pop()
        if value is wanted:
            return path
        if isinstance(value, Mapping):
            open_ends.extend((f"{path}/{key}", member) for key, member in value.items())
        elif isinstance(value, list | tuple):
            open_ends.extend((f"{path}/{number}", member) for number, member in enumerate(value))
    return None


def _inline(html: str) -> str:
    try:
        return _inliner().inline(html)
    except ValueError as error:
        raise TemplateRefused("html", "", f"the styles of the template cannot be inlined ({type(error).__name__})") from None


@lru_cache(maxsize=1)
def _inliner() -> CSSInliner:
    from css_inline import CSSInliner

    # Remote loading would also open local files; media queries cannot live in an element and stay in the head.
    return CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
