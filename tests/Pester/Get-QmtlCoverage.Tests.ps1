BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'Get-QmtlCoverage' {
    It 'emits an object for each unbroken run of bars' {
        $provider = New-TestProvider -Bars 10 -Without 4, 7
        $coverage = Get-QmtlCoverage -Provider $provider -NodeId X -Interval 1m
        $coverage.StartTimestamp | Should -Be 60, 300, 480
        $coverage.EndTimestamp | Should -Be 180, 360, 600
        $coverage.Bars | Should -Be 3, 2, 3
        $first = $coverage[0]
        $first.NodeId | Should -Be X
        "$($first.Interval)" | Should -Be 1m
        $first.Start | Should -BeOfType System.DateTimeOffset
        $first.Start.Offset | Should -Be ([timespan]::Zero)
        $first.Start.ToUnixTimeSeconds() | Should -Be 60
        $first.StartTimestamp | Should -BeOfType long
        [object]::ReferenceEquals($first.Provider, $provider) | Should -BeTrue
    }

    It 'emits every stream of the store, by node and interval, without -NodeId' {
        $provider = New-TestProvider
        $null = Invoke-QmtlBackfill $provider B 1m 60 120
        $null = Invoke-QmtlBackfill $provider A 5m 300 600
        $null = Invoke-QmtlBackfill $provider A 1m 60 60
        Get-QmtlCoverage $provider | ForEach-Object { "$($_.NodeId) $($_.Interval) $($_.Bars)" } | Should -Be 'A 1m 1', 'A 5m 2', 'B 1m 2'
        (Get-QmtlCoverage $provider -NodeId A).Bars | Should -Be 1, 2
        (Get-QmtlCoverage $provider -Interval 1m).NodeId | Should -Be A, B
        ($provider | Get-QmtlCoverage).Count | Should -Be 3
    }

    It 'names the table that the bars are in' {
        $provider = New-TestProvider
        $null = Invoke-QmtlBackfill $provider 'A/B' 1m 60 120
        $null = Invoke-QmtlBackfill $provider 'sqlite_x' 1m 60 120
        (Get-QmtlCoverage $provider 'A/B' 1m).Table | Should -BeExactly 'A/B'
        (Get-QmtlCoverage $provider 'sqlite_x' 1m).Table | Should -Match '^_sqlite_x~[0-9a-f]{16}$'
    }

    It 'looks only inside -Start and -End' {
        $provider = New-TestProvider -Bars 10 -Without 4, 7
        (Get-QmtlCoverage $provider X 1m -Start 120 -End 300).Bars | Should -Be 2, 1
    }

    It 'counts rows that were deleted and written by others' {
        $provider = New-TestProvider -Bars 5
        $file = $provider.DisplayName -replace '^sqlite:'
        $assembly = $provider.GetType().Assembly
        $context = [System.Runtime.Loader.AssemblyLoadContext]::GetLoadContext($assembly)
        $sqlite = $context.Assemblies.Where({ $_.GetName().Name -eq 'Microsoft.Data.Sqlite' })[0]
        $connection = $sqlite.GetType('Microsoft.Data.Sqlite.SqliteConnection')::new("Data Source=$file")
        $connection.Open()
        $command = $connection.CreateCommand()
        $command.CommandText = 'delete from "X" where ts = 180; insert into "X" (node_id, interval, ts, close) values (''X'', 60, 600, 1.0)'
        $null = $command.ExecuteNonQuery()
        $connection.Dispose()
        Get-QmtlCoverage $provider | ForEach-Object StartTimestamp | Should -Be 60, 240, 600
    }

    It 'refuses a range that ends before it starts' {
        { Get-QmtlCoverage (New-TestProvider) X 1m -Start 2024-01-02 -End 2024-01-01 } | Should -Throw '*starts at 2024-01-02T00:00:00Z, after its end 2024-01-01T23:59:59Z*'
    }
}

