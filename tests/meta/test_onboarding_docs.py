"""The scripts and pages of onboarding keep their word as far as can be seen without a tenant and without PowerShell."""

import re
import shlex
from pathlib import Path

import msgspec
import pytest
from typer.main import get_command

from infra.exchange.plan import PLANS
from infra.exchange.real_tenant import read
from ops.__main__ import program
from shared.rules import grants
from shared.rules.clouds import CLOUDS
from tests.meta.powershell import changes_in, code_of, parameters_of

ROOT = Path(__file__).parents[2]
EXCHANGE = ROOT / "infra" / "exchange"
SHARED = EXCHANGE / "common.ps1"
SCRIPTS = sorted(set(EXCHANGE.glob("*.ps1")) - {SHARED})
GRANTING = [SHARED, EXCHANGE / "grant-rbac.ps1", EXCHANGE / "grant-claim.ps1"]
PAGES = [ROOT / "docs" / "onboarding.md", ROOT / "docs" / "real-tenant.md"]
TEXTS = [*PAGES, *EXCHANGE.glob("*.ps1")]

STAYING = {"AuthenticationPolicy", "RetentionPolicy", "RetentionPolicyTag"}
"""What revoke.ps1 leaves where it is: it gives nobody a right, and other mailboxes may use it."""

WITH_THE_GROUP = {"DistributionGroupMember"}
"""What goes when its group goes."""


def by_name(path: Path) -> str:
    """The file's name, for test ids."""
    return path.name


@pytest.mark.parametrize("script", SCRIPTS, ids=by_name)
def test_a_script_can_be_tried_without_effect(script: Path) -> None:
    """It takes -WhatIf, is strict, stops at the first fault, and says what it needs."""
    text = script.read_text()
    assert "[CmdletBinding(SupportsShouldProcess" in text
    assert "#Requires -Version 7" in text
    assert "Set-StrictMode -Version 3.0" in text
    assert "$ErrorActionPreference = 'Stop'" in text


@pytest.mark.parametrize("script", [*SCRIPTS, SHARED], ids=by_name)
def test_nothing_is_changed_without_being_asked(script: Path) -> None:
    """Every command that changes something stands in a block that ShouldProcess opened; our own functions ask themselves."""
    ours = set(re.findall(r"^function ([\w-]+)", SHARED.read_text(), re.MULTILINE))
    changes = list(changes_in(script))
    assert changes
    assert [name for name, asked in changes if not asked and name not in ours] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=by_name)
def test_no_script_takes_a_secret(script: Path) -> None:
    """Neither as a parameter nor in another way: there is none."""
    text = script.read_text()
    assert not {
        name for name in parameters_of(script) if re.search("password|secret|credential|token|key$", name, re.IGNORECASE)
    }
    assert not re.search("SecureString|PSCredential|Get-Credential", text)


@pytest.mark.parametrize("script", SCRIPTS, ids=by_name)
def test_every_parameter_is_explained(script: Path) -> None:
    """The comment-based help has each of them, and an example."""
    text = script.read_text()
    assert set(re.findall(r"^\.PARAMETER (\w+)$", text, re.MULTILINE)) == parameters_of(script)
    assert all(f"\n{part}\n" in text for part in (".SYNOPSIS", ".DESCRIPTION", ".EXAMPLE"))


@pytest.mark.parametrize("script", SCRIPTS, ids=by_name)
def test_every_script_ends_with_the_doctor(script: Path) -> None:
    """What a grant is worth is what the app itself sees."""
    assert "python -m ops doctor" in script.read_text() or "\nWrite-NextStep\n" in script.read_text()[-40:]
    assert "python -m ops doctor" in SHARED.read_text()


def test_the_export_only_reads() -> None:
    """It changes nothing but its own file."""
    assert [name for name, _ in changes_in(EXCHANGE / "export-grants.ps1")] == ["Set-Content"]


