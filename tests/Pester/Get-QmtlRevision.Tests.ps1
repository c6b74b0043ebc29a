BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'Get-QmtlRevision' {
    It 'tells every change in order, of a range or all' {
        $provider = New-TestProvider -Bars 5
        foreach ($close in 10.5, 11.5) {
            $source = New-QmtlFetcher -Name "at $close" -ScriptBlock { param($start, $end) foreach ($ts in 120, 240) { @{ ts = $ts; close = $close } } }.GetNewClosure()
            (Invoke-QmtlBackfill $provider X 1m 60 300 -Fetcher $source -Force).BarsReplaced | Should -Be 2
        }

        $trail = Get-QmtlRevision $provider X 1m
        $trail.StartTimestamp | Should -Be 120, 120, 240, 240
        $trail.Was | Should -Be '2', '10.5', '4', '10.5'
        $trail.Is | Should -Be '10.5', '11.5', '10.5', '11.5'
        $trail.Source | Should -Be 'at 10.5', 'at 11.5', 'at 10.5', 'at 11.5'
        (Get-QmtlRevision $provider X 1m -Start 180).StartTimestamp | Should -Be 240, 240
        $trail | Out-String -Width 140 | Should -Match 'Column +Was +Is +RevisedAt +Source'
    }

    It 'is silent of a stream that was never changed, and tells of one that is not there' {
        $provider = New-TestProvider -Bars 5
        Get-QmtlRevision $provider X 1m | Should -BeNullOrEmpty
        Get-QmtlRevision $provider Z 1m -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].CategoryInfo.Category | Should -Be ObjectNotFound
    }

    It 'keeps the trail of bars that were removed' {
        $provider = New-TestProvider -Bars 5
        $null = Invoke-QmtlBackfill $provider X 1m 60 60 -Fetcher { @{ ts = 60; close = 9.5 } } -Force
        $null = Remove-QmtlHistory $provider X -Confirm:$false
        (Get-QmtlRevision $provider X 1m).Is | Should -Be '9.5'
    }
}
