BeforeAll {
    . (Join-Path $PSScriptRoot common.ps1)

    # A gap of two bars between coverage, a failed range, a bar, a slice of a cache, a result and a warm-up.
    function New-Traveller {
        $provider = New-TestProvider
        $null = @{ Start = '2024-01-02T03:00:00Z'; End = '2024-01-02T03:03:00Z' }, @{ Start = '2024-01-02T03:06:00Z'; End = '2024-01-02T03:09:00Z' } |
            ForEach-Object { [pscustomobject]($_ + @{ Provider = $provider; NodeId = 'X'; Interval = '1m' }) } |
            Invoke-QmtlBackfill
        $stream = New-QmtlStreamInput X -Interval 1m -Period 4 -HistoryProvider $provider
        $node = New-QmtlNode n -NodeId N { $_['X'].GetValue('close') } -InputObject $stream
        $result = Invoke-QmtlStrategy (New-QmtlStrategy s $node) -Offline -Start 2024-01-02T03:03:00Z -End 2024-01-02T03:03:00Z
        $broken = New-TestProvider -Fetcher (New-QmtlFetcher -Name bad -ScriptBlock { throw 'no luck' })
        [ordered]@{
            Provider = $provider
            Coverage = @(Get-QmtlCoverage $provider)[1]
            Gap      = Get-QmtlGap $provider X 1m -End 2024-01-02T03:09:00Z
            Outcome  = Invoke-QmtlBackfill $provider X 1m -Start 2024-01-02T03:00:00Z -End 2024-01-02T03:03:00Z
            Failed   = Invoke-QmtlBackfill $broken X 1m -Start 2024-01-02T03:00:00Z -End 2024-01-02T03:03:00Z -ErrorAction SilentlyContinue
            Warmup   = New-QmtlStreamInput X -Interval 1m -Period 1 -HistoryProvider (New-TestProvider) | Initialize-QmtlHistory
            Bar      = @(Get-QmtlHistory $provider X 1m)[1]
            Slice    = @(Get-QmtlCacheSlice $stream)[-1]
            Result   = $result
        }
    }

    function Use-Culture([string] $Name, [scriptblock] $Script) {
        $was = [cultureinfo]::CurrentCulture
        try {
            [cultureinfo]::CurrentCulture = $Name
            & $Script
        }
        finally {
            [cultureinfo]::CurrentCulture = $was
        }
    }
}

