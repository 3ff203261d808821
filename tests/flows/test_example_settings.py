"""The examples of docs/examples at work: one event through each of their doors becomes what their pages say."""

import json
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.example_settings import names
from tests.flows.client import an_envelope
from tests.flows.example_host import Example, running
from tests.flows.processes import Cloud
from tests.flows.waiting import wait_for

GITHUB, ALERTS = "github-and-storage", "alerts-and-digest"
ALERT = {"severity": "critical", "title": "Disk almost full", "text": "97 %", "link": "https://status.contoso.test/"}


@pytest.fixture(scope="module")
def example(request: pytest.FixtureRequest, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    """One of the examples, running. Both use one storage account, so the second starts when the first has ended."""
    with running(request.param, cloud, tmp_path_factory.mktemp("example")) as example:
        yield example


with_github = pytest.mark.parametrize("example", [GITHUB], indirect=True)
with_alerts = pytest.mark.parametrize("example", [ALERTS], indirect=True)


def review_requested(reviewer: str, repository: str = "contoso/web") -> dict[str, object]:
    """What of GitHub's event counts here, and a title that somebody hopes will become a link."""
    return {
        "action": "review_requested",
        "number": 7,
        "pull_request": {
            "number": 7,
            "title": f"Fix login for {reviewer}, see https://evil.example/login",
            "html_url": f"https://github.com/{repository}/pull/7",
            "user": {"login": "octocat"},
        },
        "requested_reviewer": {"login": reviewer},
        "repository": {"full_name": repository, "html_url": f"https://github.com/{repository}"},
        "sender": {"login": "octocat"},
    }


def workflow_run(number: int, conclusion: str, branch: str = "main") -> dict[str, object]:
    """A workflow that has ended."""
    run = {"id": number, "name": "Build", "head_branch": branch, "conclusion": conclusion, "status": "completed"}
    run["html_url"] = f"https://github.com/contoso/web/actions/runs/{number}"
    return {"action": "completed", "workflow_run": run, "repository": {"full_name": "contoso/web"}}


def passed_by(answer: httpx.Response) -> bool:
    """Whether the one event of a delivery was taken and became nothing."""
    return bool(answer.is_success and answer.json()["passed_by"] == 1)


def test_every_example_is_run() -> None:
    """This module knows all examples, so that none is there that nobody has tried."""
    assert names() == sorted([GITHUB, ALERTS])


@pytest.mark.parametrize("example", [GITHUB, ALERTS], indirect=True)
def test_an_example_is_healthy(example: Example) -> None:
    """With the settings that its page names, the app finds nothing wrong."""
    answer = example.client.get("health", key=False)
    assert answer.status_code == 200, answer.text


@with_github
def test_a_reviewer_gets_the_mail_that_the_map_knows(example: Example) -> None:
    """The login chooses the address; GitHub's link stays one, and no other does."""
    assert example.github("reviews", review_requested("mona")).status_code == 202
    said = example.text(to="mona.lisa@contoso.test")
    assert "https://github.com/contoso/web/pull/7" in said
    assert "https://evil.example" not in said


@with_github
def test_a_reviewer_whom_the_map_does_not_know_is_the_teams(example: Example) -> None:
    """An unknown login goes to the table's own recipients, also where it looks like an address."""
    assert example.github("reviews", review_requested("stranger@evil.example")).status_code == 202
    assert "stranger" in example.text(to="web-team@contoso.test")
    assert example.client.mails(to="stranger@evil.example") == []


@with_github
def test_a_broken_main_branch_is_the_teams(example: Example) -> None:
    """A failure on main becomes a mail; success, another branch and another repository become none."""
    assert passed_by(example.github("builds", workflow_run(30433641, "success")))
    assert passed_by(example.github("builds", workflow_run(30433642, "failure", branch="topic")))
    assert passed_by(example.github("reviews", review_requested("hubot", repository="contoso/secret")))
    assert example.github("builds", workflow_run(30433643, "failure")).status_code == 202
    wait_for("the broken build", lambda: "runs/30433643" in example.text(to="web-team@contoso.test"))
    assert "runs/30433642" not in example.text(to="web-team@contoso.test")
    assert example.client.mails(to="bots@contoso.test") == []


@with_github
def test_an_invoice_is_announced(example: Example) -> None:
    """A blob in the container of the table becomes a mail, one elsewhere does not, a foreign account is refused."""
    invoice = example.blob_created("invoices", 1, "invoices/blobs/2026/4711.pdf")
    elsewhere = example.blob_created("invoices", 2, "letters/blobs/4712.pdf")
    assert passed_by(example.grid("invoices", elsewhere))
    foreign = {**example.blob_created("invoices", 3, "invoices/blobs/4713.pdf"), "topic": invoice["topic"] + "2"}
    assert example.grid("invoices", foreign).status_code in {401, 403}
    assert example.grid("invoices", invoice).is_success
    said = example.text(to="accounting@contoso.test")
    assert "4711.pdf" in said
    assert len(example.client.mails(to="accounting@contoso.test")) == 1


@with_github
def test_event_grid_is_told_that_the_webhook_wants_it(example: Example) -> None:
    """The handshake of a new subscription is answered with its code, and 200."""
    asked = {**example.blob_created("uploads", 4, ""), "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent"}
    answer = example.grid("uploads", {**asked, "data": {"validationCode": "512d38b6"}}, kind="SubscriptionValidation")
    assert (answer.status_code, answer.json()) == (200, {"validationResponse": "512d38b6"})


@with_github
def test_uploads_become_a_digest(example: Example) -> None:
    """Events of one delivery are lines of the next digest."""
    events = [example.blob_created("uploads", number, f"uploads/blobs/{number}.pdf") for number in (11, 12)]
    assert example.grid("uploads", *events).is_success
    wait_for("the digest", lambda: all(f"{n}.pdf" in example.text(to="office@contoso.test") for n in (11, 12)))


@with_alerts
def test_a_batch_job_alerts_by_queue(example: Example) -> None:
    """A message on the producer's queue becomes a mail, and a reader may ask what became of it."""
    client = example.client
    client.make_queue("batch-alerts")
    client.put("batch-alerts", json.dumps(an_envelope(id="batch-1", to=["batch@contoso.test"])).encode())
    assert client.arrived(to="batch@contoso.test")["mailbox"] == "alerts@contoso.test"
    assert example.ask("monitoring", "batch-1").json()["state"] in {"sending", "sent"}
    assert example.ask("backup", "batch-1").status_code == 404


@with_alerts
def test_the_monitoring_service_sends_alerts_and_nothing_else(example: Example) -> None:
    """Its token is enough for the template of its table; free text is refused."""
    alert = an_envelope(to=["duty@oncall.example"], subject=None, text=None, template="alert", data=ALERT)
    assert example.call("monitoring", "messages", alert).status_code == 202
    assert "97 %" in example.text(to="duty@oncall.example")
    assert example.call("monitoring", "messages", an_envelope()).status_code == 422


@with_alerts
def test_the_backup_service_sends_reports(example: Example) -> None:
    """It is known by its object id; a priority above its own and another caller's sender are refused."""
    report = an_envelope(sender="reports", to=["backup@contoso.test"])
    assert example.call("backup", "messages", report).status_code == 202
    assert example.client.arrived(to="backup@contoso.test")["mailbox"] == "reports@contoso.test"
    assert example.call("backup", "messages", {**report, "priority": "high"}).status_code == 422
    assert example.call("backup", "messages", {**report, "sender": "alerts"}).status_code == 422


@with_alerts
def test_without_a_token_nobody_is_let_in(example: Example) -> None:
    """Neither nobody nor the holder of a function key."""
    client = example.client
    assert client.post("messages", an_envelope(), key=False).status_code == 401
    assert client.post("messages", an_envelope()).status_code == 401


@with_alerts
def test_the_night_becomes_one_digest(example: Example) -> None:
    """The monitor's event and the backup's item wait for the digest; who may not use its sender may not add to it."""
    event = {"type": "check.recovered", "timestamp": "2026-11-23T02:10:00Z", "data": {"check": "db-01 ping"}}
    assert example.standard("monitor", "msg_night", int(time.time()), event).status_code == 202
    item = {"id": "backup-7", "title": "Backup finished", "text": "41 GB"}
    assert example.call("backup", "digests/nightly/events", item).status_code == 202
    assert example.call("monitoring", "digests/nightly/events", item).status_code in {403, 404}
    titles = ("check.recovered", "Backup finished")
    wait_for("both items", lambda: all(title in example.text(to="duty@contoso.test") for title in titles))
