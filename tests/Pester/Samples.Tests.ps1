BeforeDiscovery {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
    $noData = -not (Find-SharedData)
    $compiled = 'Debug', 'Release' |
        ForEach-Object { [System.IO.FileInfo][System.IO.Path]::Combine($QmtlRoot, 'samples', 'Crossover', 'bin', $_, 'net10.0', 'Crossover.dll') } |
        Where-Object Exists |
        Sort-Object LastWriteTimeUtc -Descending |
        Select-Object -First 1 -ExpandProperty FullName
    $notCompiled = -not $compiled
}

BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'the crossover' {
    It 'in PowerShell prints what it prints in C#' -Skip:$notCompiled -ForEach @{ Compiled = $compiled } {
        $printed = @(& ([System.IO.Path]::Combine($QmtlRoot, 'samples', 'crossover.ps1')))
        $printed[-1] | Should -Match '^\d\d+ crossings\.$'
        & dotnet $Compiled | Should -Be $printed
    }

    It 'in C# runs in the shell too, and finds the same' -Skip:$notCompiled -ForEach @{ Compiled = $compiled } {
        # A folder on no drive of PowerShell's, because .NET makes the files.
        $work = (New-Item -ItemType Directory -Path (Join-Path $TestDrive crossover)).FullName
        Add-Type -Path $Compiled
        $strategy = [Crossover.CrossoverStrategy]::new([Crossover.Candles]::FindOrMake($work), $work)
        try {
            foreach ($stream in $strategy.Nodes.Where({ $_ -is [Qmtl.Streams.StreamInput] })) {
                $null = $stream | Invoke-QmtlBackfill -Start ([Crossover.Market]::Of($stream.NodeId).First) -End 2018-02-01
            }

            $crossings = Invoke-QmtlStrategy $strategy -Start 2017-12-01 -End 2018-02-01 |
                Where-Object Node -In ([Crossover.Market]::All.Symbol) |
                ForEach-Object { "$($_.Time.ToString('yyyy-MM-dd HH:mm'))Z $($_.Node) $($_.Value)" }
        }
        finally {
            $strategy.DisposeAsync().AsTask().Wait()
        }

        $printed = @(& ([System.IO.Path]::Combine($QmtlRoot, 'samples', 'crossover.ps1')))
        @($crossings) + "$(@($crossings).Count) crossings." | Should -Be $printed.Where({ $_ -notlike 'There are no candles*' })
    }

    It 'finds the crossings of the real candles' -Skip:$noData {
        $printed = @(& ([System.IO.Path]::Combine($QmtlRoot, 'samples', 'crossover.ps1')))
        $printed[-1] | Should -Be '78 crossings.'

        # The same by hand: of each window of 200 closes the means of the newest 50 and of all.
        $rows = Import-Csv (Join-Path (Find-SharedData) 'ETHBTC-5m.csv')
        $closes = [double[]]$rows.close
        $above = 199..($closes.Count - 1) | ForEach-Object {
            $fast = $slow = 0.0
            for ($i = $_ - 199; $i -le $_; $i++) {
                $slow += $closes[$i]
                if ($i -gt $_ - 50) { $fast += $closes[$i] }
            }

            $fast / 50 -gt $slow / 200
        }
        $expected = for ($i = 1; $i -lt $above.Count; $i++) {
            if ($above[$i] -ne $above[$i - 1]) {
                "$([DateTimeOffset]::FromUnixTimeSeconds($rows[$i + 199].ts).ToString('yyyy-MM-dd HH:mm'))Z ETHBTC $($above[$i] ? 'up' : 'down')"
            }
        }
        $printed | Where-Object { $_ -like '* ETHBTC *' } | Should -Be $expected
    }
}
