"""Reads a text from word to word and breaks its links: here `event_links` tells a link that stays from all others."""

import re

from shared.rules.event_hosts import looks_like_host
from shared.rules.event_schemes import LONGEST_SCHEME, WEB, acts
from shared.rules.top_level_domains import TOP_LEVEL

_TOKEN = re.compile(r"(?P<name>[\w-]++(?:\.[\w-]++)*+)(?:(?P<colon>:[/\\]*+)(?=\S)|@(?P<host>[\w-]++(?:\.[\w-]++)++)(?!:))?")
"""A word, or words with dots between them, and what may follow: a colon, or the host of a mail address."""

_SCHEME = re.compile(r"(?<![a-z])((?:ms|search|facetime|view)-[a-z-]++|[a-z][a-z0-9]*+)\Z")
_AUTHORITY = re.compile(r"[^\s/?#\\<>]*+")
_HOST = re.compile(r"([a-z0-9-]++(?:\.[a-z0-9-]++)*+)(?::[0-9]{1,5}+)?")

_CLOSING = re.compile(r"[.,:;!'\")\]}*_~`|]*+(?![/?#\\])")
"""What may stand between a host and the end of its word, because it belongs to the sentence around it."""

_PORT = re.compile(r"(?::[0-9]{1,5}+(?![\w.:@]))?")
_TAIL = re.compile(r"(?:[/?](?:[A-Za-z0-9._~/?#&=+:@-]|%[0-9A-Fa-f]{2})*+)?")
"""Path and query, in characters at which no mail program ends a link, to begin another one behind it."""

_INNER = re.compile(r"://([^/?#]*+)")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_DIALLED = re.compile(r":[0-9]|/(?![0-9]{1,2}(?![\w/]))")
"""Behind four numbers: a port, or a path that is not the length of a network (`10.0.0.0/8`)."""

_BARE_TARGET = re.compile(r"[\w\[%]")
_LETTER = re.compile(r"[^\W\d_]")


