#Requires -Version 7.2
<#
.SYNOPSIS
What the scripts of this folder share. Not run by itself: each script loads it.

.DESCRIPTION
Functions that only look, and the changes that both models of authorisation need. Every change asks ShouldProcess, so that
-WhatIf and -Confirm of the script that loads this file reach it; every change is announced, and skipped where it is already there.
#>

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

# The client id of Office 365 Exchange Online, the same in every tenant.
$ExchangeAppId = '00000002-0000-0ff1-ce00-000000000000'

# Names of the right to send in the two models. The app role's id is looked up by this name, never written down here.
$SmtpClaim = 'SMTP.SendAsApp'
$SmtpRole = 'Application SMTP.SendAsApp'

function Write-Kept {
    # Announces what is already as it should be.
    param([Parameter(Mandatory)] [string] $Text)
    Write-Host "  =  $Text"
}

function Write-Made {
    # Announces a change that was made.
    param([Parameter(Mandatory)] [string] $Text)
    Write-Host "  +  $Text"
}

function Write-NextStep {
    # Ends every script: what a grant is worth is what the app itself sees.
    Write-Host ''
    Write-Host 'Rights reach Exchange within two hours, sometimes at once. Then ask the app itself:'
    Write-Host '  python -m ops doctor'
    Write-Host '  python -m ops doctor --sender NAME --send     (the right to send is decided only after a mail was given)'
}

function Assert-Connected {
    # Stops where a connection is missing, or where the two connections lead to different tenants.
    param([Parameter(Mandatory)] [string] $GraphScope)
    $exchange = @(Get-ConnectionInformation | Where-Object { $_.State -eq 'Connected' })
    if ($exchange.Count -eq 0) {
        throw 'There is no connection to Exchange Online. Run Connect-ExchangeOnline as an Exchange administrator, then run this again.'
    }
    $graph = Get-MgContext
    if ($null -eq $graph) {
        throw "There is no connection to Microsoft Graph. Run Connect-MgGraph -Scopes '$GraphScope', then run this again."
    }
    if (@($exchange | ForEach-Object { "$($_.TenantID)" }) -notcontains "$($graph.TenantId)") {
        throw 'Exchange Online and Microsoft Graph are connected to different tenants. Connect both to the tenant of the mailboxes.'
    }
    return $graph.TenantId
}

function Get-MailIdentity {
    # The service principal in Entra, by client id or display name; stops where it is none or several.
    param([Parameter(Mandatory)] [string] $Identity)
    $id = [guid]::Empty
    $filter = "displayName eq '$($Identity.Replace("'", "''"))'"
    if ([guid]::TryParse($Identity, [ref] $id)) {
        $filter = "appId eq '$id'"
    }
    $found = @(Get-MgServicePrincipal -Filter $filter -All)
    if ($found.Count -eq 0) {
        throw 'No service principal of this tenant has that name or client id. Give the client id of the managed identity or of the app registration (not an object id); an app of another tenant has to be consented here first.'
    }
    if ($found.Count -gt 1) {
        $ids = ($found | ForEach-Object { $_.AppId }) -join ', '
        throw "Several service principals have that name. Give one of their client ids instead: $ids"
    }
    Write-Host "Identity: $($found[0].DisplayName), client id $($found[0].AppId), object id $($found[0].Id)"
    return $found[0]
}

function Get-AppRoleGrant {
    # The application permissions that Entra has granted to the identity, each with its name and that of its resource.
    param([Parameter(Mandatory)] $Principal)
    $resources = @{}
    foreach ($grant in @(Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $Principal.Id -All)) {
        if (-not $resources.ContainsKey($grant.ResourceId)) {
            $resources[$grant.ResourceId] = Get-MgServicePrincipal -ServicePrincipalId $grant.ResourceId
        }
        $resource = $resources[$grant.ResourceId]
        $named = @($resource.AppRoles | Where-Object { $_.Id -eq $grant.AppRoleId } | ForEach-Object { $_.Value })
        [pscustomobject]@{
            GrantId       = $grant.Id
            Resource      = $resource.DisplayName
            ResourceAppId = $resource.AppId
            Value         = @($named + "$($grant.AppRoleId)")[0]
            GrantedAt     = $grant.CreatedDateTime
        }
    }
}

