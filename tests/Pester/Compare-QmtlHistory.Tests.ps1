BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # Bars 1 to 20 without 8, of which bar 5 closes elsewhere and bar 6 is none of the source's.
    function New-WrongProvider {
        $provider = New-TestProvider -Bars 20 -Without 8
        $wrong = New-QmtlFetcher -Name wrong -ScriptBlock { @{ ts = 300; open = 1.0; high = 5.0; low = 0.5; close = 0.7; volume = 10.0 } }
        $null = Remove-QmtlHistory $provider X 1m -Start 300 -End 300 -Confirm:$false
        $null = Invoke-QmtlBackfill $provider X 1m 300 300 -Fetcher $wrong
        $provider
    }

    $truth = New-QmtlFetcher -Name truth -BarsPerRequest 1000 -ScriptBlock {
        param($start, $end, $nodeId, $interval)
        & $EveryBar $start $end $nodeId $interval | Where-Object { $_.ts -ne 360 }
    }
}

Describe 'Compare-QmtlHistory' {
    It 'emits an object for each difference and changes nothing' {
        $provider = New-WrongProvider
        $found = Compare-QmtlHistory $provider X 1m -Fetcher $truth
        $found.Kind | Should -Be Different, Extra, Missing
        $found.StartTimestamp | Should -Be 300, 360, 480
        $found[0].Column, $found[0].Stored, $found[0].Other, $found[0].Source, $found[0].Repaired | Should -Be close, 0.7, 5.0, truth, $false
        @(Compare-QmtlHistory $provider X 1m -Fetcher $truth).Count | Should -Be 3
        (Compare-QmtlHistory $provider X 1m -Fetcher $truth -Start 301 -End 400).Kind | Should -Be Extra
    }

    It 'takes values for the same that lie within -Tolerance, and repairs no others' {
        $provider, $other = (New-TestProvider -Bars 20), (New-TestProvider)
        $near = New-QmtlFetcher -Name near -BarsPerRequest 1000 -ScriptBlock {
            param($start, $end, $nodeId, $interval)
            & $EveryBar $start $end $nodeId $interval | ForEach-Object { $_.open = if ($_.ts -eq 60) { 1.5 } else { 1.001 }; $_ }
        }
        $null = Invoke-QmtlBackfill $other X 1m 60 1200 -Fetcher $near
        @(Compare-QmtlHistory $provider -ReferenceProvider $other).Count | Should -Be 20
        (Compare-QmtlHistory $provider -ReferenceProvider $other -Tolerance 0.01).StartTimestamp | Should -Be 60
        (Compare-QmtlHistory $provider -ReferenceProvider $other -Tolerance 0.1%).StartTimestamp | Should -Be 60
        @(Compare-QmtlHistory $provider -ReferenceProvider $other -Tolerance 1e-8).Count | Should -Be 20
        (Compare-QmtlHistory $provider -ReferenceProvider $other -Tolerance 0.01 -Repair -Confirm:$false).Repaired | Should -BeTrue
        (Get-QmtlHistory $provider -First 2).open | Should -Be 1.5, 1
        { Compare-QmtlHistory $provider -ReferenceProvider $other -Tolerance much } | Should -Throw "*'much' is no tolerance. Write*"
    }

    It 'repairs after confirmation, with a trail that Get-QmtlRevision shows' {
        $provider = New-WrongProvider
        $found = Compare-QmtlHistory $provider X 1m -Fetcher $truth -Repair -Confirm:$false
        $found.Repaired | Should -Be $true, $false, $true
        (Compare-QmtlHistory $provider X 1m -Fetcher $truth).Kind | Should -Be Extra
        $trail = Get-QmtlRevision $provider X 1m
        $trail.StartTimestamp | Should -Be 300, 480
        $trail[0].Column, $trail[0].Was, $trail[0].Is, $trail[0].Source | Should -Be close, '0.7', '5', truth
        $trail[1].Column | Should -BeNullOrEmpty
        ([datetimeoffset]::UtcNow - [datetimeoffset]$trail[0].RevisedAt).TotalMinutes | Should -BeLessThan 5

        # What the source does not have is the operator's to remove.
        (Compare-QmtlHistory $provider X 1m -Fetcher $truth | Remove-QmtlHistory -Confirm:$false).BarsRemoved | Should -Be 1
        Compare-QmtlHistory $provider X 1m -Fetcher $truth | Should -BeNullOrEmpty
    }

    It 'compares and repairs nothing with -Repair -WhatIf' {
        $provider = New-WrongProvider
        (Compare-QmtlHistory $provider X 1m -Fetcher $truth -Repair -WhatIf).Repaired | Should -Be $false, $false, $false
        (Compare-QmtlHistory $provider X 1m -Fetcher $truth).Count | Should -Be 3
        Get-QmtlRevision $provider X 1m | Should -BeNullOrEmpty
    }

    It 'compares two stores' {
        $provider = New-WrongProvider
        $other = New-TestProvider -Bars 20 -Without 8
        $found = Compare-QmtlHistory $provider X 1m -ReferenceProvider $other.Store.Info.FilePath
        $found.Column, $found.Other | Should -Be close, 5.0
        Compare-QmtlHistory $other X 1m -ReferenceProvider $other | Should -BeNullOrEmpty
    }

    It 'refuses a store that is not there, which would have every bar look like one too many' {
        $provider = New-WrongProvider
        $nowhere = Join-Path $TestDrive 'nowhere.db'
        { Compare-QmtlHistory $provider X 1m -ReferenceProvider $nowhere -ErrorAction Stop } | Should -Throw '*There is no store*nowhere.db*'
        Test-Path $nowhere | Should -BeFalse
    }

    It 'gives Remove-QmtlHistory its own bar and no more, also with -Last' {
        $provider = New-WrongProvider
        $extra = Compare-QmtlHistory $provider X 1m -Fetcher $truth | Where-Object Kind -EQ Extra
        ($extra | Remove-QmtlHistory -Last 20 -Confirm:$false).BarsRemoved | Should -Be 1
    }

    It 'says of a sample how sure it is' {
        $provider = New-TestProvider -Bars 1000
        $said = Compare-QmtlHistory $provider X 1m -SampleSize 100 -Seed 1 6>&1
        "$said" | Should -BeLike 'X 1m *: 100 of 1000 bars compared, 0 differ (0 missing, 0 extra, 0 with other values). As a random sample it says with 95% confidence that at most 2.951% of all differ.'
        $summary = Compare-QmtlHistory $provider X 1m -SampleSize 100 -Seed 1 -Summary
        $summary.BarsCompared, $summary.Bars, $summary.IsSample, $summary.Confidence | Should -Be 100, 1000, $true, 0.95
        [Math]::Round($summary.MostDiffering, 4) | Should -Be 0.0295
        (Compare-QmtlHistory $provider X 1m -Summary).Confidence | Should -Be 1
    }

    It 'refuses to repair from a sample, and to compare with nothing' {
        $provider = New-WrongProvider
        { Compare-QmtlHistory $provider X 1m -SampleSize 5 -Repair -Confirm:$false } | Should -Throw '*Leave the sample out*'
        { Compare-QmtlHistory $provider.Store.Info.FilePath X 1m } | Should -Throw '*has no source to compare with*'
        { Compare-QmtlHistory $provider X 1m -Fetcher $truth -ReferenceProvider $provider } | Should -Throw '*Give one of them*'
    }

    It 'has a table and an error for a source that fails' {
        $provider = New-WrongProvider
        Compare-QmtlHistory $provider X 1m -Fetcher $truth | Out-String -Width 120 | Should -Match 'Start +Kind +Column +Stored +Other +Repaired'
        { Compare-QmtlHistory $provider X 1m -Fetcher { throw 'no answer' } -MaxRetries 0 } | Should -Throw '*no answer*'
    }
}

