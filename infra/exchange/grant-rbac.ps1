#Requires -Version 7.2
#Requires -Modules ExchangeOnlineManagement, Microsoft.Graph.Authentication, Microsoft.Graph.Applications
<#
.SYNOPSIS
Lets one identity send from the given mailboxes and from no other: RBAC for Applications (model "rbac", the default).

.DESCRIPTION
Makes, where it is not there yet:
  - the identity's entry in Exchange (its ids are read from Entra, nobody types them)
  - a mail-enabled security group that holds the service mailboxes
  - a management scope "members of this group", and the role 'Application SMTP.SendAsApp' within that scope
  - SMTP AUTH on for these mailboxes; the tenant's switch is not touched
  - an authentication policy that lets no password in, for these mailboxes
  - with -RetainSentItemsDays, a retention policy for Sent Items, so that the copies of sent mail do not fill the mailbox

It may be run again at any time, and with -WhatIf it only says what it would do. It adds no permission in Entra, and stops
where the identity has SMTP.SendAsApp there: with that claim Exchange asks for mailbox permissions as well.

Who runs it needs in Exchange the role groups Organization Management (service principal, scope, role) or Exchange
administrator in Entra, and in Microsoft Graph only Application.Read.All, to look ids up:
  Connect-ExchangeOnline
  Connect-MgGraph -Scopes 'Application.Read.All'

.PARAMETER Identity
Display name or client id of the managed identity, or of the app registration where mail.toml says way = "federated".

.PARAMETER Mailbox
Addresses of the service mailboxes: all that stand under `mailboxes` in mail.toml.

.PARAMETER Decoy
A mailbox that has to stay outside ([audit] decoy in mail.toml). It gets SMTP AUTH and the authentication policy as well, so that
only the missing right can be why it is refused; the script says whether Exchange sees it outside.

.PARAMETER SendAs
Further addresses that each of the mailboxes may send as (`from` in mail.toml, where it is another address).

.PARAMETER RetainSentItemsDays
Days after which sent mail is deleted from these mailboxes; 0 leaves their retention policy alone.

.PARAMETER GroupName
Name of the group. Whoever may add members to it decides what the app may send from.

.PARAMETER ScopeName
Name of the management scope.

.PARAMETER AuthenticationPolicyName
Name of the authentication policy.

.PARAMETER RetentionName
Name of the retention policy and of its tag.

.EXAMPLE
./grant-rbac.ps1 -Identity contoso-mail -Mailbox alerts@contoso.com, reports@contoso.com -Decoy decoy@contoso.com -WhatIf

Says what would be changed, and changes nothing.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory)] [ValidateNotNullOrEmpty()] [string] $Identity,
    [Parameter(Mandatory)] [ValidateNotNullOrEmpty()] [string[]] $Mailbox,
    [string] $Decoy = '',
    [string[]] $SendAs = @(),
    [ValidateRange(0, 3650)] [int] $RetainSentItemsDays = 0,
    [ValidateLength(1, 64)] [string] $GroupName = 'keyless-mail-senders',
    [ValidateLength(1, 64)] [string] $ScopeName = 'keyless-mail-senders',
    [ValidateLength(1, 64)] [string] $AuthenticationPolicyName = 'keyless-mail-no-passwords',
    [ValidateLength(1, 64)] [string] $RetentionName = 'keyless-mail-sent-items'
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'common.ps1')

