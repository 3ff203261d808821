"""Texts that would act on a terminal, hide something there or reorder it; and answers that are full of them."""

from typing import Any

HOSTILE = {
    "markup": "[bold red]x[/] [link=https://evil.test]y[/link] [/]",
    "escape codes": "\x1b[2J\x1b]8;;https://evil.test\x07x\x1b]8;;\x07 \x9b31m",
    "bidi": "a\u202egpj.exe\u202c \u2066b\u2069 \u200f",
    "zero width": "ad\u200bmin \u200d\ufeff\u2060\u00ad",
    "invisible letters": "a\u3164b\u115f\u2800",
    "stacked marks": "Z" + "\u0300\u0488" * 9,
    "lines": "one\ntwo\r\nthree\u2028four\x0b\x0c\x85",
    "surrogate": "\ud800x",
    "nul and del": "\x00\x7f\x08\x08",
}
SEEN = frozenset(chr(n) for n in range(0x20, 0x7F))
FRAME = frozenset("→─│┌┐└┘├┤┬┴┼━┃┏┓┗┛┡┩╇╈┳┻╋\n")


def a_mail(value: str) -> dict[str, Any]:
    """A mail in which every text is hostile."""
    reason = {"code": value, "text": value, "fix": value}
    return {
        "id": value,
        "state": value,
        "attempts": value,
        "timeline": [{"at": value, "state": value, "reason": value}],
        "recipients": [{"n": value, "state": value, "code": value, "enhanced": value}],
        "addressed": [{"n": value, "state": value, "code": value, "enhanced": value}],
        "reason": reason,
        "sender": value,
        "stopped": {"scope": value, "name": value, "reason": reason},
        "provenance": {"caller": value, "door": value, "rule": value, "template": value},
        "reply": {"code": value, "enhanced": value, "exchange_id": value},
        "message_id": value,
        "trace_id": value,
        "possible_duplicate": value,
        "standstill_since": value,
        "expires_at": value,
        "due": value,
        "cause": value,
    }


def a_stop(value: str) -> dict[str, Any]:
    """A stop in which every text is hostile."""
    return {**a_mail(value), "since": value, "by": value, "ends": value, "next_trial": value, "scope": value, "name": value}


def a_pace(value: str) -> dict[str, Any]:
    """An answer about the pace in which everything is hostile."""
    box = {
        "mailbox": value,
        "last_minute": {"sent": value, "allowed": value},
        "connections": {"held": value, "allowed": value},
        "backlog": {"high": value, "normal": value, "bulk": value},
        "drains_at": value,
        "recipients": {"used": value, "limit": value, "external": value},
        "wall": {"at": value, "reached": False, "recipients": value, "kept": value, "mails": value, "next_at": value},
        "foreign": {"messages_per_minute": value, "connections": value, "next_try_at": value, "felt": value},
    }
    tenant = {"external": value, "licences": value, "limit": value, "trial_limit": value, "reached": value}
    return {"at": value, "mailboxes": [box], "unreadable": [{"mailbox": value, "reason": value}], "tenant": tenant}
