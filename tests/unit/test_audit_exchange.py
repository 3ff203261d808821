"""The audit's judgement of Exchange and storage: roles, mailboxes, addresses, the tenant's switch, and the commands."""

from dataclasses import replace
from typing import Any

import pytest

from shared.rules.audit import Holder, Seen, Verdict, verdict_of
from shared.rules.audit_judge import judge
from shared.rules.config import IdentityModel, IdentityWay
from shared.rules.grants import GRAPH_APP_ID
from tests.unit.audit_evidence import (
    ACCOUNT,
    CLAIM,
    EXPORT,
    FULL,
    NOW,
    OBJECT,
    SMTP,
    claims,
    evidence,
    exported,
    found,
    needs,
)


def stored(*roles: tuple[str, str]) -> dict[str, Any]:
    """The export with these roles on storage beside the needed ones."""
    more = [{"role": name, "scope": scope} for name, scope in roles]
    return {**EXPORT, "storage_roles": [*EXPORT["storage_roles"], *more]}


@pytest.mark.parametrize(
    ("assignments", "model", "codes"),
    [
        ([{"role": SMTP}], IdentityModel.RBAC, {"rbac-unscoped"}),
        ([{"role": SMTP, "scope": " "}], IdentityModel.RBAC, {"rbac-unscoped"}),
        ([{"role": SMTP, "scope": "mail"}, {"role": SMTP}], IdentityModel.RBAC, {"rbac-unscoped"}),
        (
            [{"role": SMTP, "scope": "a"}, {"role": "Application Mail.Read", "scope": "a"}],
            IdentityModel.RBAC,
            {"rbac-other-role"},
        ),
        ([], IdentityModel.RBAC, {"assignment-missing"}),
        ([{"role": SMTP, "scope": "mail"}], CLAIM, {"models-mixed"}),
        ([{"role": SMTP}], CLAIM, {"models-mixed"}),
    ],
)
def test_roles_of_rbac_for_applications(assignments: list[dict[str, Any]], model: IdentityModel, codes: set[str]) -> None:
    """One role, with a scope, in one of the models."""
    mailboxes = FULL if model is CLAIM else EXPORT["exchange"]["mailboxes"]
    roles = ("SMTP.SendAsApp",) if model is CLAIM else ()
    named = found(evidence(exported(role_assignments=assignments, mailboxes=mailboxes), *roles), needs(model))
    assert named.keys() == codes
    for code in codes - {"assignment-missing"}:
        assert named[code].command.startswith(f"Get-ManagementRoleAssignment -RoleAssignee {OBJECT} -Role 'Application ")


@pytest.mark.parametrize(
    ("mailbox", "model", "code", "command"),
    [
        ({"full_access": True}, CLAIM, "full-access", "Remove-MailboxPermission -Identity 'ceo@contoso.test'"),
        ({"full_access": True}, IdentityModel.RBAC, "full-access", f"-User {OBJECT} -AccessRights FullAccess"),
        (
            {"in_scope": True},
            IdentityModel.RBAC,
            "mailbox-in-scope",
            "-Identity 'CN=mail,DC=contoso' -Member 'ceo@contoso.test'",
        ),
        ({"in_scope": True, "exists": False}, IdentityModel.RBAC, "", ""),
        ({"in_scope": None, "full_access": False}, IdentityModel.RBAC, "", ""),
        ({"in_scope": True, "primary": "Alerts@contoso.test"}, IdentityModel.RBAC, "", ""),
    ],
)
def test_mailboxes_beyond_mail_toml(mailbox: dict[str, Any], model: IdentityModel, code: str, command: str) -> None:
    """Rights on a mailbox through which no sender sends; a mailbox may be named by another address of it."""
    both = [*EXPORT["exchange"]["mailboxes"], {"address": "ceo@contoso.test", "exists": True, **mailbox}]
    named = found(evidence(exported(mailboxes=both), "SMTP.SendAsApp"), needs(model))
    del named["models-mixed"]
    assert named.keys() == ({code} if code else set())
    assert command in (named[code].command if code else "")


def test_full_access_on_our_own_mailbox_is_too_much_under_rbac() -> None:
    """The scope is what lets it in there."""
    assert "model rbac" in found(evidence(exported(mailboxes=FULL)))["full-access"].cause


