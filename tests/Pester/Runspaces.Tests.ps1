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
        $job = Start-ThreadJob -ArgumentList $QmtlModule, $Script.ToString(), $Argument -ScriptBlock {
            Import-Module $args[0]
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
        $run.Problem | Should -BeLike "The script of the node 'n' is script of another runspace*inside the thread job*"
        $run.Output | Should -BeNullOrEmpty
    }

    It 'ends with one clear error in a [powershell] object' {
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript("Import-Module '$QmtlModule'; Invoke-QmtlStrategy `$args[0] -Start 60").AddArgument((New-TestStrategy))
            $shell.Invoke() | Should -BeNullOrEmpty
            "$($shell.Streams.Error)" | Should -BeLike '*is script of another runspace*'
        }
        finally {
            $shell.Dispose()
        }
    }

    It 'ends with one clear error where the runspace that made it is closed' {
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$QmtlModule'; New-QmtlStrategy test (New-QmtlNode n { 1 } -InputObject (New-QmtlStreamInput X -Interval 1m -Period 1))")
        $strategy = $shell.Invoke()[0]
        $shell.Dispose()
        { Invoke-QmtlStrategy $strategy -Offline } | Should -Throw '*is script of another runspace*'
    }

    It 'ends with one clear error in another process, which gets a copy without code' {
        $job = Start-Job -ArgumentList $QmtlModule, (New-TestStrategy) -ScriptBlock {
            Import-Module $args[0]
            Invoke-QmtlStrategy $args[1] -Offline
        }
        { $job | Receive-Job -Wait -AutoRemoveJob -ErrorAction Stop } | Should -Throw '*copy without its code*'
    }

    It 'runs where it is made, many at once, into one recorder' {
        $path = Join-Path $TestDrive 'parallel.db'
        $recorder = New-QmtlRecorder (Join-Path $TestDrive 'recorded.db')
        $null = Invoke-QmtlBackfill (New-QmtlHistoryProvider $path -Fetcher (New-QmtlFetcher -Name s -ScriptBlock $EveryBar)) X 1m 60 1200
        $sums = 1..3 | ForEach-Object -ThrottleLimit 3 -Parallel {
            Import-Module $using:QmtlModule
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
            $run.Problem | Should -BeLike '*is script of another runspace*'
        }

        $recorder.GetReport().Recorded | Should -Be 0
        $recorder.Dispose()
    }

    It 'whose store is away keeps nobody waiting, and says what waits' {
        $recorder = New-QmtlRecorder -ConnectionString 'postgresql://me@127.0.0.1:1/d' -Kind PostgreSql -SpoolPath (Join-Path $TestDrive 'away')
        $strategy = New-TestStreamStrategy $recorder
        foreach ($script in $runStrategy, $addRecord) {
            $shell = [powershell]::Create()
            try {
                $null = $shell.AddScript("Import-Module '$QmtlModule'; & { $script } `$args[0]").AddArgument($script -eq $addRecord ? $recorder : $strategy)
                $running = $shell.BeginInvoke()
                $running.AsyncWaitHandle.WaitOne(60000) | Should -BeTrue

                # That the store is away may be found, and told, only after the command has gone on.
                "$($shell.Streams.Warning)" | Should -BeLike '*127.0.0.1:1*rows are not delivered yet. They are kept in*'
            }
            finally {
                $shell.Dispose()
            }
        }

        $recorder.GetReport().SpooledRows | Should -Be 21
    }
}

