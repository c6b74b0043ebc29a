BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    $provider = New-TestProvider
    $stream = New-QmtlStreamInput A -Interval 1h -Period 10 -HistoryProvider $provider
    $other = New-QmtlStreamInput B -Interval 1h -Period 10 -HistoryProvider $provider
    $sum = New-QmtlNode sum { $_['A'].GetValue('close') + $_['B'].GetValue('close') } -Period 3 -InputObject $stream, $other
    $null = Invoke-QmtlStrategy (New-QmtlStrategy sums $sum) -Offline
    $stored = @(Get-QmtlHistory $provider A 1h)
}

Describe 'Get-QmtlCacheSlice' {
    It 'gives a stream''s own bars as Get-QmtlHistory does' {
        $bars = @(Get-QmtlCacheSlice $stream)
        $bars | Should -HaveCount 10
        $bars[0].pstypenames | Should -Contain 'Qmtl.PowerShell.Output.Candle'
        $bars[-1].Timestamp | Should -Be $stored[-1].Timestamp
        $bars[-1].close | Should -Be $stored[-1].close
    }

    It 'gives the newest with -Last' {
        ($stream | Get-QmtlCacheSlice -Last 2).close | Should -Be $stored[-2, -1].close
        Get-QmtlCacheSlice $stream -Last 0 | Should -BeNullOrEmpty
        @(Get-QmtlCacheSlice $stream -Last 99) | Should -HaveCount 10
    }

    It 'gives those in a range, both ends inside' {
        (Get-QmtlCacheSlice $stream -Start $stored[-4].Timestamp -End $stored[-2].Timestamp).close | Should -Be $stored[-4..-2].close
        (Get-QmtlCacheSlice $stream -Start $stored[-2].Timestamp).close | Should -Be $stored[-2, -1].close
    }

    It 'gives what a node holds of one input, at most its period' {
        (Get-QmtlCacheSlice $sum A).close | Should -Be $stored[-3..-1].close
        { Get-QmtlCacheSlice $sum } | Should -Throw '*several upstreams: A 1h, B 1h*-Upstream*'
        { Get-QmtlCacheSlice $sum C } | Should -Throw '*no upstream C*It has A 1h, B 1h*'
    }

    It 'gives what a node gave as properties: <What>' -ForEach @(
        @{ What = 'a hashtable'; Script = { @{ a = $_['X'].GetValue('close'); b = 'x' } } }
        @{ What = 'a custom object'; Script = { [pscustomobject]@{ a = $_['X'].GetValue('close'); b = 'x' } } }
    ) {
        $made = New-QmtlNode made -NodeId made $Script -InputObject (New-TestStream -Bars 3)
        $last = New-QmtlNode last { 1 } -Period 2 -InputObject $made
        $null = Invoke-QmtlStrategy $last -Start 60 -End 180
        $slice = Get-QmtlCacheSlice $last
        $slice.a | Should -Be 2, 3
        $slice.b | Should -Be 'x', 'x'
        $slice[1].Timestamp | Should -Be ([DateTimeOffset]::FromUnixTimeSeconds(180))
        $slice[1].PSObject.Properties.Name | Should -Not -Contain 'value'
    }

    It 'gives nothing where nothing came yet' {
        Get-QmtlCacheSlice (New-QmtlStreamInput C -Interval 1m -Period 3) | Should -BeNullOrEmpty
    }

    It 'refuses a range that ends before it starts' {
        { Get-QmtlCacheSlice $stream -Start 120 -End 60 } | Should -Throw '*Swap*'
    }

    It 'completes the ids of inputs' {
        $text = 'Get-QmtlCacheSlice $sum -Upstream '
        $found = [System.Management.Automation.CommandCompletion]::CompleteInput($text, $text.Length, $null).CompletionMatches.ListItemText
        $found | Should -Be 'A', 'B'
    }
}
