"""Looks into PowerShell text without running it: comments and strings are taken out, then braces say what is inside what."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

_COMMENT = re.compile(r"<#[\s\S]*?#>|(?<![`\w$])#[^\n]*")
_CHANGES = re.compile(r"\b(?:New|Set|Add|Remove|Enable|Disable|Update|Clear|Grant|Revoke)-[A-Z]\w+")
_HARMLESS = {"Set-StrictMode"}


def code_of(path: Path) -> str:
    """A script without comments, each string emptied; what a double-quoted string computes goes too."""
    return "".join(_outside_strings(_COMMENT.sub("", path.read_text())))


def _outside_strings(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        if text[at] in "'\"":
            at = _end_of_string(text, at)
            yield "''"
        else:
            yield text[at]
            at += 1


def _end_of_string(text: str, at: int) -> int:
    """Just behind the string that begins here; `""` and `''` stand for the quote, a backtick takes the next character."""
    quote = text[at]
    at += 1
    while text[at] != quote or text[at : at + 2] == quote * 2:
        if text[at] == quote or (quote == '"' and text[at] == "`"):
            at += 2
        elif quote == '"' and text[at : at + 2] == "$(":
            at = _end_of_group(text, at + 1)
        else:
            at += 1
    return at + 1


def _end_of_group(text: str, at: int) -> int:
    """Just behind the parenthesis that begins here."""
    depth = 0
    while True:
        if text[at] in "'\"":
            at = _end_of_string(text, at)
            continue
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
        if not depth:
            return at


def changes_in(path: Path) -> Iterator[tuple[str, bool]]:
    """Every command of a script that changes something, and whether it stands in a block that ShouldProcess opened."""
    code = code_of(path)
    asked: list[bool] = []
    marks = [0, *(found.start() for found in re.finditer("[{}]", code)), len(code)]
    for start, end in pairwise(marks):
        opens = code[start : start + 1]
        if opens == "{":
            asked.append("$PSCmdlet.ShouldProcess(" in code[code.rfind("\n", 0, start) + 1 : start])
        elif opens == "}":
            asked.pop()
        for found in _CHANGES.finditer(code, start, end):
            if found[0] not in _HARMLESS and not code[: found.start()].rstrip().endswith("function"):
                yield found[0], any(asked)


def parameters_of(path: Path) -> set[str]:
    """Names of a script's own parameters."""
    code = code_of(path)
    block = code[code.index("param(") + len("param(") :]
    return set(re.findall(r"\]\s*\$(\w+)", block[: block.index("\n)\n")]))
