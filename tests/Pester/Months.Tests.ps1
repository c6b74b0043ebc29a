BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # A bar of any interval: $interval knows its calendar.
    $AnyBar = {
        param($start, $end, $nodeId, $interval)
        for ($ts = $interval.Ceiling($start); $ts -le $end; $ts = $interval.Next($ts)) { @{ ts = $ts; close = [double] $ts } }
    }
}

Describe 'calendar months' {
    It 'are filled, covered, missed and read, and no minutes' {
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher $AnyBar -Name any -BarsPerRequest 100)
        (Invoke-QmtlBackfill $provider X 1M 2023-11-01 2024-03-31).BarsWritten | Should -Be 5
        (Invoke-QmtlBackfill $provider X 1M 2024-06-01 2024-06-30).BarsWritten | Should -Be 1
        (Invoke-QmtlBackfill $provider X -Interval 1m -Start 2024-06-01 -End 2024-06-01T00:02).BarsWritten | Should -Be 3

        $covered = Get-QmtlCoverage $provider X -Interval 1M
        $covered.Bars | Should -Be 5, 1
        "$($covered[0].Interval)" | Should -BeExactly '1M'
        $covered[0].End | Should -Be ([datetimeoffset]'2024-03-01Z')
        (Get-QmtlCoverage $provider X).Interval | Sort-Object | ForEach-Object { "$_" } | Should -BeExactly '1m', '1M', '1M'

        $gap = Get-QmtlGap $provider X 1M -Start 2024-01-01 -End 2024-06-30
        "$($gap.Start.UtcDateTime.ToString('yyyy-MM')) $($gap.End.UtcDateTime.ToString('yyyy-MM')) $($gap.Bars)" | Should -Be '2024-04 2024-05 2'
        ($gap | Invoke-QmtlBackfill).BarsWritten | Should -Be 2
        (Get-QmtlHistory $provider X 1M).Count | Should -Be 8
        (Get-QmtlHistory $provider X 3M -ErrorAction SilentlyContinue -ErrorVariable none).Count | Should -Be 0
        "$none" | Should -BeLike "*no 'X' in bars of 3M, but of 1m and 1M."
    }

    It 'are not found by a script that adds up seconds, and it is told' {
        $result = Invoke-QmtlBackfill (New-TestProvider) X 1M 2024-01-01 2024-12-31 -WarningVariable told -WarningAction SilentlyContinue
        $result.BarsWritten | Should -Be 1
        $result.BarsMissing | Should -BeGreaterThan 9
        "$told $($result.BarsRejected)" | Should -BeLike '*1M bars open on the 1st, 00:00 UTC*'
    }

    It 'are loaded by a stream' {
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher $AnyBar -Name any -BarsPerRequest 100)
        $stream = New-QmtlStreamInput X -Interval 3M -Period 4 -HistoryProvider $provider
        (Initialize-QmtlHistory $stream).BarsLoaded | Should -Be 4
        (Get-QmtlCacheSlice $stream).Timestamp.UtcDateTime.Month | ForEach-Object { ($_ - 1) % 3 } | Should -Be 0, 0, 0, 0
    }

    It 'are recorded' {
        $path = Join-Path $TestDrive 'recorded.db'
        $recorder = New-QmtlRecorder $path -SpoolPath (Join-Path $TestDrive 'spool')
        try {
            @{ ts = '2024-02-01'; value = 2.0 } | Add-QmtlRecord $recorder X 1M -Wait
            [pscustomobject]@{ NodeId = 'X'; Interval = '1M'; ts = '2024-03-01'; value = 3.0 } | Add-QmtlRecord $recorder -Wait
        }
        finally {
            $recorder.Dispose()
        }

        (Get-QmtlHistory (New-QmtlHistoryProvider $path) X 1M).value | Should -Be 2.0, 3.0
    }
}

Describe 'days and weeks of another hour' {
    It 'of <Interval> open at <First>' -ForEach @(
        @{ Interval = '1d@08:00'; First = '2023-12-31T08:00' }
        @{ Interval = '1w@08:00'; First = '2024-01-01T08:00' }
        @{ Interval = '1w@Sun16:00'; First = '2023-12-31T16:00' }
        @{ Interval = '1w@fri'; First = '2024-01-05T00:00' }
    ) {
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher $AnyBar -Name any -BarsPerRequest 100)
        $null = Invoke-QmtlBackfill $provider X $Interval 2023-12-31T08:00 2024-01-31
        (Get-QmtlHistory $provider X $Interval)[0].Timestamp.UtcDateTime.ToString('yyyy-MM-ddTHH:mm') | Should -Be $First
    }

    It 'need no quotes' {
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher $AnyBar -Name any -BarsPerRequest 100)
        (Invoke-QmtlBackfill $provider X 1d@08:00 2024-01-01 2024-01-03).BarsWritten | Should -Be 3
        (Invoke-QmtlBackfill $provider X -Interval 1w@Sun16:00 -Start 2024-01-01 -End 2024-01-31).BarsWritten | Should -Be 4
    }
}
