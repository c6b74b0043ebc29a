BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # A source that notes what it is asked, and has every bar but those of the given minutes.
    function New-NotingSource([long[]] $Without = @(), [int] $BarsPerRequest = 1000) {
        $asked = [System.Collections.Generic.List[string]]::new()
        $source = New-QmtlFetcher -Name "noting $Without" -BarsPerRequest $BarsPerRequest -ScriptBlock {
            param($start, $end, $nodeId, $interval)
            $asked.Add("$nodeId $($start / 60)-$([Math]::Floor($end / 60))")
            for ($ts = $start; $ts -le $end; $ts += 60) {
                if ($ts / 60 -notin $Without) { @{ ts = $ts; close = 1.0 } }
            }
        }.GetNewClosure()
        [pscustomobject]@{ Fetcher = $source; Asked = $asked }
    }

    function New-Range([object] $Provider, [long] $First, [long] $Last, [string] $NodeId = 'X') {
        [pscustomobject]@{ Provider = $Provider; NodeId = $NodeId; Interval = '1m'; Start = 60 * $First; End = 60 * $Last }
    }
}

Describe 'Invoke-QmtlBackfill' {
    It 'begins at the first stored bar where nothing else says where, and says so where there is none' {
        $source = New-NotingSource -Without @()
        $provider = New-TestProvider -Bars 3 -Fetcher $source.Fetcher
        (Invoke-QmtlBackfill -Provider $provider -NodeId X -Interval 1m -End 600).BarsWritten | Should -Be 7
        $source.Asked | Should -Be 'X 4-10'
        { Invoke-QmtlBackfill -Provider $provider -NodeId Y -Interval 1m -End 600 -ErrorAction Stop } |
            Should -Throw '*holds no bar of Y 1m, so nothing says where its history begins. Give -Start.'
    }

    It 'takes the ends that nobody named from a file, and says why a file has none' {
        $file = Join-Path $TestDrive 'ends.csv'
        Set-Content $file 'Datetime,close', '1970-01-01 00:05,1', '1970-01-01 00:06,2', '1970-01-01 00:09,3'
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher -Path $file)
        $result = Invoke-QmtlBackfill $provider X 1m
        $result.Status, $result.BarsWritten, $result.BarsEmpty | Should -Be Completed, 3, 2
        (Invoke-QmtlBackfill $provider Y 1m -Start 360).BarsWritten | Should -Be 2
        Set-Content $file 'close_time,close', '60,1'
        { Invoke-QmtlBackfill $provider Z 1m -ErrorAction Stop } | Should -Throw '*no column holds the bars'' time*'
    }

    It 'fetches what is missing in a range, stores it, and says what it did' {
        $source = New-NotingSource
        $provider = New-TestProvider -Bars 3 -Fetcher $source.Fetcher
        $result = Invoke-QmtlBackfill -Provider $provider -NodeId X -Interval 1m -Start 60 -End 600
        $source.Asked | Should -Be 'X 4-10'
        Get-StoredMinute $provider | Should -Be (1..10)
        $result.NodeId | Should -Be X
        "$($result.Interval)" | Should -Be 1m
        $result.StartTimestamp, $result.EndTimestamp | Should -Be 60, 600
        $result.Start | Should -BeOfType System.DateTimeOffset
        "$($result.Status)" | Should -Be Completed
        $result.BarsWritten, $result.BarsEmpty, $result.BarsRejected, $result.BarsMissing, $result.Requests, $result.Retries | Should -Be 7, 0, 0, 0, 1, 0
        $result.Duration | Should -BeOfType timespan
        $result.Error | Should -BeNullOrEmpty
        [object]::ReferenceEquals($result.Provider, $provider) | Should -BeTrue
    }

    It 'asks for nothing when it is run again' {
        $source = New-NotingSource -Without 3, 5
        $provider = New-TestProvider -Fetcher $source.Fetcher
        $first = Invoke-QmtlBackfill $provider X 1m 60 600
        $first.BarsWritten, $first.BarsEmpty | Should -Be 8, 2
        $second = Invoke-QmtlBackfill $provider X 1m 60 600
        $second.Status, $second.BarsWritten, $second.BarsEmpty, $second.Requests | Should -Be Completed, 0, 0, 0
        $source.Asked | Should -HaveCount 1
    }

    It 'asks again for bars that are known to be empty only with -RetryEmpty' {
        $source = New-NotingSource -Without 3
        $provider = New-TestProvider -Fetcher $source.Fetcher
        $null = Invoke-QmtlBackfill $provider X 1m 60 300
        $again = Get-QmtlGap $provider X 1m -Start 60 -End 300 -IncludeEmpty | Invoke-QmtlBackfill -RetryEmpty
        $again.Status | Should -Be Empty
        $source.Asked | Should -Be 'X 1-5', 'X 3-3'
    }

    It 'asks the source given here in place of the provider''s' {
        $own, $other = (New-NotingSource), (New-NotingSource)
        $provider = New-TestProvider -Fetcher $own.Fetcher
        $null = Invoke-QmtlBackfill $provider X 1m 60 120 -Fetcher $other.Fetcher
        $own.Asked | Should -BeNullOrEmpty
        $other.Asked | Should -Be 'X 1-2'
    }

    It 'takes a script block or an object as -Fetcher' {
        $reader = New-QmtlHistoryProvider -Path (New-TestProvider).DisplayName.Replace('sqlite:', '')
        (Invoke-QmtlBackfill $reader X 1m 60 120 -Fetcher $EveryBar).BarsWritten | Should -Be 2
        $object = [pscustomobject]@{} | Add-Member ScriptMethod Fetch $EveryBar -PassThru
        (Invoke-QmtlBackfill $reader X 1m 180 240 -Fetcher $object).BarsWritten | Should -Be 2
    }

    It 'ends with the last bar that has closed by default' {
        $provider = New-TestProvider -Fetcher $EveryBar
        $start = [DateTimeOffset]::UtcNow.AddDays(-5)
        $result = Invoke-QmtlBackfill $provider X 1d $start
        $result.BarsWritten | Should -BeIn 4, 5
        $result.EndTimestamp | Should -BeLessOrEqual ([DateTimeOffset]::UtcNow.ToUnixTimeSeconds() - 86400)
    }

    It 'shows progress and tells its story' {
        $story = Invoke-QmtlBackfill (New-TestProvider) X 1m 60 300 -Verbose 4>&1
        "$story" | Should -Match 'X 1m: bars to ask for: 5, requests planned: 1'
    }

    It 'refuses <Case> before anything is written' -ForEach @(
        @{ Case = 'a range that ends before it starts'; Do = { param($p) Invoke-QmtlBackfill $p X 1m 120 60 }; Message = '*after its end*Swap*' }
        @{ Case = 'a range in the future'; Do = { param($p) Invoke-QmtlBackfill $p X 1m 2999-01-01 }; Message = '*in the future*' }
        @{ Case = 'a throttle limit of 0'; Do = { param($p) Invoke-QmtlBackfill $p X 1m 60 120 -ThrottleLimit 0 }; Message = '*ThrottleLimit*' }
        @{ Case = 'negative retries'; Do = { param($p) Invoke-QmtlBackfill $p X 1m 60 120 -MaxRetries -1 }; Message = '*MaxRetries*' }
        @{ Case = 'a blank node id'; Do = { param($p) Invoke-QmtlBackfill $p ' ' 1m 60 120 }; Message = '*node id is needed*' }
    ) {
        $provider = New-TestProvider
        { & $Do $provider } | Should -Throw $Message
        Get-QmtlCoverage $provider | Should -BeNullOrEmpty
    }
}

