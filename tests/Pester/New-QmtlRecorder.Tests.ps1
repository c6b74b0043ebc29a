BeforeDiscovery {
    $noSignals = $IsWindows
}

BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    class Diary {
        [string] $Name = "diary$([guid]::NewGuid().ToString('n'))"
        [System.Collections.Generic.List[string]] $Rows = [System.Collections.Generic.List[string]]::new()
        [string] $Problem
        [void] Persist([string] $nodeId, [object] $interval, [long] $timestamp, [object] $payload) {
            if ($this.Problem) { throw $this.Problem }
            $fields = $payload -is [System.Collections.IDictionary] ? "close $($payload.close)" : $payload
            $this.Rows.Add("$nodeId $interval $timestamp $fields")
        }
    }

    function New-Row([int] $From, [int] $To) {
        $From..$To | ForEach-Object { @{ ts = 60 * $_; close = [double]$_ } }
    }
}

Describe 'New-QmtlRecorder -Path' {
    It 'records into a SQLite file, one table a node' {
        $path = Join-Path $TestDrive 'plain.db'
        $recorder = New-QmtlRecorder $path
        $recorder.DisplayName | Should -BeLike '*plain.db'
        New-Row 1 3 | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        New-Row 1 2 | Add-QmtlRecord $recorder -NodeId Y -Interval 1m
        $recorder.Dispose()
        (Get-QmtlHistory (New-QmtlHistoryProvider $path) X 1m).close | Should -Be 1, 2, 3
        (Get-QmtlHistory (New-QmtlHistoryProvider $path) Y 1m).close | Should -Be 1, 2
    }

    It 'records into one table with -Table' {
        $path = Join-Path $TestDrive 'table.db'
        $recorder = New-QmtlRecorder $path -Table everything
        New-Row 1 3 | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        $recorder.Dispose()
        (Get-QmtlHistory (New-QmtlHistoryProvider $path -Table everything) X 1m).close | Should -Be 1, 2, 3
    }

    It 'takes a path relative to the location' {
        Push-Location $TestDrive
        try {
            $recorder = New-QmtlRecorder here.db -SpoolPath spool
        }
        finally {
            Pop-Location
        }

        $recorder.DisplayName | Should -BeLike "*$(Join-Path $TestDrive 'here.db')"
        $recorder.GetReport().SpoolFolder | Should -BeLike "$(Join-Path $TestDrive 'spool')*"
        $recorder.Dispose()
    }

    It 'can be disposed twice, and takes no rows then' {
        $recorder = New-QmtlRecorder (Join-Path $TestDrive 'twice.db')
        $recorder.Dispose()
        $recorder.Dispose()
        { New-Row 1 1 | Add-QmtlRecord $recorder -NodeId X -Interval 1m } | Should -Throw '*disposed*'
    }
}

