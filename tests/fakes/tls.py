"""A throw-away certificate authority for servers of tests."""

import ssl
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class Authority:
    """`server` is a context for localhost; `stranger` names another host; `ca_file` is what a client trusts."""

    server: ssl.SSLContext
    stranger: ssl.SSLContext
    ca_file: str | None


def authority(folder: Path) -> Authority:
    """A new authority whose certificate is written into `folder`."""
    root = _root()
    ca_file = folder / "ca.pem"
    root.cert_pem.write_to_path(str(ca_file))
    return Authority(_context(root, "localhost"), _context(root, "other.contoso.test"), str(ca_file))


@lru_cache(maxsize=1)
def _root() -> trustme.CA:
    return trustme.CA()


def _context(root: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    root.issue_cert(name).configure_cert(context)
    return context
