"""Webhooks on a running host: each kind of source, each answer, and repetitions by two hosts at once."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from devcloud.demo_doors import standard_webhook_headers
from tests.flows.client import Client, Json
from tests.flows.processes import Cloud, HostProcess

AT_ONCE = 50


def secret(client: Client) -> str:
    """What the sources of this cloud sign with."""
    return str(client.cloud.settings["DEMO_WEBHOOK_SECRET"])


def github(client: Client, event: Json, *, webhook: str = "hub", delivery: str = "d-1") -> httpx.Response:
    """An event as GitHub delivers it."""
    body = json.dumps(event).encode()
    mac = hmac.new(secret(client).encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={mac}", "x-github-event": "issues", "x-github-delivery": delivery}
    return client.post(f"webhooks/{webhook}", body, key=False, headers=headers)


def issue(title: str, *, login: str = "stranger", action: str = "opened") -> Json:
    """An issue, in the few fields that a mail shows."""
    return {
        "action": action,
        "issue": {"number": 7, "title": title, "html_url": "https://github.com/contoso/web/issues/7"},
        "repository": {"full_name": "contoso/web"},
        "sender": {"login": login},
    }


def test_an_issue_becomes_a_mail_whose_links_are_known(client: Client) -> None:
    """The title of a stranger leads nowhere; the link to the known host stays."""
    answer = github(client, issue("Win at https://evil.test/prize"))
    assert answer.status_code == 202, answer.text
    mail = client.arrived(to="hub@contoso.test")
    text = client.opened(mail).get_body(("plain",)).get_content()  # type: ignore[union-attr] # it has a text
    assert "https://evil.test" not in text
    assert "hxxps://evil[.]test/prize" in text
    assert "https://github.com/contoso/web/issues/7" in text


def test_who_gets_it_stands_in_the_map(client: Client) -> None:
    """By the login that GitHub signed."""
    assert github(client, issue("mapped", login="octocat")).status_code == 202
    assert client.arrived(to="octo@contoso.test")


def test_what_matches_nothing_is_answered_and_forgotten(client: Client) -> None:
    """Its sender did nothing wrong."""
    answer = github(client, issue("labeled", action="labeled"))
    assert (answer.status_code, answer.json()["passed_by"]) == (202, 1)


def test_a_ping_is_answered(client: Client) -> None:
    """GitHub asks once when the hook is made."""
    ping = {"zen": "Design for failure.", "hook_id": 1, "hook": {"type": "Repository"}}
    answer = github(client, ping)
    assert (answer.status_code, answer.json()["events"]) == (202, 0)


def test_a_webhook_without_its_secret_is_not_ready(client: Client) -> None:
    """503, so that the sender comes back; the setting is named."""
    answer = github(client, issue("x"), webhook="unready")
    assert answer.status_code == 503
    assert "UNSET_WEBHOOK_SECRET" in answer.text
    assert answer.headers["retry-after"]


def cloud_event(number: int) -> Json:
    """A CloudEvent in structured form."""
    return {
        "specversion": "1.0",
        "id": f"c-{number}",
        "source": "/disks",
        "type": "disk.full",
        "data": {"title": f"c {number}"},
    }


def test_cloudevents_come_alone_and_in_batches(client: Client) -> None:
    """With the secret as their bearer token; a redelivered batch is the same mails."""
    bearer = {"authorization": f"Bearer {secret(client)}"}
    one = {**bearer, "content-type": "application/cloudevents+json"}
    assert client.post("webhooks/cloud", cloud_event(1), key=False, headers=one).status_code == 202
    batch = {**bearer, "content-type": "application/cloudevents-batch+json"}
    for _ in range(2):
        answer = client.post("webhooks/cloud", [cloud_event(1), cloud_event(2)], key=False, headers=batch)
        assert (answer.status_code, answer.json()["events"]) == (202, 2)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-type": "application/cloudevents+json"}, {}, 400),
        ({"content-type": "application/cloudevents+json"}, {**cloud_event(3), "id": ""}, 400),
        ({"content-type": "application/cloudevents+avro"}, cloud_event(3), 415),
        ({"content-type": "application/cloudevents+json", "authorization": "Bearer wrong"}, cloud_event(3), 401),
    ],
)
def test_what_is_wrong_with_a_delivery_is_told(client: Client, headers: dict[str, str], body: Json, status: int) -> None:
    """Malformed, of another format, not proven."""
    proven = {"authorization": f"Bearer {secret(client)}", **headers}
    answer = client.post("webhooks/cloud", body, key=False, headers=proven)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


def ask(client: Client, webhook: str, **headers: str) -> httpx.Response:
    """The handshake of CloudEvents' web hooks."""
    url = f"{client.cloud.line['functions'][0]}/api/webhooks/{webhook}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.options(url, headers=named, trust_env=False)


