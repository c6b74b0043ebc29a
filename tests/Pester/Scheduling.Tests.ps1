BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
    $script = [System.IO.Path]::Combine($QmtlRoot, 'ops', 'scheduled', 'Update-History.ps1')
    Import-Simulation

    # Runs the script as a scheduler does.
    function Invoke-Scheduled {
        $output = & (Join-Path $PSHOME 'pwsh') -NoProfile -NonInteractive -File $script -Module $QmtlModule @args 2>&1
        [pscustomobject]@{ ExitCode = $LASTEXITCODE; Output = ($output | Out-String) }
    }
}

Describe 'the script for schedulers' {
    BeforeEach {
        $exchange = [Qmtl.Simulation.SimulatedExchange]::Start([Qmtl.Simulation.SimulatedExchangeOptions]::new())
        $store = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).db"
        $task = "test-$([guid]::NewGuid().ToString('n'))"
        $common = '-Store', $store, '-BaseUri', "$($exchange.BaseUri)", '-Task', $task
    }

    AfterEach {
        $exchange.DisposeAsync().AsTask().Wait()
    }

    It 'makes a history, brings it up to date, and leaves its numbers' {
        $metrics = Join-Path $TestDrive "$task.prom"
        $range = '-NodeId', 'BTCUSDT', '-Interval', '1d', '-Start', ([System.DateTimeOffset]::UtcNow.AddDays(-5).ToString('yyyy-MM-dd'))
        $first = Invoke-Scheduled @common @range -MetricsPath $metrics
        $first.ExitCode | Should -Be 0 -Because $first.Output
        Get-Content $metrics | Should -Contain '# TYPE backfill_bars_written_total counter'
        $second = Invoke-Scheduled @common
        $second.ExitCode | Should -Be 0 -Because $second.Output
        @(Get-QmtlHistory (New-QmtlHistoryProvider $store) BTCUSDT 1d).Count | Should -Be 5
    }

    It 'ends with 1 where a range failed, and says which' {
        $exchange.DisposeAsync().AsTask().Wait()
        $run = Invoke-Scheduled @common -NodeId BTCUSDT -Interval 1h -Start 2024-01-01
        $run.ExitCode | Should -Be 1
        $run.Output | Should -Match 'BTCUSDT'
    }

    It 'ends with 2 where it cannot be carried out as written' {
        $run = Invoke-Scheduled -Store $store -Exchange nowhere
        $run.ExitCode | Should -Be 2
        $run.Output | Should -Match 'nowhere'
        Test-Path $store | Should -BeFalse
    }

    It 'leaves a run that is under way alone' {
        $lock = [System.IO.File]::Open([System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), "qmtl-$task.lock"), 'OpenOrCreate', 'ReadWrite', 'None')
        try {
            $run = Invoke-Scheduled @common
        }
        finally {
            $lock.Dispose()
        }

        $run.ExitCode | Should -Be 75
        $run.Output.Trim() | Should -Be "Another run of the task '$task' is under way."
    }
}

Describe 'the units for systemd' {
    It 'are sound' -Skip:(-not (Get-Command systemd-analyze -ErrorAction Ignore)) {
        $units = Get-ChildItem ([System.IO.Path]::Combine($QmtlRoot, 'ops', 'systemd'))
        & systemd-analyze verify --man=no $units.FullName 2>&1 | Should -BeNullOrEmpty
        $LASTEXITCODE | Should -Be 0
    }
}
