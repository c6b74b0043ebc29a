BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'Get-QmtlExchange' {
    It 'lists all exchanges, by name' {
        $all = Get-QmtlExchange
        $all.Count | Should -BeGreaterThan 20
        $all.Name | Should -Be ($all.Name | Sort-Object -CaseSensitive)
        'binance', 'okx', 'kraken' | Should -BeIn $all.Name
    }

    It 'finds them by name, wildcard and pipeline' {
        (Get-QmtlExchange OKX).Name | Should -Be okx
        (Get-QmtlExchange bybit*).Name | Should -Contain bybit-linear
        ('okx', 'kraken' | Get-QmtlExchange).Name | Should -Be okx, kraken
    }

    It 'says what there is in place of a name that is none' {
        $null = Get-QmtlExchange krakken -ErrorAction SilentlyContinue -ErrorVariable failures
        "$failures" | Should -Match "There is no exchange 'krakken'. There are alpaca, "
    }

    It 'tells what an operator needs to know' {
        $kraken = Get-QmtlExchange kraken
        $kraken.ReachText | Should -Match '^newest 7\d\d bars$'
        $kraken.IsTrusted | Should -BeFalse
        $kraken | Format-List | Out-String | Should -Match '(?m)^SymbolExample *: \S+'
        Get-QmtlExchange binance | Out-String -Width 200 | Should -Match 'binance +spot +BTCUSDT +1s to 1M \(16\) +1000 +all +6000 weight in 1m +True'
    }

    It 'checks a profile of one''s own and names file, key and way out' {
        $file = Join-Path $TestDrive mine.json
        '{ "schema": 1, "name": "mine", "colour": 1 }' | Set-Content $file
        $null = Get-QmtlExchange -Profile $file -ErrorAction SilentlyContinue -ErrorVariable failures
        "$failures" | Should -Match "mine.json, 'colour'"
        { New-QmtlFetcher -Profile $file } | Should -Throw "*mine.json, 'colour'*"
        { New-QmtlFetcher -Profile (Join-Path $TestDrive none.json) } | Should -Throw '*no file*none.json*'
    }
}
