BeforeDiscovery {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
    $examples = (Get-Help -Name Invoke-QmtlStrategy -Full).examples.example.Where({ $_.code -match ' -Cluster ' }).ForEach({ @{ Title = $_.title.Trim(); Code = $_.code } })
}

BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # Not on TestDrive, which is emptied after each block: the members keep their store open.
    $folder = (New-Item -ItemType Directory -Path (Join-Path ([System.IO.Path]::GetTempPath()) "qmtl-$([guid]::NewGuid().ToString('n'))")).FullName
    $store = Join-Path $folder 'candles.db'
    $library = Join-Path $folder 'Team.dll'
    Add-Type -OutputAssembly $library -ReferencedAssemblies ([Qmtl.Strategies.Strategy], [Qmtl.Time.BarInterval]).Assembly.Location -TypeDefinition @'
using System;
using Qmtl.Backfill;
using Qmtl.Streams;
using Qmtl.Time;
namespace Team
{
    public class Cross : Qmtl.Strategies.Strategy
    {
        private readonly IHistoryProvider _provider;
        private readonly int _fast, _slow;
        public Cross(IHistoryProvider provider, int fast, int slow) { _provider = provider; _fast = fast; _slow = slow; }
        protected override void Setup()
        {
            if (_fast >= _slow) { throw new ArgumentException("fast must be less than slow"); }
            var stream = new StreamInput(new StreamInputOptions { NodeId = "X", Interval = BarInterval.Parse("1m"), Period = _slow, HistoryProvider = _provider });
            AddNodes(new ComputeNode("spread", new[] { stream }, view => Math.Log(view["X"].Mean("close", _fast) / view["X"].Mean("close", _slow)), _slow));
        }
    }
    public class Twice : Qmtl.Strategies.Strategy
    {
        private readonly IHistoryProvider _provider;
        public Twice(IHistoryProvider provider) { _provider = provider; }
        protected override void Setup()
        {
            var stream = new StreamInput(new StreamInputOptions { NodeId = "X", Interval = BarInterval.Parse("1m"), HistoryProvider = _provider });
            AddNodes(new ComputeNode("twice", new[] { stream }, view => view["X"].Sum("close", 1) * 2));
        }
    }
}
'@
    $null = Invoke-QmtlBackfill (New-QmtlHistoryProvider -Path $store -Fetcher $EveryBar) X 1m 60 60000

    # A real member, in a process of its own: the program beside the tests.
    $qmtl = Get-ChildItem -Path (Join-Path $QmtlRoot 'src' 'Qmtl.Cli' 'bin') -Recurse -Filter qmtl.dll |
        Where-Object FullName -NotMatch '[\\/]ref' | Sort-Object LastWriteTime | Select-Object -Last 1
    $start = [System.Diagnostics.ProcessStartInfo]::new('dotnet')
    $start.RedirectStandardOutput = $true
    foreach ($argument in $qmtl.FullName, 'join', '--cluster', 'localhost', '--store', $store, '--strategies', $folder, '--runs', '2', '--port', '0', '--client-port', '0', '--name', 'tested') {
        $start.ArgumentList.Add($argument)
    }

    $member = [System.Diagnostics.Process]::Start($start)
    $address = [regex]::Match($member.StandardOutput.ReadLine(), 'for clients at (?<address>\S+)\.$').Groups['address'].Value
    $common = @{ AssemblyPath = $library; Provider = $store; Start = 60; End = 60000 }
    $sets = @{ fast = 5; slow = 20 }, @{ fast = 8; slow = 30 }, [pscustomobject]@{ fast = '3'; slow = '9' }
}

AfterAll {
    $member.Kill()
    $member.WaitForExit()
    $member.Dispose()
    Remove-Item -LiteralPath $folder -Recurse
}

