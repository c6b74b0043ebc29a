BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    class ClassSource {
        [string] $Name = 'a class'
        [int] $BarsPerRequest = 2
        [long] $EarliestBar = 120
        [System.Collections.Generic.List[string]] $Calls = [System.Collections.Generic.List[string]]::new()

        [object[]] Fetch([long] $start, [long] $end, [string] $nodeId, [string] $interval) {
            $this.Calls.Add("$start $end $nodeId $interval")
            return $(for ($ts = $start; $ts -le $end; $ts += 60) { [pscustomobject]@{ ts = $ts; close = 1.5 } })
        }
    }

    if (-not ('Qmtl.PesterSources.NetSource' -as [type])) {
        Add-Type -TypeDefinition @'
using System;
using System.Collections.Generic;
using System.Net.Http;
using System.Threading.Tasks;
namespace Qmtl.PesterSources
{
    public record Row(long Ts, double Close);

    public class NetSource
    {
        public string Name => "net";
        public int Failures;
        public DateTime EarliestBar => DateTime.UnixEpoch.AddMinutes(2);
        public async Task<IReadOnlyList<Row>> FetchAsync(long start, long end, string nodeId, TimeSpan interval)
        {
            await Task.Yield();
            if (Failures-- > 0) { throw new HttpRequestException("connection refused"); }
            var rows = new List<Row>();
            for (long ts = start; ts <= end; ts += 60) { rows.Add(new Row(ts, 2.5)); }
            return rows;
        }
    }
}
'@
    }
}

