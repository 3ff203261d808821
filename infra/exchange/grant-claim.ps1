#Requires -Version 7.2
#Requires -Modules ExchangeOnlineManagement, Microsoft.Graph.Authentication, Microsoft.Graph.Applications
<#
.SYNOPSIS
Lets one identity send from the given mailboxes by SMTP.SendAsApp in its token and mailbox permissions (model "claim").

.DESCRIPTION
Makes, where it is not there yet:
  - the application permission SMTP.SendAsApp on Office 365 Exchange Online, found by its name
  - the identity's entry in Exchange
  - full access for it to each of the mailboxes, without automapping
  - SMTP AUTH on for these mailboxes, and an authentication policy that lets no password in

Full access is more than sending: it lets the identity read these mailboxes too. grant-rbac.ps1 does without it and is the
default; use this where RBAC for Applications is not offered. The tokens of a managed identity are cached for about 24 hours:
the new permission may take that long to be in them.

It may be run again at any time, and with -WhatIf it only says what it would do.

Who runs it needs in Entra the right to grant application permissions (Privileged Role Administrator), and in Exchange the
Exchange administrator:
  Connect-ExchangeOnline
  Connect-MgGraph -Scopes 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All'

.PARAMETER Identity
Display name or client id of the managed identity, or of the app registration where mail.toml says way = "federated".

.PARAMETER Mailbox
Addresses of the service mailboxes: all that stand under `mailboxes` in mail.toml.

.PARAMETER Decoy
A mailbox that has to stay outside ([audit] decoy in mail.toml). It gets SMTP AUTH and the authentication policy, and no permission,
so that only the missing permission can be why it is refused.

.PARAMETER SendAs
Further addresses that each of the mailboxes may send as (`from` in mail.toml, where it is another address).

.PARAMETER AuthenticationPolicyName
Name of the authentication policy.

.EXAMPLE
./grant-claim.ps1 -Identity contoso-mail -Mailbox alerts@contoso.com -WhatIf

Says what would be changed, and changes nothing.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory)] [ValidateNotNullOrEmpty()] [string] $Identity,
    [Parameter(Mandatory)] [ValidateNotNullOrEmpty()] [string[]] $Mailbox,
    [string] $Decoy = '',
    [string[]] $SendAs = @(),
    [ValidateLength(1, 64)] [string] $AuthenticationPolicyName = 'keyless-mail-no-passwords'
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'common.ps1')

# Everything that can stop the script is looked at first, so that it stops before it has changed anything.
$null = Assert-Connected -GraphScope 'Application.Read.All, AppRoleAssignment.ReadWrite.All'
$principal = Get-MailIdentity -Identity $Identity
$mailboxes = @(Get-ServiceMailbox -Address $Mailbox)
$decoys = @()
if ($Decoy) {
    $decoys = @(Get-ServiceMailbox -Address $Decoy)
    if (@($mailboxes | Where-Object { "$($_.Guid)" -eq "$($decoys[0].Guid)" }).Count -gt 0) {
        throw 'The decoy is one of the service mailboxes. It has to be a mailbox that the app may not use.'
    }
}
if (@(Get-ExchangeEntry -Principal $principal).Count -gt 0) {
    if (@(Get-ApplicationRole -Principal $principal | Where-Object { $_.RoleName -eq $SmtpRole }).Count -gt 0) {
        throw "The identity holds the role $SmtpRole, which belongs to model ""rbac"". The two models must not be mixed: take it back with revoke.ps1, or stay with grant-rbac.ps1."
    }
}
$exchange = @(Get-MgServicePrincipal -Filter "appId eq '$ExchangeAppId'")
if ($exchange.Count -ne 1) {
    throw 'This tenant has no service principal of Office 365 Exchange Online. Is there a licence with Exchange Online?'
}
$role = @($exchange[0].AppRoles | Where-Object { $_.Value -eq $SmtpClaim -and $_.AllowedMemberTypes -contains 'Application' })
if ($role.Count -ne 1) {
    throw "Office 365 Exchange Online offers no application permission $SmtpClaim in this tenant."
}

Write-Host 'The identity'
Register-ExchangeEntry -Principal $principal

Write-Host 'The right in the token'
if (@(Get-SmtpClaimGrant -Principal $principal).Count -gt 0) {
    Write-Kept "application permission $SmtpClaim"
}
elseif ($PSCmdlet.ShouldProcess($principal.DisplayName, "Grant the application permission $SmtpClaim (New-MgServicePrincipalAppRoleAssignment)")) {
    $null = New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -PrincipalId $principal.Id -ResourceId $exchange[0].Id -AppRoleId $role[0].Id
    Write-Made "application permission $SmtpClaim"
}

Write-Host 'The mailboxes'
Confirm-PasswordPolicy -Name $AuthenticationPolicyName
$entry = @(Get-ExchangeEntry -Principal $principal)
if ($entry.Count -eq 0 -and -not $WhatIfPreference) {
    throw 'Exchange does not know the identity, so no mailbox can be given to it. Run this again and let the identity be registered.'
}
foreach ($one in $mailboxes) {
    $address = "$($one.PrimarySmtpAddress)"
    $held = @()
    if ($entry.Count -gt 0) {
        $held = @(Get-MailboxPermission -Identity "$($one.Guid)" -User $entry[0].Identity | Where-Object { "$($_.AccessRights)" -like '*FullAccess*' -and -not $_.Deny })
    }
    if ($held.Count -gt 0) {
        Write-Kept "full access to $address"
    }
    elseif ($PSCmdlet.ShouldProcess($address, 'Give the identity full access, without automapping (Add-MailboxPermission)')) {
        $null = Add-MailboxPermission -Identity "$($one.Guid)" -User $entry[0].Identity -AccessRights FullAccess -AutoMapping:$false
        Write-Made "full access to $address"
    }
    Enable-SmtpAuth -Mailbox $one
    Block-Password -Mailbox $one -PolicyName $AuthenticationPolicyName
    foreach ($further in $SendAs) {
        Grant-SendAs -Mailbox $one -Address $further
    }
}

foreach ($one in $decoys) {
    Enable-SmtpAuth -Mailbox $one
    Block-Password -Mailbox $one -PolicyName $AuthenticationPolicyName
}

Write-Host ''
Write-Host 'mail.toml has to say model = "claim" in [identity].'
Write-NextStep