function Get-SmtpClaimGrant {
    # The grant of Exchange's SMTP.SendAsApp, where there is one.
    param([Parameter(Mandatory)] $Principal)
    Get-AppRoleGrant -Principal $Principal |
        Where-Object { $_.ResourceAppId -eq $ExchangeAppId -and $_.Value -eq $SmtpClaim }
}

function Get-ExchangeEntry {
    # The identity's entries in Exchange's own list of service principals, also those with a wrong object id.
    param([Parameter(Mandatory)] $Principal)
    Get-ServicePrincipal | Where-Object { "$($_.AppId)" -eq $Principal.AppId -or "$($_.ObjectId)" -eq $Principal.Id }
}

function Get-ApplicationRole {
    # The roles of RBAC for Applications that the identity holds, with their scopes; with a mailbox also whether it is inside.
    param([Parameter(Mandatory)] $Principal, [string] $Mailbox = '')
    if ($Mailbox) {
        return Test-ServicePrincipalAuthorization -Identity $Principal.AppId -Resource $Mailbox
    }
    return Test-ServicePrincipalAuthorization -Identity $Principal.AppId
}

function Test-InScope {
    # Whether Exchange counts the mailbox among those that the SMTP role covers.
    param([Parameter(Mandatory)] $Principal, [Parameter(Mandatory)] [string] $Mailbox)
    $rows = @(Get-ApplicationRole -Principal $Principal -Mailbox $Mailbox | Where-Object { $_.RoleName -eq $SmtpRole })
    return @($rows | Where-Object { "$($_.InScope)" -eq 'True' }).Count -gt 0
}

function Get-OneMailbox {
    # The mailbox with exactly this address, or nothing.
    param([Parameter(Mandatory)] [string] $Address)
    $quoted = $Address.Replace("'", "''")
    $found = @(Get-Mailbox -Filter "EmailAddresses -eq 'smtp:$quoted'" -ResultSize 2)
    if ($found.Count -eq 1) {
        return $found[0]
    }
}

function Get-ServiceMailbox {
    # The mailboxes with these addresses; stops at the first that is none, before anything is changed.
    param([Parameter(Mandatory)] [string[]] $Address)
    foreach ($one in $Address) {
        $mailbox = Get-OneMailbox -Address $one
        if ($null -eq $mailbox) {
            throw "There is no mailbox with the address $one in this tenant. Make it first; groups and contacts cannot log in."
        }
        if ("$($mailbox.RecipientTypeDetails)" -ne 'UserMailbox') {
            Write-Warning "$one is a $($mailbox.RecipientTypeDetails). Microsoft asks for a licensed user mailbox for client submission."
        }
        $mailbox
    }
}

function Register-ExchangeEntry {
    # Tells Exchange of the identity. The object id is that of the service principal, never that of the app registration.
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory)] $Principal)
    $entries = @(Get-ExchangeEntry -Principal $Principal)
    $wrong = @($entries | Where-Object { "$($_.ObjectId)" -ne $Principal.Id -or "$($_.AppId)" -ne $Principal.AppId })
    if ($wrong.Count -gt 0) {
        throw "Exchange has an entry for this identity with other ids. Remove it, then run this again: Remove-ServicePrincipal -Identity $($wrong[0].ObjectId)"
    }
    if ($entries.Count -gt 0) {
        Write-Kept 'Exchange knows the identity'
        return
    }
    if ($PSCmdlet.ShouldProcess($Principal.DisplayName, 'Register the identity in Exchange (New-ServicePrincipal)')) {
        $null = New-ServicePrincipal -AppId $Principal.AppId -ObjectId $Principal.Id -DisplayName $Principal.DisplayName
        Write-Made 'Exchange knows the identity'
    }
}

