BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # Streams of one store, as text.
    function Get-Name { $input | ForEach-Object { "$($_.NodeId) $($_.Interval)" } | Sort-Object -Unique }

    $provider = New-TestProvider
    $path = $provider.Store.Info.FilePath
    foreach ($id in 'BTCUSDT', 'ETHUSDT', 'A*', 'ABC', 'a[1]') {
        $null = Invoke-QmtlBackfill $provider -LiteralNodeId $id -Interval 1m -Start 60 -End 600
    }

    $null = Invoke-QmtlBackfill $provider BTCUSDT 1h -Start 3600 -End 7200
}

Describe 'nodes and intervals of a command that reads' {
    It 'are <Case>' -ForEach @(
        @{ Case = 'all by default'; With = @{}; Names = 'A* 1m', 'a[1] 1m', 'ABC 1m', 'BTCUSDT 1h', 'BTCUSDT 1m', 'ETHUSDT 1m' }
        @{ Case = 'several ids'; With = @{ NodeId = 'ETHUSDT', 'ABC' }; Names = 'ABC 1m', 'ETHUSDT 1m' }
        @{ Case = 'several intervals'; With = @{ NodeId = 'BTCUSDT'; Interval = '1m', '1h' }; Names = 'BTCUSDT 1h', 'BTCUSDT 1m' }
        @{ Case = 'wildcards, whatever their case'; With = @{ NodeId = 'btc*', '?BC' }; Names = 'ABC 1m', 'BTCUSDT 1h', 'BTCUSDT 1m' }
        @{ Case = 'an id that is a wildcard, as it is stored'; With = @{ NodeId = 'A*', 'a[1]' }; Names = 'A* 1m', 'a[1] 1m' }
        @{ Case = 'an id with escapes'; With = @{ NodeId = 'a`[1`]' }; Names = @('a[1] 1m') }
        @{ Case = 'literal ids'; With = @{ LiteralNodeId = 'a[1]', 'ABC' }; Names = 'a[1] 1m', 'ABC 1m' }
        @{ Case = 'not those of -Exclude'; With = @{ NodeId = '*USDT'; Exclude = 'eth*' }; Names = 'BTCUSDT 1h', 'BTCUSDT 1m' }
        @{ Case = 'given by the aliases'; With = @{ Symbol = 'BTCUSDT'; Timeframe = '1h' }; Names = @('BTCUSDT 1h') }
    ) {
        Get-QmtlCoverage $path @With | Get-Name | Should -Be ($Names | Sort-Object)
    }

    It 'come through the pipeline as ids, objects, providers and streams' {
        'BTCUSDT', 'ABC' | Get-QmtlCoverage $provider -Interval 1m | Get-Name | Should -Be 'ABC 1m', 'BTCUSDT 1m'
        Get-QmtlCoverage $provider 'A*' | Get-QmtlCoverage | Get-Name | Should -Be 'A* 1m'
        [pscustomobject]@{ Symbol = 'ABC'; Timeframe = '1m'; Provider = $path } | Get-QmtlCoverage | Get-Name | Should -Be 'ABC 1m'
        $provider | Get-QmtlCoverage -NodeId ABC | Get-Name | Should -Be 'ABC 1m'
        New-QmtlStreamInput BTCUSDT 1h 5 -HistoryProvider $provider | Get-QmtlCoverage | Get-Name | Should -Be 'BTCUSDT 1h'
    }

    It 'of which one is missing are an error that offers the nearest' {
        $found = Get-QmtlCoverage $provider BTCUSTD, ABC -ErrorAction SilentlyContinue -ErrorVariable problem
        $found | Get-Name | Should -Be 'ABC 1m'
        $problem.Count | Should -Be 1
        $problem[0].CategoryInfo.Category | Should -Be ObjectNotFound
        $problem[0].FullyQualifiedErrorId | Should -Be 'StreamNotFound,Qmtl.PowerShell.Commands.GetQmtlCoverageCommand'
        $problem[0].TargetObject | Should -Be BTCUSTD
        "$problem" | Should -BeLike "*holds no node 'BTCUSTD'. Did you mean BTCUSDT?"
    }

    It 'of which an interval is missing are an error that names those there are' {
        Get-QmtlCoverage $provider BTCUSDT 5m -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeNullOrEmpty
        "$problem" | Should -BeLike "*holds no 'BTCUSDT' in bars of 5m, but of 1m and 1h."
    }

    It 'that nothing is like are a warning' {
        Get-QmtlCoverage $provider 'X*' -WarningAction SilentlyContinue -WarningVariable warning | Should -BeNullOrEmpty
        "$warning" | Should -BeLike "*holds no node like 'X``*'*"
    }
}

