BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # Has its bars at the second try.
    function New-FlakySource {
        $state = @{ Calls = 0 }
        $everyBar = $EveryBar
        $source = {
            param($start, $end, $nodeId, $interval)
            if (++$state.Calls -eq 1) {
                throw [System.TimeoutException]::new('too slow')
            }

            & $everyBar $start $end $nodeId $interval
        }.GetNewClosure()
        New-QmtlFetcher -Name flaky -ScriptBlock $source
    }
}

Describe 'what happens in a run' {
    It 'is told by -Verbose, from the start on, with retries' {
        $story = Invoke-QmtlBackfill (New-TestProvider -Fetcher (New-FlakySource)) X 1m 60 300 -Verbose 4>&1 | Where-Object { $_ -is [System.Management.Automation.VerboseRecord] -and $_.Message -notlike 'Performing the operation*' }
        $story.Message | Should -HaveCount 3
        $story[0].Message | Should -Be 'X 1m: backfill of 1970-01-01T00:01:00Z to 1970-01-01T00:05:00Z from flaky.'
        $story[1].Message | Should -Be 'X 1m: bars to ask for: 5, requests planned: 1.'
        $story[2].Message | Should -BeLike 'X 1m: retry 1 of * in * s: *too slow*'
    }

    It 'goes to no stream unless it is asked for' {
        $all = Invoke-QmtlBackfill (New-TestProvider -Fetcher (New-FlakySource)) X 1m 60 300 *>&1
        $all | Where-Object { $_ -isnot [System.Management.Automation.InformationRecord] } | ForEach-Object { $_.GetType().Name } | Should -Be BackfillOutcome
    }

    It 'is told in detail with $DebugPreference = Continue' {
        $DebugPreference = 'Continue'
        $details = Invoke-QmtlBackfill (New-TestProvider) X 1m 60 300 5>&1 | Where-Object { $_ -is [System.Management.Automation.DebugRecord] }
        "$details" | Should -Match 'committed, 5 bars written, 0 empty'
        "$details" | Should -Match 'answered for 1970-01-01T00:01:00Z to 1970-01-01T00:05:00Z after'
    }

    It 'ends in an information record for each range, with tags' {
        $provider = New-TestProvider
        $null = @{ Start = 60; End = 120 }, @{ Start = 240; End = 240 } |
            ForEach-Object { [pscustomobject]($_ + @{ Provider = $provider; NodeId = 'X'; Interval = '1m' }) } |
            Invoke-QmtlBackfill -InformationVariable done
        $done | Should -HaveCount 2
        $done[0].MessageData | Should -BeLike 'X 1m: 1970-01-01T00:01:00Z to 1970-01-01T00:02:00Z completed, 2 bars written, 0 empty, 0 missing, in * s.'
        $done[0].Tags | Should -Be 'Qmtl', 'backfill.complete'
    }

    It 'shows the completion with -InformationAction Continue, and with 6> to a file' {
        $file = Join-Path $TestDrive information.txt
        $null = Invoke-QmtlBackfill (New-TestProvider) X 1m 60 300 -InformationAction Continue 6> $file
        Get-Content $file | Should -BeLike '*completed, 5 bars written*'
    }

    It 'ends in an information record for a provider that fills itself too' {
        $own = [pscustomobject]@{ Full = $false } |
            Add-Member ScriptMethod Coverage { if ($this.Full) { , @(60, 300) } } -PassThru |
            Add-Member ScriptMethod Fetch { } -PassThru |
            Add-Member ScriptMethod FillMissing { $this.Full = $true } -PassThru
        $null = Invoke-QmtlBackfill $own X 1m 60 300 -InformationVariable done
        $done | Should -HaveCount 1
        $done[0].MessageData | Should -BeLike '*completed, 5 bars written*'
    }
}

Describe 'what an operator must know' {
    BeforeAll {
        $OffGrid = { param($start) @{ ts = $start; close = 1.0 }; @{ ts = $start + 7; close = 1.0 } }
    }

    It 'is one warning, which -WarningVariable has and -WarningAction hides' {
        $shown = Invoke-QmtlBackfill (New-TestProvider -Fetcher $OffGrid) X 1m 60 60 -WarningVariable warnings -WarningAction SilentlyContinue 3>&1
        $warnings | Should -HaveCount 1
        $warnings[0].Message | Should -BeLike 'X 1m: 1 rows from script:* were not stored: 1 off the interval*'
        $shown | Where-Object { $_ -is [System.Management.Automation.WarningRecord] } | Should -BeNullOrEmpty
    }

    It 'ends the run with -WarningAction Stop' {
        { Invoke-QmtlBackfill (New-TestProvider -Fetcher $OffGrid) X 1m 60 60 -WarningAction Stop } | Should -Throw '*were not stored*'
    }

    It 'is an error for a range that failed, and not a warning as well' {
        $null = Invoke-QmtlBackfill (New-TestProvider -Fetcher { throw 'no luck' }) X 1m 60 60 -ErrorVariable failures -ErrorAction SilentlyContinue -WarningVariable warnings
        $failures | Should -HaveCount 1
        $warnings | Should -BeNullOrEmpty
    }
}

Describe 'a password' {
    It 'is in no stream' {
        $provider = New-QmtlHistoryProvider -ConnectionString 'Host=127.0.0.1;Port=1;Username=writer;Password=open-sesame;Database=market' -Fetcher $EveryBar
        $DebugPreference = 'Continue'
        $all = Invoke-QmtlBackfill $provider X 1m 60 300 -MaxRetries 1 -Verbose -InformationAction Continue -ErrorAction Continue *>&1 | Out-String
        $all | Should -Match 'retry 1'
        $all | Should -Not -Match 'sesame'
    }
}

Describe 'text from outside' {
    It 'never reaches the terminal as it is, on no stream' {
        # Colour, bell, carriage return, bidirectional marks, a C1 control.
        $shell = Invoke-Shell @"
`$DebugPreference = 'Continue'
`$evil = "X``e[31mred``a``r" + [char]0x202e + 'gnp' + [char]0x2066 + [char]0x9b + '2J'
Import-Module '$QmtlModule'
`$source = New-QmtlFetcher -Name `$evil { param(`$start) if (`$start -ge 180) { throw "no luck `$evil" } @{ ts = 60; close = 1.0 }, @{ ts = 60; close = 2.0 } } -BarsPerRequest 2
`$provider = New-QmtlHistoryProvider '$TestDrive/evil.db' -Fetcher `$source
Invoke-QmtlBackfill `$provider `$evil 1m 60 240 -Verbose -ErrorAction Continue | Out-Default
Get-QmtlCoverage `$provider | Out-Default
try { Get-QmtlHistory ([pscustomobject]@{ Name = `$evil } | Add-Member ScriptMethod Fetch { throw `$evil } -PassThru) X 1m } catch { Write-Error `$_ -ErrorAction Continue }
@{ ts = 61; close = 1.0 } | Add-QmtlRecord (New-QmtlRecorder '$TestDrive/evil2.db') -NodeId `$evil -Interval 1m
`$recorder = New-QmtlRecorder -Name `$evil -InputObject ([pscustomobject]@{} | Add-Member ScriptMethod Persist { throw `$evil } -PassThru)
@{ ts = 60; close = 1.0 } | Add-QmtlRecord `$recorder -NodeId `$evil -Interval 1m
"@
        $shell.Output | Should -Match '\\u001b\[31mred\\u0007'
        $shell.Output | Should -Match 'no luck X'
        ([Qmtl.Messages.PlainText])::Escape($shell.Output) -ceq $shell.Output | Should -BeTrue -Because $shell.Output
    }
}
