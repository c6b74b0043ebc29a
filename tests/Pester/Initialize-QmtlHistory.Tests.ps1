BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # A provider of script: Coverage and FillMissing as given; Fetch gives every bar, or what is given.
    function New-OwnProvider([scriptblock] $Fetch = $EveryBar, [scriptblock] $Coverage = { }, [scriptblock] $FillMissing) {
        $own = [pscustomobject]@{ Name = 'own'; Filled = [System.Collections.Generic.List[object]]::new() }
        $own | Add-Member ScriptMethod Fetch $Fetch
        $own | Add-Member ScriptMethod Coverage $Coverage
        if ($FillMissing) {
            $own | Add-Member ScriptMethod FillMissing $FillMissing
        }

        $own
    }
}

Describe 'Initialize-QmtlHistory' {
    It 'fills and loads the window of each piped stream, and tells of each' {
        $provider = New-TestProvider
        $streams = 'A', 'B' | New-QmtlStreamInput -Interval 1h -Period 20 -HistoryProvider $provider
        $results = @($streams | Initialize-QmtlHistory)
        $results.NodeId | Sort-Object | Should -Be 'A', 'B'
        foreach ($result in $results) {
            $result.Status, $result.BarsLoaded, $result.BarsFilled, $result.BarsEmpty, $result.BarsMissing, $result.Error | Should -Be Ready, 20, 20, 0, 0, $null
            $result.End - $result.Start | Should -Be ([timespan]::FromHours(19))
            $result.End.ToUnixTimeSeconds() % 3600 | Should -Be 0
        }

        $streams.ForEach({ $_.Cache.Count($_.Key) }) | Should -Be 20, 20
    }

    It 'asks for nothing a second time' {
        $script:asked = 0
        $provider = New-TestProvider -Fetcher { param($start, $end, $nodeId, $interval) $script:asked++; & $EveryBar $start $end $nodeId $interval }
        $stream = New-QmtlStreamInput A -Interval 1d -Period 20 -HistoryProvider $provider
        $null = $stream | Initialize-QmtlHistory
        $before = $script:asked
        $before | Should -BeGreaterThan 0
        $again = $stream | Initialize-QmtlHistory
        $again.BarsLoaded, $again.BarsFilled, $again.Requests | Should -Be 20, 0, 0
        $script:asked | Should -Be $before
    }

    It 'warns of bars that do not exist and goes on; with -OnMissing Fail it does not' {
        # Every third day has no bar, except of late: a source may still publish those.
        $settled = [DateTimeOffset]::UtcNow.AddDays(-5).ToUnixTimeSeconds()
        $holes = { param($start, $end, $nodeId, $interval) & $EveryBar $start $end $nodeId $interval | Where-Object { $_.ts / 86400 % 3 -or $_.ts -gt $settled } }
        $stream = New-QmtlStreamInput A -Interval 1d -Period 30 -HistoryProvider (New-TestProvider -Fetcher $holes)
        $result = $stream | Initialize-QmtlHistory -WarningVariable warned -WarningAction SilentlyContinue
        $result.Status, $result.BarsMissing | Should -Be Ready, 0
        $result.BarsEmpty | Should -BeIn 8, 9
        $result.BarsLoaded | Should -Be (30 - $result.BarsEmpty)
        "$warned" | Should -BeLike "A 1d: $($result.BarsEmpty) of the 30 bars of the warm-up do not exist, in $($result.BarsEmpty) holes*"

        $result = $stream | Initialize-QmtlHistory -OnMissing Fail -ErrorVariable failed -ErrorAction SilentlyContinue
        $result.Status | Should -Be Failed
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'BarsMissing,*'
        "$($failed[0])" | Should -BeLike 'A 1d: A 1d lacks the bar of*'
    }

    It 'reports a stream without a provider, and the others go on' {
        $streams = (New-QmtlStreamInput A -Interval 1h -Period 5), (New-QmtlStreamInput B -Interval 1h -Period 5 -HistoryProvider (New-TestProvider))
        $results = $streams | Initialize-QmtlHistory -ErrorVariable failed -ErrorAction SilentlyContinue
        ($results | Where-Object NodeId -eq A).Status | Should -Be Failed
        ($results | Where-Object NodeId -eq B).Status | Should -Be Ready
        $failed | Should -HaveCount 1
        "$failed" | Should -BeLike '*A 1h has no history provider*'
    }

    It 'reports a source that fails, and what is there is loaded' {
        $script:answers = 0
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher -Name moody -BarsPerRequest 10 -ScriptBlock {
                param($start, $end, $nodeId, $interval)
                if ($script:answers++) { throw 'no luck' }
                & $EveryBar $start $end $nodeId $interval
            })
        $stream = New-QmtlStreamInput A -Interval 1h -Period 20 -HistoryProvider $provider
        $result = $stream | Initialize-QmtlHistory -ThrottleLimit 1 -ErrorVariable failed -ErrorAction SilentlyContinue
        $result.Status, $result.BarsLoaded, $result.BarsMissing | Should -Be Failed, 10, 10
        "$failed" | Should -BeLike '*no luck*'
    }

    It 'takes a row off the grid as the bar that it lies in, where -OffGrid Floor says so' {
        $late = New-TestProvider -Fetcher { param($start, $end, $nodeId, $interval) & $EveryBar $start $end $nodeId $interval | ForEach-Object { $_.ts += 7; $_ } }
        $stream = New-QmtlStreamInput A -Interval 1h -Period 5 -HistoryProvider $late
        ($stream | Initialize-QmtlHistory -WarningAction SilentlyContinue).BarsLoaded | Should -Be 0
        ($stream | Initialize-QmtlHistory -OffGrid Floor).BarsLoaded | Should -Be 5
    }

    It 'measures the load of stored bars without a fetcher' {
        $path = Join-Path $TestDrive reads.db
        $null = Invoke-QmtlBackfill (New-QmtlHistoryProvider $path -Fetcher $EveryBar) STORED 1d -Start ([DateTimeOffset]::UtcNow.AddDays(-6)) -End ([DateTimeOffset]::UtcNow.AddDays(-3))
        $reading = New-QmtlHistoryProvider $path
        foreach ($node in 'STORED', 'NEVER') {
            $result = New-QmtlStreamInput $node -Interval 1d -Period 5 -HistoryProvider $reading | Initialize-QmtlHistory -WarningAction SilentlyContinue
            $result.Status, $result.BarsMissing, $result.Error | Should -Be Incomplete, ($node -eq 'NEVER' ? 5 : 2), $null
        }

        foreach ($metric in 'backfill_retry_total', 'backfill_failure_total') {
            (Get-QmtlMetric $metric | Where-Object { $_.Labels['node_id'] -eq 'NEVER' }).Value | Should -Be 0
        }
    }

    It 'loads nothing with -WhatIf' {
        $stream = New-QmtlStreamInput A -Interval 1h -Period 5 -HistoryProvider (New-TestProvider -Fetcher { throw 'asked' })
        Initialize-QmtlHistory $stream -WhatIf | Should -BeNullOrEmpty
        $stream.Cache.Count($stream.Key) | Should -Be 0
    }
}

