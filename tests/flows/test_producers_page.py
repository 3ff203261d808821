"""docs/producers.md: its programs run as they stand there, with environment variables only, and their mails arrive."""

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueClient, QueueMessage

from devcloud.processes import stop_all
from shared.rules.envelope_schema import EXAMPLES
from tests.flows.client import Client, Json
from tests.flows.processes import STOP_SECONDS, Cloud
from tests.flows.producers_page import PAGE, Machine, blocks
from tests.flows.secure_queue import SecureQueue
from tests.flows.waiting import wait_for

SENDERS = ("outbox.py", "send.sh", "plain.sh", "send.mjs", "traced.py", "attachment.py")
"""The page's programs that put a mail on the queue."""

CURLS = ("stand-in", "curl") if shutil.which("curl") else ("stand-in",)
"""Who sends what the shell blocks say. A machine without curl runs them all the same, with httpx in its place."""


@pytest.fixture(scope="module")
def machine(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A developer's machine: the connection string that `make up` prints, and what `sas.py` makes of it."""
    environment = {"OUTBOX_CONNECTION": cloud.line["storage"]}
    return Machine.at(tmp_path_factory.mktemp("producer"), environment).with_sas()


@pytest.fixture(scope="module")
def secure_queue(tmp_path_factory: pytest.TempPathFactory, machine: Machine) -> Iterator[SecureQueue]:
    """A queue to which only a token leads."""
    queue = SecureQueue.start(tmp_path_factory.mktemp("secure-queue"), machine.environment["PATH"])
    yield queue
    queue.client.close()
    stop_all([queue.child], seconds=STOP_SECONDS)


def id_in(name: str) -> str:
    """The envelope's id in one of the page's programs."""
    (line,) = [line for line in blocks()[name].splitlines() if "2026-11-23" in line and "id" in line]
    return next(word for word in line.replace(",", " ").split() if "2026-11-23" in word).strip('"')


def sent(client: Client, name: str) -> tuple[Json, Json]:
    """The status of the program's mail, and the one mail that it became."""
    status = client.settled(id_in(name))
    assert status["state"] == "sent"
    (mail,) = client.of(status)
    return status, mail


def text_of(client: Client, mail: Json) -> str:
    """The mail's text, without the end of its last line."""
    part = client.opened(mail).get_body(("plain",))
    assert part is not None
    return str(part.get_content()).rstrip()


def test_every_program_of_the_page_is_run() -> None:
    """A block with a file name is a promise: this module runs each, and there are no others."""
    assert set(blocks()) == {*SENDERS, "sas.py"}


def test_every_program_has_a_mail_of_its_own() -> None:
    """No two programs of the page use one id, nor do the API's examples: a reader can run one after the other."""
    ids = [*(id_in(name) for name in SENDERS), *(one["id"] for one in EXAMPLES.values() if "id" in one)]
    assert len(set(ids)) == len(ids)


def test_the_python_program_may_be_run_again(machine: Machine, client: Client) -> None:
    """Twice the same program is one mail, found under the id that stands in the page."""
    for _ in range(2):
        machine.run("outbox.py")
    _, mail = sent(client, "outbox.py")
    assert client.opened(mail)["Subject"] == "Disk almost full on db-01"


@pytest.mark.parametrize("curl", CURLS)
def test_the_shell_program_sends(machine: Machine, client: Client, curl: str) -> None:
    """Base64 by `base64`, the request by curl, and on a machine without curl by a stand-in that uses httpx."""
    said = (machine.with_stand_in() if curl == "stand-in" else machine).run("send.sh")
    assert "<MessageId>" in said
    _, mail = sent(client, "send.sh")
    assert text_of(client, mail) == "92 % used, and rising."


@pytest.mark.parametrize("curl", CURLS)
def test_plain_json_arrives_as_it_was_meant(machine: Machine, client: Client, curl: str) -> None:
    """Escaped for JSON and for XML, nothing of the text is lost."""
    said = (machine.with_stand_in() if curl == "stand-in" else machine).run("plain.sh")
    assert "<MessageId>" in said
    _, mail = sent(client, "plain.sh")
    assert client.opened(mail)["Subject"] == "Füllstand < 10 %"
    assert text_of(client, mail) == "Tank 4 & 5."


def test_the_node_program_sends(machine: Machine, client: Client) -> None:
    """Node without any package; what is beyond ASCII travels in Base64."""
    machine.run("send.mjs")
    _, mail = sent(client, "send.mjs")
    assert text_of(client, mail) == "93 % used. Another disk costs 90 €."


def test_the_mail_continues_the_programs_trace(machine: Machine, client: Client) -> None:
    """The trace id that the program prints is the mail's."""
    trace_id = machine.run("traced.py").strip()
    status, _ = sent(client, "traced.py")
    assert status["trace_id"] == trace_id


def test_the_attachment_arrives_byte_for_byte(machine: Machine, client: Client) -> None:
    """The file goes by blob below the producer's folder, and arrives under the name that the envelope gives it."""
    machine.run("attachment.py")
    _, mail = sent(client, "attachment.py")
    (attached,) = client.opened(mail).iter_attachments()
    assert attached.get_filename() == "report.csv"
    assert attached.get_payload(decode=True) == b"host;used\r\ndb-06;96 %\r\n"


def test_the_sas_may_add_and_nothing_else(machine: Machine) -> None:
    """Whoever finds it reads, changes and deletes no message."""
    url, sas = machine.environment["OUTBOX_URL"], machine.environment["OUTBOX_SAS"]
    for method, path in [("GET", "/messages"), ("GET", "/messages?peekonly=true"), ("DELETE", "/messages"), ("DELETE", "")]:
        answer = httpx.request(method, f"{url}{path}{'&' if '?' in path else '?'}{sas}", trust_env=False)
        assert answer.status_code == 403, f"{method} {path}"


def test_no_message_ends_by_itself(cloud: Cloud, tmp_path: Path) -> None:
    """Each program says that its message is for ever: storage's default of seven days would lose mail silently."""
    with QueueClient.from_connection_string(cloud.second_account, "outbox") as queue:
        with suppress(ResourceExistsError):
            queue.create_queue()
        queue.clear_messages()
        quiet = Machine.at(tmp_path, {"OUTBOX_CONNECTION": cloud.second_account}).with_sas()
        for name in SENDERS:
            quiet.with_stand_in().run(name)
        messages = queue.peek_messages(len(SENDERS))
        queue.clear_messages()
    assert {key_of(message) for message in messages} == {id_in(name) for name in SENDERS}
    assert {message.expires_on.year for message in messages if message.expires_on} == {9999}


def test_in_azure_the_identity_is_the_credential(secure_queue: SecureQueue, cloud: Cloud, tmp_path: Path) -> None:
    """Without a connection string the same program gets a token from the identity endpoint, and the queue takes it."""
    identity = cloud.line["identity"]
    machine = Machine.at(
        tmp_path,
        {
            "OUTBOX_URL": secure_queue.client.url,
            "IDENTITY_ENDPOINT": identity["endpoint"],
            "IDENTITY_HEADER": identity["header"],
            "REQUESTS_CA_BUNDLE": str(secure_queue.ca_file),
        },
    )
    machine.run("outbox.py")
    (message,) = secure_queue.client.peek_messages(2)
    assert key_of(message) == id_in("outbox.py")


def test_a_refused_message_is_found_as_the_page_says(client: Client) -> None:
    """Unreadable ones are parked, forbidden ones rejected, each under its id; none comes to the poison queue."""
    texts = {
        "page-unknown": ("parked", {"id": "page-unknown", "sender": "alerts", "too": ["ops@contoso.test"]}),
        "page-sender": (
            "rejected",
            {"id": "page-sender", "sender": "strict", "to": ["ops@contoso.test"], "subject": "x", "text": "x"},
        ),
    }
    for state, envelope in texts.values():
        client.put("outbox", json.dumps(envelope))
        assert client.settled(str(envelope["id"]))["state"] == state
    wait_for("an empty queue", lambda: client.peek("outbox") == [])
    assert not [body for body, _ in client.peek("outbox-poison") if "page-" in body]


def test_the_page_names_the_limits_of_the_code() -> None:
    """Sizes in the page are those that the app keeps."""
    from shared.edges.attachments import LARGEST
    from shared.rules.envelope import HTTP_BODY_LIMIT, QUEUE_BODY_LIMIT

    page = PAGE.read_text("utf-8")
    assert f"**{QUEUE_BODY_LIMIT // 1024} KiB**" in page
    assert f"leaves {QUEUE_BODY_LIMIT // 4 * 3 // 1024} KiB of JSON" in page
    assert f"{HTTP_BODY_LIMIT:,} bytes over HTTP" in page
    assert f"At most {LARGEST // 1024 // 1024} MiB each" in page


def key_of(message: QueueMessage) -> str:
    """The id of the envelope in a message, Base64 or plain."""
    text = str(message.content)
    return str(json.loads(text if text.startswith("{") else base64.b64decode(text))["id"])
