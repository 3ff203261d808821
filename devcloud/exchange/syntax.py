"""Reading the client's commands: pure, and strict about addresses (RFC 5321 4.1.2) and parameters (RFC 1870, 3461, 6531)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_COMMAND = 2_048
"""Octets of a command line: RFC 5321 allows 512 and each extension adds some (RFC 3461 alone 500)."""

MAX_AUTH_LINE = 12_288 + 256
"""Octets of an AUTH line: RFC 4954 section 4 asks for 12288 of base64; the rest is the command's own words."""

MAX_LOCAL = 64  # RFC 5321 4.5.3.1.1
MAX_PATH = 254  # RFC 5321 4.5.3.1.3, without the angle brackets

_ATOM = r"[^\s()<>\[\]:;@\\,.\"\x00-\x1f\x7f]+"
_LOCAL = re.compile(rf"(?:{_ATOM}(?:\.{_ATOM})*|\"(?:[^\"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*\")\Z")
_LABEL = r"[^\W_](?:[^\W_]|-)*(?<!-)"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\Z")
_LITERAL = re.compile(r"\[(?:IPv6:[0-9A-Fa-f:.]+|\d{1,3}(?:\.\d{1,3}){3})\]\Z")
_PATH = re.compile(r"\s*<((?:\"(?:[^\"\\]|\\.)*\"|[^\">])*)>(?:\s+(\S.*))?\Z", re.DOTALL)
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\s=\x00-\x1f\x7f]+))?\Z")
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2}|[^\x00-\x7f])+\Z")

MAIL_PARAMETERS = {
    "SIZE": re.compile(r"\d{1,20}\Z"),
    "BODY": re.compile(r"(?:7BIT|8BITMIME|BINARYMIME)\Z", re.IGNORECASE),
    "SMTPUTF8": None,
    "RET": re.compile(r"(?:FULL|HDRS)\Z", re.IGNORECASE),
    "ENVID": _XTEXT,
    "AUTH": re.compile(r"\S+\Z"),
}
RCPT_PARAMETERS = {
    "NOTIFY": re.compile(r"(?:NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*)\Z", re.IGNORECASE),
    "ORCPT": re.compile(r"[A-Za-z0-9-]+;\S+\Z"),
}
"""Known parameters and the form of their values; None: the parameter takes none."""


class BadSyntax(ValueError):
    """The arguments of a command cannot be read."""


class BadAddress(BadSyntax):
    """The address in a path is none."""


@dataclass(frozen=True)
class PathCommand:
    """`MAIL FROM:<address> parameters` or `RCPT TO:<address> parameters`; names of parameters in upper case."""

    address: str
    parameters: Mapping[str, str]


def split_command(line: bytes) -> tuple[str, str]:
    """Verb in upper case and the rest; raises BadSyntax for bytes that are no UTF-8."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadSyntax("not UTF-8") from error
    verb, _, argument = text.partition(" ")
    return verb.upper(), argument


def parse_mail(argument: str) -> PathCommand:
    """Arguments of MAIL; the null sender is allowed."""
    return _parse_path("FROM:", argument, MAIL_PARAMETERS)


def parse_rcpt(argument: str) -> PathCommand:
    """Arguments of RCPT; the null address is not."""
    command = _parse_path("TO:", argument, RCPT_PARAMETERS)
    if not command.address:
        raise BadAddress("empty")
    return command


def _parse_path(word: str, argument: str, known: Mapping[str, re.Pattern[str] | None]) -> PathCommand:
    if argument[: len(word)].upper() != word:
        raise BadSyntax(f"{word} expected")
    found = _PATH.match(argument[len(word) :])
    if found is None:
        raise BadAddress("no path")
    address, rest = found.group(1), found.group(2) or ""
    if address:
        check_address(address)
    return PathCommand(address, _parse_parameters(rest, known))


def _parse_parameters(text: str, known: Mapping[str, re.Pattern[str] | None]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for word in text.split():
        found = _PARAMETER.match(word)
        name = found.group(1).upper() if found else ""
        if found is None or name not in known or name in parameters:
            raise BadSyntax("unknown or repeated parameter")
        form, value = known[name], found.group(2)
        if (form is None) != (value is None) or (form is not None and not form.match(value)):
            raise BadSyntax(f"value of {name}")
        parameters[name] = value or ""
    return parameters


def check_address(address: str) -> None:
    """Raise BadAddress unless this is one mailbox: one local part, one domain or address literal, nothing around it."""
    local, at, domain = address.rpartition("@")
    if not at or len(local.encode()) > MAX_LOCAL or len(address.encode()) > MAX_PATH:
        raise BadAddress("length or no @")
    if not _LOCAL.match(local) or not (_DOMAIN.match(domain) or _LITERAL.match(domain)):
        raise BadAddress("characters")


def is_host_name(name: str) -> bool:
    """Whether a client may call itself so in EHLO: a domain of ASCII labels or an address literal (RFC 5321 4.1.1.1)."""
    return name.isascii() and len(name) <= 255 and bool(_DOMAIN.match(name) or _LITERAL.match(name))


def parse_bdat(argument: str) -> tuple[int, bool]:
    """Octets of a BDAT chunk and whether it is the last (RFC 3030)."""
    found = re.fullmatch(r"\s*(\d{1,18})(\s+LAST)?\s*", argument, re.IGNORECASE)
    if found is None or not argument.isascii():
        raise BadSyntax("BDAT size expected")
    return int(found.group(1)), found.group(2) is not None