def test_addresses_that_a_mailbox_may_send_as() -> None:
    """Its senders' From addresses and its own are needed, others are not, and other people's mailboxes are theirs."""
    ours = {"address": "Alerts@contoso.test", "exists": True, "send_as": ["news@contoso.test", "ALERTS@contoso.test"]}
    theirs = {"address": "ceo@contoso.test", "exists": True, "send_as": ["board@contoso.test"]}
    assert found(evidence(exported(mailboxes=[ours, theirs]))) == {}
    more = {**ours, "send_as": ["ceo@contoso.test"]}
    command = found(evidence(exported(mailboxes=[more])))["send-as"].command
    assert command.startswith("Remove-RecipientPermission -Identity 'ceo@contoso.test' -Trustee 'Alerts@contoso.test'")


def test_smtp_auth_for_the_whole_tenant() -> None:
    """The command switches it on for our mailboxes before it switches it off for all."""
    command = found(evidence(exported(smtp_auth_tenant=True)))["smtp-auth-tenant"].command
    assert command.index("'alerts@contoso.test'") < command.index("Set-TransportConfig")
    assert found(evidence(exported(smtp_auth_tenant=None))) == {}


@pytest.mark.parametrize(
    ("name", "scope", "code"),
    [
        ("Owner", ACCOUNT, "storage-owner"),
        ("Contributor", "/subscriptions/s", "storage-owner"),
        ("Storage Blob Data Owner", ACCOUNT, "storage-blob-owner"),
        ("Storage Account Key Operator Service Role", ACCOUNT, "storage-keys"),
        ("Reader and Data Access", "/subscriptions/s/resourceGroups/mail", "storage-keys"),
        ("Monitoring Reader", ACCOUNT, "storage-role"),
        ("Storage Table Data Contributor", "/subscriptions/s/resourceGroups/mail", "storage-scope"),
        ("Storage Queue Data Contributor", f"{ACCOUNT}/queueServices/default/queues/outbox", ""),
        ("Storage Queue Data Message Processor", ACCOUNT, ""),
    ],
)
def test_roles_on_storage(name: str, scope: str, code: str) -> None:
    """What can change the account or read its keys, what is given above it, and what does less than is needed."""
    named = found(evidence(stored((name, scope))))
    assert named.keys() == ({code} if code else set())
    for finding in named.values():
        assert finding.command == f"az role assignment delete --assignee {OBJECT} --role '{name}' --scope '{scope}'"


def test_roles_on_storage_that_are_missing_or_unknown() -> None:
    """Each by its name; where an app registration sends, the script may have asked for the wrong principal."""
    none = {**EXPORT, "storage_roles": []}
    assert len(judge(needs(), evidence(none), NOW).findings) == 3
    assert found(evidence(none)).keys() == {"storage-role-missing"}
    federated = needs(way=IdentityWay.FEDERATED)
    assert "-StoragePrincipalId" in found(evidence(none), federated)["storage-role-missing"].cause
    untold = found(evidence({**EXPORT, "storage_roles": None}))
    assert untold.keys() == {"no-storage-roles"}
    assert verdict_of(untold.values()) is Verdict.UNKNOWN


def test_storage_is_reached_by_the_identity_behind_an_app_registration() -> None:
    """So the commands name that one, or leave it open."""
    of, federated = evidence(stored(("Owner", ACCOUNT))), needs(way=IdentityWay.FEDERATED)
    assert "--assignee <object id> " in found(of, federated)["storage-owner"].command
    own = Seen(Holder.IDENTITY, GRAPH_APP_ID, replace(claims(), object="ab-2"))
    assert "--assignee ab-2 " in found(replace(of, tokens=(*of.tokens, own)), federated)["storage-owner"].command


@pytest.mark.parametrize(
    "value", ["x'; Remove-Mailbox a", "x\u2019; Remove-Mailbox a", "x\nRemove-Mailbox a", "$(Remove-Mailbox a)"]
)
def test_nothing_from_outside_ends_the_text_that_it_stands_in(value: str) -> None:
    """A single quote is doubled, as PowerShell wants it; what else could end the text gives way to a placeholder."""
    box = {"address": value, "exists": True, "in_scope": True}
    command = found(evidence(exported(mailboxes=[box])))["mailbox-in-scope"].command
    inside = command.partition("-Member '")[2].removesuffix("'").replace("''", "")
    assert not any(char in inside for char in "'\u2018\u2019\u201a\u201b\n$`")
