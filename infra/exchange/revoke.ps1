#Requires -Version 7.2
#Requires -Modules ExchangeOnlineManagement, Microsoft.Graph.Authentication, Microsoft.Graph.Applications
<#
.SYNOPSIS
Takes back what grant-rbac.ps1 and grant-claim.ps1 gave: the identity can send no more.

.DESCRIPTION
Takes back, where it is there, in this order:
  1. SMTP AUTH of the mailboxes, which stops new logins soonest
  2. the role 'Application SMTP.SendAsApp' (model "rbac") and the application permission SMTP.SendAsApp (model "claim")
  3. full access to the mailboxes, and Send As for the addresses that are given
  4. the management scope, the group, and the identity's entry in Exchange

The authentication policy and the retention policy stay: they give nobody a right, and without the first one passwords might be
let in again. -IncludePolicies takes these back too; the policies that the mailboxes had before are not put back.

It may be run again at any time, and with -WhatIf it only says what it would do. Each step asks first; -Confirm:$false does not.
A token that was already handed out lives on, for a managed identity about 24 hours; what stops it is Exchange's own lists.

Who runs it needs the same rights as for granting:
  Connect-ExchangeOnline
  Connect-MgGraph -Scopes 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All'

.PARAMETER Identity
Display name or client id of the identity, as it was given to the granting script.

.PARAMETER Mailbox
Addresses of the service mailboxes.

.PARAMETER SendAs
Addresses that the mailboxes may no longer send as.

.PARAMETER GroupName
Name of the group.

.PARAMETER ScopeName
Name of the management scope.

.PARAMETER AuthenticationPolicyName
Name of the authentication policy.

.PARAMETER RetentionName
Name of the retention policy and of its tag.

.PARAMETER IncludePolicies
Take the authentication policy and the retention policy back as well.

.EXAMPLE
./revoke.ps1 -Identity contoso-mail -Mailbox alerts@contoso.com -WhatIf

Says what would be taken back, and changes nothing.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
param(
    [Parameter(Mandatory)] [ValidateNotNullOrEmpty()] [string] $Identity,
    [Parameter(Mandatory)] [ValidateNotNullOrEmpty()] [string[]] $Mailbox,
    [string[]] $SendAs = @(),
    [ValidateLength(1, 64)] [string] $GroupName = 'keyless-mail-senders',
    [ValidateLength(1, 64)] [string] $ScopeName = 'keyless-mail-senders',
    [ValidateLength(1, 64)] [string] $AuthenticationPolicyName = 'keyless-mail-no-passwords',
    [ValidateLength(1, 64)] [string] $RetentionName = 'keyless-mail-sent-items',
    [switch] $IncludePolicies
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'common.ps1')

$null = Assert-Connected -GraphScope 'Application.Read.All, AppRoleAssignment.ReadWrite.All'
$principal = Get-MailIdentity -Identity $Identity
$entry = @(Get-ExchangeEntry -Principal $principal)
# A mailbox that is gone holds no rights; the others are still to be done.
$mailboxes = @($Mailbox | ForEach-Object { Get-OneMailbox -Address $_ } | Where-Object { $null -ne $_ })

Write-Host 'SMTP AUTH'
foreach ($one in $mailboxes) {
    $address = "$($one.PrimarySmtpAddress)"
    if ((Get-CASMailbox -Identity $address).SmtpClientAuthenticationDisabled -eq $true) {
        Write-Kept "off for $address"
    }
    elseif ($PSCmdlet.ShouldProcess($address, 'Turn SMTP AUTH off for this mailbox (Set-CASMailbox)')) {
        Set-CASMailbox -Identity $address -SmtpClientAuthenticationDisabled $true
        Write-Made "off for $address"
    }
}

Write-Host 'The right to send'
$assignmentName = "keyless-mail-$($principal.AppId)"
# Not asked by role: a tenant that does not know the role would answer with an error.
$assigned = @(Get-ManagementRoleAssignment | Where-Object { $_.Name -eq $assignmentName })
if ($assigned.Count -eq 0) {
    Write-Kept "no role $SmtpRole by these scripts"
}
elseif ($PSCmdlet.ShouldProcess($principal.DisplayName, "Take back the role $SmtpRole (Remove-ManagementRoleAssignment)")) {
    Remove-ManagementRoleAssignment -Identity $assignmentName -Confirm:$false
    Write-Made "no role $SmtpRole"
}
$claims = @(Get-SmtpClaimGrant -Principal $principal)
if ($claims.Count -eq 0) {
    Write-Kept "no application permission $SmtpClaim"
}
foreach ($claim in $claims) {
    if ($PSCmdlet.ShouldProcess($principal.DisplayName, "Take back the application permission $SmtpClaim (Remove-MgServicePrincipalAppRoleAssignment)")) {
        Remove-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -AppRoleAssignmentId $claim.GrantId
        Write-Made "no application permission $SmtpClaim"
    }
}

