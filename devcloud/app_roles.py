"""The app roles that the make-believe tenant has granted: which ones a token gets, and since when each is granted."""

from collections.abc import Mapping, Sequence

Grants = Mapping[str, float]
"""Role → when it was granted, in epoch seconds; in the order in which the roles were put."""

_Source = tuple[str, str]


class AppRoles:
    """Roles of everybody, of single client ids, and for single resources: the more exact one wins, and replaces the others.

    Client ids and resources have no case, and a resource is the same with a slash at its end.
    """

    def __init__(self) -> None:
        self._granted: dict[_Source, Grants] = {}

    def put(
        self,
        roles: Sequence[str],
        *,
        of: Mapping[str, Sequence[str]],
        for_resource: Mapping[str, Sequence[str]],
        now: float,
    ) -> None:
        """Replace all; a role that was granted before in the same place keeps its time."""
        wanted: dict[_Source, Sequence[str]] = {("roles", ""): roles}
        wanted.update({("of", client_id.lower()): those for client_id, those in of.items()})
        wanted.update({("for", _plain(resource)): those for resource, those in for_resource.items()})
        self._granted = {source: self._since(source, those, now) for source, those in wanted.items()}

    def of(self, client_id: str, resource: str) -> Grants:
        """What a token of this client for this resource carries."""
        sources = (("for", _plain(resource)), ("of", client_id.lower()), ("roles", ""))
        return next((self._granted[source] for source in sources if source in self._granted), {})

    def named_for(self, resource: str) -> Grants:
        """What was granted for this resource by its name."""
        return self._granted.get(("for", _plain(resource)), {})

    def _since(self, source: _Source, roles: Sequence[str], now: float) -> Grants:
        before = self._granted.get(source, {})
        return {role: before.get(role, now) for role in roles}


def _plain(resource: str) -> str:
    return resource.lower().rstrip("/")
