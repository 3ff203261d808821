"""The webhooks' secrets: values of app settings that mail.toml lists by name, in Azure references to a key vault."""

from collections.abc import Iterable, Mapping

from shared.rules.config import Webhook
from shared.rules.config_references import is_secret_name
from shared.rules.faults import Fault
from shared.rules.secret import Secret
from shared.rules.shared_secrets import trouble

_CURE = "set it to the secret that the source signs with (in Azure a Key Vault reference)"


def read_secrets(environ: Mapping[str, str], webhooks: Iterable[Webhook]) -> tuple[dict[str, Secret], list[Fault]]:
    """The secrets that are set, by name, and a warning for each that its webhook cannot use: that webhook answers 503."""
    secrets: dict[str, Secret] = {}
    warnings: list[Fault] = []
    for webhook in webhooks:
        for name in filter(is_secret_name, webhook.secrets):
            value = environ.get(name, "")
            found = trouble(value, webhook.verify)
            if found is None:
                secrets[name] = Secret(value)
                continue
            cause, _, cure = found.partition("; ")
            warnings.append(
                Fault(
                    f"webhooks.{webhook.name}.secrets", f"{_shown(name)} {cause}, so this webhook answers 503", cure or _CURE
                )
            )
    return secrets, warnings


def _shown(name: str) -> str:
    """The app setting by name where it looks like one: a secret that was written in its place must not be repeated."""
    return f"app setting {name}" if name.isupper() else "an app setting"
