BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'New-QmtlFetcher' {
    It 'makes a fetcher of a script block, named after its text' {
        $one = New-QmtlFetcher -ScriptBlock { 'a' }
        $one.Name | Should -Match '^script:[0-9a-f]{12}$'
        (New-QmtlFetcher { 'a' }).Name | Should -Be $one.Name
        (New-QmtlFetcher { 'b' }).Name | Should -Not -Be $one.Name
    }

    It 'takes a name and a page size' {
        $fetcher = New-QmtlFetcher { } -Name mine -BarsPerRequest 7
        $fetcher.Name | Should -Be mine
        $fetcher.BarsPerRequest | Should -Be 7
    }

    It 'makes one of Binance, under its own name or that of another host' {
        (New-QmtlFetcher -Binance).Name | Should -Be binance
        (New-QmtlFetcher -Binance -BaseUri http://127.0.0.1:9).Name | Should -Be 'binance:127.0.0.1:9'
        (New-QmtlFetcher -Binance -BarsPerRequest 100 -Name b).BarsPerRequest | Should -Be 100
        (New-QmtlFetcher -Exchange Binance -BarsPerRequest 100 -Name b).BarsPerRequest | Should -Be 100
        New-QmtlFetcher -Exchange binance | Out-String | Should -Match 'binance +1000 +Binance'
    }

    Context 'symbols apart from node ids' {
        BeforeAll {
            Import-Simulation
            $options = [Qmtl.Simulation.SimulatedExchangeOptions]::new()
            $exchange = [Qmtl.Simulation.SimulatedExchange]::Start($options)

            # What the exchange was asked for, and what was stored of two bars.
            function Invoke-Symbol($Symbol, $Node = 'mine') {
                $fetcher = New-QmtlFetcher -Exchange binance -BaseUri $exchange.BaseUri -Symbol $Symbol
                $result = Invoke-QmtlBackfill (New-TestProvider -Fetcher $fetcher) $Node 1m -Start 2024-01-01 -End 2024-01-01T00:01:00
                [pscustomobject]@{ Written = $result.BarsWritten; Asked = @($exchange.Requests)[-1].Symbol; NodeId = $result.NodeId }
            }
        }

        AfterAll {
            $exchange.DisposeAsync().AsTask().Wait()
        }

        It 'takes a text, a dictionary or a script block' {
            foreach ($symbol in 'BTCUSDT', @{ mine = 'BTCUSDT' }, { param($id) "$id" -replace 'mine', 'BTCUSDT' }) {
                $asked = Invoke-Symbol $symbol
                $asked.Asked | Should -Be BTCUSDT
                $asked.NodeId | Should -Be mine
                $asked.Written | Should -Be 2
            }
        }

        It 'leaves a node that is not in the dictionary its id' {
            (Invoke-Symbol @{ other = 'X' } ETHUSDT).Asked | Should -Be ETHUSDT
        }

        It 'finds no gap where the exchange has no bar of the symbol' {
            $fetcher = New-QmtlFetcher -Exchange binance -BaseUri $exchange.BaseUri -Symbol @{ mine = 'BTCUSDT' }
            $provider = New-TestProvider -Fetcher $fetcher
            $null = Invoke-QmtlBackfill $provider mine 1m -Start 2000-01-01 -End 2000-01-01T00:05:00
            Get-QmtlGap $provider mine 1m -Start 2000-01-01 -End 2000-01-01T00:05:00 | Should -BeNullOrEmpty
            Get-QmtlGap $provider mine 1m -Start 2000-01-01 -End 2000-01-01T00:05:00 -Fetcher $fetcher | Should -BeNullOrEmpty
        }

        It 'refuses what is no symbol' {
            { New-QmtlFetcher -Exchange binance -Symbol @{ mine = ' ' } } | Should -Throw '*is blank*'
            { New-QmtlFetcher -Exchange binance -Symbol 5 } | Should -Throw '*A symbol is a text*'
            (Invoke-QmtlBackfill (New-TestProvider -Fetcher (New-QmtlFetcher -Exchange binance -BaseUri $exchange.BaseUri -Symbol { })) X 1m 60 120 -ErrorAction SilentlyContinue).Error | Should -Match 'must give one text'
        }

        It 'lets a stream with a derived id be fetched' {
            $provider = New-TestProvider -Fetcher (New-QmtlFetcher -Exchange binance -BaseUri $exchange.BaseUri)
            $stream = New-QmtlStreamInput -Interval 1m -Period 3 -HistoryProvider $provider -Symbol BTCUSDT -Tag spot
            (Initialize-QmtlHistory $stream).NodeId | Should -Be $stream.NodeId
            @($exchange.Requests)[-1].Symbol | Should -Be BTCUSDT
            { New-QmtlStreamInput -Interval 1m -Period 3 -Symbol BTCUSDT } | Should -Throw '*no source that could be asked*'
        }
    }

    It 'takes no key where an exchange needs none' {
        $key = [pscredential]::new('a', (ConvertTo-SecureString b -AsPlainText -Force))
        { New-QmtlFetcher -Exchange binance -Credential $key } | Should -Throw '*asked without a key*'
    }

    It 'finds a CSV file relative to PowerShell''s location' {
        Set-Content (Join-Path $TestDrive 'x.csv') 'ts,close', '60,1.5', '120,2.5', '180,3.5'
        Push-Location $TestDrive
        try {
            $run = Invoke-Source (New-QmtlFetcher -Path x.csv)
            (New-QmtlFetcher -Path x.csv).Name | Should -Match '^csv:x\.csv#[0-9a-f]{8}$'
            (New-QmtlFetcher -Path x.csv -Name archive).Name | Should -Be archive
        }
        finally {
            Pop-Location
        }

        $run.Rows.close | Should -Be 1.5, 2.5, 3.5
    }

    It 'reads a file of <Case> without being told its range' -ForEach @(
        @{ Case = 'decimal commas'; Content = "Datetime;close`n2024-01-01 00:00;1,5`n2024-01-01 00:01;2,25"; With = @{} }
        @{ Case = 'a named culture'; Content = "Date;close`n1/1/2024 0:00;1,500`n1/1/2024 0:01;2,250"; With = @{ Culture = 'de-DE' } }
        @{ Case = 'another delimiter and no header'; Content = "1704067200|1.5`n1704067260|2.25"; With = @{ Delimiter = '|'; Header = 'ts', 'close' } }
        @{ Case = 'freqtrade''s JSON'; Content = '[[1704067200000,1,2,0.5,1.5,9],[1704067260000,1,3,1,2.25,9]]'; With = @{} }
        @{ Case = 'Kraken''s columns'; Content = "1704067200,1,2,0.5,1.5,9,1`n1704067260,1,3,1,2.25,9,2"; With = @{} }
    ) {
        $file = Join-Path $TestDrive "$([guid]::NewGuid())"
        Set-Content $file $Content
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher -Path $file @With)
        $result = Invoke-QmtlBackfill $provider X 1m
        $result.Status | Should -Be Completed
        $result.Start.ToString('o') | Should -Match '^2024-01-01T00:00:00'
        $result.End.ToString('o') | Should -Match '^2024-01-01T00:01:00'
        (Get-QmtlHistory $provider X 1m).close | Should -Be 1.5, 2.25
    }

    # Two bars, by Parquet.Net with Zstandard and by Apache Arrow with LZ4, in gzip.
    It 'reads <Kind>, whose library is loaded with the first file and not before' -ForEach @(
        @{
            Kind = 'Parquet'; Assembly = 'Parquet'; Content =
                'H4sIAAAAAAACAwtwDDIUZRBVEDXSEWUBMthE2WQkOBLuBR3qYWRgkOBg+BIIZokxaGARBQKNrfp/FQQagSwFRYHrvGwMDMu3CINo' +
                'TFPB6hmYHGCsH/YgUzFFUUxFiIFViTJJ2niwFOXnl4iyMIiyqAId45JYklqSmZua0yMoowNWJsoFFGdNzskvTmUQY5GUkdRR45AR' +
                'ZZFUZWCTRKgX5RFjEZvFKLaGUY3DhiQ/q21hlBHlghgHsQbJrC2MNiR5VWwLkxiL2Q0mBg2vgMSiwtLUEj2/1BKFstSi4sz8PAUz' +
                'PUM9AwWNpNLMnBSFZENzyxRL86QUI1MTyyTTNBOTREsjE8NUcyPLNAszyxQTSxPz1FRTS00GDaBLAxyDDAEHrsAb4AEAAA=='
        }
        @{
            Kind = 'Feather'; Assembly = 'Apache.Arrow'; Content =
                'H4sIAAAAAAACA81SPUsDQRB9t7delrDgGVKckMaQ3o8qnRdsFZNDsVViIIVgQH+Gf8bOUqxS+gvEH2Fhp2/nxuRYBFvfMjsfu292' +
                'Z3ZHVXV6sQ98EU8AcgS04ZFhA44WkVj6oOc4W50BQzlWjkeH8QwtWl5yJGkh8YBM1jKxDfMC05vbu5ms5zGvPVCek1vUpzIuZ6aU' +
                '87Mjsa+v7mdQhPsvqbvqexRageZNLXpUC6zhGcmlnnrPnNLTHKaxz8qoa/6Bi/Su6mEUL1XvNbgmyo9ffER82z8pyvI5tPQRH5OX' +
                'hwS4fKscNg2K8Z+8bZpbbOHO52ELBzClEDtrYugfVm/Zlb6Ht/HagaHW5Btn8ApYqv2qerGq/3/+lXfKSP78N0YJOl36AgAA'
        }
    ) {
        $file = Join-Path $TestDrive "bars.$Kind.gz"
        [System.IO.File]::WriteAllBytes($file, [Convert]::FromBase64String($Content))
        [AppDomain]::CurrentDomain.GetAssemblies().Where({ $_.GetName().Name -eq $Assembly }) | Should -BeNullOrEmpty
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher -Path $file)
        (Invoke-QmtlBackfill $provider X 1m).Status | Should -Be Completed
        (Get-QmtlHistory $provider X 1m).close | Should -Be 1.5, 2.25
        [AppDomain]::CurrentDomain.GetAssemblies().Where({ $_.GetName().Name -eq $Assembly }) | Should -Not -BeNullOrEmpty
    }

    It 'says how a CSV file writes its times, and which rows cannot be read' {
        $file = Join-Path $TestDrive 'ms.csv'
        Set-Content $file 'ts,close', '1704067200000,1.5', 'rubbish,2', '1704067320000,3.5'
        $provider = New-TestProvider -Fetcher (New-QmtlFetcher -Path $file)
        $story = Invoke-QmtlBackfill $provider X 1m 1704067200 1704067320 -Verbose -WarningVariable warnings -WarningAction SilentlyContinue 4>&1
        "$story" | Should -Match 'read as Unix milliseconds'
        "$warnings" | Should -Match 'ms\.csv#[0-9a-f]{8}: rows that cannot be read, line 3: '
        (Get-QmtlHistory $provider X 1m).close | Should -Be 1.5, 3.5
    }

    It 'says that <Case>' -ForEach @(
        @{ Case = 'a file is a folder'; Make = { New-QmtlFetcher -Path $TestDrive }; Message = "'*' is a folder. Name a file in it." }
        @{ Case = 'a CSV file is not there'; Make = { New-QmtlFetcher -Path nowhere.csv }; Message = "There is no file '*nowhere.csv'. Correct the path*" }
        @{ Case = 'a path is not on a file system'; Make = { New-QmtlFetcher -Path Env:\x }; Message = "*path of the Environment provider*" }
        @{ Case = 'there is no such exchange'; Make = { New-QmtlFetcher -Exchange nowhere }; Message = "There is no source 'nowhere'. There are alpaca, *" }
        @{ Case = 'a file is no exchange'; Make = { New-QmtlFetcher -Exchange csv }; Message = "*no exchange*-Path*" }
        @{ Case = 'a base address is no web address'; Make = { New-QmtlFetcher -Binance -BaseUri relative/path }; Message = "*absolute http or https address*" }
        @{ Case = 'an object has no Fetch method'; Make = { New-QmtlFetcher -InputObject ([pscustomobject]@{ a = 1 }) }; Message = '*no Fetch(start, end, nodeId, interval) method*' }
        @{ Case = 'a page size is not from 1'; Make = { New-QmtlFetcher { } -BarsPerRequest 0 }; Message = '*0*' }
        @{ Case = 'an object''s page size is no number'; Make = { New-QmtlFetcher -InputObject ([pscustomobject]@{ BarsPerRequest = 'x' } | Add-Member ScriptMethod Fetch { } -PassThru) }; Message = "*BarsPerRequest*'x'*" }
        @{ Case = 'two kinds of source are named'; Make = { New-QmtlFetcher -Binance -Path x.csv }; Message = '*Parameter set*' }
    ) {
        $Make | Should -Throw $Message
    }
}