# Everything that can stop the script is looked at first, so that it stops before it has changed anything.
$null = Assert-Connected -GraphScope 'Application.Read.All'
$principal = Get-MailIdentity -Identity $Identity
if (@(Get-SmtpClaimGrant -Principal $principal).Count -gt 0) {
    throw "The identity has the application permission $SmtpClaim in Entra, which belongs to model ""claim"". The two models must not be mixed: take it back with revoke.ps1, or use grant-claim.ps1."
}
$mailboxes = @(Get-ServiceMailbox -Address $Mailbox)
$decoys = @()
if ($Decoy) {
    $decoys = @(Get-ServiceMailbox -Address $Decoy)
    if (@($mailboxes | Where-Object { "$($_.Guid)" -eq "$($decoys[0].Guid)" }).Count -gt 0) {
        throw 'The decoy is one of the service mailboxes. It has to be a mailbox that the app may not use.'
    }
}
$group = @(Get-DistributionGroup -Filter "Name -eq '$($GroupName.Replace("'", "''"))'" -ResultSize 2)
if ($group.Count -gt 0 -and "$($group[0].RecipientTypeDetails)" -ne 'MailUniversalSecurityGroup') {
    throw "The group $GroupName is no mail-enabled security group. Give another name with -GroupName."
}
if (@(Get-ExchangeEntry -Principal $principal).Count -gt 0) {
    $wide = @(Get-ApplicationRole -Principal $principal | Where-Object { $_.RoleName -eq $SmtpRole -and "$($_.ScopeType)" -eq 'Organization' })
    if ($wide.Count -gt 0) {
        throw "The identity already holds $SmtpRole for every mailbox of the tenant. Find that assignment with Get-ManagementRoleAssignment -Role '$SmtpRole' and remove it, then run this again."
    }
}

Write-Host 'The identity'
Register-ExchangeEntry -Principal $principal

Write-Host 'The mailboxes that it may use'
$memberIds = @()
if ($group.Count -gt 0) {
    Write-Kept "group $GroupName"
    $memberIds = @(Get-DistributionGroupMember -Identity $group[0].DistinguishedName -ResultSize Unlimited | ForEach-Object { "$($_.Guid)" })
}
elseif ($PSCmdlet.ShouldProcess($GroupName, 'Make a mail-enabled security group (New-DistributionGroup)')) {
    $group = @(New-DistributionGroup -Name $GroupName -Type Security -IgnoreNamingPolicy -MemberJoinRestriction Closed -MemberDepartRestriction Closed)
    Write-Made "group $GroupName"
}
if ($group.Count -eq 0 -and -not $WhatIfPreference) {
    throw 'Without the group there is no scope, and without a scope the app could send from every mailbox. Nothing else was changed.'
}
foreach ($one in $mailboxes) {
    if ($memberIds -contains "$($one.Guid)") {
        Write-Kept "$($one.PrimarySmtpAddress) is in the group"
    }
    elseif ($PSCmdlet.ShouldProcess("$($one.PrimarySmtpAddress)", "Add the mailbox to the group $GroupName (Add-DistributionGroupMember)")) {
        Add-DistributionGroupMember -Identity $group[0].DistinguishedName -Member "$($one.Guid)"
        Write-Made "$($one.PrimarySmtpAddress) is in the group"
    }
}
$others = @($memberIds | Where-Object { @($mailboxes | ForEach-Object { "$($_.Guid)" }) -notcontains $_ })
if ($others.Count -gt 0) {
    Write-Warning "The group has $($others.Count) further members, from which the app may send too. Look at them: Get-DistributionGroupMember -Identity '$GroupName'"
}

Write-Host 'The right to send'
$scope = @(Get-ManagementScope | Where-Object { $_.Name -eq $ScopeName })
if ($scope.Count -gt 0) {
    if ($group.Count -eq 0 -or -not "$($scope[0].RecipientFilter)".Contains("'$($group[0].DistinguishedName)'", [StringComparison]::OrdinalIgnoreCase)) {
        throw "The management scope $ScopeName has another filter than the members of $GroupName. Give another name with -ScopeName."
    }
    Write-Kept "management scope $ScopeName"
}
elseif ($PSCmdlet.ShouldProcess($ScopeName, "Make a management scope of the group's members (New-ManagementScope)")) {
    $distinguished = $group[0].DistinguishedName.Replace("'", "''")
    $null = New-ManagementScope -Name $ScopeName -RecipientRestrictionFilter "MemberOfGroup -eq '$distinguished'"
    Write-Made "management scope $ScopeName"
}
$assignmentName = "keyless-mail-$($principal.AppId)"
if (@(Get-ManagementRoleAssignment -Role $SmtpRole | Where-Object { $_.Name -eq $assignmentName }).Count -gt 0) {
    Write-Kept "role $SmtpRole"
}
elseif ($PSCmdlet.ShouldProcess($principal.DisplayName, "Assign the role $SmtpRole within $ScopeName (New-ManagementRoleAssignment)")) {
    $null = New-ManagementRoleAssignment -Name $assignmentName -Role $SmtpRole -App $principal.Id -CustomResourceScope $ScopeName
    Write-Made "role $SmtpRole within $ScopeName"
}

Write-Host 'The mailboxes themselves'
Confirm-PasswordPolicy -Name $AuthenticationPolicyName
foreach ($one in $mailboxes + $decoys) {
    Enable-SmtpAuth -Mailbox $one
    Block-Password -Mailbox $one -PolicyName $AuthenticationPolicyName
}
foreach ($one in $mailboxes) {
    foreach ($address in $SendAs) {
        Grant-SendAs -Mailbox $one -Address $address
    }
}

if ($RetainSentItemsDays -gt 0) {
    Write-Host 'Sent mail'
    $tag = @(Get-RetentionPolicyTag | Where-Object { $_.Name -eq $RetentionName })
    if ($tag.Count -gt 0) {
        Write-Kept "retention tag $RetentionName, which keeps its own number of days"
    }
    elseif ($PSCmdlet.ShouldProcess($RetentionName, "Make a tag that deletes sent mail after $RetainSentItemsDays days (New-RetentionPolicyTag)")) {
        $null = New-RetentionPolicyTag -Name $RetentionName -Type SentItems -RetentionEnabled $true -AgeLimitForRetention $RetainSentItemsDays -RetentionAction DeleteAndAllowRecovery
        Write-Made "retention tag $RetentionName"
    }
    if (@(Get-RetentionPolicy | Where-Object { $_.Name -eq $RetentionName }).Count -gt 0) {
        Write-Kept "retention policy $RetentionName"
    }
    elseif ($PSCmdlet.ShouldProcess($RetentionName, 'Make a retention policy of this tag (New-RetentionPolicy)')) {
        $null = New-RetentionPolicy -Name $RetentionName -RetentionPolicyTagLinks $RetentionName
        Write-Made "retention policy $RetentionName"
    }
    foreach ($one in $mailboxes) {
        if ("$($one.RetentionPolicy)" -eq $RetentionName) {
            Write-Kept "$($one.PrimarySmtpAddress) has the retention policy"
        }
        elseif ($PSCmdlet.ShouldProcess("$($one.PrimarySmtpAddress)", "Use the retention policy $RetentionName instead of '$($one.RetentionPolicy)' (Set-Mailbox)")) {
            Set-Mailbox -Identity "$($one.Guid)" -RetentionPolicy $RetentionName -Confirm:$false
            Write-Made "$($one.PrimarySmtpAddress) has the retention policy, instead of '$($one.RetentionPolicy)'"
        }
    }
}

if (@(Get-ExchangeEntry -Principal $principal).Count -gt 0) {
    Write-Host 'What Exchange says now (a new group may take minutes to be counted)'
    foreach ($one in $mailboxes) {
        Write-Host "  in scope: $(Test-InScope -Principal $principal -Mailbox "$($one.PrimarySmtpAddress)")   $($one.PrimarySmtpAddress)"
    }
    if ($Decoy) {
        $inside = Test-InScope -Principal $principal -Mailbox $Decoy
        Write-Host "  in scope: $inside   $Decoy (the decoy, has to be False)"
        if ($inside) {
            Write-Warning 'The decoy is inside the scope. Take it out of the group, or name another mailbox.'
        }
    }
}
Write-NextStep