Describe 'Invoke-QmtlBackfill -Force' {
    It 'asks again and replaces what differs, in numbers and with a trail' {
        $provider = New-WrongProvider
        $outcome = Invoke-QmtlBackfill $provider X 1m 60 1200 -Fetcher $truth -Force
        $outcome.Status, $outcome.BarsWritten, $outcome.BarsReplaced, $outcome.BarsMissing | Should -Be Completed, 2, 1, 0
        (Get-QmtlRevision $provider X 1m).Was | Should -Be '0.7'
        (Compare-QmtlHistory $provider X 1m -Fetcher $truth).Kind | Should -Be Extra
        (Invoke-QmtlBackfill $provider X 1m 60 1200 -Fetcher $truth -Force).BarsReplaced | Should -Be 0
    }

    It 'says with -WhatIf that it would replace' {
        $provider = New-WrongProvider
        $shell = Invoke-Shell "Import-Module '$QmtlRoot/Qmtl.psd1'; Invoke-QmtlBackfill '$($provider.Store.Info.FilePath)' X 1m 60 1200 -Fetcher { } -Force -WhatIf"
        $shell.Output -replace '\s+', ' ' | Should -BeLike '*Replace what differs in 20 bars, 1970-01-01T00:01:00Z to 1970-01-01T00:20:00Z*'
    }
}
