"""A host that runs an example of docs/examples in the local cloud, and everybody who sends it something."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from devcloud.demo_doors import standard_webhook_headers
from tests.example_settings import SECRET, app_settings, mail_toml, tables
from tests.flows.client import Client, Json
from tests.flows.processes import Cloud, HostProcess
from tests.flows.waiting import wait_for

WINDOW = "*/5 * * * * *"
"""The schedule that takes the place of the example's own: every five seconds, because a test waits for the end."""

EVENT_GRID = "4962773b-9cdb-44cf-a8bf-237846a00ab7"
"""Client id of Event Grid in the public cloud (Microsoft Learn, "Secure webhook delivery")."""


NOBODY = "12345678-1234-4234-8234-123456789012"
"""Client id of an application that no table names."""


@dataclass(frozen=True, slots=True)
class Example:
    """A running example at its host's `address`. `client` speaks to it and to its storage, `file` is its own mail.toml."""

    address: str
    client: Client
    file: Mapping[str, Mapping[str, Json]]

    def github(self, webhook: str, event: object) -> httpx.Response:
        """An event as GitHub delivers it."""
        body = json.dumps(event).encode()
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        return self.client.post(
            f"webhooks/{webhook}", body, key=False, headers={"x-hub-signature-256": f"sha256={signature}"}
        )

    def grid(self, webhook: str, *events: Json, kind: str = "Notification") -> httpx.Response:
        """Events as Event Grid delivers them: with a token for the audience that the webhook's table names."""
        token = self.token(self.file["webhooks"][webhook]["audience"], EVENT_GRID, "AzureEventGridSecureWebhookSubscriber")
        headers = {"authorization": f"Bearer {token}", "aeg-event-type": kind}
        return self.client.post(f"webhooks/{webhook}", list(events), key=False, headers=headers)

    def blob_created(self, webhook: str, number: int, subject: str) -> Json:
        """An event of Azure Storage, from the account that the webhook's table names."""
        return {
            "id": f"831e1650-001e-001b-66ab-eeb76e0{number:05}",
            "topic": self.file["webhooks"][webhook]["sources"][0],
            "subject": f"/blobServices/default/containers/{subject}",
            "eventType": "Microsoft.Storage.BlobCreated",
            "eventTime": "2026-11-23T14:05:00.0000000Z",
            "dataVersion": "",
            "metadataVersion": "1",
            "data": {"api": "PutBlob", "contentType": "application/pdf", "contentLength": 524288, "blobType": "BlockBlob"},
        }

    def standard(self, webhook: str, event_id: str, timestamp: int, event: object) -> httpx.Response:
        """An event as a Standard Webhook, signed at `timestamp`."""
        body = json.dumps(event).encode()
        headers = standard_webhook_headers(SECRET, event_id, timestamp, body)
        return self.client.post(f"webhooks/{webhook}", body, key=False, headers=headers)

    def call(self, caller: str, path: str, body: object) -> httpx.Response:
        """POST as a table of [callers], with the token that Entra makes for it."""
        return self.client.post(path, body, key=False, headers=self._bearer(caller))

    def ask(self, caller: str, key: str) -> httpx.Response:
        """What a table of [callers] is told of a mail."""
        return httpx.get(f"{self.address}/api/messages/{key}", headers=self._bearer(caller), trust_env=False)

    def token(self, audience: str, application: str, role: str, claims: Mapping[str, str] | None = None) -> str:
        """A token of the local cloud's Entra for an application that has this role."""
        wanted = {"resource": audience, "client_id": application, "claims": {"roles": [role], **(claims or {})}}
        answer = httpx.post(f"{self.client.cloud.inbox}/api/identity/tokens", json=wanted, trust_env=False)
        return str(answer.raise_for_status().json()["access_token"])

    def _bearer(self, caller: str) -> dict[str, str]:
        table = self.file["callers"][caller]
        claims = {"oid": table["object"], "sub": table["object"]} if "object" in table else {}
        token = self.token(str(self.file["http"]["audience"]), table.get("application", NOBODY), "Mail.Send", claims)
        return {"authorization": f"Bearer {token}"}

    def text(self, *, to: str) -> str:
        """Subjects and texts of the mails for this recipient, as soon as there is one."""
        self.client.arrived(to=to)
        opened = [self.client.opened(mail) for mail in self.client.mails(to=to)]
        bodies = [(mail["Subject"], mail.get_body(("plain",))) for mail in opened]
        return "\n".join(f"{subject}\n{body.get_content() if body else ''}" for subject, body in bodies)


@contextmanager
def running(name: str, cloud: Cloud, folder: Path) -> Iterator[Example]:
    """Run an example on a host of its own, on the storage account that the cloud's own mail does not use.

    Two lines of its file are changed: the cloud, which is the local one, and the digest's schedule.
    """
    path = folder / f"{name}.toml"
    path.write_text(_local(mail_toml(name).read_text("utf-8")), "utf-8")
    settings = {key: value for key, value in app_settings(name).items() if not key.startswith("MailStorage")}
    # The tenant is the local cloud's, and timers are shared by the hosts of one id.
    own = {"MAIL_CONFIG": str(path), "MailStorage": cloud.second_account, "AzureFunctionsWebHost__hostid": name}
    environment = {**cloud.settings, **settings, **own, "MAIL_TENANT_ID": cloud.settings["MAIL_TENANT_ID"]}
    host = HostProcess(name, cloud, environment, folder)
    try:
        address, _ = host.wait_ready()
        with Client(cloud, functions=address, storage=cloud.second_account) as client:
            yield Example(address, client, tables(name))
            wait_for("the host to have sent everything", lambda: client.peek("sending") == [])
    finally:
        host.stop()


def _local(text: str) -> str:
    lines = text.splitlines()
    clouds = [number for number, line in enumerate(lines) if line == 'name = "worldwide"']
    schedules = [number for number, line in enumerate(lines) if line.startswith("schedule = ")]
    assert (len(clouds), len(schedules)) == (1, 1), "the example has another form than this expects"
    lines[clouds[0]], lines[schedules[0]] = 'name = "custom"', f'schedule = "{WINDOW}"'
    return "\n".join(lines) + "\n"
