BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # Minutes of the last half hour up to the newest closed one, without the youngest so many.
    function New-LateProvider([int] $Late, [long[]] $Without = @()) {
        $now = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
        $last = $now - $now % 60 - 60 - 60 * $Late
        $first = $last - 600
        $holes = $Without.ForEach({ $first + 60 * $_ })
        $provider = New-TestProvider -Fetcher {
            param($start, $end)
            for ($ts = $start; $ts -le $end; $ts += 60) { if ($ts -notin $holes) { @{ ts = $ts; open = 1; high = 1; low = 1; close = 1; volume = 1 } } }
        }.GetNewClosure()
        $null = Invoke-QmtlBackfill $provider X 1m $first $last
        $provider
    }
}

Describe 'Get-QmtlStatus' {
    It 'is fresh where every closed bar is there' {
        $row = Get-QmtlStatus (New-LateProvider 0)
        $row.NodeId, "$($row.Interval)", $row.State, $row.Missing, $row.Completeness | Should -Be X, 1m, Fresh, 0, 100
        $row.Staleness | Should -BeOfType ([timespan])
        $row.Newest | Should -BeOfType ([DateTimeOffset])
        $row.Budget | Should -Be ([timespan] '00:05:00')
    }

    It 'counts lateness against the budget: <Budget> is <State>' -ForEach @(
        @{ Budget = '5m'; State = 'Stale' }, @{ Budget = 5; State = 'Stale' }, @{ Budget = '1h'; State = 'Fresh' }, @{ Budget = [timespan] '01:00'; State = 'Fresh' }
    ) {
        $row = Get-QmtlStatus (New-LateProvider 10) -Budget $Budget
        $row.State | Should -Be $State
        $row.Behind | Should -BeIn 10, 11
        $row.Staleness.TotalMinutes | Should -BeGreaterOrEqual 9
        $row.Staleness.TotalMinutes | Should -BeLessThan 11
    }

    It 'tells what is missing before the newest bar' {
        # Another source has not been asked for what the provider's own does not have.
        $provider = New-LateProvider 0 -Without 4, 7
        $store = New-QmtlHistoryProvider -Path ($provider.DisplayName -replace '^sqlite:') -Fetcher { }
        $row = Get-QmtlStatus $store
        $row.State, $row.Missing, $row.Bars | Should -Be Incomplete, 2, 9
        (Get-QmtlStatus $provider).State | Should -Be Fresh -Because 'it is known that its source has none'
    }

    It 'puts the worst first, over all that is piped in' {
        $provider = New-LateProvider 10
        $null = Invoke-QmtlBackfill $provider OLD 1m 60 120
        (New-LateProvider 0), $provider | Get-QmtlStatus | ForEach-Object NodeId | Should -Be OLD, X, X
    }

    It 'holds the streams of a declaration against what it promises' {
        $provider = New-LateProvider 3
        $file = Join-Path $TestDrive keep.json
        Set-Content $file (@{
                schema  = 1
                stores  = @{ main = @{ path = $provider.DisplayName -replace '^sqlite:' } }
                streams = @(@{ nodes = @('X', 'Y'); intervals = @('1m'); source = 'binance'; start = '-1d'; budget = '1h' })
            } | ConvertTo-Json -Depth 5)
        $rows = Get-QmtlStatus -Config $file
        @($rows.NodeId) + $rows.State | Should -Be Y, X, Absent, Incomplete
        $rows[1].Missing | Should -BeGreaterThan 1400
        (Get-QmtlStatus -Config $file -NodeId X -Budget 1m).State | Should -Be Stale
        { Get-QmtlStatus -Config $file -Provider $provider -ErrorAction Stop } | Should -Throw '*Give one of them*'
        { Get-QmtlStatus -Config $file -NodeId Z -ErrorAction Stop } | Should -Throw "*holds no node 'Z'*"
    }

    It 'refuses a budget that is none' {
        { Get-QmtlStatus (New-TestProvider -Bars 1) -Budget soon } | Should -Throw "*'soon' is neither a number of bars nor a length of time*"
        { Get-QmtlStatus (New-TestProvider -Bars 1) Z -ErrorAction Stop } | Should -Throw "*holds no node 'Z'*"
    }

    It 'travels' {
        $row = Get-QmtlStatus (New-TestProvider -Bars 3)
        $json = $row | ConvertTo-Json -Depth 2 -WarningVariable warnings | ConvertFrom-Json
        $warnings | Should -BeNullOrEmpty
        $json.Interval, $json.State, $json.Budget, $json.Provider | Should -Be 1m, Stale, '00:05:00', $row.Provider.DisplayName
        $there = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($row))
        $there.Newest | Should -Be '1970-01-01T00:03:00Z'
        $there | Out-String -Width 100 | Should -Match 'X +1m +Stale +1970-01-01 00:03 +\d+d +5m +0 100.00'
        @($there | Get-QmtlHistory).Count | Should -Be 3 -Because 'the provider''s name opens its store'
    }
}