Describe 'New-QmtlRecorder -ConnectionString' {
    It 'connects to nothing yet, and never shows the password' {
        $recorder = New-QmtlRecorder -ConnectionString 'postgresql://me:secret@127.0.0.1:1/d'
        ($recorder | Format-List * | Out-String) + $recorder | Should -Not -Match 'secret'
        $recorder.DisplayName | Should -Match '127.0.0.1:1'
        $recorder.Dispose()
    }

    It 'keeps rows while the server is away' {
        $spool = Join-Path $TestDrive 'away'
        $recorder = New-QmtlRecorder -ConnectionString 'postgresql://me:secret@127.0.0.1:1/d' -Kind PostgreSql -SpoolPath $spool
        $stream = New-QmtlStreamInput X -Interval 1m -Period 1
        $payload = ([Qmtl.Payloads.Payload])

        # Recorded without the wait of Add-QmtlRecord, which would last until the server is there.
        1..5 | ForEach-Object { $recorder.Service.Record($stream.Key, 60 * $_, $payload::FromNumber($_)) }

        $report = $recorder.GetReport()
        $report.Recorded, $report.Queued, $report.SpooledRows, $report.Dropped | Should -Be 5, 5, 5, 0
    }

    It 'warns of rows that are left when it is disposed while the server is away' {
        $recorder = New-QmtlRecorder -ConnectionString 'postgresql://me:secret@127.0.0.1:1/d' -Kind PostgreSql -SpoolPath (Join-Path $TestDrive 'closed')
        $stream = New-QmtlStreamInput X -Interval 1m -Period 1
        1..5 | ForEach-Object { $recorder.Service.Record($stream.Key, 60 * $_, ([Qmtl.Payloads.Payload])::FromNumber($_)) }
        $warned = & { $recorder.Dispose() } 3>&1
        "$($warned[-1])" | Should -BeLike "*127.0.0.1:1*5 rows are not delivered (*refused*kept in $($recorder.GetReport().SpoolFolder);*"
        "$warned" | Should -Not -Match 'secret'
    }

    It 'refuses what is no connection string' {
        { New-QmtlRecorder -ConnectionString 'postgresql://host:port/d' } | Should -Throw -ErrorId 'InvalidValue,*'
    }
}

