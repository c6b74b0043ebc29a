BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'Remove-QmtlHistory' {
    It 'removes a range, forgets what was learnt as empty there, and makes a gap of it' {
        $provider = New-TestProvider -Bars 20 -Without 8
        $removed = Remove-QmtlHistory $provider X 1m -Start 300 -End 600 -Confirm:$false
        $removed.BarsRemoved | Should -Be 5
        $removed.EmptyForgotten | Should -Be 1
        $removed.StartTimestamp, $removed.EndTimestamp | Should -Be 300, 600
        Get-StoredMinute $provider | Should -Be (1..4 + 11..20)
        (Get-QmtlGap $provider X 1m -End 1200).Bars | Should -Be 6

        # The next backfill asks for it, and only for it.
        (Invoke-QmtlBackfill $provider X 1m 60 1200).BarsWritten | Should -Be 6
        Get-StoredMinute $provider | Should -Be (1..20)
    }

    It 'removes a whole stream and leaves the others' {
        $provider = New-TestProvider -Bars 5
        $null = Invoke-QmtlBackfill $provider Y 1m 60 120
        (Remove-QmtlHistory $provider X -Confirm:$false).BarsRemoved | Should -Be 5
        (Get-QmtlCoverage $provider).NodeId | Should -Be Y
        (Remove-QmtlHistory $provider * -Confirm:$false).NodeId | Should -Be Y
        Get-QmtlCoverage $provider -WarningAction Ignore | Should -BeNullOrEmpty
    }

    It 'counts what would go with -WhatIf, and removes nothing' {
        $provider = New-TestProvider -Bars 20 -Without 8
        $path = $provider.Store.Info.FilePath
        $shell = Invoke-Shell "Import-Module '$QmtlRoot/Qmtl.psd1'; Remove-QmtlHistory '$path' X 1m -Start 300 -End 600 -WhatIf"
        $shell.Output -replace '\s+', ' ' | Should -BeLike '*"Remove 5 bars, 1970-01-01T00:05:00Z to 1970-01-01T00:10:00Z, and forget 1 that were learnt as empty" on target "X 1m in *'
        (Get-StoredMinute $provider).Count | Should -Be 19
    }

    It 'asks by default' {
        (Get-Command Remove-QmtlHistory).ImplementingType.GetCustomAttributes($true).Where({ $_ -is [System.Management.Automation.CmdletAttribute] }).ConfirmImpact | Should -Be High
    }

    It 'insists on a name, and tells of one that is not there' {
        $provider = New-TestProvider -Bars 5
        { Remove-QmtlHistory $provider -Confirm:$false } | Should -Throw '*say -NodeId*'
        Remove-QmtlHistory $provider Z 1m -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeNullOrEmpty
        $problem[0].CategoryInfo.Category | Should -Be ObjectNotFound
        (Get-StoredMinute $provider).Count | Should -Be 5
    }

    It 'takes ranges from the pipeline and asks for each stream once' {
        $provider = New-TestProvider -Bars 10 -Without 4, 7
        $removed = Get-QmtlCoverage $provider | Where-Object Bars -lt 3 | Remove-QmtlHistory -Confirm:$false
        $removed.BarsRemoved | Should -Be 2
        Get-StoredMinute $provider | Should -Be 1, 2, 3, 8, 9, 10
    }

    It 'makes no file of a path that is not there' {
        $path = Join-Path $TestDrive 'nowhere.db'
        Remove-QmtlHistory $path X 1m -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].Exception.Message | Should -BeLike '*no store*'
        Test-Path $path | Should -BeFalse
    }

    It 'refuses a provider that is no store of the module' {
        $provider = [pscustomobject]@{} | Add-Member -PassThru ScriptMethod Fetch { } | Add-Member -PassThru ScriptMethod Coverage { } | Add-Member -PassThru ScriptMethod FillMissing { }
        { Remove-QmtlHistory $provider X 1m -Confirm:$false } | Should -Throw '*in no store of Qmtl*'
    }
}