Describe 'Invoke-QmtlStrategy -AssemblyPath' {
    It 'runs a class once for each set of parameters' {
        $runs = Invoke-QmtlStrategy Team.Cross @common -ParameterSet $sets | Sort-Object Run
        $runs.Run | Should -Be 1, 2, 3
        $runs.Status | Should -Be 'Completed', 'Completed', 'Completed'
        $runs.Bars | Should -Be 1000, 1000, 1000
        $runs.Results | Should -Be 981, 971, 992
        $runs.Parameters.slow | Should -Be 20, 30, '9'
        $runs[0].Last.spread | Should -BeOfType double
        @($runs[0].GetResults())[-1].Value | Should -Be $runs[0].Last.spread
        @($runs[0].GetResults())[-1].Node | Should -Be 'spread'
        @($runs[0].GetResults())[-1].Time.ToUnixTimeSeconds() | Should -Be 60000
        $runs[0].Member | Should -BeNullOrEmpty
        $runs[0].Build | Should -Match '^[0-9a-f]{16}$'
    }

    It 'runs several classes, named by array or through the pipeline' {
        (Invoke-QmtlStrategy Twice, Team.Twice @common | Sort-Object Run).Strategy | Should -Be 'Twice', 'Team.Twice'
        ('Twice', 'Twice' | Invoke-QmtlStrategy @common -ResultsPerNode 2 -ThrottleLimit 1).ForEach({ @($_.GetResults()).Count }) | Should -Be 2, 2
    }

    It 'takes the rows of a table' {
        Set-Content "$TestDrive/sets.csv" 'fast,slow', '5,20', '8,30'
        (Invoke-QmtlStrategy Cross @common -ParameterSet (Import-Csv "$TestDrive/sets.csv") | Sort-Object Run).Results | Should -Be 981, 971
    }

    It 'tells of the run that failed and goes on' {
        $runs = Invoke-QmtlStrategy Cross @common -ParameterSet @{ fast = 9; slow = 3 }, @{ fast = 5; slow = 20 }, @{ quick = 1 } -ErrorAction SilentlyContinue -ErrorVariable problems
        ($runs | Sort-Object Run).Status | Should -Be 'Failed', 'Completed', 'Failed'
        $problems.FullyQualifiedErrorId | Should -BeLike 'InvalidStrategy*'
        "$problems" | Should -BeLike '*Cross {"fast":9,"slow":3}: Cross of Team.dll could not be made: fast must be less than slow*'
        "$problems" | Should -BeLike "*Team.Cross has no parameter 'quick'. It takes: fast (Int32), slow (Int32).*"
    }

    It 'says what is missing: <With>' -ForEach @(
        @{ With = '-Start'; Script = { Invoke-QmtlStrategy Twice -AssemblyPath $library -Provider $store }; Message = '-AssemblyPath needs -Start: *' }
        @{ With = '-Provider'; Script = { Invoke-QmtlStrategy Twice -AssemblyPath $library -Start 60 }; Message = '-AssemblyPath needs -Provider: *' }
        @{ With = 'the assembly'; Script = { Invoke-QmtlStrategy Twice -Cluster localhost -Provider $store -Start 60 }; Message = 'Only compiled strategies run*-AssemblyPath*' }
        @{ With = 'the assembly of a name'; Script = { Invoke-QmtlStrategy Twice }; Message = "'Twice' is the name of a strategy, and nothing says where its class is.*" }
        @{ With = 'a class for a strategy of script'; Script = { Invoke-QmtlStrategy (New-TestStream) @common -Cluster localhost }; Message = '*is the name of a class*cannot travel*' }
        @{ With = 'named values'; Script = { Invoke-QmtlStrategy Twice @common -ParameterSet 5 }; Message = "'5' is no set of parameters.*" }
        @{ With = 'the file'; Script = { Invoke-QmtlStrategy Twice -AssemblyPath ./none.dll -Provider $store -Start 60 }; Message = 'The assembly *none.dll cannot be read.*' }
    ) {
        $Script | Should -Throw -ExpectedMessage $Message
    }

    It 'goes on in a job' {
        $runs = Invoke-QmtlStrategy Cross @common -ParameterSet $sets -AsJob | Receive-Job -Wait -AutoRemoveJob
        ($runs | Sort-Object Run).Results | Should -Be 981, 971, 992
    }

    It 'does nothing with -WhatIf' {
        Invoke-QmtlStrategy Twice @common -WhatIf | Should -BeNullOrEmpty
    }
}