Describe 'a store that does not exist' {
    It 'is told, and not made' {
        $missing = Join-Path $TestDrive 'missing.db'
        Get-QmtlCoverage $missing -WarningAction SilentlyContinue -WarningVariable warning | Should -BeNullOrEmpty
        "$warning" | Should -BeLike "There is no store '*missing.db'*"
        Get-QmtlCoverage $missing ABC -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeNullOrEmpty
        $problem[0].CategoryInfo.Category | Should -Be ObjectNotFound
        $missing | Should -Not -Exist
    }

    It 'is not a bare word, which would be a file named by an id' {
        { Get-QmtlCoverage BTCUSDT 1m } | Should -Throw "*'BTCUSDT' is no store*"
    }
}

Describe 'Set-QmtlDefault' {
    AfterEach {
        Set-QmtlDefault $null
    }

    It 'leaves the first argument to the nodes' {
        (Set-QmtlDefault $path -PassThru).Store.Info.FilePath | Should -Be $path
        Get-QmtlCoverage BTCUSDT, ABC 1m | Get-Name | Should -Be 'ABC 1m', 'BTCUSDT 1m'
        Get-QmtlCoverage btc* | Get-Name | Should -Be 'BTCUSDT 1h', 'BTCUSDT 1m'
        'ABC' | Get-QmtlCoverage | Get-Name | Should -Be 'ABC 1m'
        (Get-QmtlCoverage).Count | Should -Be 6
    }

    It 'gives way to a provider that is given' {
        $other = New-TestProvider -Bars 3
        Set-QmtlDefault $path
        Get-QmtlCoverage $other X 1m | Get-Name | Should -Be 'X 1m'
        Get-QmtlCoverage $other.Store.Info.FilePath X | Get-Name | Should -Be 'X 1m'
        Get-QmtlCoverage "$other" X | Get-Name | Should -Be 'X 1m'
        $other | Get-QmtlCoverage | Get-Name | Should -Be 'X 1m'
    }

    It 'is of one runspace, and none is an error that says what to do' {
        Set-QmtlDefault $path
        Set-QmtlDefault $null
        { Get-QmtlCoverage } | Should -Throw '*Whose history?*Set-QmtlDefault*'
    }
}

Describe 'a range' {
    BeforeAll {
        # Minutes of three days, the last of which ends with the last that has closed.
        $recent = New-TestProvider
        $null = Invoke-QmtlBackfill $recent X 1m -Start -2d
        $null = Invoke-QmtlBackfill $recent Y 1m -Start 1970-01-01T00:01 -End 1970-01-01T00:30
        function Get-Minute { $input | ForEach-Object { $_.Timestamp.ToUnixTimeSeconds() / 60 } }
    }

    It 'begins so long ago' {
        $covered = Get-QmtlCoverage $recent X 1m
        $covered.Bars | Should -BeIn 2879, 2880
        (Get-QmtlCoverage $recent X 1m -Since -1h).Bars | Should -BeIn 59, 60
        (Get-QmtlCoverage $recent X 1m -Last 1d).Bars | Should -BeIn 1439, 1440
        (Get-QmtlCoverage $recent X 1m -Last ([timespan]'02:00')).Bars | Should -BeIn 119, 120
        (Get-QmtlGap $recent X 1m -Last 3d).Bars | Should -BeIn 1439, 1440, 1441
        (Invoke-QmtlBackfill $recent Z 1m -Last 30).BarsWritten | Should -Be 30
    }

    It 'is the last and first bars that are stored' {
        Get-QmtlHistory $recent Y 1m -Last 3 | Get-Minute | Should -Be 28, 29, 30
        Get-QmtlHistory $recent Y 1m -Last 3 -End 1970-01-01T00:10:30 | Get-Minute | Should -Be 8, 9, 10
        Get-QmtlHistory $recent Y 1m -First 2 | Get-Minute | Should -Be 1, 2
        Get-QmtlHistory $recent Y 1m -First 2 -Start 300 | Get-Minute | Should -Be 5, 6
        Get-QmtlHistory $recent Y 1m -Last 5 -First 2 | Get-Minute | Should -Be 26, 27
        (Get-QmtlHistory $recent X, Y 1m -First 100).Count | Should -Be 130
    }

    It 'ends with the whole day of a date' {
        $days = New-TestProvider
        (Invoke-QmtlBackfill $days X 1h -Start 2024-01-01 -End 2024-01-02).BarsWritten | Should -Be 48
        (Get-QmtlCoverage $days X 1h -End 2024-01-01).Bars | Should -Be 24
        @(Get-QmtlHistory $days X 1h -Start 2024-01-02 -End 2024-01-02).Count | Should -Be 24
        (Get-QmtlGap $days X 1h -Start 2024-01-01 -End ([System.DateOnly]'2024-01-03')).Bars | Should -Be 24
        @(Get-QmtlHistory $days X 1h -End 2024-01-01T00:00Z).Count | Should -Be 1
        @(Get-QmtlHistory $days X 1h -End ([datetime]'2024-01-01')).Count | Should -Be 1
    }

    It 'refuses <Text>' -ForEach @(
        @{ Text = 'two beginnings'; With = @{ Start = 60; Last = '1d' }; Message = '*-Start and -Last both*' }
        @{ Text = 'a length that is none'; With = @{ Last = 'many' }; Message = '*neither a number of bars nor a length of time*' }
    ) {
        { Get-QmtlHistory $recent X 1m @With } | Should -Throw $Message
    }
}

