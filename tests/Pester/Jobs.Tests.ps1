BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # Minutes of an exchange that takes its time for each request.
    function New-SlowProvider([timespan] $Latency = '00:00:00.05') {
        $exchange = Start-TestExchange -Latency $Latency
        $exchanges.Add($exchange)
        New-QmtlHistoryProvider -Path (Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).db") -Fetcher (New-QmtlFetcher -Binance -BaseUri $exchange.BaseUri)
    }
}

Describe 'Invoke-QmtlBackfill -AsJob' {
    BeforeEach {
        $exchanges = [System.Collections.Generic.List[object]]::new()
    }

    AfterEach {
        Get-Job | Where-Object PSJobTypeName -EQ QmtlJob | Remove-Job -Force
        foreach ($exchange in $exchanges) { $exchange.DisposeAsync().AsTask().Wait() }
    }

    It 'gives the shell back at once, and what it writes to Receive-Job, alive' {
        $provider = New-SlowProvider
        $job = Invoke-QmtlBackfill $provider BTCUSDT, ETHUSDT 1m -Start 2024-01-01 -End 2024-01-03 -AsJob
        $job | Should -BeOfType ([System.Management.Automation.Job])
        $job.State | Should -Be Running
        $job.Command | Should -BeLike '*-AsJob'
        Get-Job $job.Id | Should -Be $job
        ($job | Wait-Job).State | Should -Be Completed
        $outcomes = @($job | Receive-Job)
        $outcomes | Should -HaveCount 2
        $outcomes[0].psobject.TypeNames | Should -Contain Qmtl.PowerShell.Output.BackfillOutcome
        [object]::ReferenceEquals($outcomes[0].Provider, $provider) | Should -BeTrue -Because 'it is no copy'
        $outcomes.Status | Should -Be Completed, Completed
        $outcomes[0].BarsWritten + $outcomes[0].BarsEmpty | Should -Be (3 * 1440)
        $job.HasMoreData | Should -BeFalse
        $outcomes | Get-QmtlGap | Should -BeNullOrEmpty
    }

    It 'goes on after the pipeline that began it, takes what is piped in, and hands on while it runs' {
        $provider = New-SlowProvider
        $null = Invoke-QmtlBackfill $provider BTCUSDT 1m -Start 2024-01-01 -End 2024-01-01
        $null = Invoke-QmtlBackfill $provider BTCUSDT 1m -Start 2024-01-03 -End 2024-01-03
        $job = Get-QmtlCoverage $provider | Get-QmtlGap -End 2024-01-03 | Invoke-QmtlBackfill -AsJob
        @(Get-QmtlHistory $provider BTCUSDT 1m -First 3).Count | Should -Be 3 -Because 'the shell is free for other commands'
        ($job | Wait-Job | Receive-Job | ForEach-Object { $_.BarsWritten + $_.BarsEmpty } | Measure-Object -Sum).Sum | Should -BeGreaterOrEqual 1440
        $job | Remove-Job
        Get-Job | Should -Not -Contain $job
    }

    It 'ends with Stop-Job as with Ctrl-C: soon, and with what was committed' {
        $provider = New-SlowProvider
        $job = Invoke-QmtlBackfill $provider BTCUSDT 1m -Start 2023-01-01 -End 2024-01-01 -ThrottleLimit 1 -AsJob
        while (-not (Get-QmtlCoverage $provider BTCUSDT -ErrorAction Ignore)) { [System.Threading.Thread]::Yield() }
        $took = Measure-Command { $job | Stop-Job }
        $job.State | Should -Be Stopped
        $took.TotalSeconds | Should -BeLessThan 3
        $bars = (Get-QmtlHistorySummary $provider).Bars
        $bars | Should -BeGreaterThan 0
        $bars | Should -BeLessThan 500000
        (Get-QmtlHistorySummary $provider).Bars | Should -Be $bars -Because 'nothing goes on'
    }

    It 'has the errors of ranges, and with -ErrorAction Stop fails at the first' {
        $provider = New-SlowProvider
        $exchanges[0].DisposeAsync().AsTask().Wait()
        $job = Invoke-QmtlBackfill $provider BTCUSDT, ETHUSDT 1m -Start 2024-01-01 -End 2024-01-01 -MaxRetries 0 -AsJob -ErrorAction Continue | Wait-Job
        $job.State | Should -Be Completed
        $outcomes = @(Receive-Job $job -ErrorVariable failures -ErrorAction SilentlyContinue)
        $outcomes.Status | Should -Be Failed, Failed
        $failures | Should -HaveCount 2
        (Invoke-QmtlBackfill $provider BTCUSDT 1m -Start 2024-01-01 -MaxRetries 0 -AsJob -ErrorAction Stop | Wait-Job).State | Should -Be Failed
    }

    It 'asks before it begins, and begins nothing with -WhatIf' {
        Invoke-QmtlBackfill (New-SlowProvider) BTCUSDT 1m -Start 2024-01-01 -End 2024-01-01 -AsJob -WhatIf | Should -BeNullOrEmpty
        { Invoke-QmtlBackfill (New-TestProvider -Fetcher $null) X 1m -Start 60 -AsJob } | Should -Throw '*has no fetcher*'
    }

    It 'tells its story to who asks for it' {
        $provider = New-SlowProvider
        $job = Invoke-QmtlBackfill $provider BTCUSDT 1m -Start 2024-01-01 -End 2024-01-01 -AsJob -Verbose 4>$null | Wait-Job
        $job.Verbose.Count | Should -BeGreaterThan 0
        $quiet = Invoke-QmtlBackfill $provider ETHUSDT 1m -Start 2024-01-01 -End 2024-01-01 -AsJob | Wait-Job
        $quiet.Verbose.Count | Should -Be 0
        $quiet | Receive-Job -InformationVariable told | Out-Null
        $told.Tags | Should -Contain backfill.complete
    }

    It 'says of a source that is script why that cannot be' {
        $job = Invoke-QmtlBackfill (New-TestProvider -Fetcher $EveryBar) X 1m -Start 60 -End 600 -MaxRetries 0 -AsJob -ErrorAction Continue | Wait-Job
        $outcome = Receive-Job $job -ErrorVariable failures -ErrorAction SilentlyContinue
        $outcome.Status | Should -Be Failed
        "$failures" | Should -Match 'script of another runspace and can run only there'
    }
}
