"""Why an identity gets no mail through, told apart as far as the evidence goes: one cause, one command that cures it.

Exchange says `535 5.7.3` to nearly all of these (Exchange reference 2.8 and 6.1). What stands in angle brackets is filled
in where this deployment's own ids are known (`shared/rules/cures.py`); logs and the ledger keep it as it is here.
"""

from shared.rules.outcome import Reason

_SCOPE = (
    'set [cloud] name in mail.toml to the tenant\'s cloud; only with name = "custom": az functionapp config appsettings set '
    "--name <app> --resource-group <group> --settings MAIL_TOKEN_SCOPE=https://outlook.office365.com/.default"
)
_GRANT_RBAC = "./infra/exchange/grant-rbac.ps1 -Identity <client id> -Mailbox <mailbox>"
_GRANT_CLAIM = "./infra/exchange/grant-claim.ps1 -Identity <client id> -Mailbox <mailbox>"
_REGISTER = "New-ServicePrincipal -AppId <client id> -ObjectId <object id> -DisplayName keyless-mail"

AUDIENCE_WRONG = Reason(
    "token-audience-wrong", "the token was made for another resource than Exchange Online, so Exchange refuses it", _SCOPE
)
TOKEN_FOR_GRAPH = Reason(
    "token-for-graph",
    "the token was made for Microsoft Graph; Exchange's SMTP server takes tokens for Exchange only",
    _SCOPE,
)
TOKEN_EXPIRED = Reason("token-expired", "the token has expired", "check the machine's clock, then restart the app")
TOKEN_ENDS_SOON = Reason(
    "token-ends-soon",
    "the token has less life left than a login needs, and the identity endpoint gave no newer one",
    "nothing if it is gone in a minute; otherwise az functionapp restart --name <app> --resource-group <group>",
)
ROLE_MISSING = Reason(
    "role-missing",
    'the token lacks the role SMTP.SendAsApp, and model "claim" in mail.toml relies on it',
    _GRANT_CLAIM,
)
ROLE_NOT_IN_TOKEN_YET = Reason(
    "role-not-in-token-yet",
    "the token is an older one out of the identity's cache and lacks the role SMTP.SendAsApp: a role that was granted since "
    "is in the next token, within 24 hours of this one's issue; nobody can renew it sooner",
    "Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId <object id>",
)
GRAPH_PERMISSION = Reason(
    "permission-of-another-kind",
    "the identity was granted a mail permission that SMTP does not know (Microsoft Graph's, or Exchange's for other "
    "protocols) instead of SMTP.SendAsApp",
    _GRANT_CLAIM,
)
MODELS_MIXED = Reason(
    "models-mixed",
    'mail.toml says model = "rbac", but the token carries SMTP.SendAsApp: Exchange then wants mailbox permissions as well',
    "Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId <object id> -All | Where-Object AppRoleId -in "
    "(Get-MgServicePrincipal -Filter \"appId eq '00000002-0000-0ff1-ce00-000000000000'\").AppRoles"
    ".Where({ $_.Value -eq 'SMTP.SendAsApp' }).Id | ForEach-Object { Remove-MgServicePrincipalAppRoleAssignment "
    "-ServicePrincipalId <object id> -AppRoleAssignmentId $_.Id }",
)
NOT_REGISTERED = Reason(
    "service-principal-missing",
    "Exchange Online does not know the identity: no service principal has its client id",
    _REGISTER,
)
OBJECT_ID_WRONG = Reason(
    "service-principal-object-id-wrong",
    "Exchange Online knows the identity by another object id than the token's; that of the app registration was probably "
    "taken instead of the enterprise application's",
    f"Remove-ServicePrincipal -Identity <client id> -Confirm:$false; {_REGISTER}",
)
RBAC_ROLE_MISSING = Reason(
    "rbac-role-missing",
    "Exchange Online has not assigned the role 'Application SMTP.SendAsApp' to the identity",
    _GRANT_RBAC,
)
OUT_OF_SCOPE = Reason(
    "mailbox-out-of-scope", "the mailbox is outside the scope of the identity's role assignment", _GRANT_RBAC
)
SUBMISSION_OUT_OF_SCOPE = Reason(
    "submission-out-of-scope",
    "the login works, but the mailbox does not open for the identity: it is outside the scope of its role assignment",
    _GRANT_RBAC,
)
MAILBOX_UNKNOWN = Reason(
    "mailbox-unknown",
    "the tenant has no mailbox of the address that mail.toml logs in with (user= of XOAUTH2)",
    "correct `mailboxes` in mail.toml: Get-EXORecipient -Filter \"EmailAddresses -eq 'smtp:<mailbox>'\" tells the right one",
)
MAILBOX_NOT_COVERED = Reason(
    "mailbox-not-covered",
    "Exchange lets the identity in as another mailbox, but not as this one: it is outside the scope, or no mailbox",
    "Test-ServicePrincipalAuthorization -Identity <object id> -Resource <mailbox>",
)
PERMISSION_MISSING = Reason(
    "mailbox-permission-missing",
    'the login works, but the identity may not open the mailbox: model "claim" needs FullAccess',
    "Add-MailboxPermission -Identity <mailbox> -User <object id> -AccessRights FullAccess -AutoMapping $false",
)

NOT_TOLD_APART = Reason(
    "login-refused",
    "Exchange refuses the token for this mailbox and does not say why: it may not know the identity, or the mailbox is "
    "outside the scope, or no mailbox at all; an export of the grants tells which",
    "./infra/exchange/export-grants.ps1 -Identity <client id> -Mailbox <mailbox> -Path grants.json; "
    "python -m ops audit --grants grants.json; python -m ops doctor",
)
"""What the doctor says where nothing decides; the code is that of the reply."""

AGAINST_GRANTS = Reason(
    "login-refused-against-grants",
    "Exchange refuses the token although the imported grants are right: changes take up to two hours, or something was "
    "changed since the export",
    "Test-ServicePrincipalAuthorization -Identity <object id> -Resource <mailbox>",
)
"""The same where an export of this identity shows nothing wrong."""

OF_LOGIN = (
    AUDIENCE_WRONG,
    TOKEN_FOR_GRAPH,
    TOKEN_EXPIRED,
    ROLE_MISSING,
    ROLE_NOT_IN_TOKEN_YET,
    GRAPH_PERMISSION,
    NOT_REGISTERED,
    OBJECT_ID_WRONG,
    RBAC_ROLE_MISSING,
    OUT_OF_SCOPE,
    MAILBOX_UNKNOWN,
    MAILBOX_NOT_COVERED,
)
"""What `login-refused` may turn out to be."""

OF_RIGHTS = (PERMISSION_MISSING, MODELS_MIXED, SUBMISSION_OUT_OF_SCOPE)
"""What `mailbox-logon-failed` may turn out to be."""

ALL = (*OF_LOGIN, *OF_RIGHTS, TOKEN_ENDS_SOON, NOT_TOLD_APART, AGAINST_GRANTS)
