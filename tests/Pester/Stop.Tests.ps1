BeforeDiscovery {
    # A terminal's Ctrl-C is SIGINT; Windows has no way to send one to a single child.
    $noSignals = $IsWindows
}

BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # Left alone, each of these would go on for a minute or more. A second is what is promised; a busy machine gets more.
    $soon = 5000

    # Runs script in a shell of its own, sends Ctrl-C once it has written 'ready', and tells what it then wrote and did.
    function Stop-Shell([string] $Script) {
        $file = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).ps1"
        Set-Content -LiteralPath $file -Value @"
`$ErrorActionPreference = 'Stop'
`$ProgressPreference = 'SilentlyContinue'
Import-Module '$QmtlModule'
try {
$Script
    [Console]::Out.WriteLine('went on')
}
finally {
    [Console]::Out.WriteLine('stopped ' + [System.DateTimeOffset]::UtcNow.ToUnixTimeMilliseconds())
}
"@
        $start = [System.Diagnostics.ProcessStartInfo]::new((Join-Path $PSHOME 'pwsh'), [string[]]('-NoProfile', '-NonInteractive', '-File', $file))
        $start.RedirectStandardOutput = $true
        $start.RedirectStandardError = $true
        $process = [System.Diagnostics.Process]::Start($start)
        try {
            do {
                $line = $process.StandardOutput.ReadLineAsync().WaitAsync([timespan]::FromMinutes(2)).GetAwaiter().GetResult()
            } until ($line -eq 'ready' -or $null -eq $line)

            if ($line -ne 'ready') {
                throw "The shell ended before it was ready: $($process.StandardError.ReadToEnd())"
            }

            $sent = [System.DateTimeOffset]::UtcNow.ToUnixTimeMilliseconds()
            & /bin/kill -INT $process.Id
            $rest = $process.StandardOutput.ReadToEndAsync().WaitAsync([timespan]::FromMinutes(2)).GetAwaiter().GetResult()
            $process.WaitForExit()
            [pscustomobject]@{
                Rest         = $rest
                Milliseconds = $rest -match 'stopped (\d+)' ? [long]$Matches[1] - $sent : [long]::MaxValue
            }
        }
        finally {
            if (-not $process.HasExited) {
                $process.Kill($true)
            }

            $process.Dispose()
        }
    }
}

Describe 'Ctrl-C' -Skip:$noSignals {
    BeforeEach {
        $path = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).db"
    }

    It 'stops a script block that is at work, and keeps the pages before it' {
        $run = Stop-Shell @"
    `$source = New-QmtlFetcher -Name s -BarsPerRequest 100 -ScriptBlock {
        param(`$start, `$end)
        if (`$start -ge 12000) {
            while ((Get-QmtlCoverage -Provider (New-QmtlHistoryProvider -Path '$path')).Bars -lt 200) { Start-Sleep -Milliseconds 20 }
            [Console]::Out.WriteLine('ready')
            Start-Sleep -Seconds 60
        }

        for (; `$start -le `$end; `$start += 60) { @{ ts = `$start; close = `$start / 60 } }
    }
    Invoke-QmtlBackfill (New-QmtlHistoryProvider -Path '$path' -Fetcher `$source) X 1m 0 59940 -ThrottleLimit 1
"@
        $run.Rest | Should -Not -Match 'went on'
        $run.Milliseconds | Should -BeLessThan $soon

        $provider = New-QmtlHistoryProvider -Path $path -Fetcher (New-QmtlFetcher -Name s -BarsPerRequest 100 -ScriptBlock $EveryBar)
        (Get-QmtlCoverage $provider).Bars | Should -Be 200
        $result = Invoke-QmtlBackfill $provider X 1m 0 59940
        $result.Status, $result.BarsWritten | Should -Be Completed, 800
        Get-StoredMinute $provider | Should -Be (0..999)
    }

    It 'stops the wait for a retry' {
        $run = Stop-Shell @"
    `$source = New-QmtlFetcher -ScriptBlock {
        [Console]::Out.WriteLine('ready')
        throw [System.TimeoutException]::new('slow')
    }
    Invoke-QmtlBackfill (New-QmtlHistoryProvider -Path '$path' -Fetcher `$source) X 1m 0 59940 -MaxRetries 100
"@
        $run.Rest | Should -Not -Match 'went on'
        $run.Milliseconds | Should -BeLessThan $soon
        $path | Should -Not -Exist
    }

    It 'stops a request to an exchange that does not answer' {
        $exchange = Start-TestExchange -Latency ([timespan]::FromMinutes(1))
        try {
            $run = Stop-Shell @"
    `$provider = New-QmtlHistoryProvider -Path '$path' -Fetcher (New-QmtlFetcher -Binance -BaseUri $($exchange.BaseUri))
    Invoke-QmtlBackfill `$provider BTCUSDT 1m -Start 2024-01-01 -End 2024-01-02 -Verbose 4>&1 |
        ForEach-Object { if ("`$_" -match 'requests planned') { [Console]::Out.WriteLine('ready') } }
"@
        }
        finally {
            $exchange.DisposeAsync().AsTask().Wait()
        }

        $run.Rest | Should -Not -Match 'went on'
        $run.Milliseconds | Should -BeLessThan $soon
        $path | Should -Not -Exist
    }

    It 'stops .NET code that does not listen' {
        $run = Stop-Shell @"
    Add-Type -TypeDefinition 'public class Deaf { public object[] Fetch(long start, long end, string nodeId, string interval) { System.Console.WriteLine("ready"); System.Threading.Thread.Sleep(60000); return null; } }'
    Invoke-QmtlBackfill (New-QmtlHistoryProvider -Path '$path' -Fetcher ([Deaf]::new())) X 1m 0 59940
"@
        $run.Rest | Should -Not -Match 'went on'
        $run.Milliseconds | Should -BeLessThan $soon
    }

    It 'stops a read' {
        $provider = New-QmtlHistoryProvider -Path $path -Fetcher (New-QmtlFetcher -ScriptBlock $EveryBar -BarsPerRequest 10000)
        $null = Invoke-QmtlBackfill $provider X 1m 0 2999940
        $run = Stop-Shell @"
    `$provider = New-QmtlHistoryProvider -Path '$path'
    `$told = `$false
    while (`$true) {
        Get-QmtlHistory `$provider X 1m | ForEach-Object { if (-not `$told) { `$told = `$true; [Console]::Out.WriteLine('ready') } }
    }
