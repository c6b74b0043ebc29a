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
        while (-not (Get-QmtlCoverage $provider BTCUSDT -ErrorAction Ignore)) { $null = [System.Threading.Thread]::Yield() }
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

    It 'is removed once by Receive-Job -AutoRemoveJob, also where it ends while that hands on what there is' {
        Add-Type -ReferencedAssemblies (@([Qmtl.Time.BarInterval].Assembly.Location) + 'System.Runtime', 'System.Threading', 'System.Collections') -TypeDefinition @'
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;
public sealed class HeldSource : IDataFetcher
{
    private readonly TaskCompletionSource _released = new TaskCompletionSource();
    public string Name => "held";
    public int? BarsPerRequest => 1;
    public void Release() => _released.SetResult();
    public async Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        bool isFirst = range.Start == 60;
        if (!isFirst)
        {
            await _released.Task;
        }

        return RawBars.FromRows(new object[] { new Dictionary<string, object> { ["ts"] = range.Start, ["high"] = isFirst ? 1.0 : 3.0, ["low"] = 2.0 } });
    }
}
'@
        foreach ($turn in 1..20) {
            $source = [HeldSource]::new()
            $job = Test-QmtlHistory -NodeId X -Interval 1m -Fetcher $source -Start 60 -End 120 -AsJob
            while ($job.Output.Count -eq 0) { $null = [System.Threading.Thread]::Yield() }
            $found = $job | Receive-Job -Wait -AutoRemoveJob -ErrorVariable failures -ErrorAction SilentlyContinue | ForEach-Object {
                $source.Release()
                while ($job.State -eq 'Running') { $null = [System.Threading.Thread]::Yield() }
                $_
            }
            $found.Check | Should -Be HighBelowLow
            $failures | Should -BeNullOrEmpty -Because "turn $turn"
            Get-Job | Should -Not -Contain $job
        }
    }
}

