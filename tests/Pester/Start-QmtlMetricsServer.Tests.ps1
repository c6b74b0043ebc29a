BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'Start-QmtlMetricsServer' {
    AfterEach {
        Stop-QmtlMetricsServer
    }

    It 'serves metrics on this machine alone and tells where' {
        $server = Start-QmtlMetricsServer -Port 0 -PassThru
        "$($server.Address)" | Should -Be '127.0.0.1'
        $server.Uri | Should -Be "http://127.0.0.1:$($server.Port)/metrics"
        $answer = Invoke-WebRequest $server.Uri
        $answer.Headers.'Content-Type' | Should -Be 'text/plain; version=0.0.4; charset=utf-8'
        $answer.Content | Should -Match '(?m)^backfill_jobs_in_progress 0$'
    }

    It 'writes nothing without -PassThru' {
        Start-QmtlMetricsServer -Port 0 | Should -BeNullOrEmpty
    }

    It 'goes on serving while a cmdlet has the shell' {
        $uri = (Start-QmtlMetricsServer -Port 0 -PassThru).Uri
        $seen = [System.Collections.Generic.List[string]]::new()
        $provider = New-TestProvider -Fetcher {
            param($start, $end, $nodeId, $interval)
            $seen.Add((Invoke-WebRequest $uri).Content)
            & $EveryBar $start $end $nodeId $interval
        }
        $null = Invoke-QmtlBackfill $provider WHILE 1m 60 600
        $seen[0] | Should -Match '(?m)^backfill_jobs_in_progress 1$'
        $seen[0] | Should -Match '(?m)^backfill_gap_bars_remaining\{node_id="WHILE",interval="60"\} 10$'
        (Invoke-WebRequest $uri).Content | Should -Match '(?m)^backfill_last_timestamp\{node_id="WHILE",interval="60"\} 600$'
    }

    It 'does nothing where it serves there already' {
        $first = Start-QmtlMetricsServer -Port 0 -PassThru
        $second = Start-QmtlMetricsServer -Port $first.Port -PassThru -Verbose 4>&1
        $second[-1].Uri | Should -Be $first.Uri
        "$($second[0..1])" | Should -Match 'already'
    }

    It 'refuses a second server and says what to do' {
        $first = Start-QmtlMetricsServer -Port 0 -PassThru
        { Start-QmtlMetricsServer -Port ($first.Port - 1) } | Should -Throw "*$($first.Uri) already*Stop-QmtlMetricsServer*" -ErrorId 'OperationFailed,*'
        (Invoke-WebRequest $first.Uri).StatusCode | Should -Be 200
    }

    It 'names a port that is in use, and the way out' {
        $other = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $other.Start()
        try {
            $port = $other.LocalEndpoint.Port
            { Start-QmtlMetricsServer -Port $port } | Should -Throw "Port $port of 127.0.0.1 is in use*choose another port*"
        }
        finally {
            $other.Dispose()
        }
    }

    It 'refuses the address <Address>' -ForEach @(
        @{ Address = 'my-host'; Message = "*'my-host' is no IP address*127.0.0.1*" }
        @{ Address = '192.0.2.1'; Message = '*no address 192.0.2.1*' }
    ) {
        { Start-QmtlMetricsServer -Port 0 -Address $Address } | Should -Throw $Message
    }

    It 'warns where others can read it' {
        Start-QmtlMetricsServer -Port 0 -Address 0.0.0.0 -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -Match '0\.0\.0\.0.*no password'
    }

    It 'only says what it would do with -WhatIf' {
        Start-QmtlMetricsServer -Port 0 -PassThru -WhatIf | Should -BeNullOrEmpty
        Stop-QmtlMetricsServer -Verbose 4>&1 | Should -Match 'No metrics are served'
    }
}

Describe 'removing the module' {
    It 'frees the port, also after the module was imported with -Force' {
        $shell = Invoke-Shell @"
function Test-Served(`$uri) { try { [bool](Invoke-WebRequest `$uri) } catch { `$false } }
Import-Module '$QmtlModule'
`$uri = (Start-QmtlMetricsServer -Port 0 -PassThru).Uri
Test-Served `$uri
Remove-Module Qmtl
Test-Served `$uri
Import-Module '$QmtlModule'
`$null = Start-QmtlMetricsServer -Port `$uri.Port
Import-Module '$QmtlModule' -Force
Test-Served `$uri
`$null = Start-QmtlMetricsServer -Port `$uri.Port
Remove-Module Qmtl
Test-Served `$uri
"@
        $shell.Output.Trim() -split '\r?\n' | Should -Be 'True', 'False', 'False', 'False'
        $shell.ExitCode | Should -Be 0
    }

    It 'leaves the server of another runspace alone' {
        $server = Start-QmtlMetricsServer -Port 0 -PassThru
        try {
            1 | ForEach-Object -Parallel {
                Import-Module $using:QmtlModule
                Remove-Module Qmtl
            }
            (Invoke-WebRequest $server.Uri).StatusCode | Should -Be 200
        }
        finally {
            Stop-QmtlMetricsServer
        }
    }
}
