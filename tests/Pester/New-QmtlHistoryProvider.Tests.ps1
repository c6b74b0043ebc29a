BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'New-QmtlHistoryProvider' {
    BeforeEach {
        $folder = New-Item -ItemType Directory -Path (Join-Path $TestDrive ([guid]::NewGuid().ToString('n')))
        Push-Location $folder
    }

    AfterEach {
        Pop-Location
    }

    It 'opens qmtl.db in PowerShell''s location by default, and creates nothing before the first write' {
        $provider = New-QmtlHistoryProvider -Fetcher $EveryBar
        Get-QmtlCoverage $provider | Should -BeNullOrEmpty
        Join-Path $folder 'qmtl.db' | Should -Not -Exist
        $null = Invoke-QmtlBackfill $provider X 1m 60 120
        Join-Path $folder 'qmtl.db' | Should -Exist
    }

    It 'takes a path relative to PowerShell''s location, not to the process''s' {
        [Environment]::CurrentDirectory | Should -Not -Be $folder.FullName
        $null = New-Item -ItemType Directory sub
        $null = Invoke-QmtlBackfill (New-QmtlHistoryProvider -Path sub/my.db -Fetcher $EveryBar) X 1m 60 120
        Join-Path $folder sub my.db | Should -Exist
    }

    It 'takes a drive of PowerShell' {
        $null = Invoke-QmtlBackfill (New-QmtlHistoryProvider -Path TestDrive:\drive.db -Fetcher $EveryBar) X 1m 60 120
        Join-Path $TestDrive drive.db | Should -Exist
    }

    It 'keeps all streams in one table where it is named' {
        $provider = New-QmtlHistoryProvider -Path one.db -Table candles -Fetcher $EveryBar
        $null = Invoke-QmtlBackfill $provider A 1m 60 120
        $null = Invoke-QmtlBackfill $provider B 5m 300 600
        (Get-QmtlCoverage $provider).NodeId | Should -Be A, B
        (Get-QmtlCoverage (New-QmtlHistoryProvider -Path one.db -Table candles)).NodeId | Should -Be A, B
    }

    It 'takes any node id' -ForEach @(
        @{ NodeId = 'a b; drop table x --' }, @{ NodeId = '"quoted" ''too''' }, @{ NodeId = 'Ümläut/キー🚀' }, @{ NodeId = 'n' * 200 }
    ) {
        $provider = New-QmtlHistoryProvider -Fetcher $EveryBar
        (Invoke-QmtlBackfill $provider $NodeId 1m 60 180).BarsWritten | Should -Be 3
        (Get-QmtlCoverage $provider).NodeId | Should -BeExactly $NodeId
        (Get-QmtlHistory $provider $NodeId 1m).close | Should -Be 1, 2, 3
    }

    It 'does not take a slip in a connection string for a file: <_>' -ForEach 'foo', 'db.example.com/market', 'me=1;secret=sesame', 'Data Source=x.db' {
        { New-QmtlHistoryProvider -ConnectionString $_ } | Should -Throw '*names no server*postgresql://user:password@host*-Path*' -ErrorId 'InvalidValue,*'
        { New-QmtlRecorder -ConnectionString $_ -SpoolPath spool } | Should -Throw '*names no server*'
        "$($Error[0])" | Should -Not -Match 'sesame'
    }

    It 'never shows a password' {
        $secret = 'sesame-0pen'
        $providers = @(
            New-QmtlHistoryProvider -ConnectionString "postgresql://me:$secret@127.0.0.1:1/market"
            New-QmtlHistoryProvider -ConnectionString "Host=127.0.0.1;Port=1;Username=me;Password=$secret;Database=market"
            New-QmtlHistoryProvider -ConnectionString 'postgresql://127.0.0.1:1/market' -Credential ([pscredential]::new('me', (ConvertTo-SecureString $secret -AsPlainText)))
        )
        foreach ($provider in $providers) {
            $shown = @(
                $provider | Out-String
                $provider | Format-List * | Out-String
                $provider | ConvertTo-Json -Depth 4 -WarningAction SilentlyContinue
                "$provider"
                $provider.Store | Format-List * | Out-String
                try { Get-QmtlCoverage $provider -Verbose 4>&1 } catch { $_ | Out-String; $_.Exception.ToString(); $_ | Format-List * -Force | Out-String }
            ) -join "`n"
            $shown | Should -Not -Match $secret
            $shown | Should -Match '127\.0\.0\.1'
        }
    }

    It 'does not take a server for a file: <_>' -ForEach 'postgresql//me:sesame-0pen@host/db', 'me:sesame-0pen@host', 'postgresql://me:sesame-0pen@host/db' {
        foreach ($open in { New-QmtlHistoryProvider -Path $_ }, { New-QmtlRecorder -Path $_ }) {
            $problem = $open | Should -Throw "*reads as a server's address*-ConnectionString*" -PassThru
            $problem | Format-List * -Force | Out-String | Should -Not -Match 'sesame-0pen'
        }
    }

    It 'never shows the password of a connection string that is wrong' {
        $problem = { New-QmtlHistoryProvider -ConnectionString 'postgresql://me:sesame-0pen@host:notaport/db' } | Should -Throw -PassThru
        $problem | Format-List * -Force | Out-String | Should -Not -Match 'sesame-0pen'
        $problem.Exception.ToString() | Should -Not -Match 'sesame-0pen'
    }

    It 'says that <Case>' -ForEach @(
        @{ Case = 'a path is not on a file system'; Make = { New-QmtlHistoryProvider -Path Env:\x }; Message = '*path of the Environment provider*' }
        @{ Case = 'a text is no fetcher'; Make = { New-QmtlHistoryProvider -Fetcher binance }; Message = "*'binance' is not a fetcher*New-QmtlFetcher*" }
        @{ Case = 'an object is no fetcher'; Make = { New-QmtlHistoryProvider -Fetcher (Get-Date) }; Message = '*System.DateTime is not a fetcher*Fetch(start, end, nodeId, interval)*' }
        @{ Case = 'there is no such kind'; Make = { New-QmtlHistoryProvider -ConnectionString Host=h -Kind mongo }; Message = "*no kind of store 'mongo'*PostgreSql*" }
        @{ Case = 'a file is not of a kind'; Make = { New-QmtlHistoryProvider -ConnectionString x.db }; Message = '*names no server*-Path*' }
        @{ Case = 'a credential is for a database'; Make = { New-QmtlHistoryProvider -Path x.db -Credential ([pscredential]::Empty) }; Message = '*Parameter set*' }
    ) {
        $Make | Should -Throw $Message
    }
}