Describe '-AsJob' {
    BeforeEach {
        $exchanges = [System.Collections.Generic.List[object]]::new()
    }

    AfterEach {
        Get-Job | Where-Object PSJobTypeName -EQ QmtlJob | Remove-Job -Force
        foreach ($exchange in $exchanges) { $exchange.DisposeAsync().AsTask().Wait() }
    }

    It 'is one job for all that is piped in, of which one that fails keeps no other from its turn' {
        $good, $bad = (New-TestProvider -Bars 20), (New-TestProvider -Bars 20)
        $other = New-TestProvider -Bars 18 -Without 5
        $named = [pscustomobject]@{ Provider = $bad; NodeId = 'X'; Interval = '1m' }, [pscustomobject]@{ Provider = $good; NodeId = 'X'; Interval = '1m' }
        $job = $named | Compare-QmtlHistory -ReferenceProvider $other -Summary -AsJob
        $job | Should -HaveCount 1
        $found = @($job | Receive-Job -Wait -AutoRemoveJob)
        $found | Should -HaveCount 2
        $found.BarsExtra | Should -Be 3, 3

        # A source that is script cannot be asked there.
        $job = $named | Compare-QmtlHistory -Fetcher $EveryBar -MaxRetries 0 -AsJob -ErrorAction Continue | Wait-Job
        $null = $job | Receive-Job -ErrorVariable failures -ErrorAction SilentlyContinue
        $failures | Should -HaveCount 2
        $failures[0].Exception.Message | Should -BeLike '*script of another runspace*'
        $job.State | Should -Be Completed -Because 'what is piped in fails by itself'
        (Compare-QmtlHistory $bad X 1m -Fetcher $EveryBar -MaxRetries 0 -AsJob -ErrorAction Continue | Wait-Job).State | Should -Be Failed
    }

    It 'asks before Compare-QmtlHistory -Repair begins, and leaves the trail' {
        $provider, $other = (New-TestProvider -Bars 20 -Without 7), (New-TestProvider -Bars 20)
        $difference = Compare-QmtlHistory $provider -ReferenceProvider $other -Repair -Confirm:$false -AsJob | Receive-Job -Wait -AutoRemoveJob
        $difference.Kind | Should -Be Missing
        @(Get-StoredMinute $provider) | Should -HaveCount 20
        (Get-QmtlRevision $provider) | Should -Not -BeNullOrEmpty
        $null = Compare-QmtlHistory $provider -ReferenceProvider $other -Repair -WhatIf -AsJob | Wait-Job
        (Get-Job).State | Should -Be Completed
    }

    It 'writes files and reads them back' {
        $provider, $other = (New-TestProvider -Bars 50), (New-TestProvider)
        Push-Location $TestDrive
        try {
            $file = Export-QmtlHistory $provider -Path jobs.parquet -PassThru -AsJob | Receive-Job -Wait -AutoRemoveJob
            $outcome = $file | Import-QmtlHistory $other -AsJob | Receive-Job -Wait -AutoRemoveJob
        }
        finally {
            Pop-Location
        }

        $outcome.BarsWritten | Should -Be 50
        Compare-QmtlHistory $provider -ReferenceProvider $other | Should -BeNullOrEmpty
    }

    It 'warms streams up, into the objects that the shell has' {
        $stream = New-QmtlStreamInput BTCUSDT 1m -Period 20 -HistoryProvider (New-SlowProvider)
        $job = $stream | Initialize-QmtlHistory -End 2024-01-02 -AsJob
        ($job | Receive-Job -Wait -AutoRemoveJob).Status | Should -Be Ready
        @(Get-QmtlCacheSlice $stream -Last 20) | Should -HaveCount 20
    }

    It 'keeps streams complete until Stop-Job' {
        $provider = New-SlowProvider
        $start = [DateTimeOffset]::UtcNow.AddDays(-30)
        $job = Watch-QmtlHistory $provider BTCUSDT 1m $start -AsJob
        while ($job.Output.Count -eq 0) { $null = [System.Threading.Thread]::Yield() }
        $job.State | Should -Be Running
        (Measure-Command { $job | Stop-Job }).TotalSeconds | Should -BeLessThan 3
        $job.State | Should -Be Stopped
        @($job | Receive-Job)[0].NodeId | Should -Be BTCUSDT
        $bars = (Get-QmtlHistorySummary $provider).Bars
        $bars | Should -BeGreaterThan 0
        (Get-QmtlHistorySummary $provider).Bars | Should -Be $bars -Because 'nothing goes on'
    }

    It 'refuses a strategy of script at once, and follows one that is compiled until Stop-Job' {
        $provider = New-SlowProvider
        $stream = New-QmtlStreamInput BTCUSDT 1m -Period 20 -HistoryProvider $provider
        { New-QmtlNode last { $_['BTCUSDT'].GetValue('close') } -InputObject $stream | Invoke-QmtlStrategy -AsJob } | Should -Throw '*has script, which cannot run in the job*'
        Get-Job | Should -BeNullOrEmpty
        Add-Type -ReferencedAssemblies ([Qmtl.Strategies.Strategy], [Qmtl.Time.BarInterval]).Assembly.Location -TypeDefinition @'
using Qmtl.Streams;
public sealed class CompiledForJob : Qmtl.Strategies.Strategy
{
    private readonly StreamInput _stream;
    public CompiledForJob(StreamInput stream) => _stream = stream;
    protected override void Setup() => AddNodes(new ComputeNode("twice", new[] { _stream }, view => view["BTCUSDT"].Sum("close", 1) * 2));
}
'@
        $results = @(Invoke-QmtlStrategy ([CompiledForJob]::new($stream)) -AsJob | Receive-Job -Wait -AutoRemoveJob)
        $results | Should -Not -BeNullOrEmpty
        $results[0].Node | Should -Be twice
        $job = Invoke-QmtlStrategy ([CompiledForJob]::new($stream)) -Follow -AsJob
        while ($job.Output.Count -eq 0) { $null = [System.Threading.Thread]::Yield() }
        (Measure-Command { $job | Stop-Job }).TotalSeconds | Should -BeLessThan 3
        $job.State | Should -Be Stopped
    }
}