Describe 'Objects that travel' {
    BeforeAll {
        $all = New-Traveller
        $provider = $all.Provider
        $ways = @{
            'a CSV file'                = { param($object) $object | Export-Csv "$TestDrive/t.csv"; Import-Csv "$TestDrive/t.csv" }
            'JSON'                      = { param($object) $object | ConvertTo-Json -Depth 2 | ConvertFrom-Json }
            'a file of Export-Clixml'   = { param($object) $object | Export-Clixml "$TestDrive/t.xml"; Import-Clixml "$TestDrive/t.xml" }
            'the serializer of remoting' = { param($object) [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($object)) }
        }
    }

    It 'come out of <Way> with the same text in the culture <Culture>' -ForEach @(
        foreach ($culture in 'th-TH', 'fa-IR', 'ar-SA', 'de-DE', 'tr-TR') {
            foreach ($way in 'a CSV file', 'JSON', 'a file of Export-Clixml', 'the serializer of remoting') {
                @{ Culture = $culture; Way = $way }
            }
        }
    ) {
        Use-Culture $Culture {
            foreach ($name in 'Coverage', 'Gap', 'Outcome', 'Failed', 'Warmup') {
                $there = & $ways[$Way] $all[$name]
                $there.NodeId, "$($there.Interval)" | Should -Be 'X', '1m' -Because $name
                foreach ($time in 'Start', 'End') {
                    $value = $there.$time -is [datetime] ? $there.$time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [cultureinfo]::InvariantCulture) : $there.$time
                    $value | Should -BeExactly $all[$name].$time.ToString() -Because "$name $time"
                }
                $there.Bars | Should -Be $all[$name].Bars
                $there.Provider | Should -BeExactly $all[$name].Provider.DisplayName -Because $name
            }

            (& $ways[$Way] $all.Failed).Error | Should -BeLike '*no luck*'
            (& $ways[$Way] $all.Outcome).Error | Should -BeNullOrEmpty
            (& $ways[$Way] $all.Outcome).Status, (& $ways[$Way] $all.Failed).Status, (& $ways[$Way] $all.Warmup).Status | Should -Be Completed, Failed, Ready
            (& $ways[$Way] $all.Outcome).Duration | Should -Match '^00:00:'
            (& $ways[$Way] $all.Result).Value | Should -Be $all.Result.Value
            [double]::Parse((& $ways[$Way] $all.Bar).close, [cultureinfo]::InvariantCulture) | Should -Be $all.Bar.close -Because 'a bar'
        }
    }

    It 'bind again after <_> to commands that are given a provider' -ForEach 'a CSV file', 'JSON', 'a file of Export-Clixml', 'the serializer of remoting' {
        $gap = & $ways[$_] $all.Gap
        $again = $gap | Get-QmtlGap -Provider $provider
        $again.StartTimestamp, $again.EndTimestamp | Should -Be $all.Gap.StartTimestamp, $all.Gap.EndTimestamp
        @(& $ways[$_] $all.Coverage | Get-QmtlHistory -Provider $provider).Count | Should -Be 4
        (& $ways[$_] $all.Gap | Invoke-QmtlBackfill -Provider $provider -WhatIf) | Should -BeNullOrEmpty
        (& $ways[$_] $all.Outcome | Invoke-QmtlBackfill -Provider $provider).Status | Should -Be Completed
    }

    It 'are flat in JSON of two levels, without internals' {
        foreach ($name in $all.Keys.Where({ $_ -ne 'Provider' })) {
            $text = $all[$name] | ConvertTo-Json -Depth 2 -WarningVariable warnings -WarningAction SilentlyContinue
            $warnings | Should -BeNullOrEmpty -Because $name
            foreach ($property in ($text | ConvertFrom-Json).psobject.Properties) {
                $property.Value -is [pscustomobject] -or $property.Value -is [array] | Should -BeFalse -Because "$name.$($property.Name)"
            }
        }

        $json = $all.Gap | ConvertTo-Json -Compress
        $json | Should -Match '"Interval":"1m","Start":"2024-01-02T03:04:00Z","End":"2024-01-02T03:05:00Z"'
        $json | Should -Match ([regex]::Escape(($provider.DisplayName | ConvertTo-Json)))
    }

    It 'have to a script what they have always had' {
        $all.Gap.Start | Should -BeOfType ([DateTimeOffset])
        $all.Gap.Interval.Seconds | Should -Be 60
        [object]::ReferenceEquals($all.Gap.Provider, $provider) | Should -BeTrue
        $all.Failed.Error | Should -BeOfType ([System.Management.Automation.ErrorRecord])
        $all.Outcome.Duration | Should -BeOfType ([timespan])
        $all.Warmup.Stream.NodeId | Should -Be X
        ($all.Gap | ConvertTo-Csv)[0] | Should -Match '^"NodeId","Interval","Start","End","Provider"'
    }

    It 'come back from Start-Job' {
        $job = Start-Job {
            Import-Module "$using:QmtlRoot/Qmtl.psd1"
            $p = New-QmtlHistoryProvider -Path ($using:provider -replace '^sqlite:')
            Get-QmtlGap $p X 1m -End 2024-01-02T03:09:00Z
            Get-QmtlCoverage $p
            @(Get-QmtlHistory $p X 1m)[0]
        }
        $there = $job | Receive-Job -Wait -AutoRemoveJob
        $there | Should -HaveCount 4
        $there[0].Start, $there[0].End | Should -Be '2024-01-02T03:04:00Z', '2024-01-02T03:05:00Z'
        $there[0] | Out-String -Width 200 | Should -Match 'X +1m +2024-01-02 03:04:00Z 2024-01-02 03:05:00Z +2 sqlite:'
        $again = $there[0] | Get-QmtlGap -Provider $provider
        $again.StartTimestamp | Should -Be $all.Gap.StartTimestamp
        @($there[1..2] | Get-QmtlHistory -Provider $provider).Count | Should -Be 8
        $there[3].NodeId, $there[3].Timestamp, $there[3].volume | Should -Be X, '2024-01-02T03:00:00Z', 10
    }

    It 'show what went wrong in a job, a file and in the list' {
        $job = Start-Job {
            Import-Module "$using:QmtlRoot/Qmtl.psd1"
            $bad = New-QmtlHistoryProvider "$using:TestDrive/job.db" -Fetcher (New-QmtlFetcher -Name bad { throw 'no luck' })
            Invoke-QmtlBackfill $bad X 1m -Start 2024-01-02T03:00:00Z -End 2024-01-02T03:03:00Z -ErrorAction SilentlyContinue
        }
        $there = $job | Receive-Job -Wait -AutoRemoveJob
        foreach ($failed in $all.Failed, $there) {
            $failed | Format-Table | Out-String -Width 200 | Should -Match 'X +1m +2024-01-02 03:00:00Z Failed +0 +0 +4 bad failed.*no luck'
            $failed | Format-List | Out-String -Width 200 | Should -Match 'Error +: bad failed.*no luck'
        }

        $there.Error | Should -BeLike 'X 1m 2024-01-02T03:00:00Z to 2024-01-02T03:03:00Z: bad failed*no luck*'
    }

    It 'come back over the named pipe of another shell, the channel of Enter-PSHostProcess' {
        $start = [System.Diagnostics.ProcessStartInfo]::new((Join-Path $PSHOME 'pwsh'))
        '-NoProfile', '-NonInteractive', '-Command', '[Console]::Out.WriteLine($PID); $null = [Console]::In.ReadLine()' | ForEach-Object { $start.ArgumentList.Add($_) }
        $start.RedirectStandardInput = $start.RedirectStandardOutput = $true
        $other = [System.Diagnostics.Process]::Start($start)
        try {
            $id = [int]$other.StandardOutput.ReadLine()
            $runspace = [runspacefactory]::CreateRunspace([System.Management.Automation.Runspaces.NamedPipeConnectionInfo]::new($id))
            $runspace.Open()
            $shell = [powershell]::Create($runspace)
            $null = $shell.AddScript({
                param($root, $file)
                Import-Module "$root/Qmtl.psd1"
                Get-QmtlGap $file X 1m -End 2024-01-02T03:09:00Z
                Get-QmtlCoverage $file
                Get-QmtlHistory $file NOPE 1m
            }).AddArgument($QmtlRoot).AddArgument("$provider" -replace '^sqlite:')
            $there = $shell.Invoke()
            $there | Should -HaveCount 3
            $there[0].psobject.TypeNames | Should -Contain Deserialized.Qmtl.PowerShell.Output.Gap
            $there[0].Start | Should -Be '2024-01-02T03:04:00Z'
            ($there[0] | Get-QmtlGap -Provider $provider).StartTimestamp | Should -Be $all.Gap.StartTimestamp
            @($there[1..2] | Get-QmtlHistory -Provider $provider).Count | Should -Be 8
            $shell.Streams.Error[0].CategoryInfo.Category | Should -Be ObjectNotFound
            $shell.Dispose()
            $runspace.Dispose()
        }
        finally {
            $other.StandardInput.Close()
            $null = $other.WaitForExit(20000)
        }
    }

    It 'come back from Start-ThreadJob, and go into ForEach-Object -Parallel' {
        $gap = $all.Gap
        $job = Start-ThreadJob {
            Import-Module "$using:QmtlRoot/Qmtl.psd1"
            $using:gap | Get-QmtlGap
        }
        ($job | Receive-Job -Wait -AutoRemoveJob).StartTimestamp | Should -Be $all.Gap.StartTimestamp
        $root = $QmtlRoot
        $bars = $all.Coverage, $all.Coverage | ForEach-Object -ThrottleLimit 2 -Parallel {
            Import-Module "$using:root/Qmtl.psd1"
            @($_ | Get-QmtlHistory).Count
        }
        $bars | Should -Be 4, 4
    }

    It 'are recorded after <_> as they are before' -ForEach 'a CSV file', 'JSON', 'a file of Export-Clixml' {
        foreach ($name in 'Result', 'Bar') {
            $live = New-QmtlRecorder (Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).db")
            $travelled = New-QmtlRecorder (Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).db")
            $all[$name] | Add-QmtlRecord $live -NodeId R -Interval 1m -Wait
            & $ways[$_] $all[$name] | Add-QmtlRecord $travelled -NodeId R -Interval 1m -Wait
            $rows = $live, $travelled | ForEach-Object {
                Get-QmtlHistory (New-QmtlHistoryProvider ($_.DisplayName -replace '^sqlite:')) R 1m | Select-Object Timestamp, value, close, volume | ConvertTo-Json -Compress
            }
            $rows[1] | Should -BeExactly $rows[0] -Because $name
            $rows[0] | Should -Match '2024-01-02T03:0'
        }
    }

    It 'are bars that a file source reads, written where the culture is <_>' -ForEach 'de-DE', 'th-TH', 'fa-IR', 'ar-SA', 'tr-TR', 'en-US' {
        $bars = New-TestProvider -Fetcher { param($start) [pscustomobject]@{ ts = $start; open = -0.000123; high = 1234.5; low = 1e-7; close = $start / 7; volume = 1e6 } }
        $null = Invoke-QmtlBackfill $bars X 1m -Start 2024-01-02T03:00:00Z -End 2024-01-02T03:00:00Z
        $shown = Get-QmtlHistory $bars X 1m | ConvertTo-Json
        foreach ($asText in $false, $true) {
            $file = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).csv"
            Use-Culture $_ { Get-QmtlHistory $bars X 1m -AsText:$asText | Export-Csv $file }
            $target = New-TestProvider -Fetcher (New-QmtlFetcher -Path $file)
            (Invoke-QmtlBackfill $target X 1m -WarningAction SilentlyContinue).BarsWritten | Should -Be 1
            Get-QmtlHistory $target X 1m | ConvertTo-Json | Should -BeExactly $shown
        }
    }
}

