BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    class Doubling {
        [string] $Name = 'doubling'
        [object] $Stream
        Doubling([object] $stream) { $this.Stream = $stream }
        [object[]] Setup() { return New-QmtlNode double { 2 * $_['X'].GetValue('close') } -InputObject $this.Stream }
    }

    class Broken {
        [object[]] Setup() { throw 'no nodes today' }
    }

    # Runs a strategy of any kind over the first two minutes.
    function Invoke-TwoMinutes($Strategy) {
        Invoke-QmtlStrategy $Strategy -Offline -Start 60 -End 120 | ForEach-Object { "$($_.Node)=$($_.Value)" }
    }
}

Describe 'New-QmtlStrategy' {
    It 'holds what its nodes compute from, inputs first' {
        $stream = New-TestStream
        $a = New-QmtlNode a { 1 } -InputObject $stream
        $b = New-QmtlNode b { 2 } -InputObject $a
        $strategy = New-QmtlStrategy mine $b
        $strategy.Name | Should -Be mine
        $strategy.Nodes.Name | Should -Be 'X', 'a', 'b'
    }

    It 'takes piped nodes' {
        $stream = New-TestStream
        $strategy = (New-QmtlNode a { 1 } -InputObject $stream), (New-QmtlNode b { 2 } -InputObject $stream) | New-QmtlStrategy mine
        $strategy.Nodes.Name | Should -Be 'X', 'a', 'b'
    }

    It 'refuses two nodes of one id' {
        $stream = New-TestStream
        { New-QmtlStrategy mine (New-QmtlNode a { 1 } -NodeId same -InputObject $stream), (New-QmtlNode a { 2 } -NodeId same -InputObject $stream) } |
            Should -Throw "*Two different nodes*'a'*" -ErrorId 'OperationFailed,*'
    }
}

Describe 'a strategy can be' {
    BeforeEach {
        $stream = New-TestStream -Bars 2
    }

    It 'an object of a PowerShell class with a Setup method' {
        Invoke-TwoMinutes ([Doubling]::new($stream)) | Should -Be 'double=2', 'double=4'
    }

    It 'an object with a property Nodes' {
        $nodes = New-QmtlNode triple { 3 * $_['X'].GetValue('close') } -InputObject $stream
        Invoke-TwoMinutes ([pscustomobject]@{ Nodes = $nodes }) | Should -Be 'triple=3', 'triple=6'
    }

    It 'an object with a ScriptMethod Setup' {
        $own = [pscustomobject]@{ Stream = $stream }
        $own | Add-Member ScriptMethod Setup { New-QmtlNode same { $_['X'].GetValue('close') } -InputObject $this.Stream }
        Invoke-TwoMinutes $own | Should -Be 'same=1', 'same=2'
    }

    It 'an object of a PowerShell class that derives from Qmtl.Strategies.Strategy' {
        $script = Join-Path $TestDrive 'derived.ps1'
        Set-Content $script @'
class Derived : Qmtl.Strategies.Strategy {
    [object] $Stream
    [void] Setup() { $this.AddNodes((New-QmtlNode derived { -$_['X'].GetValue('close') } -InputObject $this.Stream)) }
}
$made = [Derived]::new()
$made.Stream = $args[0]
$made
'@
        $derived = & $script $stream
        $derived.Name | Should -Be Derived
        Invoke-TwoMinutes $derived | Should -Be 'derived=-1', 'derived=-2'
    }

    It 'an object of a class in a .NET assembly' {
        $assembly = Join-Path $TestDrive 'compiled.dll'
        Add-Type -OutputAssembly $assembly -ReferencedAssemblies ([Qmtl.Strategies.Strategy], [Qmtl.Time.BarInterval]).Assembly.Location -TypeDefinition @'
using Qmtl.Strategies;
using Qmtl.Streams;
public sealed class Compiled : Strategy
{
    private readonly Node _stream;
    public Compiled(Node stream) => _stream = stream;
    protected override void Setup() => AddNodes(new ComputeNode("native", new[] { _stream }, view => view["X"].Sum("close", 1) * 10));
}
'@
        Add-Type -Path $assembly
        Invoke-TwoMinutes ([Compiled]::new($stream)) | Should -Be 'native=10', 'native=20'
    }
}

Describe 'a strategy that is none' {
    It 'is refused: <What>' -ForEach @(
        @{ What = 'an object without nodes'; Strategy = { [pscustomobject]@{} }; Message = '*neither a Setup() method nor a property Nodes*' }
        @{ What = 'a type'; Strategy = { [Doubling] }; Message = '*Doubling*::new()*' }
        @{ What = 'a Setup that throws'; Strategy = { [Broken]::new() }; Message = "*'Broken' failed*no nodes today*" }
        @{ What = 'a Setup that gives no nodes'; Strategy = { [pscustomobject]@{ Name = 'texts'; Nodes = 'a', 'b' } }; Message = "*'texts' gave a System.String where a node was expected*" }
        @{ What = 'a Setup that gives nothing'; Strategy = { $o = [pscustomobject]@{ Name = 'void' }; $o | Add-Member ScriptMethod Setup { } -PassThru }; Message = "*'void' has no node*" }
    ) {
        $made = & $Strategy
        { Invoke-QmtlStrategy $made -Offline } | Should -Throw $Message
    }
}
