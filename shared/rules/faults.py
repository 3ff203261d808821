"""What is wrong with the settings, as values that a person can act on."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_SHOWN_NAME = 80
"""Characters of a name that is repeated in a fault: enough for any name of ours."""

_SECRET_WORDS = re.compile(
    r"passw|passphrase|(^|[^a-z])pwd|(^|[^a-z])pass($|[^a-z])|secret|credentials?$|api_?key|account_?key|access_?key|private_?key|(^|_)token$|connection_?string",
    re.IGNORECASE,
)
KEYLESS_CAUSE = "looks like a password or a client secret, and this app takes none: it sends with its managed identity"
KEYLESS_CURE = "remove it; give the identity the right to send instead (see [identity])"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: the app setting or the path in mail.toml (`senders.alerts.on_unknown`), why, and what to set.

    Shown by health and in logs, so neither text repeats a value: names only, no addresses, no secrets.
    """

    name: str
    cause: str
    cure: str

    def __str__(self) -> str:
        return f"{self.name}: {self.cause}; {self.cure}"


class NotConfigured(Exception):
    """The settings have faults, each named with its cause and cure; nothing can be accepted or sent."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{f.name}: {f.cause}" for f in faults))
        self.faults = faults


def looks_secret(name: str) -> bool:
    """Whether a setting of this name would hold a password, a key or a token."""
    return _SECRET_WORDS.search(name) is not None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, None where nothing is near."""
    import difflib  # only where something is wrong

    by_folded = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(name.casefold(), list(by_folded), n=1, cutoff=0.7)
    return by_folded[found[0]] if found else None


def unknown(path: str, name: str, known: Iterable[str]) -> Fault:
    """The fault of a name that nobody reads; a name that looks like a secret gets the reason why there is none."""
    full = f"{path}.{printable(name)}" if path else printable(name)
    if looks_secret(name):
        return Fault(full, KEYLESS_CAUSE, KEYLESS_CURE)
    choices = sorted(known)
    meant = nearest(name, choices)
    if meant is not None:
        return Fault(full, "is not a name that is known here", f"did you mean {meant}?")
    return Fault(full, "is not a name that is known here", f"remove it; known are {', '.join(choices)}")


def printable(name: str) -> str:
    """A name as it may stand in a log: short, and quoted where it is not a plain word."""
    short = name if len(name) <= MAX_SHOWN_NAME else name[: MAX_SHOWN_NAME - 1] + "…"
    return short if re.fullmatch(r"[A-Za-z0-9_.…-]+", short) else ascii(short)
