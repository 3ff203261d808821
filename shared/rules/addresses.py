"""Mail addresses as they may stand in an SMTP command: one bare address, ASCII, nothing around it.

The library decides what an address is (RFC 5321 4.1.2, IDNA 2008); we only make it stricter. Its error texts are not passed
on, because they repeat characters of the address.
"""

from functools import lru_cache

LONGEST_ADDRESS = 254
"""Octets: a path of 256 with its angle brackets (RFC 5321 4.5.3.1.3). Checked first: longer ones cost quadratic time."""

REMEMBERED = 4096
"""Checked addresses kept in memory: a check costs 30 µs, a mail may have 500 recipients, and most of them come again."""


@lru_cache(maxsize=REMEMBERED)
def check_address(text: str) -> str:
    """The address with its domain in ASCII lower case (A-labels) and its local part as given.

    Raises `ValueError`, without the address in its text, for anything but one bare address that plain SMTP can carry: a
    display name, a list, a quoted or non-ASCII local part, a domain literal, a single label, `localhost`. Domains below
    `.test` are fine, because they reach nobody (RFC 6761 6.2).
    """
    from email_validator import EmailNotValidError, validate_email

    local, at, _ = text.rpartition("@")
    if not at or len(text) > LONGEST_ADDRESS:
        raise ValueError("is not a mail address; give one bare address such as ops@contoso.test")
    if not local.isascii():
        raise ValueError("has characters beyond ASCII before the @, which Exchange's SMTP cannot carry; use another address")
    try:
        checked = validate_email(
            text,
            allow_smtputf8=False,
            allow_display_name=False,
            strict=True,
            check_deliverability=False,
            test_environment=True,
        )
    except (EmailNotValidError, UnicodeError):
        raise ValueError("is not one bare mail address; give one such as ops@contoso.test") from None
    if "." not in checked.ascii_domain:
        raise ValueError("has a domain without a dot; give the whole domain")
    return f"{local}@{checked.ascii_domain}"


def domain_of(address: str) -> str:
    """The part behind the last @, in lower case."""
    return address.rpartition("@")[2].lower()