Describe 'a script block as a source' {
    It 'gets Unix seconds up to the last of the last bar, the node id and the interval' {
        $got = [System.Collections.Generic.List[object]]::new()
        $null = Invoke-Source { param($start, $end, $nodeId, $interval) $got.Add(@($start, $end, $nodeId, "$interval", $interval.Seconds)) }
        $got[0] | Should -Be 60, 239, 'X', '1m', 60
        $got[0][0] | Should -BeOfType long
    }

    It 'may emit <Shape>' -ForEach @(
        @{ Shape = 'hashtables one by one'; Source = { param($start) 0..2 | ForEach-Object { @{ ts = $start + 60 * $_; close = 1.5 } } } }
        @{ Shape = 'ordered dictionaries'; Source = { param($start) 0..2 | ForEach-Object { [ordered]@{ close = 1.5; ts = $start + 60 * $_ } } } }
        @{ Shape = 'objects'; Source = { param($start) 0..2 | ForEach-Object { [pscustomobject]@{ ts = $start + 60 * $_; close = 1.5 } } } }
        @{ Shape = 'rows of Import-Csv, all text'; Source = { param($start) 'ts,close', "$start,1.5", "$($start + 60),1.5", "$($start + 120),1.5" | ConvertFrom-Csv } }
        @{ Shape = 'an array in one piece'; Source = { param($start) , @(0..2 | ForEach-Object { @{ ts = $start + 60 * $_; close = 1.5 } }) } }
        @{ Shape = 'times as DateTime'; Source = { param($start) 0..2 | ForEach-Object { @{ Timestamp = [datetime]::UnixEpoch.AddSeconds($start + 60 * $_); close = 1.5 } } } }
        @{ Shape = 'rows of a script with $args'; Source = { 0..2 | ForEach-Object { @{ ts = $args[0] + 60 * $_; close = 1.5 } } }.GetNewClosure() }
    ) {
        if ($Shape -like '*$args*') {
            $Source = { $first = $args[0]; 0..2 | ForEach-Object { @{ ts = $first + 60 * $_; close = 1.5 } } }
        }

        $run = Invoke-Source $Source
        $run.Minutes | Should -Be 1, 2, 3
        $run.Rows.close | Should -Be 1.5, 1.5, 1.5
        $run.Result.Status | Should -Be Completed
    }

    It 'may emit <Shape>, which means that there are no bars' -ForEach @(
        @{ Shape = 'nothing'; Source = { } }
        @{ Shape = 'an empty array'; Source = { , @() } }
    ) {
        $run = Invoke-Source $Source
        $run.Result.Status | Should -Be Empty
        $run.Result.BarsEmpty | Should -Be 3
        $run.Errors | Should -BeNullOrEmpty
    }

    It 'fails the range when it gives a null alone, such as the rows of an answer that has none' {
        $run = Invoke-Source { ('{"error":"no luck"}' | ConvertFrom-Json).data }
        $run.Result.Status | Should -Be Failed
        $run.Result.BarsEmpty | Should -Be 0
        $run.Errors[0].Exception.Message | Should -BeLike '*gave null*write nothing or an empty array*'
    }

    It 'is told once of rows that cannot be stored, with counts' {
        $run = Invoke-Source {
            param($start)
            @{ ts = $start; close = 1.5 }
            @{ ts = $start; close = 1.5 }
            @{ ts = $start + 7; close = 1.5 }
            @{ close = 1.5 }
            @{ ts = $start + 60; close = [double]::NaN }
            'rubbish'
        }
        $run.Minutes | Should -Be 1, 3
        $run.Warnings | Should -HaveCount 1
        $run.Warnings[0].Message | Should -BeLike 'X 1m: * rows from script:* were not stored: *'
        $run.Warnings[0].Message | Should -BeLike '*without a usable ts*'
    }

    It 'fails the range, and is not taken for empty, when it <How>' -ForEach @(
        @{ How = 'throws'; Source = { throw 'no luck' } }
        @{ How = 'writes an error'; Source = { Write-Error 'no luck' } }
        @{ How = 'writes an error while the caller ignores errors'; Source = { $ErrorActionPreference = 'Continue'; Write-Error 'no luck' } }
        @{ How = 'calls a command of a module that writes an error'; Source = {
                New-Module { function Get-Nothing { [CmdletBinding()]param() Write-Error 'no luck' } } | Import-Module -Scope Local
                Get-Nothing
            }
        }
        @{ How = 'uses a method that throws'; Source = { [void][int]::Parse('no luck') } }
    ) {
        $run = Invoke-Source $Source
        $run.Result.Status | Should -Be Failed
        $run.Result.BarsEmpty | Should -Be 0
        $run.Result.Retries | Should -Be 0 -Because 'asking again does not mend a script'
        $run.Errors[0].Exception.Message | Should -BeLike '*no luck*'
    }

    It 'fails the range when it leaves through <Word>' -ForEach @(
        @{ Word = 'break'; Source = { break } }, @{ Word = 'continue'; Source = { continue } }, @{ Word = 'exit'; Source = { exit 3 } }
    ) {
        $run = Invoke-Source $Source
        $run.Result.Status | Should -Be Failed
        $run.Errors[0].Exception.Message | Should -BeLike '*left through break, continue or exit. Use return.'
    }

    It 'fails the range when a native program ends with an error, and not when it only chatters' {
        $pwsh = Join-Path $PSHOME 'pwsh'
        $failed = Invoke-Source { & $pwsh -NoProfile -Command 'exit 3' }
        $failed.Result.Status | Should -Be Failed
        $failed.Result.BarsEmpty | Should -Be 0
        $chatted = Invoke-Source {
            param($start)
            & $pwsh -NoProfile -Command '[Console]::Error.WriteLine("half done")'
            @{ ts = $start; close = 1.5 }
        }
        $chatted.Errors | Should -BeNullOrEmpty
        $chatted.Minutes | Should -Contain 1
    }

    It 'fails the range, and is not taken for empty, when <What> and it gives nothing' -ForEach @(
        @{ What = 'a program of another module ends with an error'; Make = { New-Module { function Get-Source { { & (Join-Path $PSHOME 'pwsh') -NoProfile -Command 'exit 3' } } } | Out-Null; Get-Source } }
        @{ What = 'a script that it calls ends with an exit code'; Make = { Set-Content (Join-Path $TestDrive 'exits.ps1') 'exit 3'; [scriptblock]::Create("& '$(Join-Path $TestDrive 'exits.ps1')'") } }
    ) {
        $global:LASTEXITCODE = 7
        $run = Invoke-Source (& $Make)
        $run.Result.Status, $run.Result.BarsEmpty | Should -Be Failed, 0
        "$($run.Errors[0])" | Should -BeLike '*gave nothing*exit code 3*'
        $LASTEXITCODE | Should -Be 7
    }

    It 'names the line of the failure' {
        $file = Join-Path $TestDrive 'source.ps1'
        Set-Content $file 'param($start)', '', 'throw "bad"'
        $run = Invoke-Source { param($start) & $file $start }
        $run.Errors[0].Exception.Message | Should -BeLike '*source.ps1:3: bad.'
    }

    It 'is asked again after <What>' -ForEach @(
        @{ What = 'a network error'; Source = { throw [System.Net.Http.HttpRequestException]::new('refused') } }
        @{ What = 'a time-out'; Source = { throw [System.TimeoutException]::new('slow') } }
        @{ What = 'an HTTP 503'; Source = { throw [System.Net.Http.HttpRequestException]::new('busy', $null, 503) } }
    ) {
        $calls = [System.Collections.Generic.List[int]]::new()
        $run = Invoke-Source {
            param($start, $end, $nodeId, $interval)
            $calls.Add(1)
            if ($calls.Count -eq 1) { & $Source } else { & $EveryBar $start $end $nodeId $interval }
        }
        $run.Result.Status | Should -Be Completed
        $run.Result.Retries | Should -Be 1
        $run.Result.Requests | Should -Be 2
    }

    It 'is not asked again after an HTTP 404 of Invoke-RestMethod, and after a 500 it is' {
        $exchange = Start-TestExchange
        try {
            $uri = "$($exchange.BaseUri)nothing-here"
            $run = Invoke-Source { Invoke-RestMethod $uri }
            $run.Result.Status | Should -Be Failed
            $run.Result.Retries | Should -Be 0
            $run.Errors[0].Exception.StatusCode | Should -Be 404
        }
        finally {
            $exchange.DisposeAsync().AsTask().Wait()
        }

        # Nobody listens there any more.
        (Invoke-Source { Invoke-RestMethod $uri }).Result.Retries | Should -Be 3
    }

    It 'says how long an answer to Invoke-RestMethod asked to be left alone where that is too long to wait for' {
        $exchange = Start-TestExchange
        try {
            $exchange.Faults.Enqueue([Qmtl.Simulation.Faults.SimulatedFault]::Status(429, [timespan]::FromDays(1000000), $null))
            $uri = "$($exchange.BaseUri)api/v3/klines?symbol=BTCUSDT&interval=1m"
            $run = Invoke-Source { Invoke-RestMethod $uri }
            $run.Result.Requests | Should -Be 1
            "$($run.Errors[0])" | Should -BeLike '*429*It wants to be left alone for 86400000000 s, until 47*'
        }
        finally {
            $exchange.DisposeAsync().AsTask().Wait()
        }
    }

    It 'can use the module itself' {
        $other = New-TestProvider -Bars 3
        $run = Invoke-Source { param($start, $end, $nodeId, $interval) Get-QmtlHistory $other $nodeId $interval -Start $start -End $end }
        $run.Minutes | Should -Be 1, 2, 3
        $run.Rows[2].close | Should -Be 3
    }

    It 'says where it cannot run' {
        $provider = New-TestProvider
        $seconds = $provider.GetType().Assembly.GetType('Qmtl.Time.BarInterval')::FromSeconds(60)
        $stream = $provider.GetType().Assembly.GetType('Qmtl.Data.StreamKey')::new('X', $seconds)
        $range = $provider.GetType().Assembly.GetType('Qmtl.Time.TimeRange')::new(60, 120)
        { $provider.FillMissingAsync($stream, $range).GetAwaiter().GetResult() } | Should -Throw '*pipeline thread*Invoke-QmtlBackfill*'
    }
}