Describe '-Interval' {
    It 'takes <Text>' -ForEach @(
        @{ Text = '1m'; Value = '1m' }, @{ Text = '60'; Value = 60 }, @{ Text = '60s'; Value = '60s' }, @{ Text = 'a TimeSpan'; Value = [timespan]::FromMinutes(1) }, @{ Text = '00:01:00'; Value = '00:01:00' }, @{ Text = 'a long'; Value = 60L }
    ) {
        (Get-QmtlCoverage (New-TestProvider -Bars 2) X -Interval $Value).Bars | Should -Be 2
    }

    It 'takes what PowerShell reads as a number, as it was typed' {
        $provider = New-TestProvider
        $null = Invoke-QmtlBackfill $provider X -Interval 1d -Start 0 -End 86400
        "$((Get-QmtlCoverage $provider).Interval)" | Should -Be 1d
        (Get-QmtlCoverage $provider X 1d).Bars | Should -Be 2
        (Get-QmtlCoverage (New-TestProvider -Bars 2) X 60s).Bars | Should -Be 2
    }

    It 'refuses <Text>, and says why' -ForEach @(
        @{ Text = '0M'; Value = '0M'; Message = '*calendar months long (minutes are a small m)*' }
        @{ Text = '1h@08:00'; Value = '1h@08:00'; Message = '*the whole hour at which days or weeks open*' }
        @{ Text = '0'; Value = 0; Message = '*' }
        @{ Text = '-5m'; Value = '-5m'; Message = '*from 1 to*' }
        @{ Text = 'half a second'; Value = [timespan]::FromMilliseconds(500); Message = '*whole number of seconds*' }
        @{ Text = '1.5'; Value = 1.5; Message = "*'1.5' is not a bar interval*" }
        @{ Text = 'a decimal, which 1d in a variable is'; Value = 1d; Message = "*Quote it: '1d'*" }
        @{ Text = 'soon'; Value = 'soon'; Message = "*'soon' is not a bar interval*" }
        @{ Text = 'a date'; Value = [datetime]::UnixEpoch; Message = '*is not a bar interval*' }
    ) {
        { Get-QmtlCoverage (New-TestProvider) X -Interval $Value } | Should -Throw $Message
    }

    It 'completes' {
        $typed = 'Get-QmtlCoverage -Interval '
        [System.Management.Automation.CommandCompletion]::CompleteInput($typed, $typed.Length, $null).CompletionMatches.CompletionText |
            Should -Be 1m, 5m, 15m, 30m, 1h, 4h, 1d, 1w, 1M
        $typed = 'Get-QmtlGap -Interval 1'
        [System.Management.Automation.CommandCompletion]::CompleteInput($typed, $typed.Length, $null).CompletionMatches.CompletionText |
            Should -Be 1m, 15m, 1h, 1d, 1w, 1M
    }
}

Describe '-NodeId' {
    It 'completes from the streams of the bound provider' {
        $global:QmtlCompletionProvider = New-TestProvider
        try {
            foreach ($node in 'BTCUSDT', 'BTCEUR', 'it''s odd') {
                $null = Invoke-QmtlBackfill $QmtlCompletionProvider $node 1m 60 120
            }

            $typed = 'Get-QmtlHistory -Provider $QmtlCompletionProvider -NodeId btc'
            [System.Management.Automation.CommandCompletion]::CompleteInput($typed, $typed.Length, $null).CompletionMatches.CompletionText |
                Should -Be BTCEUR, BTCUSDT
            $typed = 'Get-QmtlHistory $QmtlCompletionProvider i'
            [System.Management.Automation.CommandCompletion]::CompleteInput($typed, $typed.Length, $null).CompletionMatches.CompletionText |
                Should -Be "'it''s odd'"
        }
        finally {
            Remove-Variable QmtlCompletionProvider -Scope Global
        }
    }

    It 'refuses <Text>' -ForEach @(
        @{ Text = 'a blank'; NodeId = ' '; Message = '*node id is needed*' }
        @{ Text = 'a NUL'; NodeId = "a`0b"; Message = '*NUL*' }
        @{ Text = 'more than 1024 characters'; NodeId = 'n' * 1025; Message = '*1025 characters*' }
    ) {
        $problem = { Get-QmtlHistory (New-TestProvider) $NodeId 1m } | Should -Throw $Message -PassThru
        $problem.Exception.Message | Should -Not -BeLike "*(Parameter '*"
    }
}
