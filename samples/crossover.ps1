#!/usr/bin/env pwsh
#Requires -Version 7.6
<#
.SYNOPSIS
    A moving-average crossover over three symbols, in PowerShell.
.DESCRIPTION
    Backfills three streams from files of candles, replays them through a fast and a slow moving average each, and prints where
    the two cross. The candles are the real ones of shared/data beside the repository or above it, and made up where there is no such folder.
    samples/Crossover does the same in C# and prints the same.
.EXAMPLE
    dotnet build
    ./samples/crossover.ps1
#>
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
$root = [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '..'))
Import-Module ([System.IO.Path]::Combine($root, 'Qmtl.psd1'))

$fast, $slow = 50, 200
$markets = @(
    @{ Symbol = 'ETHBTC'; Interval = '5m'; Seconds = 300; First = 1515560100 }
    @{ Symbol = 'ADABTC'; Interval = '5m'; Seconds = 300; First = 1515560100 }
    @{ Symbol = 'ALTBTC'; Interval = '30m'; Seconds = 1800; First = 1512306000 }
)

# The folder of real candles, beside the repository or above it; nothing where there is none.
function Find-Candle([System.IO.DirectoryInfo] $Folder) {
    for (; $Folder; $Folder = $Folder.Parent) {
        $data = [System.IO.Path]::Combine($Folder.FullName, 'shared', 'data')
        if ([System.IO.Directory]::Exists($data)) {
            return $data
        }
    }
}

# Two waves, one on the other: always the same candles, in every language.
function New-Candle([string] $Folder, [hashtable] $Market, [int] $Phase) {
    $lines = for ($i = 0; $i -lt 3000; $i++) {
        $close = [math]::Round(1000 + 60 * [math]::Sin($i / 90 + $Phase) + 25 * [math]::Sin($i / 31), 3)
        "$($Market.First + $i * $Market.Seconds),$close,$close,$close,$close,1"
    }
    [System.IO.File]::WriteAllLines([System.IO.Path]::Combine($Folder, "$($Market.Symbol)-$($Market.Interval).csv"), @('ts,open,high,low,close,volume') + $lines)
}

$work = [System.IO.Directory]::CreateTempSubdirectory('qmtl-crossover-').FullName
$providers = [System.Collections.Generic.List[object]]::new()
try {
    $data = Find-Candle $root
    if (-not $data) {
        'There are no candles in ../shared/data, so these are made up.'
        $data = $work
        for ($i = 0; $i -lt $markets.Count; $i++) {
            New-Candle $data $markets[$i] $i
        }
    }

    $crossings = foreach ($market in $markets) {
        $source = New-QmtlFetcher -Path ([System.IO.Path]::Combine($data, "$($market.Symbol)-$($market.Interval).csv"))
        $provider = New-QmtlHistoryProvider -Path ([System.IO.Path]::Combine($work, "$($market.Symbol).db")) -Fetcher $source
        $providers.Add($provider)
        $stream = New-QmtlStreamInput $market.Symbol -Interval $market.Interval -Period $slow -HistoryProvider $provider

        # Fills the store with what the file has; what is there already is not asked for again.
        $null = $stream | Invoke-QmtlBackfill -Start $market.First -End 2018-02-01T00:00

        # Script blocks see variables as they are when they run, so each closes over its own.
        $symbol = $market.Symbol
        $bars = $fast
        $quick = New-QmtlNode "$symbol fast" -NodeId "${symbol}_fast" -Period $fast -InputObject $stream { $_[$symbol].Mean('close', $bars) }.GetNewClosure()
        $bars = $slow
        $calm = New-QmtlNode "$symbol slow" -NodeId "${symbol}_slow" -Period $slow -InputObject $stream { $_[$symbol].Mean('close', $bars) }.GetNewClosure()
        New-QmtlNode $symbol -NodeId "${symbol}_crossing" -Period 2 -InputObject $quick, $calm {
            $quick, $calm = $_["${symbol}_fast"], $_["${symbol}_slow"]
            $before = $quick.GetValue('value', 0) - $calm.GetValue('value', 0)
            $now = $quick.GetValue('value', 1) - $calm.GetValue('value', 1)
            if ($before -le 0 -and $now -gt 0) { 'up' } elseif ($before -ge 0 -and $now -lt 0) { 'down' }
        }.GetNewClosure()
    }

    Invoke-QmtlStrategy (New-QmtlStrategy crossover $crossings) -Offline -Start 2017-12-01 -End 2018-02-01T00:00 |
        Where-Object Node -In $markets.Symbol |
        ForEach-Object { "$($_.Time.ToString('yyyy-MM-dd HH:mm'))Z $($_.Node) $($_.Value)" } -OutVariable printed
    "$($printed.Count) crossings."
}
finally {
    foreach ($provider in $providers) {
        $provider.DisposeAsync().AsTask().Wait()
    }

    Remove-Item -LiteralPath $work -Recurse -Force
}