Describe 'without a fetcher' {
    It 'ends at once, naming the way out, with nothing read or written' {
        $path = Join-Path $TestDrive 'none.db'
        $problem = { Invoke-QmtlBackfill (New-QmtlHistoryProvider -Path $path) X 1m 60 120 } | Should -Throw '*no fetcher*-Fetcher*New-QmtlFetcher*' -PassThru
        $problem.FullyQualifiedErrorId | Should -BeLike 'NoFetcher,*'
        $path | Should -Not -Exist
    }

    It 'ends the pipeline before any range of it is filled' {
        $source = New-NotingSource
        $good = New-TestProvider -Fetcher $source.Fetcher
        $none = New-QmtlHistoryProvider -Path (Join-Path $TestDrive 'none.db')
        { (New-Range $good 1 2), (New-Range $none 1 2) | Invoke-QmtlBackfill } | Should -Throw '*no fetcher*'
        $source.Asked | Should -BeNullOrEmpty
    }
}

Describe 'piped ranges' {
    It 'of one stream share the source''s pages' {
        $source = New-NotingSource -BarsPerRequest 10
        $provider = New-TestProvider -Fetcher $source.Fetcher
        $results = 1, 3, 5, 7, 9, 21 | ForEach-Object { New-Range $provider $_ $_ } | Invoke-QmtlBackfill -ThrottleLimit 1
        $results | Should -HaveCount 6
        $source.Asked | Should -Be 'X 1-9', 'X 21-21'
        $results.BarsWritten | Should -Be (@(1) * 6)
        ($results.Requests | Measure-Object -Sum).Sum | Should -Be 2
        Get-StoredMinute $provider | Should -Be 1, 3, 5, 7, 9, 21
    }

    It 'may be of several streams and several providers' {
        $one, $two = (New-TestProvider), (New-TestProvider)
        $results = (New-Range $one 1 2), (New-Range $two 1 3), (New-Range $one 1 4 'Y') | Invoke-QmtlBackfill
        $results | Should -HaveCount 3
        Get-StoredMinute $one | Should -Be 1, 2
        Get-StoredMinute $two | Should -Be 1, 2, 3
        Get-StoredMinute $one Y | Should -Be 1, 2, 3, 4
        ($results | Where-Object { [object]::ReferenceEquals($_.Provider, $two) }).BarsWritten | Should -Be 3
    }

    It 'that fail are non-terminating errors, and the others go on' {
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher -BarsPerRequest 5 -ScriptBlock {
                param($start, $end, $nodeId, $interval)
                if ($start -ge 1200 -and $start -lt 1800) { throw 'no luck' }
                & $EveryBar $start $end $nodeId $interval
            })
        $results = (New-Range $provider 1 5), (New-Range $provider 20 24), (New-Range $provider 40 44) |
            Invoke-QmtlBackfill -ErrorAction SilentlyContinue -ErrorVariable failures
        $results.Status | Sort-Object | Should -Be Completed, Completed, Failed
        $failures | Should -HaveCount 1
        $failures[0].FullyQualifiedErrorId | Should -BeLike 'SourceFailed,*'
        $failures[0].CategoryInfo.Category | Should -Be InvalidResult
        $failures[0].TargetObject.StartTimestamp | Should -Be 1200
        $failures[0].ToString() | Should -BeLike 'X 1m 1970-01-01T00:20:00Z to 1970-01-01T00:24:00Z: * no luck.'
        $failed = $results | Where-Object Status -eq Failed
        $failed.Error.Exception.Message | Should -BeLike '*no luck.'
        $failed.Error.FullyQualifiedErrorId | Should -Be $failures[0].FullyQualifiedErrorId
        $failed | Format-List * | Out-String -Width 200 | Should -Match 'Error +: X 1m [^\r\n]+no luck\.\r?\n(?! +at )'
        Get-StoredMinute $provider | Should -Be (1..5 + 40..44)
    }

    It 'that fail can be piped in again' {
        $broken = [System.Collections.Generic.List[int]]::new()
        $broken.Add(1)
        $provider = New-TestProvider -Fetcher { param($start, $end, $nodeId, $interval) if ($broken.Count) { throw 'no luck' } else { & $EveryBar $start $end $nodeId $interval } }
        $results = Invoke-QmtlBackfill $provider X 1m 60 300 -ErrorAction SilentlyContinue
        $broken.Clear()
        ($results | Where-Object Status -eq Failed | Invoke-QmtlBackfill).BarsWritten | Should -Be 5
    }

    It 'stop at the first failure under -ErrorAction Stop' {
        $provider = New-TestProvider -Fetcher { throw 'no luck' }
        { (New-Range $provider 1 2), (New-Range $provider 1 2 'Y') | Invoke-QmtlBackfill -ErrorAction Stop } | Should -Throw '*no luck*'
    }

    It 'that are wrong are reported, and the others go on' {
        $provider = New-TestProvider
        $results = (New-Range $provider 5 1), (New-Range $provider 1 2) | Invoke-QmtlBackfill -ErrorAction SilentlyContinue -ErrorVariable failures
        $results.BarsWritten | Should -Be 2
        $failures | Should -HaveCount 1
        $failures[0].FullyQualifiedErrorId | Should -BeLike 'InvalidValue,*'
    }

    It 'give their results to a command that stops early, and the rest is left' {
        $provider = New-TestProvider
        $result = 1..20 | ForEach-Object { New-Range $provider 1 5 "N$_" } | Invoke-QmtlBackfill | Select-Object -First 1
        $result.Status | Should -Be Completed

        # Whatever had been done is whole.
        (Get-QmtlCoverage $provider).Bars | Sort-Object -Unique | Should -Be 5
    }
}

