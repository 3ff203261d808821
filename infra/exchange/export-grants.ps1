#Requires -Version 7.2
#Requires -Modules ExchangeOnlineManagement, Microsoft.Graph.Authentication, Microsoft.Graph.Applications
<#
.SYNOPSIS
Writes down what one identity may do, as evidence for `python -m ops audit --grants FILE`. Changes nothing but that file.

.DESCRIPTION
Reads the application permissions in Entra, the identity's entries and roles in Exchange, the switches and permissions of the
given mailboxes, and, with -StorageAccountId, the roles on the mail's storage account (by `az`, which has to be logged in).
The file holds ids, addresses and names of roles, and no secret. The app takes it as evidence for seven days.

Who runs it needs to read only: Global Reader in Entra is enough for Exchange and Graph, Reader for the storage account.
  Connect-ExchangeOnline
  Connect-MgGraph -Scopes 'Application.Read.All'

.PARAMETER Identity
Display name or client id of the managed identity, or of the app registration where mail.toml says way = "federated".

.PARAMETER Mailbox
Addresses: all under `mailboxes` in mail.toml, and the decoy of [audit].

.PARAMETER Path
The file to write. An older one is written over.

.PARAMETER StorageAccountId
Resource id of the mail's storage account: az storage account show -g GROUP -n ACCOUNT --query id -o tsv

.PARAMETER StoragePrincipalId
Object id of the identity that uses the storage, where it is another one than -Identity: with way = "federated" the managed identity's.

.EXAMPLE
./export-grants.ps1 -Identity contoso-mail -Mailbox alerts@contoso.com, decoy@contoso.com -Path grants.json

Then: python -m ops audit --grants grants.json
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)] [ValidateNotNullOrEmpty()] [string] $Identity,
    [Parameter(Mandatory)] [ValidateNotNullOrEmpty()] [string[]] $Mailbox,
    [string] $Path = 'grants.json',
    [string] $StorageAccountId = '',
    [string] $StoragePrincipalId = ''
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'common.ps1')

function Format-Time {
    # A time in UTC, as the app reads it; nothing stays nothing.
    param($At)
    if ($null -eq $At) {
        return $null
    }
    return ([datetime] $At).ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [cultureinfo]::InvariantCulture)
}

function Read-OrNull {
    # What the block finds, or nothing where the question failed: the export says "not known", never a guess.
    param([Parameter(Mandatory)] [scriptblock] $Ask, [Parameter(Mandatory)] [string] $What)
    try {
        $answer = & $Ask
        if ($null -eq $answer) {
            return $null
        }
        return $answer
    }
    catch {
        Write-Warning "Could not find out $What ($($_.Exception.GetType().Name)); the export says that it is not known."
        return $null
    }
}

function Get-SendAsAddress {
    # Further addresses that a mailbox may send as.
    param([Parameter(Mandatory)] $Found)
    foreach ($grant in @(Get-RecipientPermission -Trustee "$($Found.Guid)" -AccessRights SendAs -ResultSize Unlimited)) {
        $address = "$((Get-Recipient -Identity "$($grant.Identity)").PrimarySmtpAddress)"
        if ($address -and $address -ne "$($Found.PrimarySmtpAddress)") {
            $address
        }
    }
}

function Get-MailboxGrant {
    # One mailbox as Exchange knows it. Send As is left out, which the app reads as none, only where it could not be asked.
    param([Parameter(Mandatory)] [string] $Address, [Parameter(Mandatory)] $Principal, $Entry)
    $found = Get-OneMailbox -Address $Address
    if ($null -eq $found) {
        return [ordered]@{ address = $Address; exists = $false }
    }
    $guid = "$($found.Guid)"
    $grant = [ordered]@{
        address     = $Address
        exists      = $true
        primary     = "$($found.PrimarySmtpAddress)"
        smtp_auth   = Read-OrNull -What "whether SMTP AUTH is on for $Address" -Ask {
            $disabled = (Get-CASMailbox -Identity $guid).SmtpClientAuthenticationDisabled
            if ($null -ne $disabled) { -not $disabled }
        }
        in_scope    = $false
        full_access = $false
    }
    if ($null -ne $Entry) {
        $grant['in_scope'] = Read-OrNull -What "whether $Address is in scope" -Ask { Test-InScope -Principal $Principal -Mailbox $guid }
        $grant['full_access'] = Read-OrNull -What "who has full access to $Address" -Ask {
            @(Get-MailboxPermission -Identity $guid -User $Entry.Identity | Where-Object { "$($_.AccessRights)" -like '*FullAccess*' -and -not $_.Deny }).Count -gt 0
        }
    }
    # In a table, because a list of none or one would be taken apart on its way through the block.
    $further = Read-OrNull -What "what $Address may send as" -Ask { @{ Addresses = @(Get-SendAsAddress -Found $found) } }
    if ($null -ne $further) {
        $grant['send_as'] = $further.Addresses
    }
    return $grant
}

