BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # Completion sees the variables of the session.
    $global:QmtlProvider = New-TestProvider -Bars 3
    $null = Invoke-QmtlBackfill $global:QmtlProvider 'ETH USDT' 1h 3600 7200
    $global:QmtlExchangeProvider = New-TestProvider -Fetcher (New-QmtlFetcher -Exchange coinbase-exchange)
    $global:QmtlNode = New-QmtlNode mean { 1 } -InputObject (New-QmtlStreamInput X -Interval 1m -Period 2), (New-QmtlStreamInput Y -Interval 1m -Period 2)
}

AfterAll {
    Remove-Variable -Name QmtlProvider, QmtlExchangeProvider, QmtlNode -Scope Global
}

Describe 'tab completion' {
    It 'of <Line>' -ForEach @(
        @{ Line = 'Get-QmtlGap $QmtlProvider '; Offers = 'X', "'ETH USDT'" }
        @{ Line = 'Get-QmtlGap -Provider $QmtlProvider -NodeId e'; Offers = "'ETH USDT'" }
        @{ Line = 'Get-QmtlHistory $QmtlProvider -NodeId '; Offers = 'X', "'ETH USDT'" }
        @{ Line = 'Get-QmtlCoverage $QmtlProvider '; Offers = 'X', "'ETH USDT'" }
        @{ Line = 'Invoke-QmtlBackfill $QmtlProvider '; Offers = 'X', "'ETH USDT'" }
        @{ Line = 'New-QmtlStreamInput -HistoryProvider $QmtlProvider -NodeId '; Offers = 'X', "'ETH USDT'" }
        @{ Line = 'Get-QmtlGap $QmtlProvider X '; Offers = '1m' }
        @{ Line = 'Get-QmtlHistory $QmtlProvider ''ETH USDT'' '; Offers = '1h' }
        @{ Line = 'Invoke-QmtlBackfill $QmtlProvider X '; Offers = '1m', '5m', '15m', '30m', '1h', '4h', '1d', '1w', '1M' }
        @{ Line = 'Add-QmtlRecord $r X -Interval 1'; Offers = '1m', '15m', '1h', '1d', '1w', '1M' }
        @{ Line = 'Add-QmtlRecord $r X -Interval 1m'; Offers = '1m' }
        @{ Line = 'Add-QmtlRecord $r X -Interval 1M'; Offers = '1M' }
        @{ Line = 'Add-QmtlRecord $r X -Interval 1H'; Offers = '1h' }
        @{ Line = 'New-QmtlNode n { 1 } -Interval 4'; Offers = '4h' }
        @{ Line = 'New-QmtlHistoryProvider -ConnectionString x -Kind Q'; Offers = 'QuestDb' }
        @{ Line = 'New-QmtlRecorder -ConnectionString x -Kind P'; Offers = 'PostgreSql' }
        @{ Line = 'New-QmtlFetcher -Exchange bin'; Offers = 'binance', 'binance-coinm', 'binance-usdm' }
        @{ Line = 'Get-QmtlExchange cry'; Offers = 'cryptocom' }
        @{ Line = 'Invoke-QmtlBackfill $QmtlExchangeProvider BTC-USD -Interval 6'; Offers = '6h' }
        @{ Line = 'Get-QmtlGap -Fetcher $QmtlExchangeProvider.Fetcher -NodeId BTC-USD -Interval 5'; Offers = '5m' }
        @{ Line = 'Initialize-QmtlHistory -OnMissing '; Offers = 'Skip', 'Fail' }
        @{ Line = 'Invoke-QmtlStrategy $s -OnMissing '; Offers = 'Skip', 'Fail' }
        @{ Line = 'Get-QmtlCacheSlice $QmtlNode '; Offers = "'X'", "'Y'" }
    ) {
        (TabExpansion2 $Line).CompletionMatches.CompletionText | Sort-Object | Should -Be ($Offers | Sort-Object)
    }

    It 'asks a store that is named by its path, and the default' {
        $path = $QmtlProvider.Store.Info.FilePath
        (TabExpansion2 "Get-QmtlGap '$path' ").CompletionMatches.CompletionText | Sort-Object | Should -Be "'ETH USDT'", 'X'
        Set-QmtlDefault $path
        try {
            (TabExpansion2 'Get-QmtlGap e').CompletionMatches.CompletionText | Should -Be "'ETH USDT'"
            (TabExpansion2 'Get-QmtlGap -NodeId X -Interval ').CompletionMatches.CompletionText | Should -Be '1m'
        }
        finally {
            Set-QmtlDefault $null
        }
    }

    It 'says of a node which intervals are stored' {
        (TabExpansion2 'Get-QmtlGap $QmtlProvider X').CompletionMatches[0].ToolTip | Should -Be 'X: 1m'
    }

    It 'types what a terminal would obey as PowerShell writes it' {
        $evil = "E`e[31m$([char]0x202e) x"
        $global:QmtlEvil = New-TestProvider -Fetcher $EveryBar
        try {
            $null = Invoke-QmtlBackfill $global:QmtlEvil $evil 1m 60 120
            $offered = (TabExpansion2 'Get-QmtlGap $QmtlEvil ').CompletionMatches[0]
            $offered.CompletionText | Should -Not -Match '[\p{Cc}\p{Cf}]'
            "$($offered.ListItemText)$($offered.ToolTip)" | Should -Not -Match '[\p{Cc}\p{Cf}]'
            & ([scriptblock]::Create($offered.CompletionText)) | Should -BeExactly $evil
        }
        finally {
            Remove-Variable QmtlEvil -Scope Global
        }
    }

    It 'makes no file' {
        $path = Join-Path $TestDrive 'never.db'
        $global:QmtlNever = New-QmtlHistoryProvider $path
        try {
            (TabExpansion2 'Get-QmtlGap $QmtlNever ').CompletionMatches | Should -BeNullOrEmpty
            $path | Should -Not -Exist
        }
        finally {
            Remove-Variable QmtlNever -Scope Global
        }
    }
}
