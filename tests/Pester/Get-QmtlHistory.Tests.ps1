BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'Get-QmtlHistory' {
    It 'emits a bar at a time, with its time and the payload''s columns' {
        $bars = Get-QmtlHistory -Provider (New-TestProvider -Bars 3) -NodeId X -Interval 1m
        $bars | Should -HaveCount 3
        $bars[0].psobject.Properties.Name | Should -Contain Timestamp
        $bars[0].psobject.Properties.Name | Sort-Object | Should -Be close, high, low, open, Timestamp, volume
        $bars[0].Timestamp | Should -BeOfType System.DateTimeOffset
        $bars.ForEach({ $_.Timestamp.ToUnixTimeSeconds() }) | Should -Be 60, 120, 180
        $bars.close | Should -Be 1, 2, 3
        $bars[0].close | Should -BeOfType double
    }

    It 'emits bars that know their stream, which is in no table and no file' {
        $bars = Get-QmtlHistory (New-TestProvider -Bars 2) X 1m
        $bars[1].NodeId, "$($bars[1].Interval)" | Should -Be X, 1m
        $bars | Group-Object NodeId | ForEach-Object Name | Should -Be X
        ($bars[0] | ConvertTo-Csv)[0] | Should -Not -Match 'NodeId|Interval'
        $bars[0] | Format-List * | Out-String | Should -Not -Match 'NodeId|Interval'
    }

    It 'reads all there is by default, and what is asked for otherwise' {
        $provider = New-TestProvider -Bars 10 -Without 4
        Get-StoredMinute $provider | Should -Be 1, 2, 3, 5, 6, 7, 8, 9, 10
        (Get-QmtlHistory $provider X 1m -Start 180 -End 300).close | Should -Be 3, 5
        (Get-QmtlHistory $provider X 1m -End 120).close | Should -Be 1, 2
        (Get-QmtlHistory $provider X 1m -Start 9999).close | Should -BeNullOrEmpty
    }

    It 'keeps the types of columns, and nulls' {
        $provider = New-TestProvider -Fetcher {
            param($start)
            @{ ts = $start; count = 5; flag = $true; note = 'a'; value = 1.25 }
            @{ ts = $start + 60; count = $null; flag = $null; note = $null; value = $null; close = 1.0 }
        }
        $null = Invoke-QmtlBackfill $provider X 1m 60 120
        $first, $second = Get-QmtlHistory $provider X 1m
        $first.count | Should -BeOfType double
        $first.flag | Should -BeTrue
        $first.flag | Should -BeOfType bool
        $first.note | Should -Be a
        $first.value | Should -Be 1.25
        $second.note | Should -BeNullOrEmpty
        $second.psobject.Properties.Name | Should -Contain value
        $second.value | Should -Be $null
    }

    It 'writes the same CSV in every culture with -AsText, and the CSV source reads it back' {
        $provider = New-TestProvider -Bars 3
        $was = [cultureinfo]::CurrentCulture
        try {
            $files = foreach ($name in 'en-US', 'th-TH', 'fa-IR', 'de-DE') {
                [cultureinfo]::CurrentCulture = $name
                $file = Join-Path $TestDrive "$name.csv"
                Get-QmtlHistory $provider X 1m -AsText | Export-Csv $file
                $copy = New-QmtlHistoryProvider (Join-Path $TestDrive "$name.db") -Fetcher (New-QmtlFetcher -Path $file)
                (Invoke-QmtlBackfill $copy X 1m 60 180).BarsWritten | Should -Be 3
                (Get-QmtlHistory $copy X 1m).close | Should -Be 1, 2, 3
                Get-Content -Raw $file
            }
        }
        finally {
            [cultureinfo]::CurrentCulture = $was
        }

        @($files | Select-Object -Unique) | Should -HaveCount 1
    }

    It 'emits nothing but an error for what the store does not know' {
        Get-QmtlHistory (New-TestProvider -Bars 1) Y 1m -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeNullOrEmpty
        $problem.CategoryInfo.Category | Should -Be ObjectNotFound
    }

    It 'streams: what follows gets the first bar before the last is read, and may stop early' {
        $provider = New-TestProvider -Bars 30000
        Get-QmtlHistory $provider X 1m | Select-Object -First 2 | ForEach-Object close | Should -Be 1, 2
        (Get-QmtlHistory $provider X 1m | Measure-Object).Count | Should -Be 30000
    }

    It 'takes coverage from the pipeline' {
        (Get-QmtlCoverage (New-TestProvider -Bars 6 -Without 3) | Get-QmtlHistory).close | Should -Be 1, 2, 4, 5, 6
    }

    It 'can be fed to another store' {
        $from = New-TestProvider -Bars 5
        $to = New-TestProvider -Fetcher { param($start, $end, $nodeId, $interval) Get-QmtlHistory $from X $interval -Start $start -End $end }
        (Invoke-QmtlBackfill $to Z 1m 60 300).BarsWritten | Should -Be 5
        Get-StoredMinute $to Z | Should -Be 1, 2, 3, 4, 5
        (Get-QmtlHistory $to Z 1m)[4].close | Should -Be 5
    }

    It 'refuses a range that ends before it starts' {
        { Get-QmtlHistory (New-TestProvider) X 1m -Start 120 -End 60 } | Should -Throw '*after its end*'
    }

    It 'tells which rows of an object''s history are no bars of it' {
        $own = [pscustomobject]@{ Name = 'own' } |
            Add-Member ScriptMethod Coverage { } -PassThru |
            Add-Member ScriptMethod Fetch { @{ ts = 60; close = 1.0 }, @{ ts = 61; close = 1.0 } } -PassThru
        (Get-QmtlHistory $own X 1m -WarningVariable warnings -WarningAction SilentlyContinue).close | Should -Be 1
        $warnings[0].Message | Should -BeLike 'own gave rows of X 1m*1 off the interval''s grid*'
    }
}