Describe 'Invoke-QmtlBackfill' {
    It 'fills every node in every interval' {
        $fresh = New-TestProvider
        $done = Invoke-QmtlBackfill $fresh B, A 1m, 1h -Start 0 -End 7200
        $done | Get-Name | Should -Be 'A 1h', 'A 1m', 'B 1h', 'B 1m'
        $done.BarsMissing | Measure-Object -Sum | ForEach-Object Sum | Should -Be 0
        'C', 'D' | Invoke-QmtlBackfill $fresh -Timeframe 1h -Since 0 -End 7200 | Get-Name | Should -Be 'C 1h', 'D 1h'
    }

    It 'completes all that is stored, up to now, where nothing is named' {
        $fresh = New-TestProvider
        $null = Invoke-QmtlBackfill $fresh A, B 1d -Start -9d -End -7d
        $null = Invoke-QmtlBackfill $fresh A 1h -Start -3h -End -2h
        $done = Invoke-QmtlBackfill $fresh
        $done | Get-Name | Should -Be 'A 1d', 'A 1h', 'B 1d'
        Get-QmtlGap $fresh | Should -BeNullOrEmpty
        Invoke-QmtlBackfill $fresh 'a*' -Exclude B | Get-Name | Should -Be 'A 1d', 'A 1h'
    }

    It 'takes a text that nothing stored is like for a new id' {
        $fresh = New-TestProvider
        (Invoke-QmtlBackfill $fresh 'x[1]*' 1m 60 120).BarsWritten | Should -Be 2
        (Get-QmtlCoverage $fresh).NodeId | Should -Be 'x[1]*'
        { Invoke-QmtlBackfill $fresh NEW } | Should -Throw '*Give a new node its -Interval*'
    }

    It 'fills a store that is named by its path from a source that is given' {
        $file = Join-Path $TestDrive 'made.db'
        (Invoke-QmtlBackfill $file X 1m 60 120 -Fetcher $EveryBar).BarsWritten | Should -Be 2
        (Get-QmtlCoverage $file).Bars | Should -Be 2
        { Invoke-QmtlBackfill $file X 1m 60 120 } | Should -Throw '*has no fetcher*'
    }

    It 'takes its nodes first where a default is set' {
        Set-QmtlDefault (New-TestProvider)
        try {
            (Invoke-QmtlBackfill X, Y 1m 60 120).BarsWritten | Should -Be 2, 2
            (Get-QmtlHistory Y 1m 120).Count | Should -Be 1
        }
        finally {
            Set-QmtlDefault $null
        }
    }
}

Describe 'errors' {
    It 'are caught by their types' {
        $away = New-QmtlHistoryProvider -ConnectionString 'postgresql://u:p@127.0.0.1:1/d' -Kind PostgreSql
        $caught = try { Get-QmtlCoverage $away -ErrorAction Stop } catch [Qmtl.History.StoreException] { "store: $($_.Exception.IsTransient)" }
        $caught | Should -Be 'store: True'
        $caught = try {
            Invoke-QmtlBackfill (New-TestProvider -Fetcher { throw 'no luck' }) X 1m 60 120 -MaxRetries 0 -ErrorAction Stop
        }
        catch [Qmtl.Fetching.SourceException] { 'source' }
        $caught[-1] | Should -Be source
    }

    It 'of all kinds can be named' {
        foreach ($name in 'Qmtl.Gateway.GatewayException', 'Qmtl.Strategies.MissingBarsException', 'Qmtl.Running.WarmupFailedException') {
            $name -as [type] | Should -Not -BeNullOrEmpty -Because $name
        }
    }
}

