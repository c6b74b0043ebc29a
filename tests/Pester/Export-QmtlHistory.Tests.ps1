BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'Export-QmtlHistory and Import-QmtlHistory' {
    It 'bring <_> back exactly' -ForEach 'bars.parquet', 'bars.csv', 'bars.jsonl', 'bars.csv.gz' {
        $provider = New-TestProvider -Bars 10 -Without 4
        $null = Invoke-QmtlBackfill $provider 'A/B' 5m 300 1500
        $path = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n'))-$_"
        (Export-QmtlHistory $provider -Path $path -PassThru).FullName | Should -Be $path
        $copy = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).db"
        $outcome = Import-QmtlHistory $copy $path
        $outcome | ForEach-Object { "$($_.NodeId) $($_.Interval) $($_.Status) $($_.BarsWritten) $($_.BarsMissing)" } | Should -Be 'A/B 5m Completed 5 0', 'X 1m Completed 9 0'
        foreach ($node in 'X', 'A/B') {
            Get-QmtlHistory $copy $node -AsText | ConvertTo-Json | Should -Be (Get-QmtlHistory $provider $node -AsText | ConvertTo-Json)
        }

        (Get-Item $path | Import-QmtlHistory $copy).BarsWritten | Should -Be 0, 0
    }

    It 'bring folders of years back' {
        $provider = New-TestProvider
        $null = Invoke-QmtlBackfill $provider 'A/B' 1d 1970-12-30 1971-01-02
        $folder = Join-Path $TestDrive archive
        $files = Export-QmtlHistory $provider -Path $folder -Partition -PassThru
        $files.FullName | ForEach-Object { [System.IO.Path]::GetRelativePath($folder, $_).Replace('\', '/') } |
            Should -Be 'node_id=A%2FB/interval=1d/year=1970/bars.parquet', 'node_id=A%2FB/interval=1d/year=1971/bars.parquet'
        $copy = Join-Path $TestDrive copy.db
        (Import-QmtlHistory $copy $folder).BarsWritten | Should -Be 2, 2
        Get-StoredMinute $copy 'A/B' 1d | Should -Be (Get-StoredMinute $provider 'A/B' 1d)
        { Export-QmtlHistory $provider -Path $folder -Partition -Force -ErrorAction Stop } | Should -Throw '*is there already*'
    }

    It 'take chosen streams and a range' {
        $provider = New-TestProvider -Bars 10
        $null = Invoke-QmtlBackfill $provider Y 1m 60 600
        $path = Join-Path $TestDrive 'some.csv'
        Export-QmtlHistory $provider Y -Start 120 -End 180 -Path $path
        (Import-Csv $path).node_id | Should -Be Y, Y
        (Import-Csv $path).ts | Should -Be '1970-01-01T00:02:00Z', '1970-01-01T00:03:00Z'
        Import-QmtlHistory (Join-Path $TestDrive some.db) $path -NodeId X | Should -BeNullOrEmpty
    }

    It 'do not overwrite without -Force, and write nothing with -WhatIf' {
        $provider = New-TestProvider -Bars 2
        $path = Join-Path $TestDrive 'there.csv'
        Export-QmtlHistory $provider -Path $path -WhatIf
        Test-Path $path | Should -BeFalse
        Set-Content $path mine
        { Export-QmtlHistory $provider -Path $path -ErrorAction Stop } | Should -Throw '*is there already*-Force*'
        Get-Content $path | Should -Be mine
        Export-QmtlHistory $provider -Path $path -Force
        (Import-Csv $path) | Should -HaveCount 2
        $copy = Join-Path $TestDrive whatif.db
        Import-QmtlHistory $copy $path -WhatIf
        Test-Path $copy | Should -BeFalse
        { Import-QmtlHistory $copy (Join-Path $TestDrive no.csv) -ErrorAction Stop } | Should -Throw '*There is no file or folder*'
    }
}

Describe 'Get-QmtlHistory | Export-Csv' {
    It 'is read by New-QmtlFetcher -Path' {
        $path = Join-Path $TestDrive 'shell.csv'
        Get-QmtlHistory (New-TestProvider -Bars 3) X 1m -AsText | Export-Csv $path
        $again = New-TestProvider -Fetcher (New-QmtlFetcher -Path $path)
        (Invoke-QmtlBackfill $again X 1m).BarsWritten | Should -Be 3
        Get-StoredMinute $again | Should -Be 1, 2, 3
    }
}