Describe 'piped streams' {
    It 'are filled over the window of their period, up to the last bar that has closed' {
        $provider = New-TestProvider
        $results = @('A', 'B' | New-QmtlStreamInput -Interval 1d -Period 10 -HistoryProvider $provider | Invoke-QmtlBackfill)
        $results.NodeId | Sort-Object | Should -Be 'A', 'B'
        $results.BarsWritten | Should -Be 10, 10
        $results[0].End.ToUnixTimeSeconds() | Should -BeIn @(0, 1).ForEach({ [math]::Floor([DateTimeOffset]::UtcNow.ToUnixTimeSeconds() / 86400 - 1 - $_) * 86400 })
    }

    It 'are filled where -Start and -End say' {
        $stream = New-QmtlStreamInput X -Interval 1m -Period 3 -HistoryProvider (New-TestProvider)
        ($stream | Invoke-QmtlBackfill -Start 60 -End 600).BarsWritten | Should -Be 10
        ($stream | Invoke-QmtlBackfill -End 1200).BarsWritten | Should -Be 3
        Get-StoredMinute $stream.HistoryProvider | Should -Be (1..10 + 18..20)
        (Invoke-QmtlBackfill -InputObject $stream -Start 0 -End 60).BarsWritten | Should -Be 1
    }

    It 'without a provider are reported, and the others go on' {
        $streams = (New-QmtlStreamInput A -Interval 1h -Period 3), (New-QmtlStreamInput B -Interval 1h -Period 3 -HistoryProvider (New-TestProvider))
        $results = $streams | Invoke-QmtlBackfill -ErrorVariable failures -ErrorAction SilentlyContinue
        $results.NodeId | Should -Be 'B'
        "$failures" | Should -BeLike '*A 1h has no history provider*-HistoryProvider*'
    }
}

