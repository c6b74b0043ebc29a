BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
    Import-Simulation

    # An exchange and a shell whose time goes on so many times as fast, from the morning of a day of 2024 on.
    $begin = [DateTimeOffset]'2024-05-01T10:00:20Z'
    $clockOf = [Qmtl.PowerShell.Commands.InvokeQmtlStrategyCommand].GetProperty('Clock', [System.Reflection.BindingFlags]'NonPublic, Static')

    function Start-Time([int] $Factor = 300) {
        $clock = [Qmtl.Simulation.AcceleratedClock]::new($begin, $Factor)
        $clockOf.SetValue($null, $clock)
        [Qmtl.Simulation.SimulatedExchange]::Start([Qmtl.Simulation.SimulatedExchangeOptions]@{
            TimeProvider    = $clock
            WeightPerMinute = $null
            Markets         = [Qmtl.Simulation.Markets.ISimulatedMarket[]]('BTCUSDT', 'ETHUSDT' | ForEach-Object { [Qmtl.Simulation.Markets.GeneratedMarket]::new($_) })
        })
    }

    # A strategy over both of its markets.
    function New-LiveNode($Provider, $Recorder) {
        $streams = 'BTCUSDT', 'ETHUSDT' | New-QmtlStreamInput -Interval 1m -Period 5 -HistoryProvider $Provider -Recorder $Recorder
        New-QmtlNode spread { $_['BTCUSDT'].GetValue('close') - $_['ETHUSDT'].GetValue('close') } -InputObject $streams -Trigger AllInputs
        New-QmtlNode mean { $_['BTCUSDT'].Mean('close', 3) } -Period 3 -InputObject $streams[0]
    }

    function Format-Result { process { "$($_.Node) $($_.Time) $($_.Value)" } }
}