Describe 'Text that a terminal would obey' {
    BeforeAll {
        $evil = "a`e[31mb"
        $provider = New-TestProvider -Fetcher { param($start) [pscustomobject]@{ ts = $start; rate = 0.000123; venue = "a`e[31mb"; "wei`e[1mrd" = 5 } }
        $null = Invoke-QmtlBackfill $provider $evil 1m -Start 60 -End 120
    }

    It 'does not reach it in <Form>' -ForEach @(
        @{ Form = 'Format-List *'; Write = { $_ | Format-List * } }
        @{ Form = 'Select-Object'; Write = { $_ | Select-Object * | Format-Table } }
        @{ Form = 'a table of all'; Write = { $_ | Format-Table * } }
        @{ Form = 'its own list'; Write = { $_ | Format-List } }
        @{ Form = 'what comes of a file'; Write = { $_ | Export-Clixml "$TestDrive/e.xml"; Import-Clixml "$TestDrive/e.xml" } }
    ) {
        foreach ($object in (Get-QmtlHistory $provider $evil 1m), (Get-QmtlCoverage $provider), (Get-QmtlGap $provider $evil 1m -Start 0 -End 0)) {
            $text = $object | ForEach-Object $Write | Out-String -Width 200
            $text | Should -Not -Match '\e\[(31|1)m'
            $text | Should -Match '\\u001b\[31m'
        }
    }

    It 'does not reach it from a file in a shell that has never seen such bars' {
        Get-QmtlHistory $provider $evil 1m | Export-Clixml "$TestDrive/fresh.xml"
        $shell = Invoke-Shell @"
            Import-Module '$QmtlRoot/Qmtl.psd1'
            Import-Clixml '$TestDrive/fresh.xml' | Out-String -Width 150
            Import-Clixml '$TestDrive/fresh.xml' | Format-List | Out-String -Width 150
"@
        $shell.Output | Should -Match '1970-01-01 00:01:00Z rate 0.000123, venue a\\u001b\[31mb, wei\\u001b\[1mrd 5'
        $shell.Output | Should -Not -Match '\e\[(31|1)m'
    }

    It 'is to a script what it is' {
        $bar = @(Get-QmtlHistory $provider $evil 1m)[0]
        ($bar.venue -is [string]), $bar.venue.Length, ($bar.venue -ceq $evil) | Should -Be $true, $evil.Length, $true
        (Get-QmtlCoverage $provider | Get-QmtlHistory).Count | Should -Be 2
        ($bar | ConvertTo-Json | ConvertFrom-Json).venue | Should -BeExactly $evil
    }
}