Describe 'an object as a source' {
    It 'may be an instance of a PowerShell class, with its name, page size and earliest bar' {
        $source = [ClassSource]::new()
        $run = Invoke-Source $source
        $run.Minutes | Should -Be 2, 3
        $source.Calls | Should -Be '120 239 X 1m'
        $run.Result.BarsEmpty | Should -Be 1 -Because 'it has nothing before its earliest bar'
        (New-QmtlFetcher -InputObject $source).Name | Should -Be 'a class'
        (New-QmtlFetcher -InputObject $source).BarsPerRequest | Should -Be 2
    }

    It 'may be a PSCustomObject with a ScriptMethod' {
        $source = [pscustomobject]@{ Value = 4.5 } | Add-Member -MemberType ScriptMethod -Name Fetch -PassThru -Value {
            param($start, $end, $nodeId, $interval)
            for ($ts = $start; $ts -le $end; $ts += 60) { @{ ts = $ts; close = $this.Value } }
        }
        $run = Invoke-Source $source
        $run.Rows.close | Should -Be 4.5, 4.5, 4.5
    }

    It 'may be a .NET object whose method returns a task' {
        $run = Invoke-Source ([Qmtl.PesterSources.NetSource]::new())
        $run.Rows.Close | Should -Be 2.5, 2.5
        $run.Result.BarsEmpty | Should -Be 1 -Because 'it has nothing before its earliest bar'
        (New-QmtlFetcher -InputObject ([Qmtl.PesterSources.NetSource]::new())).Name | Should -Be net
    }

    It 'is asked again after a network error of .NET code' {
        $source = [Qmtl.PesterSources.NetSource]::new()
        $source.Failures = 2
        (Invoke-Source $source).Result.Retries | Should -Be 2
    }

    It 'fails the range when its script throws or writes an error' {
        foreach ($body in { throw 'no luck' }, { Write-Error 'no luck' }) {
            $run = Invoke-Source ([pscustomobject]@{} | Add-Member ScriptMethod Fetch $body -PassThru)
            $run.Result.Status | Should -Be Failed
            $run.Errors[0].Exception.Message | Should -BeLike '*no luck*'
        }
    }
}

