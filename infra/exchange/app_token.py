"""The app's own token for Exchange, by the identity SDK: the managed identity's, or an app registration's that trusts it."""

from dataclasses import dataclass

from shared.rules.token_claims import TokenClaims, claims_of


@dataclass(frozen=True, slots=True)
class Way:
    """Whose token: `identity` is the client id of a user-assigned identity, None the system-assigned one.

    With `app` and `tenant` it is the app registration's, with the identity as its credential; `audience` is the cloud's
    federation audience, `authority` its token service.
    """

    scope: str
    identity: str | None = None
    app: str | None = None
    tenant: str | None = None
    audience: str = ""
    authority: str = ""

    @property
    def name(self) -> str:
        """As `[identity] way` in mail.toml says it."""
        return "federated" if self.app else "managed-identity"


@dataclass(frozen=True, slots=True, repr=False)
class AppToken:
    """A token; without a repr, so that no error and no debugger's line shows it. `expires_at` is in epoch seconds."""

    value: str
    expires_at: float

    @property
    def claims(self) -> TokenClaims:
        """What it says of itself, unproven; empty where it is opaque."""
        return claims_of(self.value) or TokenClaims()


class NoToken(Exception):
    """No token was given; the text says what kind of fault it was and what to look at, and quotes nothing."""


def fetch(way: Way) -> AppToken:
    """Ask once for a token; raises `NoToken`."""
    try:
        return _fetch(way)
    except Exception as error:  # noqa: BLE001 - whatever the SDK raises, its text may quote the answer and goes no further
        kind = type(error).__name__
    raise NoToken(
        f"no token for the app ({kind}): this machine has to have the app's identity; name a user-assigned one by "
        "--identity, and with --app check the federated credential"
    )


def _fetch(way: Way) -> AppToken:
    from azure.identity import ClientAssertionCredential, ManagedIdentityCredential

    identity = ManagedIdentityCredential(client_id=way.identity, use_env_settings=False)
    if way.app is None or way.tenant is None:
        given = identity.get_token(way.scope)
        return AppToken(given.token, float(given.expires_on))
    application = ClientAssertionCredential(
        way.tenant,
        way.app,
        lambda: identity.get_token(f"{way.audience}/.default").token,
        authority=way.authority,
        use_env_settings=False,
    )
    given = application.get_token(way.scope)
    return AppToken(given.token, float(given.expires_on))
