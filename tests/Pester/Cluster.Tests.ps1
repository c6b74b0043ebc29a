BeforeDiscovery {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
    $examples = foreach ($command in 'Get-QmtlClusterMember', 'Invoke-QmtlBackfill') {
        foreach ($example in (Get-Help -Name $command -Full).examples.example.Where({ $_.code -match ' -Cluster ' })) {
            @{ Command = $command; Title = $example.title.Trim(); Code = $example.code }
        }
    }
}

BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
    $exchange = Start-TestExchange
    # Not on TestDrive, which is emptied after each block: the member keeps its store open.
    $folder = New-Item -ItemType Directory -Path (Join-Path ([System.IO.Path]::GetTempPath()) "qmtl-$([guid]::NewGuid().ToString('n'))")
    $store = Join-Path $folder 'candles.db'

    # A real member, in a process of its own: the program beside the tests.
    $qmtl = Get-ChildItem -Path (Join-Path $QmtlRoot 'src' 'Qmtl.Cli' 'bin') -Recurse -Filter qmtl.dll |
        Where-Object FullName -NotMatch '[\\/]ref' | Sort-Object LastWriteTime | Select-Object -Last 1
    $start = [System.Diagnostics.ProcessStartInfo]::new('dotnet')
    $start.RedirectStandardOutput = $true
    foreach ($argument in $qmtl.FullName, 'join', '--cluster', 'localhost', '--store', $store, '--base-uri', "$($exchange.BaseUri)", '--port', '0', '--client-port', '0', '--name', 'tested') {
        $start.ArgumentList.Add($argument)
    }

    $member = [System.Diagnostics.Process]::Start($start)
    $line = $member.StandardOutput.ReadLine()
    $address = [regex]::Match($line, 'for clients at (?<address>\S+)\.$').Groups['address'].Value
}

AfterAll {
    $member.Kill()
    $member.WaitForExit()
    $member.Dispose()
    Remove-Item -LiteralPath $folder -Recurse
    $exchange.DisposeAsync().AsTask().Wait()
}

Describe 'a shell without a cluster' {
    It 'loads nothing of Orleans' {
        $loaded = & (Join-Path $PSHOME 'pwsh') -NoProfile -NonInteractive -Command "
            Import-Module '$QmtlRoot/Qmtl.psd1'; Get-QmtlExchange | Out-Null
            [System.AppDomain]::CurrentDomain.GetAssemblies().GetName().Name -match 'Orleans'"
        $loaded | Should -BeNullOrEmpty
    }
}

Describe 'Get-QmtlClusterMember' {
    It 'shows who is there' {
        $shown = Get-QmtlClusterMember -Cluster $address
        $shown.Name | Should -Be 'tested'
        $shown.State | Should -Be 'Active'
        $shown.Address | Should -Match '^127\.0\.0\.1:\d+$'
        $shown.Since | Should -BeOfType DateTimeOffset
        Get-QmtlClusterMember $address nobody* | Should -BeNullOrEmpty
    }

    It 'says in a sentence that nobody answers' {
        $problem = { Get-QmtlClusterMember -Cluster 127.0.0.1:1 } | Should -Throw -PassThru
        $problem.FullyQualifiedErrorId | Should -Be 'ClusterFailed,Qmtl.PowerShell.Commands.GetQmtlClusterMemberCommand'
        $problem.Exception.Message | Should -Match '^No member of the cluster 127\.0\.0\.1:1 answers\.'
        { Get-QmtlClusterMember -Cluster nonsense } | Should -Throw -ErrorId 'InvalidValue,*'
    }
}

Describe 'Invoke-QmtlBackfill -Cluster' {
    It 'has the member fill the store' {
        $provider = New-QmtlHistoryProvider -Path $store -Fetcher (New-QmtlFetcher -Binance -BaseUri $exchange.BaseUri)
        $results = Invoke-QmtlBackfill -Provider $provider -NodeId BTCUSDT, ETHUSDT -Interval 1m -Start 2024-01-01 -End 2024-01-01 -Cluster $address
        $results.Status | Should -Be 'Completed', 'Completed'
        $results.ForEach({ $_.BarsWritten + $_.BarsEmpty }) | Should -Be 1440, 1440
        (Get-QmtlHistory $provider BTCUSDT 1m).Count | Should -Be $results[0].BarsWritten
        (Get-QmtlClusterMember -Cluster $address).Streams | Should -Be 2
        (Invoke-QmtlBackfill $provider BTCUSDT 1m -Start 2024-01-01 -End 2024-01-01 -Cluster $address).Requests | Should -Be 0
    }

    It 'tells that the members have no such store' {
        $provider = New-QmtlHistoryProvider -Path (Join-Path $TestDrive 'other.db') -Fetcher (New-QmtlFetcher -Binance -BaseUri $exchange.BaseUri)
        $result = Invoke-QmtlBackfill $provider BTCUSDT 1m -Start 2024-01-01 -End 2024-01-01 -Cluster $address -ErrorAction SilentlyContinue -ErrorVariable problems
        $result.Status | Should -Be 'Failed'
        "$problems" | Should -Match 'has no store .*other\.db'
        $problems[0].FullyQualifiedErrorId | Should -BeLike 'ClusterFailed*'
    }
}

Describe 'the examples run' {
    It '<Command>: <Title>' -ForEach $examples {
        # As it stands, but for its Binance, which is on loopback, and its cluster, which is the tested one.
        $script = [scriptblock]::Create($Code.Replace('-Binance', "-Binance -BaseUri $($exchange.BaseUri)").Replace('localhost', $address))
        Push-Location $folder
        try {
            $output = & $script 6>&1
        }
        finally {
            Pop-Location
        }

        @($output).Where({ $_.psobject.Properties['Error'] -and $_.Error }) | Should -BeNullOrEmpty
    }
}