Describe 'a source that asks for what it is asked for' {
    It 'is told so, by <Way>' -ForEach @(
        @{ Way = 'Invoke-QmtlBackfill'; Ask = { param($start, $end) Invoke-QmtlBackfill $global:QmtlOwn X 1m $start $end } }
        @{ Way = 'another provider'; Ask = { param($start, $end) Invoke-QmtlBackfill (New-TestProvider -Fetcher $global:QmtlAsk) X 1m $start $end } }
        @{ Way = 'ever other nodes'; Ask = { param($start, $end, $nodeId) Invoke-QmtlBackfill $global:QmtlOwn "$($nodeId)x" 1m $start $end } }
    ) {
        $global:QmtlAsk = $Ask
        $global:QmtlOwn = New-TestProvider -Fetcher $Ask
        try {
            $result = Invoke-QmtlBackfill $global:QmtlOwn X 1m 60 120 -ErrorAction SilentlyContinue
        }
        finally {
            Remove-Variable QmtlOwn, QmtlAsk -Scope Global
        }

        $result.Status, $result.BarsEmpty | Should -Be Failed, 0
        "$($result.Error)" | Should -Match 'never end|in a circle'
    }

    It 'is told so by a provider''s <Way>' -ForEach @(
        @{ Way = 'Fetch'; Do = { Get-QmtlHistory $echo X 1m -Start 60 -End 120 } }
        @{ Way = 'FillMissing'; Do = { Invoke-QmtlBackfill $echo X 1m 60 120 -ErrorAction Stop } }
    ) {
        class Echo {
            [object[]] Fetch([long] $start, [long] $end, [string] $nodeId, [object] $interval) { return @(Get-QmtlHistory $this $nodeId $interval -Start $start -End $end) }
            [object[]] Coverage([string] $nodeId, [object] $interval) { return @() }
            [void] FillMissing([long] $start, [long] $end, [string] $nodeId, [object] $interval) { Invoke-QmtlBackfill $this $nodeId $interval $start $end }
        }
        $echo = [Echo]::new()
        $Do | Should -Throw '*never end*'
    }

    It 'is told so in a warm-up of its own stream' {
        $global:QmtlStream = New-QmtlStreamInput X -Interval 1m -Period 3 -HistoryProvider (New-TestProvider -Fetcher { Initialize-QmtlHistory $global:QmtlStream })
        try {
            { Initialize-QmtlHistory $global:QmtlStream -ErrorAction Stop } | Should -Throw '*never end*'
        }
        finally {
            Remove-Variable QmtlStream -Scope Global
        }
    }

    It 'may make bars of the same provider''s other bars' {
        $global:QmtlOwn = New-TestProvider -Fetcher {
            param($start, $end, $nodeId, $interval)
            if ($interval.Seconds -eq 60) { return & $EveryBar $start $end $nodeId $interval }
            $null = Invoke-QmtlBackfill $global:QmtlOwn $nodeId 1m $start ($end + 240)
            Get-QmtlHistory $global:QmtlOwn $nodeId 1m -Start $start -End ($end + 240) | Where-Object { $_.Timestamp.ToUnixTimeSeconds() % 300 -eq 0 } | ForEach-Object { @{ ts = $_.Timestamp; close = $_.close } }
        }
        try {
            (Invoke-QmtlBackfill $global:QmtlOwn X 5m 300 1200).BarsWritten | Should -Be 4
        }
        finally {
            Remove-Variable QmtlOwn -Scope Global
        }
    }
}
