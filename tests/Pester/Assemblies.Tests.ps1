BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # A library as a build makes it: in a folder of its own, with copies of the assemblies that it was built against.
    function New-Library {
        $folder = (New-Item -ItemType Directory -Path (Join-Path $TestDrive "library$([guid]::NewGuid().ToString('n'))")).FullName
        $engine = ([Qmtl.Strategies.Strategy], [Qmtl.Time.BarInterval]).Assembly.Location
        $logging = [System.IO.Path]::Combine((Split-Path $engine[0]), 'Microsoft.Extensions.Logging.Abstractions.dll')
        Copy-Item -LiteralPath ($engine + $logging) -Destination $folder
        $source = @'
using Qmtl.Backfill;
using Qmtl.Streams;
using Qmtl.Time;
public sealed class Averages : Qmtl.Strategies.Strategy
{
    private readonly IHistoryProvider _provider;
    public Averages(IHistoryProvider provider) => _provider = provider;
    protected override void Setup()
    {
        var stream = new StreamInput(new StreamInputOptions { NodeId = "X", Interval = BarInterval.Parse("1m"), Period = 5, HistoryProvider = _provider });
        AddNodes(new ComputeNode("mean", new[] { stream }, view => view["X"].Mean("close", 2), 2));
    }
}
public static class Library
{
    // A type that stands in Qmtl's signatures, whose copy beside the library must not be taken,
    public static object Options => new Qmtl.Running.RunnerOptions { LoggerFactory = Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance };

    // and one of a package, which the build of a library leaves out.
    public static object Hash => new System.IO.Hashing.XxHash3();
}
'@
        $hashing = [System.IO.Path]::Combine((Split-Path $engine[0]), 'System.IO.Hashing.dll')
        Add-Type -TypeDefinition $source -ReferencedAssemblies ($engine + $logging + $hashing) -OutputAssembly ([System.IO.Path]::Combine($folder, 'Averages.dll'))
        [System.IO.Path]::Combine($folder, 'Averages.dll')
    }

    # Runs the library's strategy in a shell of its own, after the given lines.
    function Invoke-Library([string[]] $Lines) {
        Invoke-Shell @"
`$env:XDG_STATE_HOME = '$env:XDG_STATE_HOME'
$($Lines -join "`n")
`$provider = New-QmtlHistoryProvider '$TestDrive/$([guid]::NewGuid().ToString('n')).db' -Fetcher { param(`$start, `$end) for (; `$start -le `$end; `$start += 60) { @{ ts = `$start; close = `$start / 60 } } }
`$null = Invoke-QmtlBackfill `$provider X 1m 60 300
Invoke-QmtlStrategy ([Averages]::new(`$provider)) -Start 60 -End 300 | ForEach-Object { "`$(`$_.Node)=`$(`$_.Value)" }
[Library]::Options.LoggerFactory.GetType().Name
[Library]::Hash.GetType().Name
"@
    }

    $module = "Import-Module '$QmtlModule'"
}

Describe 'a strategy in an assembly with copies of Qmtl beside it' {
    BeforeAll {
        $library = New-Library
    }

    It 'runs on the module''s own, <Name>' -ForEach @(
        @{ Name = 'loaded by Add-Type'; Lines = { $module, "Add-Type -Path '$library'" } }
        @{ Name = 'loaded by Add-Type before the module'; Lines = { "Add-Type -Path '$library'", $module } }
        @{ Name = 'loaded by Import-Module'; Lines = { $module, "Import-Module '$library'" } }
    ) {
        $shell = Invoke-Library (& $Lines)
        $shell.Output.Trim() -split '\r?\n' | Should -Be 'mean=1.5', 'mean=2.5', 'mean=3.5', 'mean=4.5', 'NullLoggerFactory', 'XxHash3'
        $shell.ExitCode | Should -Be 0
    }

    It 'says what to do where the copies were loaded, <Name>' -ForEach @(
        @{ Name = 'which the module tells'; Lines = { "Import-Module '$library'", $module }; Message = "WARNING: *Qmtl.Strategies.dll' before the module*import Qmtl first*" }
        @{ Name = 'which the command tells'; Lines = { $module, "Add-Type -Path (Get-ChildItem '$(Split-Path $library)' -Filter *.dll).FullName", 'Invoke-QmtlStrategy ([Averages]::new($null))' }; Message = "*Averages is of another copy of Qmtl.*import Qmtl first*" }
    ) {
        $shell = Invoke-Library (& $Lines)
        $shell.Output -replace '\s+(\|\s+)?', ' ' | Should -BeLike $Message
        $shell.ExitCode | Should -Not -Be 0
    }
}

Describe 'a strategy that Add-Type compiles' {
    It 'runs' {
        Add-Type -ReferencedAssemblies ([Qmtl.Strategies.Strategy], [Qmtl.Time.BarInterval]).Assembly.Location -TypeDefinition @'
using Qmtl.Backfill;
using Qmtl.Streams;
using Qmtl.Time;
public sealed class CompiledHere : Qmtl.Strategies.Strategy
{
    private readonly IHistoryProvider _provider;
    public CompiledHere(IHistoryProvider provider) => _provider = provider;
    protected override void Setup()
    {
        var stream = new StreamInput(new StreamInputOptions { NodeId = "X", Interval = BarInterval.Parse("1m"), HistoryProvider = _provider });
        AddNodes(new ComputeNode("twice", new[] { stream }, view => view["X"].Sum("close", 1) * 2));
    }
}
'@
        (Invoke-QmtlStrategy ([CompiledHere]::new((New-TestProvider -Bars 3))) -Start 60 -End 180).Value | Should -Be 2, 4, 6
    }
}
