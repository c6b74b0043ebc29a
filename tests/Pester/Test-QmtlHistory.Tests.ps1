BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # The third minute has its high below its low, and the fifth a negative volume.
    $odd = {
        param($start, $end)
        for ($ts = $start; $ts -le $end; $ts += 60) {
            $minute = $ts / 60
            @{ ts = $ts; open = 1.5; high = $minute -eq 3 ? 1.0 : 2.0; low = 1.25; close = 1.5 + $minute % 2 / 4; volume = $minute -eq 5 ? -5.0 : 5.0 }
        }
    }
}

Describe 'Test-QmtlHistory' {
    It 'emits an object for each finding' {
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher $odd -Name odd)
        $null = Invoke-QmtlBackfill $provider X 1m 60 600 -OnBadBar Store
        $found = Test-QmtlHistory $provider X 1m
        $found.Check | Should -Be HighBelowLow, NegativeVolume
        $found[0].Column | Should -Be high
        $found[0].Value | Should -Be 1
        $found[0].Expected | Should -Be 'at least the low, 1.25'
        $found[0].Message | Should -Be 'high is 1 and should be at least the low, 1.25'
        $found[0].Time.ToString() | Should -Be '1970-01-01T00:03:00Z'
        $found[0].NodeId | Should -Be X
        "$($found[0].Interval)" | Should -Be 1m
        $found.StartTimestamp | Should -Be 180, 300
        $found.Bars | Should -Be 1, 1
    }

    It 'says nothing where nothing is wrong, and of the chosen checks and range only' {
        Test-QmtlHistory (New-TestProvider -Bars 30) | Should -BeNullOrEmpty
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher $odd -Name odd)
        $null = Invoke-QmtlBackfill $provider X 1m 60 600 -OnBadBar Store
        (Test-QmtlHistory $provider -Check NegativeVolume, Flat).Check | Should -Be NegativeVolume
        (Test-QmtlHistory $provider -Start 240).Check | Should -Be NegativeVolume
        (Test-QmtlHistory $provider -End 240).Check | Should -Be HighBelowLow
        ($provider | Test-QmtlHistory).Count | Should -Be 2
        (Get-QmtlCoverage $provider | Test-QmtlHistory).Count | Should -Be 2
    }

    It 'finds jumps, flat runs and another interval by its thresholds' {
        $still = { param($start, $end) for ($ts = $start; $ts -le $end; $ts += 300) { @{ ts = $ts; close = $ts -eq 12000 ? 2.0 : 1.0 + ($ts -lt 12000 ? $ts / 300 % 2 / 100 : 0) } } }
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher $still -Name still -BarsPerRequest 5)
        $null = Invoke-QmtlBackfill $provider X 5m 300 30000
        $found = Test-QmtlHistory $provider -Sigma 15 -FlatBars 30
        $found | ForEach-Object { "$($_.Check) $($_.StartTimestamp) $($_.Bars)" } | Should -Be 'Jump 12000 1', 'Jump 12300 1', 'Flat 12300 60'
        Test-QmtlHistory $provider -Sigma 500 -FlatBars 61 | Should -BeNullOrEmpty
    }

    It 'looks at a file before it is stored' {
        $file = Join-Path $TestDrive 'odd.csv'
        Set-Content $file 'ts,open,high,low,close,volume', '60,2,3,1,2,10', '120,2,1,3,2,10', '120,2,3,1,2,-5', '190,2,3,1,2,5', '180,2,3,1,2,5', '300,2,3,1,2,5'
        $found = Test-QmtlHistory -Fetcher (New-QmtlFetcher -Path $file) -NodeId X -Interval 1m
        $found.Check | Sort-Object | Should -Be Duplicate, NegativeVolume, OffGrid, Order
        { Test-QmtlHistory -Fetcher (New-QmtlFetcher -Path $file) -ErrorAction Stop } | Should -Throw '*Give -NodeId, without wildcards, and -Interval*'
    }

    It 'shows a table and a list, and pipes to what takes ranges' {
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher $odd -Name odd)
        $null = Invoke-QmtlBackfill $provider X 1m 60 600 -OnBadBar Store
        $found = Test-QmtlHistory $provider X 1m -Check HighBelowLow
        $found | Out-String -Width 200 | Should -Match 'X +1m +1970-01-01 00:03:00Z +HighBelowLow +high is 1 and should be at least the low, 1.25'
        $found | Format-List | Out-String | Should -Match 'Expected *: at least the low, 1.25'
        ($found | Get-QmtlHistory).high | Should -Be 1
    }

    It 'refuses thresholds that mean nothing' {
        { Test-QmtlHistory (New-TestProvider -Bars 1) -Sigma 0 } | Should -Throw '*Sigma is 0*'
        { Test-QmtlHistory (New-TestProvider -Bars 1) -Window 3 } | Should -Throw '*less than the minimum*'
    }
}

Describe '-OnBadBar' {
    It 'warns by default, once a kind with a number and an example' {
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher $odd -Name odd -BarsPerRequest 3)
        $outcome = Invoke-QmtlBackfill $provider X 1m 60 600 -WarningVariable warnings -WarningAction SilentlyContinue
        $outcome.BarsWritten | Should -Be 10
        $warnings | Should -HaveCount 2
        "$($warnings[0])" | Should -BeLike '*1 bar contradicts itself (HighBelowLow; the first is 1970-01-01T00:03:00Z: high is 1 and should be at least the low, 1.25)*'
    }

    It 'refuses' {
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher $odd -Name odd)
        $outcome = Invoke-QmtlBackfill $provider X 1m 60 600 -OnBadBar Refuse -ErrorVariable failures -ErrorAction SilentlyContinue
        $outcome.Status | Should -Be Failed
        Get-StoredMinute $provider -ErrorAction Ignore | Should -BeNullOrEmpty
        "$($failures[0])" | Should -BeLike '*contradicts itself: at 1970-01-01T00:03:00Z high is 1 and should be at least the low, 1.25*-OnBadBar Warn*'
    }
}
