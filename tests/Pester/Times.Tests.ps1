BeforeAll {
    . (Join-Path $PSScriptRoot common.ps1)
}

Describe 'Times of what the module gives, where the culture is <_>' -ForEach 'th-TH', 'fa-IR', 'ar-SA', 'de-DE', 'en-US' {
    BeforeAll {
        $was = [cultureinfo]::CurrentCulture
        [cultureinfo]::CurrentCulture = $_
        $provider = New-TestProvider
        $outcome = Invoke-QmtlBackfill $provider X 1m -Start 2024-01-02T03:04:00Z -End 2024-01-02T03:04:00Z
        $coverage = Get-QmtlCoverage $provider
        $gap = Get-QmtlGap $provider X 1m -Start 2024-01-02T03:04:00Z -End 2024-01-02T03:05:00Z
        $bar = Get-QmtlHistory $provider X 1m
        $stream = New-QmtlStreamInput X -Interval 1m -Period 1 -HistoryProvider $provider
        $node = New-QmtlNode n -NodeId N { $_['X'].GetValue('close') } -InputObject $stream
        $result = Invoke-QmtlStrategy (New-QmtlStrategy s $node) -Offline -Start 2024-01-02T03:04:00Z -End 2024-01-02T03:04:00Z
        $Everything = [ordered]@{ outcome = $outcome; coverage = $coverage; gap = $gap; bar = $bar; result = $result }
        $Iso = '2024-01-02[T ]03:0[45]:00Z'

        # A year stands alone: the random names of files hold any digits.
        $Other = '(?<![0-9a-f])(2567|1402|1445)(?![0-9a-f])|02\.01\.|02/01|01/02|1/2/|\+00:00'
    }

    AfterAll {
        [cultureinfo]::CurrentCulture = $was
    }

    It 'are ISO 8601 in UTC in <Form>' -ForEach @(
        @{ Form = 'a table or list of its own'; Write = { $_ | Out-String -Width 200 } }
        @{ Form = 'a list of another kind''s objects, as a script''s second answer is'; Write = { [version]'1.0', $_ | Out-String -Width 200 } }
        @{ Form = 'Format-List *'; Write = { $_ | Format-List * | Out-String -Width 200 } }
        @{ Form = 'Format-Table of properties'; Write = { $_ | Format-Table Start, Timestamp, Time | Out-String -Width 200 } }
        @{ Form = 'Select-Object'; Write = { $_ | Select-Object Start, Timestamp, Time | Out-String -Width 200 } }
        @{ Form = 'a calculated property'; Write = { $_ | Select-Object @{ n = 'at'; e = { $_.Start ?? $_.Timestamp ?? $_.Time } } | ConvertTo-Csv } }
        @{ Form = 'a custom object'; Write = { $at = $_.Start ?? $_.Timestamp ?? $_.Time; [pscustomobject]@{ at = $at } | ConvertTo-Csv } }
        @{ Form = 'ConvertTo-Csv'; Write = { $_ | ConvertTo-Csv } }
        @{ Form = 'ConvertTo-Html'; Write = { $_ | ConvertTo-Html -Fragment -Property Start, Timestamp, Time } }
        @{ Form = 'the -f operator'; Write = { '{0}' -f ($_.Start ?? $_.Timestamp ?? $_.Time) } }
        @{ Form = 'Export-Csv'; Write = { $_ | Export-Csv "$TestDrive/times.csv"; Get-Content "$TestDrive/times.csv" } }
    ) {
        foreach ($name in $Everything.Keys) {
            $text = ($Everything[$name] | ForEach-Object $Write) -join "`n"
            $text | Should -Match $Iso -Because $name
            $text -replace $Iso | Should -Not -Match $Other -Because $name
        }
    }

    It 'are ISO 8601 alone, too' {
        foreach ($time in $gap.Start, $coverage.End, $outcome.Start, $result.Time, $bar.Timestamp) {
            $time.ToString() | Should -Match "^$Iso$"
            $time | Out-String | Should -Match "^\s*$Iso\s*$"
            ($time, $time) -join ' ' | Should -Match "^$Iso $Iso$"
        }
    }

    It 'are of the Gregorian calendar and UTC in an expandable string' {
        "$($gap.Start) $($bar.Timestamp) $($result.Time)" | Should -Be '01/02/2024 03:05:00 +00:00 01/02/2024 03:04:00 +00:00 01/02/2024 03:04:00 +00:00'
    }

    It 'are formatted by the calendar that everybody has' {
        foreach ($time in $coverage.Start, $bar.Timestamp, $result.Time) {
            '{0:yyyy-MM-dd HH:mm}' -f $time | Should -Be '2024-01-02 03:04'
            $time.ToString('o') | Should -Be '2024-01-02T03:04:00.0000000+00:00'
            $time.ToString('yyyy MMM', [cultureinfo]::InvariantCulture) | Should -Be '2024 Jan'
        }

        $gap.Start.ToString('MMMM') | Should -Be 'January'
        $gap.Start.ToString([cultureinfo]'de-DE') | Should -Be '02.01.2024 03:05:00 +00:00'
    }

    It 'are DateTimeOffset' {
        foreach ($time in $coverage.Start, $bar.Timestamp, $result.Time) {
            $time | Should -BeOfType ([DateTimeOffset])
            $time.GetType() | Should -Be ([DateTimeOffset])
            $time.ToUnixTimeSeconds(), $time.Year, $time.AddDays(1).Day | Should -Be 1704164640, 2024, 3
            $gap.Start - $time | Should -Be ([timespan]'00:01')
            $time + [timespan]'00:01' | Should -Be $gap.Start
            $time -lt $gap.Start -and $gap.Start -gt $time -and $time -eq [DateTimeOffset]'2024-01-02T03:04:00Z' | Should -BeTrue
            [DateTimeOffset]::Compare($time, $gap.Start) | Should -Be -1
            (& { param([DateTimeOffset] $at, [DateTimeOffset[]] $all, [Nullable[DateTimeOffset]] $none) $at, $all[0], $none } $time $time $time).UtcTicks |
                Should -Be $time.UtcTicks, $time.UtcTicks, $time.UtcTicks
            @{ $time = 'found' }[[DateTimeOffset]'2024-01-02T03:04:00Z'] | Should -Be 'found'
        }

        ($gap, $coverage | Sort-Object Start)[0] | Should -Be $coverage
        ($gap, $coverage | Group-Object Start).Name | Should -Be '2024-01-02T03:04:00Z', '2024-01-02T03:05:00Z'
        $gap, $coverage | Where-Object Start -GT ([DateTimeOffset]'2024-01-02T03:04:00Z') | Should -Be $gap
        (Get-QmtlHistory $provider X 1m -Start $bar.Timestamp -End $coverage.End).close | Should -Be $bar.close
        $gap | Get-Member Start | ForEach-Object Definition | Should -Match 'Qmtl.PowerShell.Output.UtcTime Start ?\{get=GetStart;\}'
        $bar | Get-Member Timestamp | ForEach-Object Definition | Should -Be 'System.DateTimeOffset Timestamp=2024-01-02T03:04:00Z'
    }

    It 'are the one value of a member in JSON' {
        $bar | Select-Object Timestamp | ConvertTo-Json -Compress | Should -Be '{"Timestamp":"2024-01-02T03:04:00+00:00"}'
        $gap | Select-Object Start | ConvertTo-Json -Compress | Should -Be '{"Start":"2024-01-02T03:05:00+00:00"}'
    }

    It 'bind again after <Way>' -ForEach @(
        @{ Way = 'a CSV file'; Travel = { $_ | Export-Csv "$TestDrive/gap.csv"; Import-Csv "$TestDrive/gap.csv" } }
        @{ Way = 'a file of Export-Clixml'; Travel = { $_ | Export-Clixml "$TestDrive/gap.xml"; Import-Clixml "$TestDrive/gap.xml" } }
        @{ Way = 'nothing'; Travel = { $_ } }
    ) {
        $there = @($gap | ForEach-Object $Travel | Select-Object NodeId, Interval, Start, End | Get-QmtlGap -Provider $provider)
        $there | Should -HaveCount 1
        $there.StartTimestamp, $there.EndTimestamp | Should -Be 1704164700, 1704164700
    }

    It 'leave those of others alone' {
        $other = [DateTimeOffset]'2024-01-02T03:04:00Z'
        $other.ToString() | Should -Be ([System.Convert]::ToString($other, [cultureinfo]::CurrentCulture))
        $other.pstypenames | Should -Not -Contain 'Qmtl.Time'
        ([pscustomobject]@{ at = $other } | ConvertTo-Csv)[1] | Should -Be "`"$($other.ToString())`""
    }

    It 'can be set in a bar, and are copied with it' {
        $copy = $bar.psobject.Copy()
        $copy.Timestamp | Should -Be $bar.Timestamp
        $copy.Timestamp = 'noon'
        $copy.Timestamp | Should -Be 'noon'
        $bar.Timestamp.Year | Should -Be 2024
    }
}

Describe 'A script' {
    It 'that shows coverage and gaps in a Thai shell shows ISO 8601' {
        $shell = Invoke-Shell @"
            Import-Module '$QmtlModule'
            [cultureinfo]::CurrentCulture = 'th-TH'
            `$provider = New-QmtlHistoryProvider '$TestDrive/thai.db' -Fetcher (New-QmtlFetcher -Name all -ScriptBlock { param(`$start) @{ ts = `$start; close = 1.0 } })
            Invoke-QmtlBackfill `$provider X 1m -Start 2024-01-02T03:04:00Z -End 2024-01-02T03:04:00Z
            Get-QmtlCoverage `$provider
            Get-QmtlGap `$provider X 1m -Start 2024-01-02T03:04:00Z -End 2024-01-02T03:05:00Z
            Get-QmtlHistory `$provider X 1m
"@
        $shell.ExitCode | Should -Be 0 -Because $shell.Output
        $shell.Output | Should -Match 'Timestamp +: 2024-01-02T03:04:00Z'
        [regex]::Count($shell.Output, '2024-01-02[T ]03:0[45]:00Z') | Should -Be 6 -Because $shell.Output
        $shell.Output | Should -Not -Match '(?<![0-9a-f])2567(?![0-9a-f])|\+00:00'
    }
}