class LinkScanner:
    """Walks from word to word through `text`; `shadow` is the same text, folded. Collects `pieces` of the result.

    Up to `_zone` stands the host of a link that was defanged, up to `_foreign` its path: what is inside shares its fate.
    """

    def __init__(self, text: str, shadow: str, hosts: frozenset[str]) -> None:
        self.pieces: list[str] = []
        self._text = text
        self._shadow = shadow
        self._hosts = hosts
        self._zone = 0
        self._foreign = 0

    def scan(self) -> None:
        """Read the whole text."""
        position = 0
        while match := _TOKEN.search(self._shadow, position):
            self._keep(position, match.start())
            position = self._take(match)
        self._keep(position, len(self._text))

    def _take(self, match: re.Match[str]) -> int:
        """Append one token; gives the place behind what was appended."""
        if match["host"] is not None:
            return self._address(match)
        scheme = self._scheme(match) if match["colon"] else None
        if scheme is not None:
            return self._link(match, scheme)
        return self._name(match.start(), match.end("name"))

    def _scheme(self, match: re.Match[str]) -> str | None:
        """The scheme before the colon, '' for one that cannot be named before `//`, None where this is no link."""
        colon = match.end("name")
        begin = max(match.start(), colon - LONGEST_SCHEME)
        # Some programs read look-alikes of ASCII letters as such, and for others the scheme begins behind them.
        forms = (self._shadow[begin:colon], self._text[begin:colon].lower())
        schemes = [found[1] for found in map(_SCHEME.search, forms) if found]
        scheme = next((name for name in schemes if name in WEB or acts(name)), schemes[0] if schemes else "")
        slashes = match["colon"][1:]
        if scheme in WEB:
            return scheme if slashes or _BARE_TARGET.match(self._shadow, match.end()) else None
        if acts(scheme):
            return scheme
        return "" if slashes.startswith("//") else None

    def _link(self, match: re.Match[str], scheme: str) -> int:
        start, colon, after = match.end("name") - len(scheme), match.start("colon"), match.end()
        end = self._known_end(start, after) if scheme in {"http", "https"} and match["colon"] == "://" else None
        if end is not None:
            self._before(match.start(), start)
            return self._keep(start, end)
        if scheme in WEB:
            self._before(match.start(), start)
            # In its own case where it is ASCII: `HxxPS`. A full-width one would not look defanged.
            written = self._text[start:colon] if self._text[start:colon].isascii() else scheme
            self.pieces.append(f"{written[0]}xx{written[3:]}")
            self._keep(colon, after)
        else:
            self._words(match.start(), colon)
            self.pieces.append("[:]")
            self._keep(colon + 1, after)
        self._enter(after)
        return after

    def _before(self, start: int, end: int) -> None:
        """The words to which a scheme was glued: `evil.com.https`."""
        words = start + len(self._shadow[start:end].rstrip(".-_"))
        if self._is_host(start, words) or self._is_host(start, end):
            self._brackets(start, end)
        else:
            self._keep(start, end)

    def _enter(self, after: int) -> None:
        """A link was defanged whose host begins at `after`. Inside another host nothing new begins."""
        if after < self._zone:
            return
        self._zone = _end(_AUTHORITY, self._shadow, after)
        if self._zone >= self._foreign:
            self._foreign = _end(_TAIL, self._text, self._zone)

    def _address(self, match: re.Match[str]) -> int:
        at = match.end("name")
        self._words(match.start(), at)
        self.pieces.append("@")
        if self._is_known(at + 1, match.end()) and self._is_free(match.start()):
            return self._keep(at + 1, match.end())
        self._words(at + 1, match.end())
        return match.end()

    def _name(self, start: int, end: int) -> int:
        """A name without a scheme; a known host keeps its path."""
        if self._is_known(start, end) and self._is_free(start):
            whole = _end(_TAIL, self._text, _end(_PORT, self._text, end)) if self._is_public(end) else end
            if self._leads_home(end, whole):
                return self._keep(start, whole)
            self._foreign = whole
        self._words(start, end)
        return end

    def _known_end(self, start: int, after: int) -> int | None:
        """Where a link to a known host ends, None for any other link; its scheme begins at `start`, its host at `after`."""
        host = _HOST.match(self._shadow, after)
        if host is None or host[1] not in self._hosts or not self._is_free(start):
            return None
        if not self._text[start : host.end()].isascii():
            return None
        word_end = _end(_AUTHORITY, self._shadow, after)
        if host.end() < word_end:
            # A text that begins with its link may be used as a link's target whole: then what follows is part of the host.
            return host.end() if start and _end(_CLOSING, self._shadow, host.end()) == word_end else None
        end = _end(_TAIL, self._text, word_end)
        if self._text.startswith("\\", word_end) or not self._leads_home(word_end, end):
            return None
        return end

    def _is_free(self, start: int) -> bool:
        return start >= max(self._zone, self._foreign)

    def _is_known(self, start: int, end: int) -> bool:
        """Whether this is a host to keep; one letter beyond ASCII, and programs disagree where it begins."""
        return self._shadow[start:end] in self._hosts and self._text[start:end].isascii()

    def _is_public(self, end: int) -> bool:
        """Whether every program sees that the name that ends here is a host, and takes what is around it for a part."""
        return self._shadow[self._shadow.rfind(".", 0, end) + 1 : end] in TOP_LEVEL

    def _leads_home(self, start: int, end: int) -> bool:
        """Whether every address within a path or query leads to a known host too, and nothing is glued to it."""
        inner = [_HOST.fullmatch(found[1]) for found in _INNER.finditer(self._shadow, start, end)]
        closed = end == len(self._text) or self._text[end].isspace()
        return all(host is not None and host[1] in self._hosts and closed for host in inner)

    def _words(self, start: int, end: int) -> None:
        """A name with its dots in brackets, if it may be taken for a host; otherwise as it is."""
        if self._is_host(start, end):
            self._brackets(start, end)
        else:
            self._keep(start, end)

    def _brackets(self, start: int, end: int) -> None:
        pairs = zip(self._text[start:end], self._shadow[start:end], strict=True)
        self.pieces.append("".join("[.]" if shadow == "." else character for character, shadow in pairs))

    def _is_host(self, start: int, end: int) -> bool:
        dot = self._shadow.rfind(".", start, end)
        if dot < 0 or start < self._zone:
            return dot >= 0
        if self._shadow.startswith("//", start - 2):
            return True
        numbers = _IPV4.fullmatch(self._shadow, start, end)
        if self._shadow[start - 1 : start] == "@" and (numbers or _LETTER.search(self._shadow, dot, end)):
            return True  # of a mail address, whatever it ends with; but `package@1.2.3` is none
        if numbers and _DIALLED.match(self._shadow, end):
            return True
        return looks_like_host(self._text[start:end], self._shadow[start:end])

    def _keep(self, start: int, end: int) -> int:
        self.pieces.append(self._text[start:end])
        return end


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Where the longest match from `start` ends; `start` itself where there is none."""
    match = pattern.match(text, start)
    return start if match is None else match.end()
