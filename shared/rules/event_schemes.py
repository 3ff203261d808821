"""Words before a colon that make a link of what follows, in texts of other people."""

LONGEST_SCHEME = 32
"""Characters before a colon in which a scheme is looked for; registered ones are shorter."""

WEB = frozenset({"http", "https", "hxxp", "hxxps"})
"""Schemes of web links, and their defanged forms. Browsers forgive any slashes behind them, or none."""

SCRIPTS = frozenset({"javascript", "vbscript"})
"""Schemes that run what follows, even behind a space."""

_NAMES = """
about bitcoin blob callto cid data facetime facetime-audio feed file ftp geo gopher intent itms jar javascript ldap magnet
mailto market mhtml mid mms msteams news nntp onenote outlook shell sip sips skype sms smsto ssh steam tel telnet vbscript
view-source webcal ws wss xmpp
"""
_ACTING = frozenset(_NAMES.split())

_FAMILIES = ("ms-", "search-ms")
"""Beginnings of the schemes by which Windows starts programs: `ms-word:`, `ms-appinstaller:`."""


def acts(scheme: str) -> bool:
    """Whether a scheme acts without `//`: mail programs link some of them, and a template could put one behind a link."""
    return scheme in _ACTING or scheme.startswith(_FAMILIES)
