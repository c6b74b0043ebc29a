#!/usr/bin/env pwsh
#Requires -Version 7.6
<#
.SYNOPSIS
    Brings a store up to date, for cron, systemd and the Task Scheduler. Run it as often as you like.
.DESCRIPTION
    Without -NodeId it fetches everything that is missing from anything that is stored, up to now.

    The exit code is 0 where nothing is missing afterwards that should be there, 1 where a range failed, 2 where the parameters cannot be
    carried out, and 75 where another run of the same -Task is under way, which is left to do its work. A run that is killed leaves
    nothing that has to be cleaned up; the next one does the rest.
.EXAMPLE
    ./Update-History.ps1 -Store /var/lib/qmtl/bars.db
.EXAMPLE
    ./Update-History.ps1 -Store 'postgresql://writer@db.example/market' -Exchange okx -NodeId BTC-USDT, ETH-USDT -Interval 1m, 1h -Start 2024-01-01
.EXAMPLE
    ./Update-History.ps1 -Store D:\qmtl\bars.db -Task nightly -MetricsPath 'C:\Program Files\windows_exporter\textfile_inputs\qmtl.prom'
#>
[CmdletBinding()]
param(
    # A SQLite file, or a server's connection string. Its password is that of PGPASSWORD.
    [Parameter(Mandatory)]
    [string] $Store,

    # An exchange (Get-QmtlExchange lists them).
    [string] $Exchange = 'binance',

    # Where the exchange's API is; its own address by default.
    [uri] $BaseUri,

    # Streams to make or to bring up to date; all that are stored by default.
    [string[]] $NodeId,

    [string[]] $Interval,

    # The first bar of streams that have none yet.
    [string] $Start,

    # What tells this task from others of this machine.
    [ValidatePattern('^[\w.-]+$')]
    [string] $Task = 'update',

    # A .prom file for node_exporter's or windows_exporter's textfile collector.
    [string] $MetricsPath,

    # The module's name or path.
    [string] $Module = 'Qmtl'
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
$exitCode = 0
try {
    # The system lets go of it with the process, however that ends.
    $lock = [System.IO.File]::Open([System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), "qmtl-$Task.lock"), 'OpenOrCreate', 'ReadWrite', 'None')
}
catch [System.IO.IOException] {
    [System.Console]::Error.WriteLine("Another run of the task '$Task' is under way.")
    exit 75
}

try {
    Import-Module $Module
    $source = @{ Exchange = $Exchange }
    if ($BaseUri) { $source.BaseUri = $BaseUri }
    $place = if ($Store -match '^\w+://|=') { @{ ConnectionString = $Store } } else { @{ Path = $Store } }
    $provider = New-QmtlHistoryProvider @place -Fetcher (New-QmtlFetcher @source)
    $problems = @()
    $outcomes = @(
        if ($NodeId) {
            $range = @{}
            if ($Start) { $range.Start = $Start }
            Invoke-QmtlBackfill $provider -NodeId $NodeId -Interval $Interval @range -ErrorAction SilentlyContinue -ErrorVariable problems
        }
        else {
            Get-QmtlCoverage $provider -ErrorAction SilentlyContinue -ErrorVariable +problems |
                Get-QmtlGap -End ([System.DateTimeOffset]::UtcNow) -ErrorAction SilentlyContinue -ErrorVariable +problems |
                Invoke-QmtlBackfill -ErrorAction SilentlyContinue -ErrorVariable +problems
        }
    )
    $outcomes
    $problems | ForEach-Object { [System.Console]::Error.WriteLine("$_") }
    $exitCode = [int]($problems.Count -gt 0 -or $outcomes.Where({ $_.Status -eq 'Failed' }).Count -gt 0)
}
catch {
    [System.Console]::Error.WriteLine("$_")
    $exitCode = if ($_.CategoryInfo.Category -in 'InvalidArgument', 'InvalidData', 'SyntaxError') { 2 } else { 1 }
}
finally {
    if ($MetricsPath -and (Get-Module Qmtl)) {
        # A run that failed is seen, too.
        Export-QmtlMetric -Path $MetricsPath -Label @{ task = $Task }
    }

    $lock.Dispose()
}

exit $exitCode