Write-Host 'The mailboxes'
foreach ($one in $mailboxes) {
    $address = "$($one.PrimarySmtpAddress)"
    $held = @()
    if ($entry.Count -gt 0) {
        $held = @(Get-MailboxPermission -Identity "$($one.Guid)" -User $entry[0].Identity | Where-Object { "$($_.AccessRights)" -like '*FullAccess*' -and -not $_.Deny })
    }
    if ($held.Count -eq 0) {
        Write-Kept "no full access to $address"
    }
    elseif ($PSCmdlet.ShouldProcess($address, 'Take back full access (Remove-MailboxPermission)')) {
        Remove-MailboxPermission -Identity "$($one.Guid)" -User $entry[0].Identity -AccessRights FullAccess -Confirm:$false
        Write-Made "no full access to $address"
    }
    foreach ($further in $SendAs) {
        if (-not (Test-SendAs -Mailbox $one -Address $further)) {
            Write-Kept "$address may not send as $further"
        }
        elseif ($PSCmdlet.ShouldProcess($further, "Let $address no longer send as this address (Remove-RecipientPermission)")) {
            $null = Remove-RecipientPermission -Identity $further -Trustee "$($one.Guid)" -AccessRights SendAs -Confirm:$false
            Write-Made "$address may not send as $further"
        }
    }
}

Write-Host 'What held it together'
if (@(Get-ManagementScope | Where-Object { $_.Name -eq $ScopeName }).Count -eq 0) {
    Write-Kept "no management scope $ScopeName"
}
elseif ($PSCmdlet.ShouldProcess($ScopeName, 'Remove the management scope; Exchange refuses while another role uses it (Remove-ManagementScope)')) {
    Remove-ManagementScope -Identity $ScopeName -Confirm:$false
    Write-Made "no management scope $ScopeName"
}
$group = @(Get-DistributionGroup -Filter "Name -eq '$($GroupName.Replace("'", "''"))'" -ResultSize 2)
if ($group.Count -eq 0) {
    Write-Kept "no group $GroupName"
}
elseif ($PSCmdlet.ShouldProcess($GroupName, 'Remove the group; its mailboxes stay (Remove-DistributionGroup)')) {
    Remove-DistributionGroup -Identity $group[0].DistinguishedName -Confirm:$false
    Write-Made "no group $GroupName"
}
if ($entry.Count -eq 0) {
    Write-Kept 'Exchange does not know the identity'
}
else {
    $left = @(Get-ApplicationRole -Principal $principal | Where-Object { $_.RoleName -and $_.RoleName -ne $SmtpRole })
    if ($left.Count -gt 0) {
        Write-Warning "The identity's entry in Exchange stays, because it holds other roles: $(($left | ForEach-Object { $_.RoleName }) -join ', ')"
    }
    else {
        foreach ($one in $entry) {
            if ($PSCmdlet.ShouldProcess($principal.DisplayName, 'Remove the identity from Exchange (Remove-ServicePrincipal)')) {
                Remove-ServicePrincipal -Identity "$($one.ObjectId)" -Confirm:$false
                Write-Made 'Exchange does not know the identity'
            }
        }
    }
}

if ($IncludePolicies) {
    Write-Host 'The policies'
    foreach ($one in $mailboxes) {
        $address = "$($one.PrimarySmtpAddress)"
        if ("$((Get-User -Identity "$($one.Guid)").AuthenticationPolicy)" -notlike "*$AuthenticationPolicyName*") {
            Write-Kept "$address is not under the authentication policy $AuthenticationPolicyName"
        }
        elseif ($PSCmdlet.ShouldProcess($address, "Leave the authentication policy $AuthenticationPolicyName for the tenant's default (Set-User)")) {
            Set-User -Identity "$($one.Guid)" -AuthenticationPolicy $null -Confirm:$false
            Write-Made "$address is under the tenant's default authentication policy"
        }
        if ("$($one.RetentionPolicy)" -ne $RetentionName) {
            Write-Kept "$address does not use the retention policy $RetentionName"
        }
        elseif ($PSCmdlet.ShouldProcess($address, "Use no retention policy instead of $RetentionName (Set-Mailbox)")) {
            Set-Mailbox -Identity "$($one.Guid)" -RetentionPolicy $null -Confirm:$false
            Write-Made "$address has no retention policy"
        }
    }
    Write-Host "  The policies themselves may serve other mailboxes, so they stay: $AuthenticationPolicyName, $RetentionName"
}

if (@(Get-ExchangeEntry -Principal $principal).Count -gt 0) {
    $rest = @(Get-ApplicationRole -Principal $principal | Where-Object { $_.RoleName -eq $SmtpRole })
    if ($rest.Count -gt 0) {
        Write-Warning "The identity still holds $SmtpRole by an assignment with another name. Find it: Get-ManagementRoleAssignment -Role '$SmtpRole'"
    }
}
Write-Host ''
Write-Host 'Exchange forgets a right within two hours. Then the app itself has to be refused:'
Write-Host '  python -m ops doctor'