Describe 'a provider of the operator''s own' {
    It 'is read where its coverage says that all is there' {
        $own = New-OwnProvider -Coverage { , @(0, [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()) }
        $result = New-QmtlStreamInput A -Interval 1h -Period 5 -HistoryProvider $own | Initialize-QmtlHistory
        $result.Status, $result.BarsLoaded, $result.Requests | Should -Be Ready, 5, 0
    }

    It 'is asked to fill what it lacks, and what it does not fill is missing and asked for again' {
        $own = New-OwnProvider -Fetch { } -FillMissing { param($start, $end) $this.Filled.Add("$start $end") }
        $stream = New-QmtlStreamInput A -Interval 1d -Period 5 -HistoryProvider $own
        $result = $stream | Initialize-QmtlHistory -WarningAction SilentlyContinue
        $own.Filled | Should -HaveCount 1
        $result.Status, $result.BarsLoaded, $result.BarsEmpty, $result.BarsMissing | Should -Be Incomplete, 0, 0, 5
        $null = $stream | Initialize-QmtlHistory -WarningAction SilentlyContinue
        $own.Filled | Should -HaveCount 2
    }

    It 'of a class is filled gap by gap, and what fails once on the network is tried again and measured' {
        class Shaky {
            [string] $Name = 'shaky'
            [int] $Failures = 0
            [System.Collections.Generic.SortedSet[long]] $Times = [System.Collections.Generic.SortedSet[long]]::new()
            [System.Collections.Generic.List[string]] $Calls = [System.Collections.Generic.List[string]]::new()

            [object[]] Fetch([long] $start, [long] $end, [string] $nodeId, [string] $interval) {
                if ($this.Failures++ -eq 0) { throw [System.Net.Http.HttpRequestException]::new('connection reset') }
                return $($this.Times.Where({ $_ -ge $start -and $_ -le $end }).ForEach({ @{ ts = $_; close = 1.0 } }))
            }

            [object[]] Coverage([string] $nodeId, [string] $interval) {
                return $($this.Times.ForEach({ [pscustomobject]@{ Start = $_; End = $_ } }))
            }

            [void] FillMissing([long] $start, [long] $end, [string] $nodeId, [string] $interval) {
                $this.Calls.Add("$start $end")
                for ($ts = $start; $ts -le $end; $ts += 86400) { $null = $this.Times.Add($ts) }
            }
        }

        $own = [Shaky]::new()
        $today = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds() - [DateTimeOffset]::UtcNow.ToUnixTimeSeconds() % 86400
        $null = $own.Times.Add($today - 3 * 86400)
        $result = New-QmtlStreamInput SHAKY -Interval 1d -Period 5 -HistoryProvider $own | Initialize-QmtlHistory
        $result.Status, $result.BarsLoaded, $result.BarsFilled, $result.Requests, $result.Retries | Should -Be Ready, 5, 4, 2, 1
        $own.Calls | Should -Be "$($today - 5 * 86400) $($today - 4 * 86400)", "$($today - 2 * 86400) $($today - 86400)"
        $metrics = Get-QmtlMetric | Where-Object { $_.Labels['node_id'] -eq 'SHAKY' }
        ($metrics | Where-Object Name -eq backfill_retry_total).Value | Should -Be 1
        ($metrics | Where-Object Name -eq backfill_failure_total).Value | Should -Be 0
        ($metrics | Where-Object Name -eq backfill_last_timestamp).Value | Should -Be ($today - 86400)
    }

    It 'without FillMissing gives what it has, and a warning says what is missing' {
        $own = New-OwnProvider -Coverage { } -Fetch { param($start, $end) @{ ts = $end; close = 1.0 } }
        $result = New-QmtlStreamInput A -Interval 1h -Period 5 -HistoryProvider $own | Initialize-QmtlHistory -WarningVariable warned -WarningAction SilentlyContinue
        $result.Status, $result.BarsLoaded, $result.BarsMissing | Should -Be Incomplete, 1, 4
        "$warned" | Should -BeLike '*4 of the 5 bars*FillMissing*'
    }

    It 'that returns too much is cut to what was asked, and a warning counts the rest' {
        $all = { , @(0, [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()) }
        $own = New-OwnProvider -Coverage $all -Fetch { param($start, $end, $nodeId, $interval) & $EveryBar ($start - 7200) ($end + 7200) $nodeId $interval }
        $result = New-QmtlStreamInput A -Interval 1h -Period 5 -HistoryProvider $own | Initialize-QmtlHistory -WarningVariable warned -WarningAction SilentlyContinue
        $result.Status, $result.BarsLoaded | Should -Be Ready, 5
        "$warned" | Should -BeLike '*own gave rows of A 1h that are no bars of it*4*'
    }

    It 'that returns too little is incomplete, and it says so' {
        $all = { , @(0, [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()) }
        $own = New-OwnProvider -Coverage $all -Fetch { param($start, $end, $nodeId, $interval) & $EveryBar ($start + 7200) $end $nodeId $interval }
        $result = New-QmtlStreamInput A -Interval 1h -Period 5 -HistoryProvider $own | Initialize-QmtlHistory -WarningVariable warned -WarningAction SilentlyContinue
        $result.Status, $result.BarsLoaded, $result.BarsMissing | Should -Be Incomplete, 3, 2
        "$warned" | Should -BeLike '*2 of the 5 bars*'
    }

    It 'that returns rows without a time has no bars, and a warning says why' {
        $own = New-OwnProvider -Coverage { , @(0, [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()) } -Fetch { @{ time_of_day = 1; close = 2.0 } }
        $result = New-QmtlStreamInput A -Interval 1h -Period 5 -HistoryProvider $own | Initialize-QmtlHistory -WarningVariable warned -WarningAction SilentlyContinue
        $result.Status, $result.BarsLoaded | Should -Be Incomplete, 0
        "$warned" | Should -BeLike '*no bars of it*'
    }

    It 'that throws is a failure of the stream' {
        $own = New-OwnProvider -Coverage { throw 'no luck' }
        $result = New-QmtlStreamInput A -Interval 1h -Period 5 -HistoryProvider $own | Initialize-QmtlHistory -ErrorVariable failed -ErrorAction SilentlyContinue
        $result.Status | Should -Be Failed
        "$failed" | Should -BeLike '*own.Coverage failed*no luck*'
    }
}
