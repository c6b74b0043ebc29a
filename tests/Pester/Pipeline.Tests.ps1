BeforeDiscovery {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
    $noData = -not (Find-SharedData)
}

BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'the pipeline' {
    It 'from coverage over gaps to backfill needs nothing repeated' {
        $provider = New-TestProvider -Bars 40 -Without (@(5) + 10..16 + 30..37)
        $other = New-QmtlFetcher -Name other -ScriptBlock $EveryBar
        $results = Get-QmtlCoverage $provider | Get-QmtlGap -Fetcher $other | Where-Object Bars -gt 5 | Invoke-QmtlBackfill -Fetcher $other
        $results.BarsWritten | Should -Be 7, 8
        Get-QmtlCoverage $provider | Get-QmtlGap -IncludeEmpty | ForEach-Object StartTimestamp | Should -Be 300
    }

    It 'brings a stream up to now' {
        $provider = New-TestProvider -Fetcher $EveryBar
        $null = Invoke-QmtlBackfill $provider X 1d -Start ([DateTimeOffset]::UtcNow.AddDays(-10)) -End ([DateTimeOffset]::UtcNow.AddDays(-5))
        $null = Get-QmtlCoverage $provider | Get-QmtlGap -End (Get-Date) | Invoke-QmtlBackfill
        Get-QmtlGap $provider X 1d | Should -BeNullOrEmpty
        (Get-QmtlCoverage $provider).Bars | Should -BeIn 9, 10
    }
}

Describe 'a task that outlives the command in whose work it began' {
    It 'is told that its script can run no more, and does not wait for ever' {
        Add-Type -ReferencedAssemblies (@([Qmtl.Time.BarInterval].Assembly.Location) + 'System.Runtime', 'System.Threading') -TypeDefinition @'
using System;
using System.Threading;
using System.Threading.Tasks;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;
public sealed class LateSource : IDataFetcher
{
    private readonly IDataFetcher _script;
    private readonly TaskCompletionSource _ended = new TaskCompletionSource();
    public LateSource(IDataFetcher script) => _script = script;
    public string Name => "late";
    public Task Later { get; private set; }
    public void Release() => _ended.SetResult();
    public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        Later ??= LaterAsync(stream, range);
        return _script.FetchAsync(stream, range, cancellationToken);
    }
    private async Task LaterAsync(StreamKey stream, TimeRange range)
    {
        await _ended.Task.ConfigureAwait(false);
        await Task.Run(() => _script.FetchAsync(stream, range, CancellationToken.None));
    }
}
'@
        $late = [LateSource]::new((New-QmtlFetcher -ScriptBlock $EveryBar))
        (Invoke-QmtlBackfill (New-TestProvider -Fetcher $late) X 1m 60 120).Status | Should -Be Completed
        $late.Release()
        { $late.Later.Wait(30000) | Should -BeTrue } | Should -Throw '*has ended*can run no more*'
    }
}

Describe 'Binance' {
    BeforeAll {
        $exchange = Start-TestExchange
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher -Binance -BaseUri $exchange.BaseUri)
    }

    AfterAll {
        $exchange.DisposeAsync().AsTask().Wait()
    }

    It 'is paged, stored, and not asked again' {
        $result = Invoke-QmtlBackfill $provider BTCUSDT 1m -Start 2024-01-01 -End 2024-01-02T23:59:00
        $result.Status | Should -Be Completed
        $result.Requests | Should -BeGreaterOrEqual 3
        $result.BarsWritten + $result.BarsEmpty | Should -Be 2880
        $asked = $exchange.RequestCount
        (Invoke-QmtlBackfill $provider BTCUSDT 1m -Start 2024-01-01 -End 2024-01-02T23:59:00).Requests | Should -Be 0
        $exchange.RequestCount | Should -Be $asked
        Get-QmtlHistory $provider BTCUSDT 1m | Select-Object -First 1 | ForEach-Object { $_.psobject.Properties.Name } |
            Should -Contain taker_buy_quote_volume
    }

    It 'refuses a symbol that there is not, once' {
        $result = Invoke-QmtlBackfill $provider NOPE 1m -Start 2024-01-01 -End 2024-01-02 -ErrorAction SilentlyContinue -ErrorVariable failures
        $result.Status, $result.Retries | Should -Be Failed, 0
        $failures[0].ToString() | Should -BeLike '*NOPE*Invalid symbol*'
    }
}

Describe 'real candles through a script block' -Skip:$noData {
    BeforeAll {
        $rows = Import-Csv (Join-Path (Find-SharedData) 'XRPETH-1m.csv')
        $times = [long[]]$rows.ts
        $calls = [System.Collections.Generic.List[string]]::new()
        $source = New-QmtlFetcher -Name XRPETH -BarsPerRequest 1000 -ScriptBlock {
            param($start, $end, $nodeId, $interval)
            $calls.Add("$start $end")
            $first = [Array]::BinarySearch($times, $start)
            for ($i = $first -lt 0 ? -bnot $first : $first; $i -lt $times.Length -and $times[$i] -le $end; $i++) {
                $rows[$i]
            }
        }
        $provider = New-TestProvider -Fetcher $source
        $result = Invoke-QmtlBackfill $provider XRPETH 1m -Start $times[0] -End $times[-1]
    }

    It 'stores 2,469 bars and knows 1,091 to be empty, in a request a page and one for each end without bars' {
        $result.Status | Should -Be Completed
        $result.BarsWritten, $result.BarsEmpty, $result.BarsRejected, $result.BarsMissing, $result.Requests | Should -Be 2469, 1091, 0, 0, 6
        $calls | Should -HaveCount 6
    }

    It 'stores each as it was' {
        $bars = @(Get-QmtlHistory $provider XRPETH 1m)
        $bars | Should -HaveCount 2469
        for ($i = 0; $i -lt $bars.Count; $i += 97) {
            $bars[$i].Timestamp.ToUnixTimeSeconds() | Should -Be $times[$i]
            $bars[$i].open, $bars[$i].high, $bars[$i].low, $bars[$i].close, $bars[$i].volume |
                Should -Be ([double]$rows[$i].open), ([double]$rows[$i].high), ([double]$rows[$i].low), ([double]$rows[$i].close), ([double]$rows[$i].volume)
        }
    }

    It 'makes no request in a second run' {
        $before = $calls.Count
        $again = Invoke-QmtlBackfill $provider XRPETH 1m -Start $times[0] -End $times[-1]
        $again.Status, $again.Requests, $again.BarsWritten | Should -Be Completed, 0, 0
        $calls.Count | Should -Be $before
        Get-QmtlCoverage $provider | Get-QmtlGap | Should -BeNullOrEmpty
    }

    It 'has 676 holes in it' {
        $holes = Get-QmtlCoverage $provider | Get-QmtlGap -IncludeEmpty
        $holes | Should -HaveCount 676
        ($holes | Measure-Object Bars -Sum).Sum | Should -Be 1091
    }

    It 'asks 12 times for the 676 holes, three times a page, not 676 times' {
        $before = $calls.Count
        $results = Get-QmtlCoverage $provider | Get-QmtlGap -IncludeEmpty | Invoke-QmtlBackfill -RetryEmpty
        $results | Should -HaveCount 676
        $results.Status | Sort-Object -Unique | Should -Be Empty
        $calls.Count - $before | Should -Be 12
    }
}
