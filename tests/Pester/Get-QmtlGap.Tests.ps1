BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    function Get-Range {
        param([Parameter(ValueFromPipeline)] $Range)

        process { "$($Range.StartTimestamp / 60)-$($Range.EndTimestamp / 60)" }
    }
}

Describe 'Get-QmtlGap' {
    It 'emits an object for each unbroken run of missing bars' {
        $provider = New-TestProvider -Bars 10 -Without 4, 7, 8
        $gaps = Get-QmtlGap -Provider $provider -NodeId X -Interval 1m -Start 0 -End 720 -IncludeEmpty
        $gaps | Get-Range | Should -Be '0-0', '4-4', '7-8', '11-12'
        $gaps.Bars | Should -Be 1, 1, 2, 2
        $gaps[0].NodeId | Should -Be X
        "$($gaps[0].Interval)" | Should -Be 1m
        $gaps[0].Start | Should -BeOfType System.DateTimeOffset
        [object]::ReferenceEquals($gaps[0].Provider, $provider) | Should -BeTrue
    }

    It 'leaves out what the source is known not to have, for that source only' {
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher -Name holes -BarsPerRequest 1000 -ScriptBlock { param($start) @{ ts = 120; close = 1.0 } })
        $null = Invoke-QmtlBackfill $provider X 1m 60 180
        Get-QmtlGap $provider X 1m -Start 60 -End 180 | Should -BeNullOrEmpty
        Get-QmtlGap $provider X 1m -Start 60 -End 180 -IncludeEmpty | Get-Range | Should -Be '1-1', '3-3'
        Get-QmtlGap $provider X 1m -Start 60 -End 180 -Fetcher (New-QmtlFetcher { } -Name other) | Get-Range | Should -Be '1-1', '3-3'
    }

    It 'finds the gaps between piped coverage' {
        $provider = New-TestProvider -Bars 10 -Without 4, 7, 8
        Get-QmtlCoverage $provider | Get-QmtlGap -IncludeEmpty | Get-Range | Should -Be '4-4', '7-8'
    }

    It 'keeps several streams apart' {
        $provider = New-TestProvider -Bars 10 -Without 4
        $null = Invoke-QmtlBackfill $provider Y 5m 300 300
        $null = Invoke-QmtlBackfill $provider Y 5m 900 900
        Get-QmtlCoverage $provider | Get-QmtlGap -IncludeEmpty | ForEach-Object { "$($_.NodeId) $($_.Interval) $($_ | Get-Range)" } |
            Should -Be 'X 1m 4-4', 'Y 5m 10-10'
    }

    It 'lets -Start and -End widen or narrow piped coverage' {
        $provider = New-TestProvider -Bars 10 -Without 4, 7, 8
        Get-QmtlCoverage $provider | Get-QmtlGap -Start 0 -IncludeEmpty | Get-Range | Should -Be '0-0', '4-4', '7-8'
        Get-QmtlCoverage $provider | Get-QmtlGap -End 720 -IncludeEmpty | Get-Range | Should -Be '4-4', '7-8', '11-12'
        Get-QmtlCoverage $provider | Get-QmtlGap -Start 300 -IncludeEmpty | Get-Range | Should -Be '7-8'
        Get-QmtlCoverage $provider | Get-QmtlGap -Start 900 -IncludeEmpty | Should -BeNullOrEmpty
    }

    It 'begins with the stream''s first bar without -Start' {
        $provider = New-TestProvider -Bars 3
        Get-QmtlGap $provider X 1m -End 300 | Get-Range | Should -Be '4-5'
        { Get-QmtlGap $provider Y 1m -End 300 } | Should -Throw "*holds no node 'Y'*"
    }

    It 'ends with the last bar that has closed, also where -End is later' {
        $lastClosed = [math]::Floor([DateTimeOffset]::UtcNow.ToUnixTimeSeconds() / 86400) * 86400 - 86400
        (Get-QmtlGap (New-TestProvider) X 1d -Start 0).EndTimestamp | Should -BeIn $lastClosed, ($lastClosed + 86400)
        $verbose = Get-QmtlGap (New-TestProvider) X 1d -Start 0 -End 2999-01-01 -Verbose 4>&1
        $verbose[-1].EndTimestamp | Should -BeIn $lastClosed, ($lastClosed + 86400)
        "$verbose" | Should -Match '2999-01-01T23:59:59Z is moved to'
    }

    It 'moves an end that is off the grid inward' {
        Get-QmtlGap (New-TestProvider) X 1m -Start 61 -End 299 | Get-Range | Should -Be '2-4'
        Get-QmtlGap (New-TestProvider) X 1m -Start 61 -End 119 | Should -BeNullOrEmpty
        (Get-QmtlGap (New-TestProvider) X 1w -Start 1970-01-01 -End 1970-01-14).Start.DayOfWeek | Should -Be Monday
    }

    It 'refuses a range that <Case>' -ForEach @(
        @{ Case = 'ends before it starts'; Start = '2024-01-02'; End = '2024-01-01'; Message = '*starts at 2024-01-02T00:00:00Z, after its end*Swap*' }
        @{ Case = 'starts in the future'; Start = '2999-01-01'; End = '2999-01-02'; Message = '*2999-01-01T00:00:00Z*future*' }
    ) {
        { Get-QmtlGap (New-TestProvider) X 1m -Start $Start -End $End } | Should -Throw $Message
    }

    It 'goes on after a bad record of several' {
        $provider = New-TestProvider
        $records = @(
            [pscustomobject]@{ Provider = $provider; NodeId = 'X'; Interval = '1m'; Start = 300; End = 60 }
            [pscustomobject]@{ Provider = $provider; NodeId = 'Y'; Interval = '1m'; Start = 60; End = 120 }
        )
        $gaps = $records | Get-QmtlGap -ErrorAction SilentlyContinue -ErrorVariable failures
        $gaps | Get-Range | Should -Be '1-2'
        $failures | Should -HaveCount 1
        $failures[0].CategoryInfo.Category | Should -Be InvalidArgument
    }
}