Describe 'Invoke-QmtlStrategy -Follow' {
    BeforeEach {
        $exchange = Start-Time
        $path = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).db"
        $provider = New-QmtlHistoryProvider $path -Fetcher (New-QmtlFetcher -Binance -BaseUri $exchange.BaseUri)
    }

    AfterEach {
        $clockOf.SetValue($null, [TimeProvider]::System)
        $exchange.DisposeAsync().AsTask().Wait()
    }

    It 'goes on with each new bar to -End, and gives what a replay of the same bars gives' {
        $recorder = New-QmtlRecorder -Path (Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).db")
        $nodes = New-LiveNode $provider $recorder
        $told = @(Invoke-QmtlStrategy $nodes -Follow -Start 2024-05-01T09:50Z -End 2024-05-01T10:15Z -PatienceSec 86400 3>&1 6>&1)
        $live = $told.Where({ $_ -is [Qmtl.PowerShell.Output.StrategyResult] })
        $live | Should -HaveCount 50
        $live[-1].Time | Should -Be ([DateTimeOffset]'2024-05-01T10:15Z')
        $told.Where({ $_ -is [System.Management.Automation.WarningRecord] }) | Should -BeNullOrEmpty
        "$($told.Where({ $_ -is [System.Management.Automation.InformationRecord] -and $_.Tags -contains 'PSHOST' }))" | Should -BeLike "The strategy * was followed: 52 bars, 50 results, 0 late bars."
        $told.Where({ $_ -is [System.Management.Automation.InformationRecord] -and $_.Tags -contains 'backfill.complete' }) |
            Should -HaveCount 2 -Because 'that history is complete is news once a stream, and not with each bar'
        $replayed = Invoke-QmtlStrategy $nodes -Start 2024-05-01T09:50Z -End 2024-05-01T10:15Z
        ($live | Format-Result) -join "`n" | Should -BeExactly (($replayed | Format-Result) -join "`n")
        $recorder.GetReport().Recorded | Should -Be 104
        $recorder.Dispose()
    }

    It 'hands each result down before the next bar comes, and stops when a command further down has enough' {
        # Slower, as a busy machine may well take a second of its own to hand a result down.
        $slow = Start-Time -Factor 60
        try {
            $nodes = New-LiveNode (New-QmtlHistoryProvider $path -Fetcher (New-QmtlFetcher -Binance -BaseUri $slow.BaseUri))
            $times = Invoke-QmtlStrategy $nodes -Follow -PatienceSec 86400 6>$null |
                ForEach-Object { [pscustomobject]@{ Result = $_; Now = $clockOf.GetValue($null).GetUtcNow() } } | Select-Object -First 14
        }
        finally {
            $slow.DisposeAsync().AsTask().Wait()
        }

        $times | Should -HaveCount 14
        $last = $times[-1]
        $last.Result.Time | Should -BeGreaterThan $begin
        ($last.Now - $last.Result.Time).TotalMinutes | Should -BeLessThan 5 -Because 'it is given when its bar has closed'

        # The nodes are free again.
        Invoke-QmtlStrategy $nodes -Offline | Should -Not -BeNullOrEmpty
    }

    It 'keeps the gate of a world the while, and says with each result what is allowed' {
        $gateway = Start-TestGateway
        try {
            $gateway.SetActivation('w', [Qmtl.Simulation.Gateway.SimulatedActivation]::new('long', $true))
            $results = Invoke-QmtlStrategy (New-LiveNode $provider) -World w -GatewayUri $gateway.BaseUri -Follow -End 2024-05-01T10:15Z -PatienceSec 86400 6>$null -WarningAction SilentlyContinue |
                ForEach-Object {
                    $_
                    if ($_.Time -eq [DateTimeOffset]'2024-05-01T10:03Z') {
                        $frozen = [Qmtl.Simulation.Gateway.SimulatedActivation]::new('long', $true)
                        $frozen.Freeze = $true
                        $gateway.SetActivation('w', $frozen)
                    }
                }
            $results[-1].Time | Should -Be ([DateTimeOffset]'2024-05-01T10:15Z')
            $results.Where({ $_.Time -le [DateTimeOffset]'2024-05-01T10:03Z' }).Allowed | Should -Contain 'Long'
            $results[-1].Allowed | Should -BeExactly '' -Because 'the world was frozen meanwhile'
            $gateway.Strategies | Should -HaveCount 1
        }
        finally {
            $gateway.DisposeAsync().AsTask().Wait()
        }
    }

    It 'refuses <What>' -ForEach @(
        @{ What = '-PatienceSec without -Follow'; With = @{ PatienceSec = 5 }; Says = '*-PatienceSec says how long -Follow waits*' }
        @{ What = '-Start in a world without -Follow'; With = @{ World = 'w'; GatewayUri = 'http://127.0.0.1:1'; Start = 60 }; Says = '*do not go with -World*' }
        @{ What = 'a range in which no bar opens'; With = @{ Follow = $true; Start = '2024-05-01T10:00:10Z'; End = '2024-05-01T10:00:50Z' }; Says = '*No 1m bar that has closed opens from 2024-05-01T10:00:10Z*' }
        @{ What = 'an end before the start'; With = @{ Follow = $true; Start = 120; End = 60 }; Says = '*End must not be before Start*' }
    ) {
        { Invoke-QmtlStrategy (New-LiveNode $provider) @With } | Should -Throw $Says
    }

    It 'refuses a second strategy that would never have its turn' {
        $strategies = 's', 't' | ForEach-Object { New-QmtlStrategy $_ (New-LiveNode $provider) }
        { $strategies | Invoke-QmtlStrategy -Follow } | Should -Throw "*what comes after 's' would never have its turn*"
        { @($strategies[0]; New-LiveNode $provider) | Invoke-QmtlStrategy -Follow } | Should -Throw "*what comes after 's' would never have its turn*"
    }

    It 'does nothing with -WhatIf, and says what it would do' {
        $said = Invoke-Shell "Import-Module '$QmtlModule'; Invoke-QmtlStrategy (New-QmtlNode n { 1 } -InputObject (New-QmtlStreamInput X -Interval 1m)) -Follow -WhatIf"
        $said.Output | Should -BeLike '*compute and record its nodes, and go on with each new bar*'
    }
}