function Enable-SmtpAuth {
    # Client submission for this mailbox only; the tenant's switch stays as it is.
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory)] $Mailbox)
    $address = "$($Mailbox.PrimarySmtpAddress)"
    if ((Get-CASMailbox -Identity $address).SmtpClientAuthenticationDisabled -eq $false) {
        Write-Kept "SMTP AUTH is on for $address"
        return
    }
    if ($PSCmdlet.ShouldProcess($address, 'Turn SMTP AUTH on for this mailbox (Set-CASMailbox)')) {
        Set-CASMailbox -Identity $address -SmtpClientAuthenticationDisabled $false
        Write-Made "SMTP AUTH is on for $address"
    }
}

function Confirm-PasswordPolicy {
    # The authentication policy that lets no password in: a new one blocks basic authentication everywhere.
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory)] [string] $Name)
    $policy = @(Get-AuthenticationPolicy | Where-Object { $_.Name -eq $Name })
    if ($policy.Count -gt 0) {
        if ($policy[0].AllowBasicAuthSmtp) {
            throw "The authentication policy $Name allows passwords for SMTP. Give another name with -AuthenticationPolicyName, or mend it: Set-AuthenticationPolicy -Identity '$Name' -AllowBasicAuthSmtp:`$false"
        }
        Write-Kept "authentication policy $Name blocks passwords"
        return
    }
    if ($PSCmdlet.ShouldProcess($Name, 'Make an authentication policy that blocks passwords (New-AuthenticationPolicy)')) {
        $null = New-AuthenticationPolicy -Name $Name
        Write-Made "authentication policy $Name blocks passwords"
    }
}

function Block-Password {
    # Puts the mailbox's user under the policy, unless it already is under one that blocks passwords for SMTP.
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory)] $Mailbox, [Parameter(Mandatory)] [string] $PolicyName)
    $address = "$($Mailbox.PrimarySmtpAddress)"
    $present = "$((Get-User -Identity "$($Mailbox.Guid)").AuthenticationPolicy)"
    $same = @(Get-AuthenticationPolicy | Where-Object { $present -and @("$($_.Name)", "$($_.Identity)", "$($_.DistinguishedName)") -contains $present })
    if ($same.Count -gt 0 -and -not $same[0].AllowBasicAuthSmtp) {
        Write-Kept "passwords are blocked for $address by the authentication policy $($same[0].Name)"
        return
    }
    $instead = ''
    if ($present) {
        $instead = " instead of '$present'"
    }
    if ($PSCmdlet.ShouldProcess($address, "Block passwords by the authentication policy $PolicyName$instead (Set-User)")) {
        Set-User -Identity "$($Mailbox.Guid)" -AuthenticationPolicy $PolicyName -Confirm:$false
        Write-Made "passwords are blocked for $address$instead"
    }
}

function Test-SendAs {
    # Whether the mailbox may send as the address. Looked up first: for an unknown one Exchange would answer with everybody's.
    param([Parameter(Mandatory)] $Mailbox, [Parameter(Mandatory)] [string] $Address)
    $recipient = Get-Recipient -Identity $Address
    return @(Get-RecipientPermission -Identity "$($recipient.Guid)" -Trustee "$($Mailbox.Guid)" -AccessRights SendAs).Count -gt 0
}

function Grant-SendAs {
    # Lets the mailbox send as a further address. Exchange looks at the mailbox that logs in, not at the identity.
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory)] $Mailbox, [Parameter(Mandatory)] [string] $Address)
    $name = "$($Mailbox.PrimarySmtpAddress)"
    if (Test-SendAs -Mailbox $Mailbox -Address $Address) {
        Write-Kept "$name may send as $Address"
        return
    }
    if ($PSCmdlet.ShouldProcess($Address, "Let $name send as this address (Add-RecipientPermission)")) {
        $null = Add-RecipientPermission -Identity $Address -Trustee "$($Mailbox.Guid)" -AccessRights SendAs -Confirm:$false
        Write-Made "$name may send as $Address"
    }
}
