"""The plain text of an HTML mail, for readers and filters that want one: blocks become lines, links keep their address.

A scanner of our own, because the standard library's parser of Python 3.11 takes quadratic time on unclosed comments (25 s
for 200 kB, measured). No expression here looks past the next `<`, except for a comment, which is consumed.
"""

import html
import re
from collections.abc import Callable

LONGEST_HTML = 500_000
"""Characters of HTML that are read; mail programs cut a mail off long before."""

TAB = 4
"""Columns of a tab in preformatted text."""

CUT = "\n\n[…]"
"""Ends a text whose HTML was longer."""

_SILENT = frozenset({"script", "style", "template", "title", "svg"})
"""Elements whose content is never shown as text."""

_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "hr", "dl"})
"""Blocks with an empty line before and after them."""

_LINES = frozenset({"div", "section", "article", "header", "footer", "main", "li", "tr", "dt", "dd", "address", "center"})
"""Blocks that begin and end a line."""

_LINE_ENDS = dict.fromkeys(_PARAGRAPHS, 2) | dict.fromkeys(_LINES, 1)
"""Line ends that stand before and after a block, however many blocks meet there."""

_CELLS = frozenset({"td", "th"})

_KEPT = "\u00a0"
"""Stands for a space that is not collapsed: HTML's own no-break space, and every space of preformatted text."""

_LINK_SCHEMES = ("https://", "http://", "mailto:", "tel:")

_MARKUP = re.compile(
    r"""<!--.*?(?:-->|\Z)                                                   # a comment, closed or not
      | <(?P<end>/?)(?P<tag>[a-z][a-z0-9]*+)(?P<rest>(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)>
      | <[a-z/!?][^<>]*+>                                                   # declarations and broken tags""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""\s(href|alt)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_SPACES = re.compile(r" {2,}")
_EDGES = re.compile(r"(?<! ) *+\n *+")
_BLANK_LINES = re.compile(r"\n{3,}")
_UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]")
"""Controls that character references may have brought in."""


def text_of(markup: str) -> str:
    """The text of an HTML mail; lines end with LF, paragraphs with an empty line. Never fails, whatever the HTML."""
    reader = _Reader()
    begin = 0
    for match in _MARKUP.finditer(markup, 0, LONGEST_HTML):
        reader.text(markup[begin : match.start()])
        begin = match.end()
        if tag := match["tag"]:
            read: Callable[[str, str], None] = reader.close if match["end"] else reader.open
            read(tag.lower(), match["rest"])
    reader.text(markup[begin:LONGEST_HTML])
    text = _BLANK_LINES.sub("\n\n", _EDGES.sub("\n", _SPACES.sub(" ", "".join(reader.pieces)))).strip()
    return _UNSAFE.sub("", text.replace(_KEPT, " ")) + (CUT if len(markup) > LONGEST_HTML else "")


class _Reader:
    """Collects `pieces` of text while the scanner walks through the markup."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._ended = 2
        self._silent = ""
        self._preformatted = False
        self._link: tuple[str, int] | None = None

    def text(self, data: str) -> None:
        if data and not self._silent:
            shown = html.unescape(data)
            self.pieces.append(_preformatted(shown) if self._preformatted else _SPACE.sub(" ", shown))
            self._ended = self._ended if shown.isspace() else 0

    def open(self, tag: str, rest: str) -> None:
        if self._silent:
            return
        if tag in _SILENT:
            self._silent = "" if rest.endswith("/") else tag
            return
        self._break(tag)
        match tag:
            case "br":
                self.pieces.append("\n")
            case "a":
                self._link = (_attribute(rest, "href"), len(self.pieces))
            case "img":
                self.text(_attribute(rest, "alt"))
            case "li":
                self.text("- ")
                self._ended = 2  # a paragraph in the item begins on the dash's line
            case "pre":
                self._preformatted = True

    def close(self, tag: str, _rest: str) -> None:
        if self._silent:
            self._silent = "" if tag == self._silent else self._silent
            return
        if tag == "a" and self._link:
            self._end_link(*self._link)
            self._link = None
        if tag == "pre":
            self._preformatted = False
        self._break(tag)

    def _break(self, tag: str) -> None:
        wanted = _LINE_ENDS.get(tag, 0)
        if wanted > self._ended:
            self.pieces.append("\n" * (wanted - self._ended))
            self._ended = wanted
        elif tag in _CELLS:
            self.pieces.append(" ")

    def _end_link(self, address: str, begin: int) -> None:
        """The address behind a link's words, unless the words are the address."""
        words = "".join(self.pieces[begin:]).strip()
        bare = html.unescape(address).removeprefix("mailto:").removeprefix("tel:")
        if address.lower().startswith(_LINK_SCHEMES) and bare != words:
            self.pieces.append(f" ({_SPACE.sub('', bare)})")


def _preformatted(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.expandtabs(TAB).replace(" ", _KEPT) for line in lines)


def _attribute(rest: str, name: str) -> str:
    for found in _ATTRIBUTE.finditer(rest):
        if found[1].lower() == name:
            return _SPACE.sub(" ", found[2] or found[3] or found[4] or "").strip()
    return ""
