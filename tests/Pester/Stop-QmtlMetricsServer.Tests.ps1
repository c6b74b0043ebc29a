BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'Stop-QmtlMetricsServer' {
    It 'frees the port at once' {
        $first = Start-QmtlMetricsServer -Port 0 -PassThru
        $null = Invoke-WebRequest $first.Uri
        Stop-QmtlMetricsServer | Should -BeNullOrEmpty
        { Invoke-WebRequest $first.Uri } | Should -Throw
        (Start-QmtlMetricsServer -Port $first.Port -PassThru).Uri | Should -Be $first.Uri
        Stop-QmtlMetricsServer
    }

    It 'does nothing where nothing is served' {
        Stop-QmtlMetricsServer -Verbose 4>&1 | Should -Match 'No metrics are served'
    }

    It 'only says what it would do with -WhatIf' {
        $server = Start-QmtlMetricsServer -Port 0 -PassThru
        Stop-QmtlMetricsServer -WhatIf
        (Invoke-WebRequest $server.Uri).StatusCode | Should -Be 200
        Stop-QmtlMetricsServer
    }
}
