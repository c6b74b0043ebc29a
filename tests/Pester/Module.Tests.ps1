BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # The module's files, without anything built, in a folder of their own.
    function New-ModuleCopy {
        $copy = Join-Path $TestDrive "copy$([guid]::NewGuid().ToString('n'))"
        $null = New-Item -ItemType Directory -Path $copy
        Copy-Item -LiteralPath (Join-Path $QmtlRoot 'Qmtl.psd1') -Destination $copy
        Copy-Item -LiteralPath (Join-Path $QmtlRoot 'module') -Destination $copy -Recurse
        $copy
    }

    # Folder of the assemblies that this shell has loaded.
    function Get-BuiltFolder {
        $assembly = [System.Runtime.Loader.AssemblyLoadContext]::All.Where({ $_.Name -eq 'Qmtl' }).Assemblies.Where({ $_.GetName().Name -eq 'Qmtl.PowerShell' })
        Split-Path $assembly.Location
    }
}

Describe 'the manifest' {
    BeforeAll {
        $manifest = Import-PowerShellDataFile (Join-Path $QmtlRoot 'Qmtl.psd1')
    }

    It 'is valid' {
        Test-ModuleManifest -Path (Join-Path $QmtlRoot 'Qmtl.psd1') -ErrorAction Stop | Should -Not -BeNullOrEmpty
    }

    It 'exports each cmdlet by name and nothing else' {
        $manifest.CmdletsToExport | Should -Be @(
            'Add-QmtlRecord', 'Clear-QmtlEmptyRange', 'Compare-QmtlHistory', 'Export-QmtlCoverageReport', 'Export-QmtlHistory', 'Export-QmtlMetric'
            'Get-QmtlCacheSlice', 'Get-QmtlClusterMember', 'Get-QmtlCoverage', 'Get-QmtlExchange', 'Get-QmtlGap', 'Get-QmtlHistory', 'Get-QmtlHistorySummary'
            'Get-QmtlMetric', 'Get-QmtlRevision', 'Get-QmtlStatus', 'Import-QmtlHistory', 'Initialize-QmtlHistory', 'Invoke-QmtlBackfill', 'Invoke-QmtlStrategy'
            'New-QmtlFetcher', 'New-QmtlHistoryProvider', 'New-QmtlNode', 'New-QmtlRecorder', 'New-QmtlStrategy', 'New-QmtlStreamInput'
            'Remove-QmtlHistory', 'Set-QmtlDefault', 'Show-QmtlCoverage', 'Start-QmtlMetricsServer', 'Stop-QmtlMetricsServer', 'Test-QmtlHistory'
            'Watch-QmtlHistory')
        (Get-Command -Module Qmtl).Name | Sort-Object | Should -Be $manifest.CmdletsToExport
        $manifest.FunctionsToExport + $manifest.AliasesToExport + $manifest.VariablesToExport | Should -BeNullOrEmpty
    }

    It 'has the version of the assemblies' {
        (Get-Command New-QmtlFetcher).ImplementingType.Assembly.GetName().Version.ToString(3) | Should -Be $manifest.ModuleVersion
    }

    It 'uses only approved verbs' {
        (Get-Command -Module Qmtl).Verb | Should -BeIn (Get-Verb).Verb
    }

    It 'declares what each command writes' {
        (Get-Command -Module Qmtl).Where({ -not $_.OutputType }) | Should -BeNullOrEmpty
    }
}

Describe 'the load context' {
    BeforeAll {
        # The native library of SQLite and Polly are loaded by the first run.
        Get-QmtlCoverage -Provider (New-TestProvider -Bars 2) | Out-Null
        $context = [System.Runtime.Loader.AssemblyLoadContext]::All.Where({ $_.Name -eq 'Qmtl' })
    }

    It 'holds the module and <_>' -ForEach 'Qmtl.Backfill', 'Microsoft.Data.Sqlite', 'Polly.Core', 'Npgsql' {
        if ($_ -eq 'Npgsql') {
            # Loaded when a store is opened with a connection string.
            $null = New-QmtlHistoryProvider -ConnectionString 'postgresql://u:p@127.0.0.1:1/d'
        }

        $context.Assemblies.ForEach({ $_.GetName().Name }) | Should -Contain $_
    }

    It 'keeps them out of PowerShell''s own' {
        $own = [System.Runtime.Loader.AssemblyLoadContext]::Default.Assemblies.ForEach({ $_.GetName().Name })
        $own | Should -Contain 'Qmtl.PowerShell.Loader'
        $own.Where({ $_ -in 'Qmtl.PowerShell', 'Npgsql', 'Microsoft.Data.Sqlite', 'Polly.Core', 'CsvHelper' }) | Should -BeNullOrEmpty
    }

    It 'does not shadow PowerShell itself' {
        Join-Path (Get-BuiltFolder) 'System.Management.Automation.dll' | Should -Not -Exist
    }
}

