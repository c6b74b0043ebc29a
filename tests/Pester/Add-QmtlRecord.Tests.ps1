BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'Add-QmtlRecord' {
    BeforeEach {
        $path = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).db"
        $recorder = New-QmtlRecorder $path
        $stored = New-QmtlHistoryProvider $path
    }

    AfterEach {
        $recorder.Dispose()
    }

    It 'copies bars of Get-QmtlHistory, and emits nothing' {
        $source = New-TestProvider -Bars 2345
        Get-QmtlHistory $source X 1m | Add-QmtlRecord $recorder -NodeId X -Interval 1m | Should -BeNullOrEmpty
        Get-QmtlHistory $stored X 1m | ConvertTo-Csv | Should -Be (Get-QmtlHistory $source X 1m | ConvertTo-Csv)
    }

    It 'takes node and interval of bars that are piped from a store, with several streams at once' {
        $source = New-TestProvider -Bars 12
        $null = Invoke-QmtlBackfill $source Y 5m 300 1500
        Get-QmtlCoverage $source | Get-QmtlHistory | Add-QmtlRecord $recorder
        (Get-QmtlCoverage $stored).ForEach({ "$($_.NodeId) $($_.Interval) $($_.Bars)" }) | Should -Be 'X 1m 12', 'Y 5m 5'

        # And back again: what was recorded is a store's history as any other.
        $back = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).db"
        $returning = New-QmtlRecorder $back
        Get-QmtlCoverage $stored | Get-QmtlHistory | Where-Object close -GT 3 | Sort-Object close | Add-QmtlRecord $returning
        $returning.Dispose()
        Get-StoredMinute (New-QmtlHistoryProvider $back) X | Should -Be (4..12)
        Get-StoredMinute (New-QmtlHistoryProvider $back) Y -Interval 5m | Should -Be 5, 10, 15, 20, 25
    }

    It 'records bars under the node and the interval that are given, and no other' {
        Get-QmtlHistory (New-TestProvider -Bars 3) X 1m | Add-QmtlRecord $recorder -NodeId Z
        (Get-QmtlCoverage $stored).ForEach({ "$($_.NodeId) $($_.Interval) $($_.Bars)" }) | Should -Be 'Z 1m 3'
    }

    It 'takes node and interval of a cache''s bars, and of bars that a node gives' {
        $stream = New-TestStream -Bars 3 -Period 3
        $node = New-QmtlNode n -NodeId N -Period 3 { $_['X'].Latest.Item2 } -InputObject $stream
        (Invoke-QmtlStrategy (New-QmtlStrategy s $node) -Start 60 -End 180).Value | Add-QmtlRecord $recorder
        Get-QmtlCacheSlice $node X -Last 2 | Add-QmtlRecord $recorder
        (Get-QmtlCoverage $stored).ForEach({ "$($_.NodeId) $($_.Interval) $($_.Bars)" }) | Should -Be 'N 1m 1', 'X 1m 2'
    }

    It 'takes the time from <Name>' -ForEach @(
        @{ Name = 'ts'; Row = { @{ ts = 60; close = 1.0 } } }
        @{ Name = 'Timestamp'; Row = { [pscustomobject]@{ Timestamp = [DateTimeOffset]::FromUnixTimeSeconds(60); close = 1.0 } } }
        @{ Name = 'Time'; Row = { [pscustomobject]@{ Time = '1970-01-01T00:01Z'; close = 1.0 } } }
    ) {
        & $Row | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        Get-StoredMinute $stored | Should -Be 1
    }

    It 'takes node and interval from the rows, which are no columns' {
        [pscustomobject]@{ NodeId = 'A'; Interval = '1m'; ts = 60; close = 1.0 }, [pscustomobject]@{ NodeId = 'B'; Interval = '5m'; ts = 300; close = 2.0 } |
            Add-QmtlRecord $recorder
        (Get-QmtlCoverage $stored | Sort-Object NodeId).ForEach({ "$($_.NodeId) $($_.Interval)" }) | Should -Be 'A 1m', 'B 5m'
        (Get-QmtlHistory $stored A 1m).psobject.Properties.Name | Should -Be 'Timestamp', 'close'
    }

    It 'records results of a strategy by their value' {
        $nodes = @(
            New-QmtlNode number -NodeId number { $_['X'].GetValue('close') } -InputObject ($stream = New-TestStream -Bars 3)
            New-QmtlNode fields -NodeId fields { @{ a = 1; b = 0.5 * $_['X'].GetValue('close') } } -InputObject $stream
        )
        Invoke-QmtlStrategy (New-QmtlStrategy s $nodes) -Offline -Start 60 -End 180 | Add-QmtlRecord $recorder
        (Get-QmtlHistory $stored number 1m).value | Should -Be 1, 2, 3
        (Get-QmtlHistory $stored fields 1m).b | Should -Be 0.5, 1, 1.5
        (Get-QmtlHistory $stored fields 1m).a | Should -Be 1, 1, 1
    }

    It 'stores a bar once, and the last of it' {
        @{ ts = 60; close = 1.0 }, @{ ts = 60; close = 2.0 } | Add-QmtlRecord $recorder -NodeId X -Interval 1m -WarningVariable warned
        @{ ts = 60; close = 3.0 } | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        (Get-QmtlHistory $stored X 1m).close | Should -Be 3
        $warned | Should -BeNullOrEmpty
    }

    It 'keeps a column of whole and of broken numbers one column' {
        @{ ts = 60; signal = 1 } | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        @{ ts = 120; signal = 0.5 } | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        (Get-QmtlHistory $stored X 1m).signal | Should -Be 1, 0.5
    }

    It 'tells of rows that are no bars, and records the others' {
        @{ close = 1.0 }, @{ ts = 61; close = 1.0 }, @{ ts = 120 }, @{ ts = 180; close = 3.0 } |
            Add-QmtlRecord $recorder -NodeId X -Interval 1m -WarningVariable warned -WarningAction SilentlyContinue
        Get-StoredMinute $stored | Should -Be 3
        "$warned" | Should -BeLike 'X 1m: 3 rows were not recorded:*'
    }

    It 'keeps a row in which a field is no number, without that field' {
        @{ ts = 60; mean = [double]::NaN; signal = 1.0 }, @{ ts = 120; mean = 2.0; signal = -1.0 } |
            Add-QmtlRecord $recorder -NodeId X -Interval 1m -WarningVariable warned
        $rows = Get-QmtlHistory $stored X 1m
        $rows.signal | Should -Be 1, -1
        $rows.mean | Should -Be $null, 2
        $warned | Should -BeNullOrEmpty
    }

    It 'warns with the next row of a store that is away, however slowly rows are piped' {
        $away = New-QmtlRecorder -ConnectionString 'postgresql://me@127.0.0.1:1/d' -Kind PostgreSql -SpoolPath (Join-Path $TestDrive 'slow')
        {
            1..600 |
                ForEach-Object { if ($warned.Count) { throw 'told' }; Start-Sleep -Milliseconds 50; @{ ts = 60 * $_; close = 1.0 } } |
                Add-QmtlRecord $away -NodeId X -Interval 1m -WarningVariable warned -WarningAction SilentlyContinue
        } | Should -Throw 'told'
    }

    It 'waits where the spool cannot be written, with a warning that says so, and goes on when it can' {
        $file = New-Item -ItemType File (Join-Path $TestDrive "$([guid]::NewGuid().ToString('n'))")
        $nowhere = New-QmtlRecorder $path -SpoolPath (Join-Path $file 'spool')
        { @{ ts = 60; close = 1.0 } | Add-QmtlRecord $nowhere -NodeId X -Interval 1m -WarningAction Stop } | Should -Throw '*cannot be written*so recording waits until it can*'
        Remove-Item $file
        @{ ts = 120; close = 1.0 } | Add-QmtlRecord $nowhere -NodeId X -Interval 1m -WarningVariable warned
        $warned | Should -BeNullOrEmpty
        $nowhere.Dispose()
        Get-StoredMinute $stored | Should -Be 2
    }

    It 'reports a row that is none, and the others go on' {
        5, @{ ts = 60; close = 1.0 } | Add-QmtlRecord $recorder -NodeId X -Interval 1m -ErrorVariable failed -ErrorAction SilentlyContinue
        Get-StoredMinute $stored | Should -Be 1
        $failed | Should -HaveCount 1
        "$failed" | Should -BeLike "*'5' is no row*"
    }

    It 'keeps the rows piped before an error further up' {
        {
            1..10 |
                ForEach-Object { if ($_ -eq 6) { throw 'upstream' }; @{ ts = 60 * $_; close = 1.0 } } |
                Add-QmtlRecord $recorder -NodeId X -Interval 1m
        } | Should -Throw 'upstream'
        $recorder.Dispose()
        Get-StoredMinute $stored | Should -Be (1..5)
    }

    It 'refuses a field that is <Name>, and records the other rows' -ForEach @(
        @{ Name = 'a list'; Value = 1, 2; Problem = "*field 'arr' is a list*a number, a text, a boolean or a time*ConvertTo-Json*" }
        @{ Name = 'an object'; Value = [pscustomobject]@{ z = 1 }; Problem = "*field 'arr' is a nested object*" }
        @{ Name = 'a dictionary'; Value = @{ z = 1 }; Problem = "*field 'arr' is a nested object*" }
    ) {
        @{ ts = 60; arr = $Value }, [pscustomobject]@{ ts = 120; arr = $Value }, @{ ts = 180; arr = 'text' } |
            Add-QmtlRecord $recorder -NodeId X -Interval 1m -ErrorVariable failed -ErrorAction SilentlyContinue
        (Get-QmtlHistory $stored X 1m).arr | Should -Be 'text'
        $failed | Should -HaveCount 2
        "$($failed[0])" | Should -BeLike $Problem
    }

    It 'refuses results of a node with a field that is a list' {
        $node = New-QmtlNode n -NodeId n { @{ arr = @(1, 2) } } -InputObject (New-TestStream -Bars 2)
        Invoke-QmtlStrategy (New-QmtlStrategy s $node) -Offline -Start 60 -End 120 |
            Add-QmtlRecord $recorder -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed | Should -HaveCount 2
        "$($failed[0])" | Should -BeLike "*field 'arr' is a list*"
        $recorder.GetReport().Recorded | Should -Be 0
    }

    It 'records booleans, times and texts' {
        @{ ts = 60; flag = $true; at = [datetime]::new(2020, 1, 2, 0, 0, 0, [DateTimeKind]::Utc); text = 'a'; day = [DayOfWeek]::Monday } | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        $bar = Get-QmtlHistory $stored X 1m
        $bar.at, $bar.text, $bar.day | Should -Be '2020-01-02T00:00:00.0000000Z', 'a', 'Monday'
        [bool]$bar.flag | Should -BeTrue
    }

    It 'keeps a column of JSON with whole and with broken numbers one column' {
        '[{"ts":60,"s":1},{"ts":120,"s":0.5}]' | ConvertFrom-Json | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        (Get-QmtlHistory $stored X 1m).s | Should -Be 1, 0.5
    }

    It 'keeps whole numbers of JSON that a double cannot hold exact' {
        '[{"ts":60,"s":9007199254740993}]' | ConvertFrom-Json | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        (Get-QmtlHistory $stored X 1m).s | Should -Be 9007199254740993
    }

    It 'copies a column of 64-bit integers as it is' {
        @{ ts = 60; id = 9007199254740993L } | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        @{ ts = 120; id = 5 } | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        Get-QmtlHistory $stored X 1m -Start 120 | Add-QmtlRecord $recorder -NodeId Y -Interval 1m
        (Get-QmtlHistory $stored Y 1m).id | Should -BeOfType ([long])
        (Get-QmtlHistory $stored Y 1m).id | Should -Be 5
    }

    It 'reads times in <Unit> as what they are, and says so' -ForEach @(
        @{ Unit = 'milliseconds'; Time = 1515560100000 }, @{ Unit = 'microseconds'; Time = 1515560100000000 }, @{ Unit = 'nanoseconds'; Time = 1515560100000000000 }
        @{ Unit = 'milliseconds'; Time = '1515560100000' }
    ) {
        @{ ts = $Time; close = 1 } | Add-QmtlRecord $recorder X 1m -WarningVariable told -WarningAction SilentlyContinue
        (Get-QmtlHistory $stored X 1m).Timestamp.ToUnixTimeSeconds() | Should -Be 1515560100
        "$told" | Should -Be "X 1m: its times are read as Unix $Unit ($Time is 2018-01-10T04:55:00Z)."
    }

    It 'reads the times of one pipeline each by its size, and says that they are of several units' {
        1515560100, 1515560160000, 1515560220000000, 1515560280 | ForEach-Object { @{ ts = $_; close = 1 } } |
            Add-QmtlRecord $recorder X 1m -WarningVariable told -WarningAction SilentlyContinue
        (Get-QmtlHistory $stored X 1m).Timestamp.ToUnixTimeSeconds() | Should -Be 1515560100, 1515560160, 1515560220, 1515560280
        @($told).Where({ "$_" -like 'X 1m: its times are in Unix seconds and milliseconds, each read by its size (*); give all in one unit.' }) | Should -HaveCount 1
    }

    It 'refuses a count that is none, by its text' {
        @{ ts = 60; close = 1; trades = 'abc' } | Add-QmtlRecord $recorder X 1m -WarningVariable told -WarningAction SilentlyContinue
        Get-QmtlHistory $stored X 1m -ErrorAction Ignore | Should -BeNullOrEmpty
        "$told" | Should -BeLike "*'abc' in trades of 1970-01-01T00:01:00Z is no number*1 rows were not recorded*"
    }

    It 'says of a disposed recorder what to do' {
        $recorder.Dispose()
        { @{ ts = 60; close = 1.0 } | Add-QmtlRecord $recorder -NodeId X -Interval 1m } | Should -Throw '*was disposed*New-QmtlRecorder*'
    }

    It 'asks once for a stream, and records nothing with -WhatIf' {
        $asked = Invoke-Shell @"
Import-Module '$QmtlModule'
`$recorder = New-QmtlRecorder '$path' -SpoolPath '$TestDrive/whatif'
@{ ts = 60; close = 1.0 }, @{ ts = 120; close = 1.0 } | Add-QmtlRecord `$recorder -NodeId X -Interval 1m -WhatIf -PassThru
`$recorder.GetReport().Recorded
"@
        $asked.Output.Trim() -split '\r?\n' | Should -Be "What if: Performing the operation `"Record rows to sqlite:$path`" on target `"X 1m`".", '0'
    }

    It 'emits the report with -PassThru' {
        $report = @{ ts = 60; close = 1.0 } | Add-QmtlRecord $recorder -NodeId X -Interval 1m -PassThru
        $report.Recorded, $report.Delivered, $report.Queued, $report.Refused, $report.Dropped | Should -Be 1, 1, 0, 0, 0
    }

    It 'returns while the database is down, with what waits in its report, and the next recorder delivers it' {
        $spool = Join-Path $TestDrive 'down'
        $down = New-QmtlRecorder -ConnectionString 'postgresql://me@127.0.0.1:1/d' -Kind PostgreSql -SpoolPath $spool
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        $report = 1..500 | ForEach-Object { @{ ts = 60 * $_; close = 1.0 } } |
            Add-QmtlRecord $down -NodeId X -Interval 1m -PassThru -WarningVariable warned -WarningAction SilentlyContinue
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 15
        $report.Recorded, $report.Queued, $report.SpooledRows, $report.IsAway | Should -Be 500, 500, 500, $true
        "$warned" | Should -BeLike "*500 rows are not delivered yet. They are kept in $($report.SpoolFolder)*the next recorder to the same place. -Wait waits for that."
    }

    It 'ends its wait for a database that is down at the time-out, with an error' {
        $down = New-QmtlRecorder -ConnectionString 'postgresql://me@127.0.0.1:1/d' -Kind PostgreSql -SpoolPath (Join-Path $TestDrive 'timeout')
        $report = @{ ts = 60; close = 1.0 } |
            Add-QmtlRecord $down -NodeId X -Interval 1m -Wait -TimeoutSec 1 -PassThru -WarningAction SilentlyContinue -ErrorVariable failed -ErrorAction SilentlyContinue
        $report.Queued | Should -Be 1
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'DeliveryTimedOut,*'
        "$failed" | Should -BeLike '*1 rows are not delivered yet*-Wait gave it 1 s; -TimeoutSec gives it more.'
    }

    It 'waits until all is delivered with -Wait' {
        1..5000 | ForEach-Object { @{ ts = 60 * $_; close = 1.0 } } | Add-QmtlRecord $recorder -NodeId X -Interval 1m -Wait -TimeoutSec 120
        Get-StoredMinute $stored | Should -HaveCount 5000
    }

    It 'says that -TimeoutSec is nothing without -Wait' {
        { @{ ts = 60; close = 1.0 } | Add-QmtlRecord $recorder -NodeId X -Interval 1m -TimeoutSec 5 } | Should -Throw '*Give -Wait as well*'
    }
}
