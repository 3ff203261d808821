"""mail.toml table by table: each fault has the path of the culprit, the reason and what to write."""

import pytest

from tests.unit.mail_toml_texts import DIGEST, SENDERS, WHOLE, changed, names, read


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('[sender.x]\nfrom = "a@contoso.test"\n', "sender"),
        ("[cloud]\nnaem = 1\n", "cloud.naem"),
        ('[cloud]\nname = "moon"\n', "cloud.name"),
        ('[identity]\nway = "password"\n', "identity.way"),
        ("[identity]\nmodel = 1\n", "identity.model"),
        ('[http]\nauth = "none"\n', "http.auth"),
        ("http = 1\n", "http"),
        ("producers = 1\n", "producers"),
        ("[producers]\ndefault = 1\n", "producers.default"),
        ('[producers."Two Words"]\n', "producers.'Two Words'"),
        ("[producers.UPPER]\n", "producers.UPPER"),
        ("[digests.trailing-]\n", "digests.trailing-"),
    ],
)
def test_what_is_not_in_the_schema_is_refused_by_name(text: str, path: str) -> None:
    """Sections, keys, values and names of tables."""
    assert names(text + SENDERS) == [path]


def test_an_unknown_key_gets_the_nearest_known_one() -> None:
    """The fault names what was written, and what was probably meant."""
    (fault, _missing) = read(changed("on_unknown", "on_unknwon", SENDERS))[1]
    assert fault.name == "senders.alerts.on_unknwon"
    assert "on_unknown" in fault.cure


@pytest.mark.parametrize(
    "key", ["password", "client_secret", "smtp_password", "smtp_pass", "api_key", "connection_string", "refresh_token"]
)
def test_a_key_that_looks_like_a_secret_gets_the_reason(key: str) -> None:
    """The file holds no secret, and the fault says why none is needed."""
    (fault,) = read(changed("on_unknown", f'{key} = "hunter2"\non_unknown', SENDERS))[1]
    assert fault.name == f"senders.alerts.{key}"
    assert "managed identity" in fault.cause
    assert "hunter2" not in str(fault)


@pytest.mark.parametrize("limit", ["messages_per_minute", "connections", "recipients_per_day"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "true", '"3"'])
def test_a_limit_is_a_whole_number_above_zero(limit: str, value: str) -> None:
    """Nothing else could be paced."""
    text = changed('on_unknown = "resend"', f'on_unknown = "resend"\n{limit} = {value}')
    assert names(text) == [f"senders.alerts.{limit}"]


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "true", '"250"'])
def test_licences_are_a_whole_number_above_zero(value: str) -> None:
    """The tenant's limit is computed from it."""
    assert names(f"[cloud]\nlicences = {value}\n" + WHOLE) == ["cloud.licences"]


@pytest.mark.parametrize(("text", "licences"), [("", None), ("[cloud]\nlicences = 250\n", 250)])
def test_licences_are_read_where_they_are_given(text: str, licences: int | None) -> None:
    """Nobody has to say how many the tenant has."""
    tables, faults = read(text + WHOLE)
    assert (tables.licences, faults) == (licences, [])


def test_a_webhook_of_a_digest_takes_sender_and_recipients_from_it() -> None:
    """With `digest` the other two may be left out."""
    text = SENDERS + DIGEST + '[webhooks.demo]\nverify = "github"\nsecrets = ["X"]\ndigest = "daily"\n'
    tables, faults = read(text)
    assert not faults
    assert tables.webhooks["demo"].sender == "reports"
    assert tables.webhooks["demo"].to == ("ops@contoso.test",)


def test_a_faulty_table_is_not_blamed_on_those_that_name_it() -> None:
    """A sender or digest that has a fault is known by name all the same."""
    text = changed('on_unknown = "resend"', "").replace('schedule = "0 7 * * *"', "schedule = 7")
    text += '[webhooks.other]\nverify = "github"\nsecrets = ["X"]\ndigest = "daily"\n'
    assert sorted(names(text)) == ["digests.daily.schedule", "senders.alerts.on_unknown"]


def test_no_fault_repeats_an_address() -> None:
    """Faults are shown by health, to anybody: names and paths only."""
    text = changed('to = ["ops@contoso.test"]', 'to = ["bob.smith@example.com", "bob smith@x"]')
    text = changed(
        'mailboxes = ["alerts@contoso.test"]', 'mailboxes = ["bob.smith@contoso", "bob..smith@contoso.test"]', text
    )
    faults = read(text)[1]
    assert len(faults) == 4 - 1  # the recipient that is not allowed is found once the list is sound
    assert "smith" not in " ".join(map(str, faults))