Describe 'New-QmtlRecorder -InputObject' {
    It 'records into an object of a PowerShell class, on the pipeline thread' {
        $diary = [Diary]::new()
        $recorder = New-QmtlRecorder -InputObject $diary
        New-Row 1 250 | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        $diary.Rows | Should -HaveCount 250
        $diary.Rows[0], $diary.Rows[-1] | Should -Be 'X 1m 60 close 1', 'X 1m 15000 close 250'
        $recorder.Dispose()
    }

    It 'gives a row of nothing but a value as that value' {
        $diary = [Diary]::new()
        @{ ts = 60; value = 1.5 } | Add-QmtlRecord $diary -NodeId X -Interval 1m
        $diary.Rows | Should -Be 'X 1m 60 1.5'
    }

    It 'records what a strategy processes, and everything is there when the run ends' {
        $diary = [Diary]::new()
        $node = New-QmtlNode n { 1 } -InputObject (New-TestStream -Bars 500 -Recorder $diary)
        $null = Invoke-TestStrategy $node 500
        $diary.Rows | Should -HaveCount 500
        $diary.Rows[-1] | Should -Be 'X 1m 30000 close 500'
    }

    It 'delivers what is left when it is disposed' {
        $diary = [Diary]::new()
        $recorder = New-QmtlRecorder -InputObject $diary
        $stream = New-QmtlStreamInput X -Interval 1m -Period 1
        $recorder.Service.Record($stream.Key, 60, ([Qmtl.Payloads.Payload])::FromNumber(7))
        $diary.Rows | Should -BeNullOrEmpty -Because 'no Qmtl command has run since'
        $recorder.Dispose()
        $diary.Rows | Should -Be 'X 1m 60 7'
    }

    It 'warns of rows that its object refuses, and keeps them' {
        $diary = [Diary]::new()
        $diary.Problem = 'not today'
        $recorder = New-QmtlRecorder -InputObject $diary
        $report = New-Row 1 3 | Add-QmtlRecord $recorder -NodeId X -Interval 1m -PassThru -WarningVariable warned -WarningAction SilentlyContinue
        $report.Refused, $report.Delivered | Should -Be 3, 0
        "$warned" | Should -BeLike "*$($diary.Name) refuses * rows of X 1m*not today*Add-QmtlRecord delivers them*"
        Get-ChildItem $report.SpoolFolder -Filter *.refused | Should -Not -BeNullOrEmpty
        $recorder.Dispose()
    }

    It 'has its refused rows delivered by Add-QmtlRecord, once the cause is removed, with all that they were' {
        $diary = [Diary]::new()
        $diary.Problem = 'not today'
        $recorder = New-QmtlRecorder -InputObject $diary
        New-Row 1 2 | Add-QmtlRecord $recorder -NodeId X -Interval 1m -WarningAction SilentlyContinue
        $null = [pscustomobject]@{ ts = 3600; whole = 9007199254740993; odd = [double]::NegativeInfinity; open_now = $true; note = "a`n2"; day = '2024-01-01T00:00:00Z' } |
            Add-QmtlRecord $recorder -NodeId 'Größe' -Interval 1h -WarningAction SilentlyContinue -WarningVariable warned
        "$warned" -match "Get-Content -LiteralPath '[^']*\.refused' \| ConvertFrom-Json -DateKind String \| Add-QmtlRecord" | Should -BeTrue
        $file = (Get-ChildItem $recorder.GetReport().SpoolFolder -Filter *.refused).FullName
        "$warned" | Should -BeLike "*$file*"
        Get-Content "$file.txt" | Should -BeLike '* refuses * rows of *: not today*'

        $diary.Problem = ''
        Get-Content $file | ConvertFrom-Json -DateKind String | Add-QmtlRecord $recorder -WarningVariable warned
        $warned | Should -BeNullOrEmpty
        $diary.Rows[0..1] | Should -Be 'X 1m 60 close 1', 'X 1m 120 close 2'

        $path = Join-Path $TestDrive 'retried.db'
        $store = New-QmtlRecorder -Path $path
        Get-Content $file | ConvertFrom-Json -DateKind String | Add-QmtlRecord $store
        $store.Dispose()
        $recorder.Dispose()
        $bar = Get-QmtlHistory (New-QmtlHistoryProvider $path) 'Größe' 1h
        $bar.whole | Should -Be 9007199254740993
        $bar.odd, [bool]$bar.open_now, $bar.note, $bar.day | Should -Be ([double]::NegativeInfinity), $true, "a`n2", '2024-01-01T00:00:00Z'
    }

    It 'has refused rows delivered with columns of any name and type' {
        $store = New-QmtlRecorder -Path ($path = Join-Path $TestDrive 'named.db')
        @(
            '{"node_id":"X","interval":"1m","ts":60,"payload":{"time":5,"NodeId":"a","odd":2.0,"note":"N/A","close":3}}'
            '{"node_id":"X","interval":"1m","ts":120,"payload":{"time":6,"NodeId":"","odd":1e3,"note":"7","close":null}}'
        ) | ConvertFrom-Json -DateKind String | Add-QmtlRecord $store -WarningVariable warned
        '{"node_id":"X","interval":"1m","ts":61,"payload":{"a":1}}' | ConvertFrom-Json | Add-QmtlRecord $store -ErrorVariable failed -ErrorAction SilentlyContinue
        $store.Dispose()
        $warned | Should -BeNullOrEmpty
        "$failed" | Should -BeLike '*1m*'
        Get-QmtlHistory (New-QmtlHistoryProvider $path) X 1m | ForEach-Object {
            $_.psobject.Properties.Where({ $_.Name -ne 'Timestamp' }).ForEach({ "$($_.Name) $(if ($null -ne $_.Value) { $_.Value.GetType().Name }) $($_.Value)" }) -join ', '
        } | Should -Be 'time Int64 5, NodeId String a, odd Double 2, note String N/A, close Int64 3', 'time Int64 6, NodeId String , odd Double 1000, note String 7, close  '
    }

    It 'takes refused rows of an earlier version, whose file begins with a line of its own' {
        $file = [System.IO.Path]::Combine($PSScriptRoot, '..', 'Unit', 'Recording', 'Data', 'spool-of-3ad251e', '05024655c12e6591', '*.refused')
        $recorder = New-QmtlRecorder -Path (Join-Path $TestDrive 'earlier.db')
        Get-Content $file | ConvertFrom-Json -DateKind String | Where-Object node_id | Add-QmtlRecord $recorder -PassThru | ForEach-Object Delivered | Should -Be 2
        $recorder.Dispose()
        $bars = @(Get-QmtlHistory (New-QmtlHistoryProvider (Join-Path $TestDrive 'earlier.db')) REFUSED 1m)
        $bars.Timestamp.ToUnixTimeSeconds() | Should -Be 60, 120
        $bars[0].id, $bars[1].note | Should -Be ([long]::MaxValue), '2024-01-01T00:00:00Z'
    }

    It 'gives the rows beside one that its object refuses once each' {
        $diary = [Diary]::new()
        $diary | Add-Member -Force ScriptMethod Persist {
            param($nodeId, $interval, $timestamp, $payload)
            $this.Rows.Add("$timestamp")
            if ($timestamp -eq 300) { throw 'not this one' }
        }
        New-Row 1 9 | Add-QmtlRecord $diary -NodeId X -Interval 1m -WarningAction SilentlyContinue -PassThru | ForEach-Object Refused | Should -Be 1
        $diary.Rows | Should -Be (1..9 | ForEach-Object { "$(60 * $_)" })
    }

    It 'refuses an object without Persist' {
        { New-QmtlRecorder -InputObject ([pscustomobject]@{ a = 1 }) } | Should -Throw '*no Persist(nodeId, interval, timestamp, payload) method*'
    }
}

