# Imports the built module once, and holds what several test files need. Dot-source it in BeforeAll.
$ErrorActionPreference = 'Stop'

$QmtlRoot = [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '..', '..'))

# The module that is tested: that of the repository, or one that was installed.
$QmtlModule = if ($env:QMTL_TEST_MODULE) { $env:QMTL_TEST_MODULE } else { [System.IO.Path]::Combine($QmtlRoot, 'Qmtl.psd1') }
if (-not (Get-Module -Name Qmtl)) {
    Import-Module $QmtlModule
}

# Rows that wait for their store wait in a folder of the tests', not in the user's.
$env:XDG_STATE_HOME = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), "qmtl-tests-$PID")

# A source that has every bar, in which a value follows from the bar's time.
$EveryBar = {
    param($start, $end, $nodeId, $interval)
    for ($ts = $start; $ts -le $end; $ts += $interval.Seconds) {
        @{ ts = $ts; open = 1.0; high = [Math]::Max(2.0, $ts / 60); low = [Math]::Min(0.5, $ts / 60); close = $ts / 60; volume = 10.0 }
    }
}

# A store in a file of its own, with the bars of 1970-01-01T00:01 to the given number of minutes, except those left out.
function New-TestProvider {
    param([int] $Bars = 0, [long[]] $Without = @(), [object] $Fetcher = $EveryBar)

    $path = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).db"
    if ($Bars -gt 0) {
        $source = {
            param($start, $end, $nodeId, $interval)
            & $EveryBar $start $end $nodeId $interval | Where-Object { $_.ts / 60 -notin $Without }
        }
        $setup = New-QmtlHistoryProvider -Path $path -Fetcher (New-QmtlFetcher -ScriptBlock $source -Name setup -BarsPerRequest 1000)
        $null = Invoke-QmtlBackfill -Provider $setup -NodeId X -Interval 1m -Start 60 -End (60 * $Bars)
    }

    New-QmtlHistoryProvider -Path $path -Fetcher $Fetcher
}

# The timestamps of what is stored, in minutes.
function Get-StoredMinute {
    param($Provider, [string] $NodeId = 'X', [string] $Interval = '1m')

    Get-QmtlHistory -Provider $Provider -NodeId $NodeId -Interval $Interval -ErrorAction Ignore | ForEach-Object { $_.Timestamp.ToUnixTimeSeconds() / 60 }
}

# Runs script text in a shell of its own; its output and errors are text.
function Invoke-Shell {
    param([string] $Script)

    $file = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).ps1"
    Set-Content -LiteralPath $file -Value "`$PSStyle.OutputRendering = 'PlainText'`n`$ErrorActionPreference = 'Stop'`n$Script"
    $output = & (Join-Path $PSHOME 'pwsh') -NoProfile -NonInteractive -File $file 2>&1
    [pscustomobject]@{ ExitCode = $LASTEXITCODE; Output = ($output | Out-String) }
}

# Loads the simulations, whose project is built together with this suite's.
function Import-Simulation {
    function Find-Built([string] $Name) {
        'Debug', 'Release' |
            ForEach-Object { [System.IO.FileInfo][System.IO.Path]::Combine($QmtlRoot, 'tests', 'SimulatedGateway', 'bin', $_, 'net10.0', $Name) } |
            Where-Object Exists |
            Sort-Object LastWriteTimeUtc -Descending |
            Select-Object -First 1 -ExpandProperty FullName
    }

    if (-not ('Qmtl.Simulation.SimulatedExchange' -as [type])) {
        Add-Type -Path (Find-Built System.IO.Hashing.dll), (Find-Built Qmtl.Simulation.dll), (Find-Built Qmtl.SimulatedGateway.dll)
    }
}

# An exchange on loopback that speaks Binance's wire format.
function Start-TestExchange {
    param([timespan] $Latency = [timespan]::Zero)

    Import-Simulation
    [Qmtl.Simulation.SimulatedExchange]::Start([Qmtl.Simulation.SimulatedExchangeOptions]@{ Latency = $Latency })
}

# A gateway on loopback.
function Start-TestGateway {
    param([hashtable] $Options = @{})

    Import-Simulation
    [Qmtl.Simulation.Gateway.SimulatedGateway]::Start([Qmtl.Simulation.Gateway.SimulatedGatewayOptions]$Options)
}

# A stream of the first minutes of 1970, whose close is the minute; it is replayed with -Start and -End.
function New-TestStream {
    param([int] $Bars = 0, [long[]] $Without = @(), [int] $Period = 5, [object] $Recorder)

    New-QmtlStreamInput X -Interval 1m -Period $Period -HistoryProvider (New-TestProvider -Bars $Bars -Without $Without) -Recorder $Recorder
}

# The results of nodes over the first minutes of 1970, as text such as 'mean@3=2'.
function Invoke-TestStrategy {
    param([object] $Node, [int] $Bars, [hashtable] $With = @{})

    Invoke-QmtlStrategy (New-QmtlStrategy test $Node) -Offline -Start 60 -End (60 * $Bars) @With |
        ForEach-Object { "$($_.Node)@$($_.Time.ToUnixTimeSeconds() / 60)=$($_.Value)" }
}

# The folder of real candles, which lies beside the repository or above it; nothing where there is none.
function Find-SharedData {
    for ($folder = [System.IO.DirectoryInfo]$QmtlRoot; $folder; $folder = $folder.Parent) {
        $data = [System.IO.Path]::Combine($folder.FullName, 'shared', 'data')
        if (Test-Path -LiteralPath $data -PathType Container) {
            return $data
        }
    }
}

# What a source's answer for minutes 1 to 3 becomes in a store.
function Invoke-Source($Fetcher) {
    $provider = New-TestProvider -Fetcher $Fetcher
    $result = Invoke-QmtlBackfill $provider X 1m 60 180 -ErrorAction SilentlyContinue -ErrorVariable failures -WarningVariable warnings -WarningAction SilentlyContinue
    [pscustomobject]@{
        Result   = $result
        Errors   = @($failures)
        Warnings = @($warnings)
        Rows     = @(Get-QmtlHistory $provider X 1m -ErrorAction Ignore)
        Minutes  = @(Get-StoredMinute $provider)
    }
}
