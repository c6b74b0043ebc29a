<#
.SYNOPSIS
    Measures a strategy's script-block nodes against a bare ForEach-Object over the same bars.
.DESCRIPTION
    Both sides run in turn in this shell; the first round pays for compilation and is thrown away. What is printed is the medians
    and their ratio, as a row of the benchmarks' table.
#>
#Requires -Version 7.6
[CmdletBinding()]
param(
    [int]
    $Bars = 200000,

    [int]
    $Rounds = 5
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
Import-Module ([System.IO.Path]::Combine($PSScriptRoot, '..', 'Qmtl.psd1'))

function Get-Median([double[]] $Values) {
    $sorted = $Values | Sort-Object
    ($sorted[[math]::Floor(($sorted.Count - 1) / 2)] + $sorted[[math]::Floor($sorted.Count / 2)]) / 2
}

function Measure-Side([scriptblock] $Side) {
    [System.GC]::Collect()
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    & $Side
    $watch.Elapsed.TotalSeconds
}

function Compare-Side([string] $What, [string] $Against, [scriptblock] $Ours, [scriptblock] $Other) {
    $times = foreach ($round in 0..$Rounds) {
        # Whoever goes first finds colder caches; the sides take turns at it.
        if ($round % 2) {
            $second = Measure-Side $Other
            [pscustomobject]@{ Ours = Measure-Side $Ours; Other = $second }
        }
        else {
            [pscustomobject]@{ Ours = Measure-Side $Ours; Other = Measure-Side $Other }
        }
    }

    $median = Get-Median $times[1..$Rounds].Ours
    $reference = Get-Median $times[1..$Rounds].Other
    $ratio = $median / $reference
    [string]::Format(
        [cultureinfo]::InvariantCulture, '| {0} | {1} | {2:0.000} | {3:0.000} | {4:0.00} | at most 2 times its time | {5} |',
        $What, $Against, $median, $reference, $ratio, ($ratio -le 2 ? 'yes' : 'no'))
}

$folder = [System.IO.Directory]::CreateTempSubdirectory('qmtl-bench-').FullName
try {
    $source = New-QmtlFetcher -Name bench -ScriptBlock {
        param($start, $end, $nodeId, $interval)
        for ($ts = $start; $ts -le $end; $ts += $interval.Seconds) {
            @{ ts = $ts; open = 1.0; high = 2.0; low = 0.5; close = $ts / 3600; volume = 10.0 }
        }
    }
    $provider = New-QmtlHistoryProvider -Path ([System.IO.Path]::Combine($folder, 'bars.db')) -Fetcher $source
    $stream = New-QmtlStreamInput -NodeId X -Interval 1h -Period $Bars -HistoryProvider $provider
    $null = Initialize-QmtlHistory $stream
    $rows = @(Get-QmtlCacheSlice $stream)
    $last = New-QmtlNode last { $_['X'].GetValue('close') } -InputObject $stream | New-QmtlStrategy last
    $mean = New-QmtlNode mean { $_['X'].Mean('close', 20) } -Period 20 -InputObject $stream | New-QmtlStrategy mean

    "Medians of $Rounds, $($rows.Count) bars."
    ''
    '| what | against | ours, s | other, s | ratio | goal | met |'
    '|---|---|---|---|---|---|---|'
    Compare-Side 'replay through a script node that reads a value' 'a bare ForEach-Object that reads it' `
        { Invoke-QmtlStrategy $last -Offline | Out-Null } { $rows | ForEach-Object { $_.close } | Out-Null }
    Compare-Side 'replay through a script node of a mean over 20 bars' 'a bare ForEach-Object that reads a value' `
        { Invoke-QmtlStrategy $mean -Offline | Out-Null } { $rows | ForEach-Object { $_.close } | Out-Null }
}
finally {
    Remove-Item -LiteralPath $folder -Recurse -Force
}
