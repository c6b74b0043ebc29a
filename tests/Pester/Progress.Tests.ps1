BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # Twenty days of minutes of two symbols, a page of a day at a time: some seconds, and so some pictures.
    $Run = @'
        $fetcher = New-QmtlFetcher -Binance -BaseUri $BaseUri -BarsPerRequest 1000
        $provider = New-QmtlHistoryProvider -Path $Path -Fetcher $fetcher
        'BTCUSDT', 'ETHUSDT' |
            ForEach-Object { [pscustomobject]@{ Provider = $provider; NodeId = $_; Interval = '1m'; Start = '2024-01-01'; End = '2024-01-20T23:59' } } |
            Invoke-QmtlBackfill -ThrottleLimit 2
'@

    # Runs it in a runspace of its own, whose host shows nothing and keeps every record.
    function Get-ProgressRecord([string] $Before = '') {
        $exchange = Start-TestExchange -Latency ([timespan]::FromMilliseconds(150))
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript("Import-Module '$QmtlModule'; `$BaseUri = '$($exchange.BaseUri)'; `$Path = '$TestDrive/$([guid]::NewGuid().ToString('n')).db'; $Before; $Run")
            $results = $shell.Invoke()
            $shell.Streams.Error | Should -BeNullOrEmpty
            $results | ForEach-Object { $_.BarsWritten + $_.BarsEmpty } | Should -Be 28800, 28800
            @($shell.Streams.Progress) | Where-Object Activity -NE 'Preparing modules for first use.'
        }
        finally {
            $shell.Dispose()
            $exchange.DisposeAsync().AsTask().Wait()
        }
    }
}

Describe 'progress' {
    BeforeAll {
        $records = Get-ProgressRecord
        $overall = $records | Where-Object { $_.ParentActivityId -lt 0 -and $_.RecordType -eq 'Processing' }
        $streams = $records | Where-Object { $_.ParentActivityId -ge 0 -and $_.RecordType -eq 'Processing' }
    }

    It 'is one bar for the run, and a bar below it for each stream' {
        $overall.ActivityId | Sort-Object -Unique | Should -HaveCount 1
        $overall.Activity | Sort-Object -Unique | Should -Be 'Backfilling'
        $streams.ParentActivityId | Sort-Object -Unique | Should -Be $overall[0].ActivityId
        $streams.Activity | Sort-Object -Unique | Should -Be 'BTCUSDT 1m', 'ETHUSDT 1m'
        ($streams | Group-Object Activity).ForEach({ @($_.Group.ActivityId | Sort-Object -Unique).Count }) | Should -Be 1, 1
    }

    It 'says how many bars are done, how fast it goes, and how many streams have ended' {
        $overall.StatusDescription -match '^[\d,]+ of 57,600 bars, [\d,]+ bars/s, \d of 2 streams done$' | Should -Not -BeNullOrEmpty
        $streams.StatusDescription -match '^[\d,]+ of 28,800 bars, [\d,]+ bars/s$' | Should -Not -BeNullOrEmpty
    }

    It 'never goes back' {
        $percents = @($overall.PercentComplete)
        $percents | Should -Be @($percents | Sort-Object)
        $percents[-1] | Should -BeGreaterThan 50
    }

    It 'does not know the time left at first, and then counts it down' {
        $left = @($overall.SecondsRemaining)
        $left[0] | Should -Be -1
        $known = @($left | Where-Object { $_ -ge 0 })
        $known | Should -Not -BeNullOrEmpty
        $known[-1] | Should -BeLessOrEqual $known[0]
    }

    It 'takes every bar away at the end' {
        $last = @{}
        $records | ForEach-Object { $last[$_.ActivityId] = $_.RecordType }
        $last.Values | Sort-Object -Unique | Should -Be 'Completed'
    }

    It 'is not there with $ProgressPreference = SilentlyContinue' {
        Get-ProgressRecord '$ProgressPreference = "SilentlyContinue"' | Should -BeNullOrEmpty
    }
}

Describe 'progress of a shell whose output is redirected' {
    It 'writes nothing of it' {
        $exchange = Start-TestExchange -Latency ([timespan]::FromMilliseconds(150))
        try {
            $run = Invoke-Shell "Import-Module '$QmtlModule'; `$BaseUri = '$($exchange.BaseUri)'; `$Path = '$TestDrive/redirected.db'; & { $Run } | ForEach-Object { `$_.BarsWritten + `$_.BarsEmpty }"
        }
        finally {
            $exchange.DisposeAsync().AsTask().Wait()
        }

        $run.Output.Trim() -split '\r?\n' | Should -Be '28800', '28800'
    }
}