Describe 'a provider of the operator''s own' {
    BeforeAll {
        class OwnProvider {
            [string] $Name = 'own'
            [System.Collections.Generic.SortedSet[long]] $Times = [System.Collections.Generic.SortedSet[long]]::new()
            [System.Collections.Generic.List[string]] $Calls = [System.Collections.Generic.List[string]]::new()

            [object[]] Fetch([long] $start, [long] $end, [string] $nodeId, [string] $interval) {
                return $($this.Times.Where({ $_ -ge $start -and $_ -le $end }).ForEach({ @{ ts = $_; close = $_ / 60 } }))
            }

            [object[]] Coverage([string] $nodeId, [string] $interval) {
                return $($this.Times.ForEach({ [pscustomobject]@{ Start = $_; End = $_ } }))
            }

            [void] FillMissing([long] $start, [long] $end, [string] $nodeId, [string] $interval) {
                $this.Calls.Add("$start $end $nodeId $interval")
                for ($ts = $start; $ts -le $end; $ts += 60) {
                    if ($ts -ne 300) { $null = $this.Times.Add($ts) }
                }
            }
        }

        function New-OwnProvider([long[]] $Minutes) {
            $own = [OwnProvider]::new()
            $Minutes.ForEach({ $null = $own.Times.Add(60 * $_) })
            $own
        }
    }

    It 'is taken by every command' {
        $own = New-OwnProvider 1, 2, 4
        Get-QmtlCoverage $own X 1m | ForEach-Object Bars | Should -Be 2, 1
        (Get-QmtlHistory $own X 1m -Start 120).close | Should -Be 2, 4
        $gap = Get-QmtlCoverage $own X 1m | Get-QmtlGap
        $gap.StartTimestamp, $gap.EndTimestamp | Should -Be 180, 180
        $result = $gap | Invoke-QmtlBackfill
        $result.Status, $result.BarsWritten, $result.Requests | Should -Be Completed, 1, 1
        $own.Calls | Should -Be '180 180 X 1m'
    }

    It 'is asked for each missing range, and the results say what is really there' {
        $own = New-OwnProvider 2
        $result = Invoke-QmtlBackfill $own X 1m 60 300
        $own.Calls | Should -Be '60 60 X 1m', '180 300 X 1m'
        $result.Status, $result.BarsWritten, $result.BarsMissing | Should -Be Partial, 3, 1
    }

    It 'is not filled under -WhatIf' {
        $own = New-OwnProvider 2
        Invoke-QmtlBackfill $own X 1m 60 300 -WhatIf
        $own.Calls | Should -BeNullOrEmpty
    }

    It 'may be a PSCustomObject whose coverage is <Shape>' -ForEach @(
        @{ Shape = 'one pair of numbers'; Coverage = { , @(60, 120) }; Bars = 2 }
        @{ Shape = 'pairs of numbers'; Coverage = { @(60, 120), @(240, 300) }; Bars = 2, 2 }
        @{ Shape = 'hashtables'; Coverage = { @{ Start = 60; End = 120 } }; Bars = 2 }
        @{ Shape = 'tuples'; Coverage = { [System.ValueTuple]::Create(60L, 120L), [System.Tuple]::Create(240L, 240L) }; Bars = 2, 1 }
        @{ Shape = 'objects with DateTimes'; Coverage = { [pscustomobject]@{ Start = [datetime]::UnixEpoch; End = [datetime]::UnixEpoch.AddMinutes(1) } }; Bars = 2 }
        @{ Shape = 'nothing'; Coverage = { }; Bars = @() }
    ) {
        $own = [pscustomobject]@{ Name = 'script' } |
            Add-Member ScriptMethod Fetch { } -PassThru |
            Add-Member ScriptMethod Coverage $Coverage -PassThru
        @(Get-QmtlCoverage $own X 1m).ForEach({ $_.Bars }) | Should -Be $Bars
    }

    It 'may have Fetch alone, and covers what it answers' {
        $own = [pscustomobject]@{ Name = 'script' } |
            Add-Member ScriptMethod Fetch { param($start, $end) 60, 180, 240 | Where-Object { $_ -ge $start -and $_ -le $end } | ForEach-Object { @{ ts = $_; close = 1.0 } } } -PassThru
        (Get-QmtlCoverage $own X 1m).ForEach({ "$($_.StartTimestamp) $($_.EndTimestamp)" }) | Should -Be '60 60', '180 240'
        (Get-QmtlGap $own X 1m -Start 60 -End 300).StartTimestamp | Should -Be 120, 300
    }

    It 'is refused where a class declares no type for what its <Method> gives' -ForEach @(
        @{ Method = 'Fetch'; Make = { class NoRows { Fetch([long] $start, [long] $end, [string] $nodeId, [object] $interval) { @{ ts = 60 } } }; [NoRows]::new() } }
        @{ Method = 'Coverage'; Make = { class NoRanges { [object[]] Fetch([long] $start, [long] $end, [string] $nodeId, [object] $interval) { return @() } Coverage([string] $nodeId, [object] $interval) { } }; [NoRanges]::new() } }
    ) {
        { Get-QmtlCoverage (& $Make) X 1m } | Should -Throw "*$Method*declared without a type*[[]object[[]]]*"
    }

    It 'says that <Case>' -ForEach @(
        @{ Case = 'its coverage is no ranges'; Do = { Get-QmtlCoverage ([pscustomobject]@{} | Add-Member ScriptMethod Fetch { } -PassThru | Add-Member ScriptMethod Coverage { 60, 120, 180 } -PassThru) X 1m }; Message = "*odd number of times*" }
        @{ Case = 'its coverage failed'; Do = { Get-QmtlCoverage ([pscustomobject]@{} | Add-Member ScriptMethod Fetch { } -PassThru | Add-Member ScriptMethod Coverage { throw 'no luck' } -PassThru) X 1m }; Message = '*no luck*' }
        @{ Case = 'it cannot list its streams'; Do = { Get-QmtlCoverage (New-OwnProvider 1) }; Message = '*own cannot list its streams*-NodeId and -Interval*' }
        @{ Case = 'it has no FillMissing'; Do = { Invoke-QmtlBackfill ([pscustomobject]@{} | Add-Member ScriptMethod Fetch { } -PassThru | Add-Member ScriptMethod Coverage { } -PassThru) X 1m 60 120 }; Message = '*no FillMissing(start, end, nodeId, interval)*' }
        @{ Case = 'a fetcher is no use to it'; Do = { Invoke-QmtlBackfill (New-OwnProvider 1) X 1m 60 120 -Fetcher $EveryBar }; Message = '*own fills itself*' }
        @{ Case = 'an object is no provider'; Do = { Get-QmtlCoverage (Get-Date) X 1m }; Message = '*System.DateTime is not a history provider*New-QmtlHistoryProvider*' }
        @{ Case = 'a text is no store'; Do = { Get-QmtlCoverage candles }; Message = "*'candles' is no store*New-QmtlHistoryProvider*" }
    ) {
        $Do | Should -Throw $Message
    }

    It 'reports a failing FillMissing and goes on' {
        $own = [pscustomobject]@{ Name = 'script' } |
            Add-Member ScriptMethod Fetch { } -PassThru |
            Add-Member ScriptMethod Coverage { } -PassThru |
            Add-Member ScriptMethod FillMissing { param($start) if ($start -eq 60) { throw 'no luck' } } -PassThru
        $gaps = foreach ($start in 60, 600) {
            [pscustomobject]@{ Provider = $own; NodeId = 'X'; Interval = '1m'; Start = $start; End = $start + 60 }
        }
        $results = $gaps | Invoke-QmtlBackfill -ErrorAction SilentlyContinue -ErrorVariable failures
        $results.Status | Should -Be Failed, Partial
        @($failures)[0].ToString() | Should -BeLike '*no luck*'
    }
}
