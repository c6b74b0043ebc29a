BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # Streams of one store, as text.
    function Get-Name { $input | ForEach-Object { "$($_.NodeId) $($_.Interval)" } | Sort-Object -Unique }

    $provider = New-TestProvider
    $path = $provider.Store.Info.FilePath
    foreach ($id in 'BTCUSDT', 'ETHUSDT', 'A*', 'ABC', 'a[1]') {
        $null = Invoke-QmtlBackfill $provider -LiteralNodeId $id -Interval 1m -Start 60 -End 600
    }

    $null = Invoke-QmtlBackfill $provider BTCUSDT 1h -Start 3600 -End 7200
}

Describe 'nodes and intervals of a command that reads' {
    It 'are <Case>' -ForEach @(
        @{ Case = 'all by default'; With = @{}; Names = 'A* 1m', 'a[1] 1m', 'ABC 1m', 'BTCUSDT 1h', 'BTCUSDT 1m', 'ETHUSDT 1m' }
        @{ Case = 'several ids'; With = @{ NodeId = 'ETHUSDT', 'ABC' }; Names = 'ABC 1m', 'ETHUSDT 1m' }
        @{ Case = 'several intervals'; With = @{ NodeId = 'BTCUSDT'; Interval = '1m', '1h' }; Names = 'BTCUSDT 1h', 'BTCUSDT 1m' }
        @{ Case = 'wildcards, whatever their case'; With = @{ NodeId = 'btc*', '?BC' }; Names = 'ABC 1m', 'BTCUSDT 1h', 'BTCUSDT 1m' }
        @{ Case = 'an id that is a wildcard, as it is stored'; With = @{ NodeId = 'A*', 'a[1]' }; Names = 'A* 1m', 'a[1] 1m' }
        @{ Case = 'an id with escapes'; With = @{ NodeId = 'a`[1`]' }; Names = @('a[1] 1m') }
        @{ Case = 'literal ids'; With = @{ LiteralNodeId = 'a[1]', 'ABC' }; Names = 'a[1] 1m', 'ABC 1m' }
        @{ Case = 'not those of -Exclude'; With = @{ NodeId = '*USDT'; Exclude = 'eth*' }; Names = 'BTCUSDT 1h', 'BTCUSDT 1m' }
        @{ Case = 'given by the aliases'; With = @{ Symbol = 'BTCUSDT'; Timeframe = '1h' }; Names = @('BTCUSDT 1h') }
    ) {
        Get-QmtlCoverage $path @With | Get-Name | Should -Be ($Names | Sort-Object)
    }

    It 'come through the pipeline as ids, objects, providers and streams' {
        'BTCUSDT', 'ABC' | Get-QmtlCoverage $provider -Interval 1m | Get-Name | Should -Be 'ABC 1m', 'BTCUSDT 1m'
        Get-QmtlCoverage $provider 'A*' | Get-QmtlCoverage | Get-Name | Should -Be 'A* 1m'
        [pscustomobject]@{ Symbol = 'ABC'; Timeframe = '1m'; Provider = $path } | Get-QmtlCoverage | Get-Name | Should -Be 'ABC 1m'
        $provider | Get-QmtlCoverage -NodeId ABC | Get-Name | Should -Be 'ABC 1m'
        New-QmtlStreamInput BTCUSDT 1h 5 -HistoryProvider $provider | Get-QmtlCoverage | Get-Name | Should -Be 'BTCUSDT 1h'
    }

    It 'of which one is missing are an error that offers the nearest' {
        $found = Get-QmtlCoverage $provider BTCUSTD, ABC -ErrorAction SilentlyContinue -ErrorVariable problem
        $found | Get-Name | Should -Be 'ABC 1m'
        $problem.Count | Should -Be 1
        $problem[0].CategoryInfo.Category | Should -Be ObjectNotFound
        $problem[0].FullyQualifiedErrorId | Should -Be 'StreamNotFound,Qmtl.PowerShell.Commands.GetQmtlCoverageCommand'
        $problem[0].TargetObject | Should -Be BTCUSTD
        "$problem" | Should -BeLike "*holds no node 'BTCUSTD'. Did you mean BTCUSDT?"
    }

    It 'of which an interval is missing are an error that names those there are' {
        Get-QmtlCoverage $provider BTCUSDT 5m -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeNullOrEmpty
        "$problem" | Should -BeLike "*holds no 'BTCUSDT' in bars of 5m, but of 1m and 1h."
    }

    It 'that nothing is like are a warning' {
        Get-QmtlCoverage $provider 'X*' -WarningAction SilentlyContinue -WarningVariable warning | Should -BeNullOrEmpty
        "$warning" | Should -BeLike "*holds no node like 'X``*'*"
    }
}

Describe 'a store that does not exist' {
    It 'is told, and not made' {
        $missing = Join-Path $TestDrive 'missing.db'
        Get-QmtlCoverage $missing -WarningAction SilentlyContinue -WarningVariable warning | Should -BeNullOrEmpty
        "$warning" | Should -BeLike "There is no store '*missing.db'*"
        Get-QmtlCoverage $missing ABC -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeNullOrEmpty
        $problem[0].CategoryInfo.Category | Should -Be ObjectNotFound
        $missing | Should -Not -Exist
    }

    It 'is not a bare word, which would be a file named by an id' {
        { Get-QmtlCoverage BTCUSDT 1m } | Should -Throw "*'BTCUSDT' is no store*"
    }
}

Describe 'Set-QmtlDefault' {
    AfterEach {
        Set-QmtlDefault $null
    }

    It 'leaves the first argument to the nodes' {
        (Set-QmtlDefault $path -PassThru).Store.Info.FilePath | Should -Be $path
        Get-QmtlCoverage BTCUSDT, ABC 1m | Get-Name | Should -Be 'ABC 1m', 'BTCUSDT 1m'
        Get-QmtlCoverage btc* | Get-Name | Should -Be 'BTCUSDT 1h', 'BTCUSDT 1m'
        'ABC' | Get-QmtlCoverage | Get-Name | Should -Be 'ABC 1m'
        (Get-QmtlCoverage).Count | Should -Be 6
    }

    It 'gives way to a provider that is given' {
        $other = New-TestProvider -Bars 3
        Set-QmtlDefault $path
        Get-QmtlCoverage $other X 1m | Get-Name | Should -Be 'X 1m'
        Get-QmtlCoverage $other.Store.Info.FilePath X | Get-Name | Should -Be 'X 1m'
        Get-QmtlCoverage "$other" X | Get-Name | Should -Be 'X 1m'
        $other | Get-QmtlCoverage | Get-Name | Should -Be 'X 1m'
    }

    It 'is of one runspace, and none is an error that says what to do' {
        Set-QmtlDefault $path
        Set-QmtlDefault $null
        { Get-QmtlCoverage } | Should -Throw '*Whose history?*Set-QmtlDefault*'
    }
}