"@
        $run.Rest | Should -Not -Match 'went on'
        $run.Milliseconds | Should -BeLessThan $soon
    }

    It 'stops a script node that is at work, and what was processed is recorded' {
        $provider = New-QmtlHistoryProvider -Path $path -Fetcher (New-QmtlFetcher -Name s -ScriptBlock $EveryBar)
        $null = Invoke-QmtlBackfill $provider X 1m 0 6000
        $run = Stop-Shell @"
    `$env:XDG_STATE_HOME = '$TestDrive'
    `$recorder = New-QmtlRecorder '$path.recorded'
    `$stream = New-QmtlStreamInput X -Interval 1m -Period 3 -HistoryProvider (New-QmtlHistoryProvider '$path') -Recorder `$recorder
    `$node = New-QmtlNode n -InputObject `$stream {
        if (`$_['X'].GetValue('close') -eq 50) {
            [Console]::Out.WriteLine('ready')
            Start-Sleep -Seconds 60
        }
    }
    Invoke-QmtlStrategy (New-QmtlStrategy s `$node) -Offline -Start 0
"@
        $run.Rest | Should -Not -Match 'went on'
        $run.Milliseconds | Should -BeLessThan $soon

        # Delivered before the end, or by the next recorder to the same place.
        $recorder = New-QmtlRecorder "$path.recorded" -SpoolPath ([System.IO.Path]::Combine($TestDrive, 'qmtl', 'spool'))
        @{ ts = 6000; close = 100.0 } | Add-QmtlRecord $recorder -NodeId X -Interval 1m
        $recorder.Dispose()
        Get-StoredMinute (New-QmtlHistoryProvider "$path.recorded") | Select-Object -SkipLast 1 | Should -Be (0..50)
    }

    It 'stops a strategy that follows, tells how far it came, and what was processed is recorded' {
        $run = Stop-Shell @"
    `$env:XDG_STATE_HOME = '$TestDrive'
    `$source = New-QmtlFetcher -Name s -ScriptBlock {
        param(`$start, `$end)
        for (; `$start -le `$end; `$start++) { @{ ts = `$start; close = [double]`$start } }
    }
    `$began = [DateTimeOffset]::UtcNow
    `$recorder = New-QmtlRecorder '$path.recorded'
    `$stream = New-QmtlStreamInput X -Interval 1s -Period 3 -HistoryProvider (New-QmtlHistoryProvider '$path' -Fetcher `$source) -Recorder `$recorder
    `$seen = 0
    New-QmtlNode n { `$_['X'].GetValue('close') } -InputObject `$stream | Invoke-QmtlStrategy -Follow | ForEach-Object {
        if (`$_.Time -gt `$began -and ++`$seen -eq 2) { [Console]::Out.WriteLine('ready') }
    }
"@
        $run.Rest | Should -Not -Match 'went on'
        $bars = [regex]::Match($run.Rest, "The strategy 'n' was followed: (\d+) bars, \1 results, 0 late bars\.").Groups[1].Value
        $bars | Should -Not -BeNullOrEmpty
        $run.Milliseconds | Should -BeLessThan $soon

        $recorder = New-QmtlRecorder "$path.recorded" -SpoolPath ([System.IO.Path]::Combine($TestDrive, 'qmtl', 'spool'))
        @{ ts = 6000; close = 100.0 } | Add-QmtlRecord $recorder -NodeId X -Interval 1s
        $recorder.Dispose()
        $seconds = @(Get-QmtlHistory (New-QmtlHistoryProvider "$path.recorded") X 1s).Timestamp.ToUnixTimeSeconds() | Select-Object -Skip 1
        $seconds | Should -HaveCount $bars
        $seconds[-1] - $seconds[0] | Should -Be ($bars - 1) -Because 'no bar is left out'
    }

    It 'stops a wait for a recorder''s store' {
        $run = Stop-Shell @"
    `$env:XDG_STATE_HOME = '$TestDrive'
    `$recorder = New-QmtlRecorder -ConnectionString 'postgresql://me@127.0.0.1:1/d' -Kind PostgreSql
    @{ ts = 60; close = 1.0 } | Add-QmtlRecord `$recorder -NodeId X -Interval 1m -Wait -TimeoutSec 600 3>&1 | ForEach-Object { [Console]::Out.WriteLine('ready') }
"@
        $run.Rest | Should -Not -Match 'went on'
        $run.Milliseconds | Should -BeLessThan $soon
    }
}
