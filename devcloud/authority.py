"""A certificate authority that lives as long as one run, with one server certificate for localhost."""

import ssl
from pathlib import Path

import trustme


class ThrowAwayAuthority:
    """Signs the server certificate of every TLS port of the run; its own certificate is the clients' `MAIL_CA_FILE`.

    `root` can issue further certificates, for the scenarios in which a trusted authority vouches for the wrong thing.
    """

    def __init__(self) -> None:
        self.root = trustme.CA(organization_name="devcloud throw-away authority")
        self._server = self.root.issue_cert("localhost", "127.0.0.1")

    def server_context(self) -> ssl.SSLContext:
        """A server's TLS context (1.2 or newer, as Microsoft's hosts)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._server.configure_cert(context)
        return context

    def write_certificate(self, path: Path) -> None:
        """Write the authority's certificate as PEM; its key never leaves the process."""
        self.root.cert_pem.write_to_path(str(path))