Describe 'errors of streams that are piped in' {
    BeforeAll {
        $provider = New-TestProvider -Bars 5 -Without 3
        $away = New-QmtlHistoryProvider -ConnectionString 'postgresql://u:p@127.0.0.1:1/d' -Kind PostgreSql
        $asked = @(
            [pscustomobject]@{ Provider = $provider; NodeId = 'UNKNOWN'; Interval = '1m' }
            [pscustomobject]@{ Provider = $away; NodeId = 'X'; Interval = '1m' }
            [pscustomobject]@{ Provider = $provider; NodeId = 'X'; Interval = '1m' }
        )
    }

    It 'do not keep the others from their turn (<_>)' -ForEach 'Get-QmtlGap', 'Get-QmtlHistory', 'Get-QmtlCoverage' {
        $found = @($asked | & $_ -ErrorAction SilentlyContinue -ErrorVariable failures)
        $found.Count | Should -BeGreaterThan 0
        $failures[-1].FullyQualifiedErrorId | Should -BeLike 'StoreFailed,*'
        $failures[-1].CategoryInfo.Category | Should -Be ResourceUnavailable
        $failures[-1].TargetObject | Should -Be $away
    }

    It 'are told of each' {
        ($asked | Get-QmtlGap -End 300 -ErrorAction SilentlyContinue -ErrorVariable failures).StartTimestamp | Should -Be 180
        $failures.FullyQualifiedErrorId | Should -Be 'StreamNotFound,Qmtl.PowerShell.Commands.GetQmtlGapCommand', 'StoreFailed,Qmtl.PowerShell.Commands.GetQmtlGapCommand'
    }

    It 'end the command with -ErrorAction Stop' {
        { $asked | Get-QmtlGap -End 300 -ErrorAction Stop } | Should -Throw "*holds no node 'UNKNOWN'*"
    }
}