Describe '-WhatIf and -Confirm' {
    It 'writes and fetches nothing' {
        $source = New-NotingSource
        $provider = New-TestProvider -Fetcher $source.Fetcher
        $shell = Invoke-Shell @"
Import-Module '$QmtlModule'
`$p = New-QmtlHistoryProvider -Path '$TestDrive/whatif.db' -Fetcher (New-QmtlFetcher { throw 'asked' } -Name mine)
Invoke-QmtlBackfill `$p X 1m 60 600 -WhatIf
(New-Object psobject -Property @{ Provider = `$p; NodeId = 'Y'; Interval = '1m'; Start = 60; End = 60 }), (New-Object psobject -Property @{ Provider = `$p; NodeId = 'Y'; Interval = '1m'; Start = 180; End = 240 }) | Invoke-QmtlBackfill -WhatIf
"@
        $shell.Output | Should -Match 'Backfill 10 bars, 1970-01-01T00:01:00Z to 1970-01-01T00:10:00Z, from mine'
        $shell.Output | Should -Match 'Backfill 3 bars in 2 ranges from mine'
        $shell.Output | Should -Match 'X 1m in sqlite:'
        Join-Path $TestDrive whatif.db | Should -Not -Exist
    }

    It 'does not ask by default' {
        (Get-Variable ConfirmPreference -ValueOnly) | Should -Be High
        (Invoke-QmtlBackfill (New-TestProvider) X 1m 60 120).Status | Should -Be Completed
    }
}

Describe 'retries' {
    It 'are as many as -MaxRetries says' {
        $source = { throw [System.TimeoutException]::new('slow') }
        $result = Invoke-QmtlBackfill (New-TestProvider -Fetcher $source) X 1m 60 120 -MaxRetries 1 -ErrorAction SilentlyContinue
        $result.Status, $result.Requests, $result.Retries | Should -Be Failed, 2, 1
        $result = Invoke-QmtlBackfill (New-TestProvider -Fetcher $source) X 1m 60 120 -MaxRetries 0 -ErrorAction SilentlyContinue -ErrorVariable failures
        $result.Requests, $result.Retries | Should -Be 1, 0
        $failures[0].CategoryInfo.Category | Should -Be ConnectionError
    }
}
