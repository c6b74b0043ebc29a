BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    class Scribe {
        [string] $Name = "scribe$([guid]::NewGuid().ToString('n'))"
        [void] Persist([string] $nodeId, [object] $interval, [long] $timestamp, [object] $payload) { }
    }

    # Runs a strategy's first 20 minutes, or records a row, in another runspace while this one does nothing but wait; at most a minute.
    $runStrategy = { param($Strategy) Invoke-QmtlStrategy $Strategy -Start 60 -End 1200 }
    $addRecord = { param($Recorder) @{ ts = 60; close = 1.0 } | Add-QmtlRecord $Recorder -NodeId X -Interval 1m }
    function Invoke-Elsewhere([scriptblock] $Script, [object] $Argument) {
        $job = Start-ThreadJob -ArgumentList $QmtlRoot, $Script.ToString(), $Argument -ScriptBlock {
            Import-Module (Join-Path $args[0] 'Qmtl.psd1')
            & ([scriptblock]::Create($args[1])) $args[2]
        }
        try {
            $ended = Wait-Job $job -Timeout 60
            $output = @(Receive-Job $job -ErrorVariable failed -ErrorAction SilentlyContinue 3>$null)
            [pscustomobject]@{ HasEnded = [bool]$ended; Output = $output; Problem = "$failed" }
        }
        finally {
            Remove-Job $job -Force
        }
    }

    function New-TestStrategy([object] $Recorder) {
        $node = New-QmtlNode n -InputObject (New-TestStream -Bars 20 -Recorder $Recorder) { $_['X'].GetValue('close') }
        New-QmtlStrategy test $node
    }

    # A strategy without script, so that any runspace can run it.
    function New-TestStreamStrategy([object] $Recorder) {
        New-QmtlStrategy test (New-TestStream -Bars 20 -Recorder $Recorder)
    }
}

Describe 'a strategy with script nodes in another runspace' {
    It 'ends with one clear error in a thread job' {
        $run = Invoke-Elsewhere $runStrategy (New-TestStrategy)
        $run.HasEnded | Should -BeTrue
        $run.Problem | Should -BeLike "The script of the node 'n' belongs to another runspace*New-QmtlNode inside the thread job*"
        $run.Output | Should -BeNullOrEmpty
    }

    It 'ends with one clear error in a [powershell] object' {
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript("Import-Module '$QmtlRoot/Qmtl.psd1'; Invoke-QmtlStrategy `$args[0] -Start 60").AddArgument((New-TestStrategy))
            $shell.Invoke() | Should -BeNullOrEmpty
            "$($shell.Streams.Error)" | Should -BeLike '*belongs to another runspace*'
        }
        finally {
            $shell.Dispose()
        }
    }

    It 'ends with one clear error where the runspace that made it is closed' {
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$QmtlRoot/Qmtl.psd1'; New-QmtlStrategy test (New-QmtlNode n { 1 } -InputObject (New-QmtlStreamInput X -Interval 1m -Period 1))")
        $strategy = $shell.Invoke()[0]
        $shell.Dispose()
        { Invoke-QmtlStrategy $strategy -Offline } | Should -Throw '*belongs to another runspace*'
    }

    It 'ends with one clear error in another process, which gets a copy without code' {
        $job = Start-Job -ArgumentList $QmtlRoot, (New-TestStrategy) -ScriptBlock {
            Import-Module (Join-Path $args[0] 'Qmtl.psd1')
            Invoke-QmtlStrategy $args[1] -Offline
        }
        { $job | Receive-Job -Wait -AutoRemoveJob -ErrorAction Stop } | Should -Throw '*copy without its code*'
    }

    It 'runs where it is made, many at once, into one recorder' {
        $path = Join-Path $TestDrive 'parallel.db'
        $recorder = New-QmtlRecorder (Join-Path $TestDrive 'recorded.db')
        $null = Invoke-QmtlBackfill (New-QmtlHistoryProvider $path -Fetcher (New-QmtlFetcher -Name s -ScriptBlock $EveryBar)) X 1m 60 1200
        $sums = 1..3 | ForEach-Object -ThrottleLimit 3 -Parallel {
            Import-Module (Join-Path $using:QmtlRoot 'Qmtl.psd1')
            $stream = New-QmtlStreamInput X -Interval 1m -Period 1 -HistoryProvider (New-QmtlHistoryProvider $using:path) -Recorder $using:recorder
            $node = New-QmtlNode n -InputObject $stream { $_['X'].GetValue('close') }
            (Invoke-QmtlStrategy (New-QmtlStrategy test $node) -Start 60 -End 1200 | Measure-Object -Property Value -Sum).Sum
        }
        $recorder.Dispose()
        $sums | Should -Be 210, 210, 210
        Get-StoredMinute (New-QmtlHistoryProvider (Join-Path $TestDrive 'recorded.db')) | Should -Be (1..20)
    }
}

Describe 'a recorder in another runspace than its own' {
    It 'records, and the run ends' {
        $path = Join-Path $TestDrive 'there.db'
        $recorder = New-QmtlRecorder $path
        $run = Invoke-Elsewhere $runStrategy (New-TestStreamStrategy $recorder)
        $recorder.Dispose()
        $run.HasEnded, $run.Problem | Should -Be $true, ''
        Get-StoredMinute (New-QmtlHistoryProvider $path) | Should -Be (1..20)
    }

    It 'that is script is refused with one clear error' {
        $recorder = New-QmtlRecorder -InputObject ([Scribe]::new())
        foreach ($run in (Invoke-Elsewhere $runStrategy (New-TestStreamStrategy $recorder)), (Invoke-Elsewhere $addRecord $recorder)) {
            $run.HasEnded | Should -BeTrue
            $run.Problem | Should -BeLike 'The recorder scribe* is script of another runspace*'
        }

        $recorder.GetReport().Recorded | Should -Be 0
        $recorder.Dispose()
    }

    It 'whose store is away warns whoever waits, at once where it was away before, and the wait can be stopped' {
        $recorder = New-QmtlRecorder -ConnectionString 'postgresql://me@127.0.0.1:1/d' -Kind PostgreSql -SpoolPath (Join-Path $TestDrive 'away')
        $strategy = New-TestStreamStrategy $recorder
        foreach ($script in $runStrategy, $addRecord) {
            # One command: a stopped batch of several (AddStatement) can end the process, a fault of PowerShell 7.6.
            $shell = [powershell]::Create()
            try {
                $null = $shell.AddScript("Import-Module '$QmtlRoot/Qmtl.psd1'; & { $script } `$args[0]").AddArgument($script -eq $addRecord ? $recorder : $strategy)
                $running = $shell.BeginInvoke()
                $patience = [System.Diagnostics.Stopwatch]::StartNew()
                while (-not $shell.Streams.Warning.Count -and $patience.Elapsed.TotalSeconds -lt 60) {
                    Start-Sleep -Milliseconds 50
                }

                $running.IsCompleted | Should -BeFalse
                "$($shell.Streams.Warning)" | Should -BeLike '*127.0.0.1:1*cannot take rows now*kept and delivered when it is back*'
                $shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne(30000) | Should -BeTrue
            }
            finally {
                $shell.Dispose()
            }
        }

        $recorder.GetReport().SpooledRows | Should -Be 21
    }
}