Describe 'times' {
    It 'takes <Text>' -ForEach @(
        @{ Text = 'ISO 8601, which is UTC'; Value = '2024-01-31' }
        @{ Text = 'ISO 8601 with Z'; Value = '2024-01-31T00:00:00Z' }
        @{ Text = 'ISO 8601 with an offset'; Value = '2024-01-31T09:00:00+09:00' }
        @{ Text = 'Unix seconds'; Value = 1706659200 }
        @{ Text = 'Unix seconds as a long'; Value = 1706659200L }
        @{ Text = 'Unix seconds as an unsigned long'; Value = 1706659200UL }
        @{ Text = 'Unix seconds as a double'; Value = 1706659200.0 }
        @{ Text = 'Unix seconds as text'; Value = '1706659200' }
        @{ Text = 'a DateTime of kind UTC'; Value = [datetime]::new(2024, 1, 31, 0, 0, 0, [System.DateTimeKind]::Utc) }
        @{ Text = 'a DateTime of no kind, which is UTC'; Value = [datetime]::new(2024, 1, 31) }
        @{ Text = 'a DateTimeOffset'; Value = [DateTimeOffset]::new(2024, 1, 31, 9, 0, 0, [timespan]::FromHours(9)) }
        @{ Text = 'a local DateTime, which is converted'; Value = [datetime]::new(2024, 1, 31, 0, 0, 0, [System.DateTimeKind]::Utc).ToLocalTime() }
    ) {
        (Get-QmtlGap (New-TestProvider) X 1m -Start $Value -End 1706659260).StartTimestamp | Should -Be 1706659200
    }

    It 'converts local times where there is an offset' {
        $shell = Invoke-Shell @"
`$env:TZ = 'Asia/Tokyo'
[System.TimeZoneInfo]::ClearCachedData()
Import-Module '$QmtlModule'
`$p = New-QmtlHistoryProvider -Path '$TestDrive/tz.db'
(Get-QmtlGap `$p X 1m -Start ([datetime]::new(2024, 1, 31, 9, 0, 0, [System.DateTimeKind]::Local)) -End 1706659260 -WarningAction Ignore).StartTimestamp
(Get-QmtlGap `$p X 1m -Start '2024-01-31' -End 1706659260 -WarningAction Ignore).StartTimestamp
"@
        $shell.Output.Trim() -split '\r?\n' | Should -Be '1706659200', '1706659200'
    }

    It 'takes a time within a second as the bars after it, or before it' {
        $gap = Get-QmtlGap (New-TestProvider) X 1s -Start '1970-01-01T00:00:01.5Z' -End '1970-01-01T00:00:04.5Z'
        $gap.StartTimestamp, $gap.EndTimestamp | Should -Be 2, 4
    }

    It 'refuses <Text>, and says why' -ForEach @(
        @{ Text = 'milliseconds'; Value = 1706659200000; Message = '*milliseconds*' }
        @{ Text = 'a year'; Value = 2024; Message = '*2024 could be a date*Write 2024-01-01 for the date*' }
        @{ Text = 'a year as text'; Value = '2024'; Message = '*2024 could be a date*' }
        @{ Text = 'a year as a double'; Value = 2024.0; Message = '*2024 could be a date*' }
        @{ Text = 'a day without hyphens'; Value = 20240131; Message = '*20240131 could be a date*Write 2024-01-31 for the date*' }
        @{ Text = 'a fraction'; Value = 1.5; Message = '*1.5 is not a time*' }
        @{ Text = 'a word'; Value = 'yesterday'; Message = "*'yesterday' is not a time*ISO 8601*" }
        @{ Text = 'something else'; Value = @{ a = 1 }; Message = '*is not a time*' }
    ) {
        { Get-QmtlGap (New-TestProvider) X 1m -Start $Value -End 1706659260 } | Should -Throw $Message
    }
}