Describe 'importing' {
    It 'works twice, and again with -Force, and unloads' {
        $shell = Invoke-Shell @"
Import-Module '$QmtlModule'
Import-Module '$QmtlModule'
Import-Module '$QmtlModule' -Force
Import-Module '$QmtlModule' -Force
(Get-Command -Module Qmtl).Count
(Get-Help Get-QmtlGap).Synopsis
Remove-Module Qmtl
(Get-Command Get-QmtlGap -ErrorAction Ignore).Count
Import-Module '$QmtlModule'
(New-QmtlFetcher { }).Name.Length
"@
        $count = (Import-PowerShellDataFile (Join-Path $QmtlRoot 'Qmtl.psd1')).CmdletsToExport.Count
        $shell.Output -split '\r?\n' | Select-Object -First 4 | Should -Be "$count", 'Tells which bars a provider lacks.', '0', '19'
        $shell.ExitCode | Should -Be 0
    }

    It 'gives scripts the types that they name, and takes them back' {
        $shell = Invoke-Shell @"
Import-Module '$QmtlModule'
('Qmtl.Strategies.Strategy' -as [type]).Assembly.GetName().Name
Import-Module '$QmtlModule' -Force
('Qmtl.Strategies.Strategy' -as [type]).Assembly.GetName().Name
Remove-Module Qmtl
[psobject].Assembly.GetType('System.Management.Automation.TypeAccelerators')::Get.ContainsKey('Qmtl.Strategies.Strategy')
"@
        $shell.Output.Trim() -split '\r?\n' | Should -Be 'Qmtl.Strategies', 'Qmtl.Strategies', 'False'
    }

    It 'gives bars their stream after a second import too, and takes the types'' members back' {
        $shell = Invoke-Shell @"
Import-Module '$QmtlModule'
Import-Module '$QmtlModule' -Force
`$provider = New-QmtlHistoryProvider '$TestDrive/types.db' -Fetcher { param(`$start) @{ ts = `$start; close = 1.0 } }
`$null = Invoke-QmtlBackfill `$provider X 1m 60 60
`$bar = Get-QmtlHistory `$provider X 1m
`$bar.NodeId
Remove-Module Qmtl
@(Get-TypeData 'Qmtl.*').Count
"@
        $shell.Output.Trim() -split '\r?\n' | Should -Be 'X', '0'
    }

    It 'says what to do where nothing is built' {
        $copy = New-ModuleCopy
        $shell = Invoke-Shell "Import-Module '$copy/Qmtl.psd1'"
        $shell.ExitCode | Should -Not -Be 0
        $shell.Output -replace '\s+[|]?\s*', ' ' | Should -BeLike "*is not built*Run 'dotnet build' or './build.ps1'*"
    }

    It 'imports nothing else that takes its time' {
        $shell = Invoke-Shell "Import-Module '$QmtlModule'; (Get-Module).Name -join ' '"
        $shell.Output.Trim() | Should -Be 'Qmtl'
    }

    It 'asks for a new shell where another version runs' {
        $copy = New-ModuleCopy
        $bin = (New-Item -ItemType Directory -Path ([System.IO.Path]::Combine($copy, 'module', 'bin'))).FullName
        Add-Type -TypeDefinition '[assembly: System.Reflection.AssemblyVersion("9.8.7.0")] public class NewQmtl { }' -OutputAssembly (Join-Path $bin 'Qmtl.PowerShell.dll')
        $shell = Invoke-Shell "Import-Module '$QmtlModule'; try { Import-Module '$(Join-Path $copy 'Qmtl.psd1')' } catch { `$_.Exception.Message }; (Get-Command Get-QmtlGap).Version.ToString()"
        $version = (Import-PowerShellDataFile (Join-Path $QmtlRoot 'Qmtl.psd1')).ModuleVersion
        $shell.Output | Should -BeLike "*This shell runs Qmtl $version, from '*', and cannot run version 9.8.7 beside it. Import that in a new shell.*$version*"
    }

    It 'works from a packed folder, which carries its assemblies' {
        $copy = New-ModuleCopy
        Copy-Item -LiteralPath (Get-BuiltFolder) -Destination ([System.IO.Path]::Combine($copy, 'module', 'bin')) -Recurse
        $shell = Invoke-Shell @"
Import-Module '$copy/Qmtl.psd1'
Set-Location '$copy'
`$p = New-QmtlHistoryProvider -Fetcher { param(`$start, `$end) for (; `$start -le `$end; `$start += 60) { @{ ts = `$start; close = 1.0 } } }
(Invoke-QmtlBackfill `$p X 1m 60 300).BarsWritten
[System.Runtime.Loader.AssemblyLoadContext]::All.Where({ `$_.Name -eq 'Qmtl' }).Assemblies.Location | Split-Path | Sort-Object -Unique
"@
        $shell.Output.Trim() -split '\r?\n' | Should -Be '5', ([System.IO.Path]::Combine($copy, 'module', 'bin'))
    }
}

Describe 'the views' {
    It 'shows <Name> as a table' -ForEach @(
        @{ Name = 'coverage'; Header = 'NodeId +Interval +Start'; Make = { Get-QmtlCoverage (New-TestProvider -Bars 2) } }
        @{ Name = 'gaps'; Header = 'NodeId +Interval +Start'; Make = { Get-QmtlGap (New-TestProvider) X 1m -Start 0 -End 60 } }
        @{ Name = 'results'; Header = 'NodeId +Interval +Start'; Make = { Invoke-QmtlBackfill (New-TestProvider) X 1m 0 60 } }
        @{ Name = 'fetchers'; Header = 'Name +BarsPerRequest Kind'; Make = { New-QmtlFetcher { } } }
        @{ Name = 'providers'; Header = 'Provider +Fetcher'; Make = { New-TestProvider } }
        @{ Name = 'candles'; Header = 'Timestamp +open +high +low +close +volume'; Make = { Get-QmtlHistory (New-TestProvider -Bars 2) X 1m } }
        @{ Name = 'warm-ups'; Header = 'NodeId +Interval +Status +Loaded +Filled'; Make = { New-QmtlStreamInput A -Interval 1h -Period 2 -HistoryProvider (New-TestProvider) | Initialize-QmtlHistory } }
        @{ Name = 'results of strategies'; Header = 'Time +Node +Value'; Make = { Invoke-QmtlStrategy (New-QmtlStrategy s (New-QmtlNode n { 1 } -InputObject (New-TestStream -Bars 2))) -Offline -Start 60 -End 120 } }
        @{ Name = 'streams'; Header = 'Name +NodeId +Interval +Period +Inputs'; Make = { New-TestStream } }
        @{ Name = 'nodes'; Header = 'Name +NodeId +Interval +Period +Inputs'; Make = { New-QmtlNode n { 1 } -InputObject (New-TestStream) } }
        @{ Name = 'strategies'; Header = 'Name +Nodes'; Make = { New-QmtlStrategy s (New-TestStream) } }
        @{ Name = 'recorders'; Header = 'Recorder +Recorded +Delivered'; Make = { New-QmtlRecorder (Join-Path $TestDrive 'view.db') } }
    ) {
        & $Make | Out-String -Width 200 | Should -Match $Header
    }

    It 'shows <Name> whole on 80 columns' -ForEach @(
        @{ Name = 'results of a backfill'; Header = 'NodeId +Interval +Start +Status +Written +Empty +Missing +Error'; Make = { Invoke-QmtlBackfill (New-TestProvider) BTCUSDT 1m 0 60 } }
        @{ Name = 'warm-ups'; Header = 'NodeId +Interval +Status +Loaded +Filled +Empty +Missing +Error'; Row = 'stream_1…99abcdef0 +1h +Ready +2 +2 +0 +0'; Make = { New-QmtlStreamInput 'stream_1m_00112233445566778899abcdef0' -Interval 1h -Period 2 -HistoryProvider (New-TestProvider) | Initialize-QmtlHistory } }
        @{ Name = 'results of a stream with a long id'; Header = 'NodeId +Interval +Start +Status +Written +Empty +Missing'; Row = 'stream…abcdef0 +1m'; Make = { Invoke-QmtlBackfill (New-TestProvider) 'stream_1m_00112233445566778899abcdef0' 1m 0 60 } }
        @{ Name = 'gaps of a stream with a long id'; Header = 'NodeId +Interval +Start +End +Bars'; Row = 'stream_1…99abcdef0 +1m +1970-01-01 00:00:00Z +1970-01-20 00:00:00Z +27,361'; Make = { Get-QmtlGap (New-TestProvider) 'stream_1m_00112233445566778899abcdef0' 1m -Start 0 -End 1970-01-20T00:00 } }
        @{ Name = 'candles'; Header = 'Timestamp +open +high +low +close +volume'; Row = ' 14094.52667 +1.23E-06 +1234567890 +0.1 +12345678901'; Make = {
                $provider = New-TestProvider -Fetcher { @{ ts = 60; open = 14094.526666666667; high = 0.00000123; low = 1234567890.12345; close = 0.1; volume = 12345678901.25 } }
                $null = Invoke-QmtlBackfill $provider X 1m 60 60
                Get-QmtlHistory $provider X 1m
            }
        }
        @{ Name = 'recorders of a server'; Header = 'Recorder +Recorded +Delivered +Queued +Refused +Away'; Row = 'postgresql://12…ata_of_exchanges +0 +0 +0 +0 +False'; Make = { New-QmtlRecorder -ConnectionString 'postgresql://u:p@127.0.0.1:1/market_data_of_exchanges' } }
        @{ Name = 'summaries'; Header = 'NodeId +Interval First +Last +Bars Missing +% +Fresh Size'; Row = 'strea…bcdef0 1m +1970-01-01 1970-01-01 +2 +0 100.00 \d+d'; Make = {
                $provider = New-TestProvider
                $null = Invoke-QmtlBackfill $provider 'stream_1m_00112233445566778899abcdef0' 1m 0 60
                Get-QmtlHistorySummary $provider
            }
        }
        @{ Name = 'statuses'; Header = 'NodeId +Interval State +Newest \(UTC\) +Late Budget Missing +%'; Row = 'strea…bcdef0 1m +Stale +1970-01-01 00:01 +\d+d +5m +0 100.00'; Make = {
                $provider = New-TestProvider
                $null = Invoke-QmtlBackfill $provider 'stream_1m_00112233445566778899abcdef0' 1m 0 60
                Get-QmtlStatus $provider
            }
        }
        @{ Name = 'metrics'; Header = 'Name +Value +Labels'; Row = 'backfill_last_timestamp +\d+ node_id=X, interval=60'; Make = { $null = New-TestProvider -Bars 1; Get-QmtlMetric backfill_last_timestamp } }
    ) {
        $text = & $Make | Out-String -Width 80
        $text | Should -Match "$Header *\r?\n"
        $text | Should -Match ($Row ?? '')
    }

    It 'shows times in the Gregorian calendar, in UTC and ISO 8601 where the culture is <_>' -ForEach 'th-TH', 'fa-IR', 'ar-SA' {
        $provider = New-TestProvider -Fetcher { param($start) @{ ts = $start; open = 1; high = 1; low = 1; close = 1; volume = 1 } }
        $was = [cultureinfo]::CurrentCulture
        try {
            [cultureinfo]::CurrentCulture = $_
            $shown = @(
                Invoke-QmtlBackfill $provider X 1m -Start 2024-01-02T03:04:00Z -End 2024-01-02T03:04:00Z
                Get-QmtlCoverage $provider
                Get-QmtlGap $provider X 1m -Start 2024-01-02T03:04:00Z -End 2024-01-02T03:05:00Z
                Get-QmtlHistory $provider X 1m
            ).ForEach({ $_ | Out-String -Width 200; $_ | Format-List | Out-String -Width 200 })
        }
        finally {
            [cultureinfo]::CurrentCulture = $was
        }

        $shown | Should -HaveCount 8
        $shown | Should -Match '2024-01-02 03:0[45]:00Z'
    }

    It 'shows bars of any columns with ISO times and text that a terminal does not obey' {
        # In a shell of its own, in which these columns were not shown before.
        $shell = Invoke-Shell @"
            Import-Module '$QmtlModule'
            [cultureinfo]::CurrentCulture = 'th-TH'
            `$fetcher = New-QmtlFetcher -Name any -ScriptBlock {
                param(`$start) [pscustomobject]@{ ts = `$start; rate = 0.000123; venue = "a`e[31mb"; "wei`e[1mrd" = 5 }
            }
            `$provider = New-QmtlHistoryProvider '$TestDrive/any.db' -Fetcher `$fetcher
            `$null = Invoke-QmtlBackfill `$provider X 1m -Start 2024-01-02T03:04:00Z -End 2024-01-02T03:04:00Z
            Get-QmtlHistory `$provider X 1m | Out-String -Width 120
            Get-QmtlHistory `$provider X 1m | Format-List | Out-String -Width 120
            Get-QmtlHistory `$provider X 1m -AsText | Out-String -Width 120
"@
        $shell.ExitCode | Should -Be 0 -Because $shell.Output
        $shell.Output | Should -Match 'Timestamp +rate venue +wei\\u001b\[1mrd *\r?\n.*\n2024-01-02 03:04:00Z 0.000123 a\\u001b\[31mb +5 *\r?\n'
        $shell.Output | Should -Match 'Timestamp +: 2024-01-02 03:04:00Z\s+rate +: 0.000123\s+venue +: a\\u001b\[31mb\s+wei\\u001b\[1mrd : 5\s'
        $shell.Output | Should -Match '2024-01-02T03:04:00Z 0.000123 a\\u001b\[31mb'
        $shell.Output | Should -Not -Match "\e\[(31|1)m|256\d"
    }

    It 'shows a candle in a list with its time in ISO 8601 and its other columns' {
        $provider = New-TestProvider -Fetcher { param($start) [pscustomobject]@{ ts = $start; open = 1; high = 1; low = 1; close = 1; volume = 1; trades = 7; venue = "a`e[31mb" } }
        $null = Invoke-QmtlBackfill $provider X 1m 60 60
        $text = Get-QmtlHistory $provider X 1m | Format-List | Out-String
        $text | Should -Match 'Timestamp : 1970-01-01 00:01:00Z\s+open +: 1\s'
        $text | Should -Match 'Others +: trades 7, venue a\\u001b\[31mb'
    }

    It 'has a table and a list of its own for what each command gives' {
        # Bars have views by their columns; text and files are PowerShell's own.
        $types = (Get-Command -Module Qmtl).OutputType.Type.Where({ $_ -and $_.Namespace -like 'Qmtl*' -and -not $_.IsInterface }) | Sort-Object FullName -Unique
        $types.Count | Should -BeGreaterThan 10
        $lacking = foreach ($type in $types) {
            $names = for ($of = $type; $of -and $of -ne [object]; $of = $of.BaseType) { $of.FullName }
            $controls = (Get-FormatData -TypeName $names).FormatViewDefinition.Control.ForEach({ $_.GetType().Name })
            foreach ($control in 'TableControl', 'ListControl') {
                if ($control -notin $controls) {
                    "$($type.Name): $control"
                }
            }
        }

        $lacking | Should -BeNullOrEmpty
    }

    It 'shows an error in one short line' {
        $provider = New-TestProvider -Fetcher { throw "first line $('x' * 200)`nsecond line" }
        $text = Invoke-QmtlBackfill $provider X 1m 0 60 -ErrorAction SilentlyContinue | Out-String -Width 300
        $text | Should -Match 'first line x+…'
        $text | Should -Not -Match 'second line'
    }
}