Describe 'Invoke-QmtlStrategy -Cluster' {
    It 'gives what this machine gives, to the bit' {
        $here = Invoke-QmtlStrategy Cross @common -ParameterSet $sets | Sort-Object Run
        $there = Invoke-QmtlStrategy Cross @common -ParameterSet $sets -Cluster $address | Sort-Object Run
        $there.Member | Should -Be 'tested', 'tested', 'tested'
        foreach ($run in 0..2) {
            $bits = foreach ($runs in $here, $there) {
                , @($runs[$run].GetResults().ForEach({ "$($_.Node) $($_.Time) $([BitConverter]::DoubleToInt64Bits($_.Value))" }))
            }
            $bits[1] | Should -Be $bits[0]
            $there[$run].Build, $there[$run].Bars | Should -Be $here[$run].Build, $here[$run].Bars
        }
    }

    It 'names the assembly by its path in the members'' folder' {
        Push-Location $TestDrive
        try {
            (Invoke-QmtlStrategy Twice -AssemblyPath ./Team.dll -Provider $store -Start 60 -End 600 -Cluster $address).Last.twice | Should -Be 20
        }
        finally {
            Pop-Location
        }
    }

    It 'tells of a run that failed there, and of what members do not have' {
        $runs = Invoke-QmtlStrategy Cross @common -ParameterSet @{ fast = 9; slow = 3 }, @{ fast = 5; slow = 20 } -Cluster $address -ErrorAction SilentlyContinue -ErrorVariable problems
        ($runs | Sort-Object Run).Status | Should -Be 'Failed', 'Completed'
        "$problems" | Should -BeLike '*Cross of Team.dll could not be made: fast must be less than slow*'
        $problems[0].FullyQualifiedErrorId | Should -BeLike 'InvalidStrategy*'
        $null = Invoke-QmtlStrategy Twice -AssemblyPath /etc/other.dll -Provider $store -Start 60 -Cluster $address -ErrorAction SilentlyContinue -ErrorVariable refused
        "$refused" | Should -BeLike "*runs strategies of $folder, and /etc/other.dll is not in there.*"
        $refused[0].FullyQualifiedErrorId | Should -BeLike 'ClusterFailed*'
    }

    It 'gives objects that travel' {
        $run = Invoke-QmtlStrategy Cross @common -ParameterSet @{ fast = 5; slow = 20 } -Cluster $address
        $run | Export-Csv "$TestDrive/runs.csv"
        $csv = Import-Csv "$TestDrive/runs.csv"
        $json = $run | ConvertTo-Json -Depth 2 | ConvertFrom-Json
        foreach ($there in $csv, $json) {
            $there.Parameters | Should -BeExactly '{"fast":5,"slow":20}'
            ($there.Last | ConvertFrom-Json).spread | Should -Be $run.Last.spread
            $there.Results, $there.Member, $there.Status | Should -Be 981, 'tested', 'Completed'
            $there.Duration | Should -Match '^00:00:'
        }
        $run | Format-Table | Out-String -Width 200 | Should -Match 'Cross +\{"fast":5,"slow":20\} +Completed +981'
        [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($run)).Parameters | Should -BeExactly '{"fast":5,"slow":20}'
    }
}

Describe 'the examples run' {
    It '<Title>' -ForEach $examples {
        # As it stands, but for its cluster, which is the tested one; its bars are others.
        Push-Location $folder
        try {
            $runs = & ([scriptblock]::Create($Code.Replace('localhost', $address))) 3>&1
        }
        finally {
            Pop-Location
        }

        $runs.Where({ $_ -is [Qmtl.PowerShell.Output.SweepOutcome] }).Status | Should -Be 'Completed', 'Completed'
    }
}