def test_the_export_has_the_fields_that_the_app_reads() -> None:
    """Every field of `shared/rules/grants.py`, and no other: an unknown one would be refused."""
    path = EXCHANGE / "export-grants.ps1"
    written = set(re.findall(r"(?<![$\w.'])([a-z_]+)\s*=(?!=)", code_of(path)))
    written |= set(re.findall(r"\['([a-z_]+)'\]\s*=", path.read_text()))
    parts = [kind for kind in vars(grants).values() if isinstance(kind, type) and issubclass(kind, grants.Part)]
    assert written == {field.name for part in parts for field in msgspec.structs.fields(part)}


def test_what_is_given_can_be_taken_back() -> None:
    """For everything that a granting script makes or adds there is a removal."""
    given = {name for script in GRANTING for name, _ in changes_in(script) if name.startswith(("New-", "Add-"))}
    taken = {name.partition("-")[2] for name, _ in changes_in(EXCHANGE / "revoke.ps1") if name.startswith("Remove-")}
    assert {name.partition("-")[2] for name in given} - STAYING - WITH_THE_GROUP == taken


def test_model_and_policy_are_what_the_scripts_say() -> None:
    """The authentication policy is made without a single allowance, and the models' rights are looked up by name."""
    policies = [
        line.strip()
        for script in GRANTING
        for line in script.read_text().splitlines()
        if "= New-AuthenticationPolicy" in line
    ]
    assert policies == ["$null = New-AuthenticationPolicy -Name $Name"]
    assert not re.search(r"7146a1f0", "".join(script.read_text() for script in SCRIPTS))


@pytest.mark.parametrize("text", TEXTS, ids=by_name)
def test_every_ops_command_is_one(text: Path) -> None:
    """Each `python -m ops …` names a command and options that there are."""
    commands = get_command(program).commands  # type: ignore[attr-defined]  # a group, as there are several commands
    for line in re.findall(r"python -m ops ([^`'\"\n]*)", text.read_text()):
        name, *arguments = line.split()
        assert name in commands, f"{text.name}: {name}"
        known = {option for parameter in commands[name].params for option in parameter.opts}
        assert {word for word in arguments if word.startswith("--")} <= known, f"{text.name}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    """Paths of the project, in text and in commands."""
    named = set(re.findall(r"\b(?:infra|shared|devcloud|docs|tests|ops)/[\w./-]+\.(?:ps1|py|md|toml)", page.read_text()))
    assert named
    assert {name for name in named if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Pages beside this one, and headings."""
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", page.read_text()):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        headings = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE)
        slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in slugs, anchor


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_option_of_a_script_is_one(page: Path) -> None:
    """What a person copies works: no option is unknown, and those that are required are there."""
    called = re.findall(r"infra/exchange/([\w-]+\.ps1)((?: `\n|[^`\n])*)", page.read_text())
    assert called or page.name == "real-tenant.md"
    for name, arguments in called:
        given = set(re.findall(r"(?<=\s)-([A-Za-z]\w*)", arguments))
        assert given <= parameters_of(EXCHANGE / name) | {"WhatIf", "Confirm"}, f"{name} {arguments}"
        assert not given or {"Identity", "Mailbox"} <= given, f"{name} {arguments}"


def test_the_audiences_are_the_clouds() -> None:
    """The table of the federated credential says what the app asks for."""
    rows = re.findall(r"^ *\| ([a-z, -]+) \| `(api:[^`]+)` \|$", PAGES[0].read_text(), re.MULTILINE)
    listed = {name: audience for names, audience in rows for name in names.split(", ")}
    assert listed == {name: cloud.exchange_audience for name, cloud in CLOUDS.items()}


def test_the_probes_page_lists_every_probe_and_option() -> None:
    """What cannot be found there does not exist for whoever runs them."""
    page = PAGES[1].read_text()
    table = page.partition("| probe | sends |")[2].partition("\n\n")[0]
    assert {
        name for row in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    } == set(PLANS)
    questions = page.partition("## The questions")[2]
    assert {name for name in PLANS if not re.search(rf"`{name}[` ]", questions)} == set()


def test_every_line_of_the_probes_parses() -> None:
    """As it stands there."""
    lines = re.findall(r"^\$ python -m infra\.exchange\.real_tenant (.*)$", PAGES[1].read_text(), re.MULTILINE)
    assert lines
    for line in lines:
        assert read(shlex.split(line)).mailbox
