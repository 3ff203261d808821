"""What `[callers.NAME]` and `[webhooks.NAME]` may say."""

import pytest

from shared.rules.config import Condition, RecipientMap
from shared.rules.config_checks import advise
from tests.unit.mail_toml_texts import GUID, SENDERS, changed, names, read

CALLER = f"""
[callers.shop]
application = "{GUID.upper()}"
senders = ["alerts"]
templates = ["event"]
recipients = ["contoso.test"]
reply_to = ["contoso.test"]
priority = "normal"
per_day = 100
"""
FIRST = f'[callers.first]\napplication = "{GUID}"\nsenders = ["alerts"]\n'
ENTRA = '[http]\nauth = "entra"\naudience = "api://keyless-mail"\n'


def test_a_caller_is_read_with_its_limits() -> None:
    """Ids in the case in which they are compared."""
    tables, faults = read(ENTRA + SENDERS + CALLER)
    assert not faults
    assert advise(tables) == []
    shop = tables.callers["shop"]
    assert (shop.application, shop.object, shop.priority, shop.per_day) == (GUID, None, "normal", 100)
    assert (shop.templates, shop.recipients, shop.reply_to) == (("event",), ("contoso.test",), ("contoso.test",))


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("[callers.shop]", "[callers.function-key]", "callers.function-key"),
        (f'application = "{GUID.upper()}"', "", "callers.shop"),
        (f'application = "{GUID.upper()}"', f'application = "{GUID}"\nobject = "{GUID}"', "callers.shop"),
        (f'application = "{GUID.upper()}"', 'application = "shop"', "callers.shop.application"),
        ('senders = ["alerts"]', 'senders = ["alarm"]', "callers.shop.senders[0]"),
        ('templates = ["event"]', 'templates = ["evnt"]', "callers.shop.templates[0]"),
        ('recipients = ["contoso.test"]', 'recipients = ["*"]', "callers.shop.recipients[0]"),
        ('recipients = ["contoso.test"]', 'recipients = ["a@contoso.test"]', "callers.shop.recipients[0]"),
        ('priority = "normal"', 'priority = "urgent"', "callers.shop.priority"),
        ("per_day = 100", "per_day = 0", "callers.shop.per_day"),
        ("per_day = 100", 'client_secret = "x"', "callers.shop.client_secret"),
        (
            "[callers.shop]",
            f'[callers.first]\napplication = "{GUID}"\nsenders = ["alerts"]\n[callers.shop]',
            "callers.shop.application",
        ),
    ],
)
def test_faults_of_a_caller(old: str, new: str, path: str) -> None:
    """Each is named by its place."""
    assert names(changed(old, new, ENTRA + SENDERS + CALLER)) == [path]


def test_callers_that_nobody_asks_and_an_api_that_nobody_may_call_are_warnings() -> None:
    """The way of proof decides which tables count."""
    by_key, _ = read(SENDERS + CALLER)
    assert [w.name for w in advise(by_key)] == ["callers.shop"]
    nobody, _ = read(ENTRA + SENDERS)
    assert [w.name for w in advise(nobody)] == ["callers"]


GRID = """
[webhooks.storage]
verify = "event-grid"
audience = "api://keyless-mail"
sources = ["/subscriptions/1/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/files"]
sender = "alerts"
to = ["ops@contoso.test"]
template = "event"
when = [
  { field = "eventType", equals = "Microsoft.Storage.BlobCreated" },
  { field = "subject", starts_with = "/blobServices" },
]
links = ["Portal.Azure.com"]

[webhooks.storage.recipients]
field = "data.login"
map = { octocat = "octo@contoso.test" }
"""


def test_a_webhook_is_read_with_all_that_it_can_say() -> None:
    """Conditions, map and hosts in the form in which they are compared."""
    tables, faults = read(SENDERS + GRID)
    assert not faults
    assert advise(tables) == []
    webhook = tables.webhooks["storage"]
    assert webhook.when == (
        Condition("eventType", ("Microsoft.Storage.BlobCreated",)),
        Condition("subject", starts_with="/blobServices"),
    )
    assert webhook.recipients == RecipientMap("data.login", {"octocat": "octo@contoso.test"})
    assert webhook.links == ("portal.azure.com",)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ('audience = "api://keyless-mail"', "", "webhooks.storage.audience"),
        ('audience = "api://keyless-mail"', 'audience = "a"\nsecrets = ["A_SECRET"]', "webhooks.storage.audience"),
        ("sources = [", 'origins = ["x.test"]\nsources = [', "webhooks.storage.origins"),
        ('field = "subject", starts_with = "/blobServices"', 'field = "subject"', "webhooks.storage.when[1]"),
        ('starts_with = "/blobServices"', 'starts_with = "/b", equals = "x"', "webhooks.storage.when[1]"),
        ('field = "subject"', 'field = "..subject"', "webhooks.storage.when[1].field"),
        ('links = ["Portal.Azure.com"]', 'links = ["https://portal.azure.com"]', "webhooks.storage.links[0]"),
        ('octocat = "octo@contoso.test"', 'octocat = "octo@elsewhere.test"', "webhooks.storage.recipients.map[0]"),
    ],
)
def test_faults_of_a_webhook(old: str, new: str, path: str) -> None:
    """Each is named by its place."""
    assert names(changed(old, new, SENDERS + GRID)) == [path]


def test_who_signs_needs_secrets_and_has_no_tokens() -> None:
    """Nor topics: what counts of a signed source's events is for `when` to say."""
    github = changed('verify = "event-grid"', 'verify = "github"', SENDERS + GRID)
    assert names(github) == ["webhooks.storage.audience", "webhooks.storage.sources"]
    secretless = SENDERS + changed('audience = "api://keyless-mail"', "", GRID.replace("event-grid", "standard-webhooks"))
    assert names(secretless) == ["webhooks.storage.secrets", "webhooks.storage.sources"]


def test_a_token_without_topics_is_a_fault_and_a_secret_without_topics_a_warning() -> None:
    """The token could bring anybody's events; without topics none are taken."""
    sources = GRID[GRID.index("sources") : GRID.index("sender")]
    assert names(changed(sources, "", SENDERS + GRID)) == ["webhooks.storage.sources"]
    by_secret = changed('audience = "api://keyless-mail"', 'secrets = ["A_SECRET"]', changed(sources, "", SENDERS + GRID))
    tables, faults = read(by_secret)
    assert not faults
    assert [w.name for w in advise(tables)] == ["webhooks.storage.sources"]