def test_a_listed_origin_gets_consent(client: Client) -> None:
    """At most at the rate that the table names."""
    answer = ask(client, "cloud", webhook_request_origin="EventGrid.azure.net", webhook_request_rate="100")
    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"].lower() == "eventgrid.azure.net"
    assert answer.headers["webhook-allowed-rate"] == "60"
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("webhook", "origin", "status"), [("cloud", "evil.test", 405), ("hub", "eventgrid.azure.net", 405), ("none", "x", 404)]
)
def test_nobody_else_gets_consent(client: Client, webhook: str, origin: str, status: int) -> None:
    """No header agrees to anything."""
    answer = ask(client, webhook, webhook_request_origin=origin)
    assert answer.status_code == status
    assert "webhook-allowed-origin" not in answer.headers


@pytest.fixture
def second(cloud: Cloud, tmp_path: Path) -> Iterator[str]:
    """Another host of the same app."""
    host = HostProcess("second-door", cloud, cloud.settings, tmp_path)
    yield host.wait_ready()[0]
    host.stop()


def test_one_delivery_fifty_times_at_once_over_two_hosts_is_one_mail(client: Client, second: str) -> None:
    """Whoever comes first stores it; nobody is told no."""
    body = json.dumps({"type": "replayed", "data": {"title": "once"}}).encode()
    headers = standard_webhook_headers(secret(client), "msg_storm", int(time.time()), body)
    with Client(client.cloud, functions=second) as other, ThreadPoolExecutor(AT_ONCE) as pool:
        sent = [
            pool.submit(one.post, "webhooks/demo", body, key=False, headers=headers)
            for one in (client, other)
            for _ in range(AT_ONCE // 2)
        ]
        answers = {answer.result().status_code for answer in sent}
    assert answers == {202}
    client.submit(to=["after-storm@contoso.test"])
    client.arrived(to="after-storm@contoso.test")
    subjects = [client.opened(mail)["subject"] for mail in client.mails(to="webhook@contoso.test")]
    assert sum("replayed" in str(subject) for subject in subjects) == 1


def test_principal_headers_are_nothing(client: Client) -> None:
    """Anybody can write them; the host still wants its key."""
    forged = {"x-ms-client-principal": "eyJ9", "x-ms-client-principal-id": "admin", "x-ms-client-principal-name": "admin"}
    assert client.post("messages", {}, key=False, headers=forged).status_code == 401


QUOTES = ["x' or '1' eq '1", "' or PartitionKey ne '", "x'; drop", "%27%20or%201%20eq%201", "..%2f..%2fledger"]


@pytest.mark.parametrize("name", QUOTES)
def test_quotes_in_a_name_ask_for_nothing_else(client: Client, name: str) -> None:
    """Storage's filters take names as values, and ids are hashed before they get there."""
    client.submit(to=["quotes@contoso.test"])
    answer = client.get(f"messages/{quote(name, safe='')}")
    assert answer.status_code == 404
    assert "quotes@contoso.test" not in answer.text
