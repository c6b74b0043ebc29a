BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'Clear-QmtlEmptyRange' {
    It 'forgets what was learnt as empty, so that it is asked for again' {
        $provider = New-TestProvider -Bars 20 -Without 8, 9, 12 -Fetcher (New-QmtlFetcher -ScriptBlock $EveryBar -Name setup)
        (Invoke-QmtlBackfill $provider X 1m 60 1200).Requests | Should -Be 0
        $cleared = Clear-QmtlEmptyRange $provider X 1m -End 600
        $cleared.EmptyForgotten | Should -Be 2
        $cleared.BarsRemoved | Should -Be 0
        (Invoke-QmtlBackfill $provider X 1m 60 1200).BarsWritten | Should -Be 2
        Get-StoredMinute $provider | Should -Be (1..11 + 13..20)
    }

    It 'forgets what one source said' {
        $provider = New-TestProvider -Bars 20 -Without 8
        Clear-QmtlEmptyRange $provider X 1m -Source other | Should -BeNullOrEmpty
        (Clear-QmtlEmptyRange $provider X 1m -Source setup).EmptyForgotten | Should -Be 1
        Clear-QmtlEmptyRange $provider X 1m | Should -BeNullOrEmpty
    }

    It 'changes nothing with -WhatIf' {
        $provider = New-TestProvider -Bars 20 -Without 8
        Clear-QmtlEmptyRange $provider -WhatIf | Should -BeNullOrEmpty
        (Clear-QmtlEmptyRange $provider).EmptyForgotten | Should -Be 1
    }

    It 'knows a stream of which no bar is stored, and tells of one of which nothing is known' {
        $nothing = New-QmtlFetcher -ScriptBlock { } -Name nothing
        $provider = New-TestProvider -Fetcher $nothing
        (Invoke-QmtlBackfill $provider X 1m 60 600).Status | Should -Be Empty
        Clear-QmtlEmptyRange $provider Z 1m -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeNullOrEmpty
        $problem[0].CategoryInfo.Category | Should -Be ObjectNotFound
        (Clear-QmtlEmptyRange $provider X 1m).EmptyForgotten | Should -Be 10
    }
}