Describe 'a shell that ends' {
    It 'after Add-QmtlRecord, without Dispose, loses nothing' {
        $path = Join-Path $TestDrive 'left.db'
        $shell = Invoke-Shell @"
Import-Module '$QmtlModule'
`$recorder = New-QmtlRecorder '$path'
1..2500 | ForEach-Object { @{ ts = 60 * `$_; close = 1.0 } } | Add-QmtlRecord `$recorder -NodeId X -Interval 1m
Remove-Module Qmtl
exit
"@
        $shell.ExitCode | Should -Be 0 -Because $shell.Output
        Get-StoredMinute (New-QmtlHistoryProvider $path) | Should -HaveCount 2500
    }

    It 'by kill -9 in the middle of a pipeline loses no row piped before' -Skip:$noSignals {
        $path = Join-Path $TestDrive 'midway.db'
        $shell = Invoke-Shell @"
Import-Module '$QmtlModule'
`$recorder = New-QmtlRecorder '$path'
1..501 | ForEach-Object { if (`$_ -eq 501) { & /bin/kill -KILL `$PID; Start-Sleep 60 }; @{ ts = 60 * `$_; close = 1.0 } } | Add-QmtlRecord `$recorder -NodeId X -Interval 1m
"@
        $shell.ExitCode | Should -Not -Be 0
        $recorder = New-QmtlRecorder $path
        @{ ts = 60 * 501; close = 1.0 } | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        $recorder.Dispose()
        Get-StoredMinute (New-QmtlHistoryProvider $path) | Should -Be (1..501)
    }

    It 'by kill -9 with 10,000 rows queued loses none: the next recorder delivers them' -Skip:$noSignals {
        $path = Join-Path $TestDrive 'killed.db'
        $shell = Invoke-Shell @"
Import-Module '$QmtlModule'
`$null = New-Item -ItemType Directory '$path'
`$recorder = New-QmtlRecorder '$path'
`$stream = New-QmtlStreamInput X -Interval 1m -Period 1
`$payload = [Qmtl.Payloads.Payload]
1..10000 | ForEach-Object { `$recorder.Service.Record(`$stream.Key, 60 * `$_, `$payload::FromNumber(`$_)) }
& /bin/kill -KILL `$PID
"@
        $shell.ExitCode | Should -Not -Be 0
        Remove-Item -LiteralPath $path
        $recorder = New-QmtlRecorder $path
        @{ ts = 600060; value = 10001.0 } | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        $recorder.Dispose()
        $bars = @(Get-QmtlHistory (New-QmtlHistoryProvider $path) X 1m)
        $bars | Should -HaveCount 10001
        $bars[0].value, $bars[-1].value | Should -Be 1, 10001
    }
}
