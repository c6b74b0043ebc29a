BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'Get-QmtlHistorySummary' {
    It 'counts what is there, missing and empty, from the first bar to the last' {
        $provider = New-TestProvider -Bars 10 -Without 4, 7
        $row = Get-QmtlHistorySummary $provider.DisplayName
        $row | Should -HaveCount 1
        $row.NodeId, "$($row.Interval)", "$($row.Provider)" | Should -Be X, 1m, $provider.DisplayName
        $row.First.ToUnixTimeSeconds(), $row.Last.ToUnixTimeSeconds() | Should -Be 60, 600
        $row.Bars, $row.Missing, $row.Empty, $row.Completeness | Should -Be 8, 0, 2, 100
        $row.Size | Should -BeGreaterThan 1000
        $row.Freshness | Should -BeOfType ([timespan])
    }

    It 'has as missing and behind together what Get-QmtlGap finds' {
        # Its own source has not yet been asked for what the other did not have.
        $provider = New-TestProvider -Bars 10 -Without 4, 7
        $row = Get-QmtlHistorySummary $provider
        $row.Missing, $row.Empty, $row.Completeness | Should -Be 2, 0, 80
        $gaps = Get-QmtlGap $provider X 1m -End $row.Last.AddMinutes($row.Behind) | Measure-Object Bars -Sum
        $row.Missing + $row.Behind | Should -Be $gaps.Sum
    }

    It 'takes names, wildcards and the pipeline, and its objects bind again' {
        $provider = New-TestProvider -Bars 3
        $null = Invoke-QmtlBackfill $provider Y 1m 60 120
        $null = Invoke-QmtlBackfill $provider Y 5m 300 600
        (Get-QmtlHistorySummary $provider).ForEach({ "$($_.NodeId) $($_.Interval) $($_.Bars)" }) | Should -Be 'X 1m 3', 'Y 1m 2', 'Y 5m 2'
        (Get-QmtlHistorySummary $provider Y* -Interval 5m).Bars | Should -Be 2
        ($provider | Get-QmtlHistorySummary -Exclude Y).NodeId | Should -Be X
        @(Get-QmtlHistorySummary $provider Y 1m | Get-QmtlHistory).Count | Should -Be 2
        { Get-QmtlHistorySummary $provider Z -ErrorAction Stop } | Should -Throw "*holds no node 'Z'*"
    }

    It 'looks at the coverage of a provider that is an object' {
        $own = [pscustomobject]@{} |
            Add-Member ScriptMethod Coverage { , @(60, 300) } -PassThru |
            Add-Member ScriptMethod Fetch { } -PassThru
        $row = Get-QmtlHistorySummary $own X 1m
        $row.Bars, $row.Size | Should -Be 5, $null
    }

    It 'travels' {
        $row = Get-QmtlHistorySummary (New-TestProvider -Bars 3)
        $json = $row | ConvertTo-Json -Depth 2 -WarningVariable warnings | ConvertFrom-Json
        $warnings | Should -BeNullOrEmpty
        $json.Interval, $json.Bars, $json.Completeness, $json.Provider | Should -Be 1m, 3, 100, $row.Provider.DisplayName
        $there = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($row))
        $there.First, $there.Last | Should -Be '1970-01-01T00:01:00Z', '1970-01-01T00:03:00Z'
        $there | Out-String -Width 100 | Should -Match 'X +1m +1970-01-01 1970-01-01 +3 +0 +100.00 +\d+d'
        @($there | Get-QmtlHistory).Count | Should -Be 3 -Because 'the provider''s name opens its store'
    }
}