function Get-RoleGrant {
    # One role of RBAC for Applications; no scope means every mailbox.
    param([Parameter(Mandatory)] $Role)
    $grant = [ordered]@{ role = "$($Role.RoleName)" }
    if ("$($Role.ScopeType)" -ne 'Organization' -and "$($Role.AllowedResourceScope)") {
        $grant['scope'] = "$($Role.AllowedResourceScope)"
        $scope = @(Get-ManagementScope | Where-Object { $_.Name -eq "$($Role.AllowedResourceScope)" })
        if ($scope.Count -eq 1) {
            $grant['filter'] = "$($scope[0].RecipientFilter)"
        }
    }
    return $grant
}

function Get-StorageRole {
    # Roles on the storage account or above it, as az lists them.
    param([Parameter(Mandatory)] [string] $AccountId, [Parameter(Mandatory)] [string] $ObjectId)
    $listed = az role assignment list --assignee $ObjectId --scope $AccountId --include-inherited --include-groups --output json
    if ($LASTEXITCODE -ne 0) {
        throw 'az could not list the roles on the storage account. Run az login, and check the id given with -StorageAccountId.'
    }
    foreach ($one in @(($listed -join "`n") | ConvertFrom-Json)) {
        [ordered]@{ role = "$($one.roleDefinitionName)"; scope = "$($one.scope)" }
    }
}

$tenant = Assert-Connected -GraphScope 'Application.Read.All'
$principal = Get-MailIdentity -Identity $Identity
$entries = @(Get-ExchangeEntry -Principal $principal)
$right = @($entries | Where-Object { "$($_.ObjectId)" -eq $principal.Id })
$entry = $null
$roles = @()
if ($right.Count -gt 0) {
    $entry = $right[0]
    $roles = @(Get-ApplicationRole -Principal $principal | Where-Object { $_.RoleName } | ForEach-Object { Get-RoleGrant -Role $_ })
}

$export = [ordered]@{
    version     = 1
    exported_at = Format-Time -At (Get-Date)
    tenant      = "$tenant"
    principal   = [ordered]@{ client_id = "$($principal.AppId)"; object_id = "$($principal.Id)" }
    app_roles   = @(Get-AppRoleGrant -Principal $principal | ForEach-Object {
            [ordered]@{
                resource        = "$($_.Resource)"
                resource_app_id = "$($_.ResourceAppId)"
                value           = "$($_.Value)"
                granted_at      = Format-Time -At $_.GrantedAt
            }
        })
    exchange    = [ordered]@{
        service_principals = @($entries | ForEach-Object {
                [ordered]@{ app_id = "$($_.AppId)"; object_id = "$($_.ObjectId)"; display_name = "$($_.DisplayName)" }
            })
        role_assignments   = $roles
        mailboxes          = @($Mailbox | ForEach-Object { Get-MailboxGrant -Address $_ -Principal $principal -Entry $entry })
        smtp_auth_tenant   = Read-OrNull -What 'whether SMTP AUTH is on for the tenant' -Ask { -not (Get-TransportConfig).SmtpClientAuthenticationDisabled }
    }
}
if ($StorageAccountId) {
    $owner = $principal.Id
    if ($StoragePrincipalId) {
        $owner = $StoragePrincipalId
    }
    $export['storage_roles'] = @(Get-StorageRole -AccountId $StorageAccountId -ObjectId $owner)
}

if ($PSCmdlet.ShouldProcess($Path, 'Write the export')) {
    $export | ConvertTo-Json -Depth 8 | Set-Content -Path $Path -Encoding utf8NoBOM
    Write-Host "Written: $Path"
    Write-Host "Now give it to the app: python -m ops audit --grants $Path"
    Write-Host 'And see what the app itself says: python -m ops doctor'
}