Describe 'script that gives bars, in another runspace than its own' {
    BeforeAll {
        class Giver {
            [string] $Name = 'giver'
            [object[]] Rows([long] $start, [long] $end) { return $(for (; $start -le $end; $start += 60) { @{ ts = $start; close = 1.0 } }) }
            [object[]] Fetch([long] $start, [long] $end, [string] $nodeId, [object] $interval) { return $this.Rows($start, $end) }
            [object[]] Coverage([string] $nodeId, [object] $interval) { return @() }
            [void] FillMissing([long] $start, [long] $end, [string] $nodeId, [object] $interval) { }
        }

        class GivesStrategy {
            [object[]] Setup() { return @() }
        }

        $refusal = '*is script of another runspace and can run only there. Make it where it is used: inside the thread job*'
        $giver = [Giver]::new()
        $member = [pscustomobject]@{ Name = 'member' } | Add-Member ScriptMethod Fetch { } -PassThru | Add-Member ScriptMethod Coverage { } -PassThru
        $block = { param($start, $end) for (; $start -le $end; $start += 60) { @{ ts = $start; close = 1.0 } } }
    }

    It 'is refused a hundred times of a hundred in parallel blocks, as an object and as a source made before, and nothing is learnt as empty' {
        $source = New-QmtlFetcher -InputObject $giver
        $told = 1..100 | ForEach-Object -ThrottleLimit 8 -Parallel {
            Import-Module $using:QmtlModule
            $path = Join-Path $using:TestDrive "parallel$_.db"
            try {
                $what = $_ % 2 ? $using:giver : $using:source
                $outcome = Invoke-QmtlBackfill (New-QmtlHistoryProvider $path -Fetcher $what) X 1m 60 1200 -ErrorAction SilentlyContinue
                "$($outcome.Status) $($outcome.BarsWritten) $($outcome.BarsEmpty) $($outcome.Error)"
            }
            catch {
                "Failed 0 0 $_"
            }
        }
        $told.Count | Should -Be 100
        $told | Where-Object { $_ -notlike "Failed 0 0 $refusal" } | Should -BeNullOrEmpty
        Get-ChildItem $TestDrive -Filter 'parallel*.db' | Should -BeNullOrEmpty
    }

    It 'is refused in a thread job as <What>' -ForEach @(
        @{ What = 'a source'; Value = { $giver }; Do = { param($it) Invoke-QmtlBackfill (New-QmtlHistoryProvider (New-TemporaryFile) -Fetcher $it) X 1m 60 120 } }
        @{ What = 'a source of script methods'; Value = { $member }; Do = { param($it) New-QmtlFetcher -InputObject $it } }
        @{ What = 'a script block'; Value = { $block }; Do = { param($it) Invoke-QmtlBackfill (New-QmtlHistoryProvider (New-TemporaryFile) -Fetcher $it) X 1m 60 120 -ErrorAction Stop } }
        @{ What = 'a provider that is asked for its coverage'; Value = { $giver }; Do = { param($it) Get-QmtlCoverage $it X 1m } }
        @{ What = 'a provider of script methods'; Value = { $member }; Do = { param($it) Get-QmtlHistory $it X 1m } }
        @{ What = 'a provider whose gaps are filled'; Value = { $giver }; Do = { param($it) Invoke-QmtlBackfill $it X 1m 60 120 } }
        @{ What = 'the provider of a stream'; Value = { New-QmtlStreamInput X -Interval 1m -Period 3 -HistoryProvider $giver }; Do = { param($it) Initialize-QmtlHistory $it -ErrorAction Stop } }
        @{ What = 'a strategy'; Value = { [GivesStrategy]::new() }; Do = { param($it) Invoke-QmtlStrategy $it -Offline } }
        @{ What = 'the script of a node made there'; Value = { $block }; Do = { param($it) Invoke-QmtlStrategy (New-QmtlNode n $it -InputObject (New-QmtlStreamInput X -Interval 1m -Period 1)) -Offline } }
    ) {
        $run = Invoke-Elsewhere $Do (& $Value)
        $run.HasEnded | Should -BeTrue
        $run.Problem | Should -BeLike $refusal
    }

    It 'runs where it belongs to no runspace' {
        $made = Invoke-Elsewhere { param($it) (Invoke-QmtlBackfill (New-QmtlHistoryProvider "$(New-TemporaryFile).db" -Fetcher $it) X 1m 60 120).BarsWritten } ([scriptblock]::Create("$block"))
        $made.Problem | Should -BeNullOrEmpty
        $made.Output | Should -Be 2
    }
}