Describe 'New-QmtlStreamInput' {
    It 'keeps one bar without -Period' {
        (New-QmtlStreamInput X 1m).Period | Should -Be 1
    }
}

Describe 'BindStream' {
    It 'of a provider and a recorder of one''s own is called with the stream' {
        $own = [pscustomobject]@{ Bound = $null } | Add-Member ScriptMethod Fetch { } -PassThru |
            Add-Member ScriptMethod BindStream { param($nodeId, $interval) $this.Bound = "$nodeId $interval" } -PassThru
        $recorder = [pscustomobject]@{ Name = 'own'; Bound = $null } | Add-Member ScriptMethod Persist { param($n, $i, $t, $p) } -PassThru |
            Add-Member ScriptMethod BindStream { param($nodeId, $interval) $this.Bound = "$nodeId $interval" } -PassThru
        $stream = New-QmtlStreamInput X 1m -HistoryProvider $own -Recorder $recorder
        $own.Bound, $recorder.Bound | Should -Be 'X 1m', 'X 1m'
        $stream.EventService.DisposeAsync().AsTask().Wait()
    }
}

Describe 'Initialize-QmtlHistory' {
    It 'loads the range that is asked for' {
        $stream = New-QmtlStreamInput X 1m -Period 100 -HistoryProvider (New-TestProvider)
        $outcome = Initialize-QmtlHistory $stream -Start 60 -End 300
        $outcome.BarsLoaded, $outcome.StartTimestamp, $outcome.EndTimestamp | Should -Be 5, 60, 300
        $ends = New-QmtlStreamInput X 1m -Period 3 -HistoryProvider (New-TestProvider)
        (Initialize-QmtlHistory $ends -End 300).StartTimestamp | Should -Be 180
        { Initialize-QmtlHistory $stream -Start 300 -End 60 } | Should -Throw '*Swap*'
    }
}

Describe 'a time' {
    It 'is asked for by no prompt, which would read it as local' {
        # PowerShell itself reads what is typed at the prompt for a mandatory parameter, before the parameter is asked.
        $mandatory = (Get-Command -Module Qmtl).ForEach({ $_.Parameters.Values }).Where({
                ([System.Nullable]::GetUnderlyingType($_.ParameterType) ?? $_.ParameterType) -in [DateTimeOffset], [datetime] -and $_.ParameterSets.Values.IsMandatory -contains $true
            })
        $mandatory.Name | Should -BeNullOrEmpty
    }

    It 'is UTC in a shell of New York' {
        $shell = Invoke-Shell @"
`$env:TZ = 'America/New_York'
[System.TimeZoneInfo]::ClearCachedData()
Import-Module '$QmtlRoot/Qmtl.psd1'
(Invoke-QmtlBackfill '$TestDrive/york.db' X 1h -Start 2018-01-11 -End 2018-01-11 -Fetcher { param(`$ts, `$end) for (; `$ts -le `$end; `$ts += 3600) { @{ ts = `$ts; close = 1.0 } } }).StartTimestamp
"@
        $shell.Output.Trim() | Should -Be 1515628800
    }
}

Describe 'what is piped in and what is named' {
    It 'is one provider' {
        $piped = New-TestProvider -Bars 5
        $named = New-TestProvider -Bars 5
        { $piped | Remove-QmtlHistory -Provider $named -LiteralNodeId X -Confirm:$false -ErrorAction Stop } | Should -Throw '*Give one of them*'
        @(Get-StoredMinute $piped).Count + @(Get-StoredMinute $named).Count | Should -Be 10
    }

    It 'narrows the streams down' {
        $provider = New-TestProvider -Bars 5
        $stream = New-QmtlStreamInput X -Interval 1m -Period 1 -HistoryProvider $provider
        $stream | Remove-QmtlHistory -Exclude X -Confirm:$false
        @(Get-StoredMinute $provider).Count | Should -Be 5
        ($stream | Remove-QmtlHistory -Confirm:$false).BarsRemoved | Should -Be 5
    }
}

