BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # What the page knows: the JSON that it draws itself from.
    function Get-PageData([string] $Path) {
        [regex]::Match((Get-Content -Raw -LiteralPath $Path), '(?s) id="data">(.*?)</script>').Groups[1].Value | ConvertFrom-Json
    }
}

Describe 'Export-QmtlCoverageReport' {
    BeforeEach {
        $provider = New-TestProvider -Bars 10 -Without 4, 7
        $path = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).html"
    }

    It 'writes a page whose numbers are those of the objects, and nothing else' {
        Export-QmtlCoverageReport $provider -Path $path -End 660 | Should -BeNullOrEmpty
        $data = Get-PageData $path
        $stream = $data.streams[0]
        $stream[0] | Should -Be X
        $stream[4] | Should -Be (Get-QmtlCoverage $provider X 1m | Measure-Object Bars -Sum).Sum
        $gaps = Get-QmtlGap $provider X 1m -End 660
        $stream[5] + $stream[8] | Should -Be ($gaps | Measure-Object Bars -Sum).Sum
        $stream[6] + $stream[9] | Should -Be @($gaps).Count
        $summary = Get-QmtlHistorySummary $provider X 1m
        $stream[4], $stream[5] | Should -Be $summary.Bars, $summary.Missing
        $data.store | Should -Be $provider.DisplayName
        $data.findings | Should -BeNullOrEmpty
    }

    It 'takes streams from the pipeline, each once, and only those' {
        $null = Invoke-QmtlBackfill $provider Y 1m 60 120
        Get-QmtlCoverage $provider X | Export-QmtlCoverageReport -Path $path
        (Get-PageData $path).streams.ForEach({ $_[0] }) | Should -Be X
        $provider | Export-QmtlCoverageReport -Path $path
        (Get-PageData $path).streams.ForEach({ $_[0] }) | Should -Be X, Y
        Export-QmtlCoverageReport $provider -NodeId Y -Path $path -Title 'Only Y' -CandleCount 0
        $data = Get-PageData $path
        $data.streams.ForEach({ $_[0] }) | Should -Be Y
        $data.title | Should -Be 'Only Y'
        Get-Content -Raw $path | Should -Match ' id="candles"></script>'
    }

    It 'looks at so many last bars, or so long a time, and at the whole day of an end' {
        $range = { (Get-PageData $path).streams[0][2] }
        Export-QmtlCoverageReport $provider -Path $path -End 660 -Last 5
        & $range | Should -Be 420, 660
        Export-QmtlCoverageReport $provider -Path $path -End 660 -Last 3m
        & $range | Should -Be 540, 660
        Export-QmtlCoverageReport $provider -Path $path -Start 120 -End 1970-01-01
        & $range | Should -Be 120, 86340
        { Export-QmtlCoverageReport $provider -Path $path -Start 120 -Last 5 -ErrorAction Stop } | Should -Throw '*both say where to begin*'
    }

    It 'shows findings, also those that were a file in between, and says where there are none' {
        $found = [pscustomobject]@{
            NodeId = 'X'; Interval = '1m'; Check = 'HighBelowLow'; StartTimestamp = 60; EndTimestamp = 120; Message = 'high is 1 and should be at least the low, 2'
        }
        foreach ($findings in $found, ($found | ConvertTo-Csv | ConvertFrom-Csv), ($found | ConvertTo-Json | ConvertFrom-Json)) {
            Export-QmtlCoverageReport $provider -Path $path -Finding $findings
            (Get-PageData $path).findings[0] | Should -Be 0, HighBelowLow, 60, 120, $found.Message
        }
        $ours = Get-QmtlGap $provider X 1m -End 300 | Add-Member Check Flat -PassThru | Add-Member Message 'It does not move' -PassThru
        Export-QmtlCoverageReport $provider -Path $path -Finding $ours
        (Get-PageData $path).findings[0] | Should -Be 0, Flat, 240, 240, 'It does not move'
        Export-QmtlCoverageReport $provider -Path $path -Finding $null
        Get-Content -Raw $path | Should -Match '"findings":\[\]'
        { Export-QmtlCoverageReport $provider -Path $path -Finding ([pscustomobject]@{ NodeId = 'X' }) -ErrorAction Stop } |
            Should -Throw '*is no finding: it has no Interval. Give the objects of Test-QmtlHistory.'
    }

    It 'takes the path of a store' {
        Export-QmtlCoverageReport ($provider.DisplayName -replace '^sqlite:') -Path $path
        (Get-PageData $path).streams.Count | Should -Be 1
    }

    It 'takes a path relative to the location, and gives the file where it is asked to' {
        Push-Location $TestDrive
        try {
            $file = Export-QmtlCoverageReport $provider -Path here.html -PassThru
            $file | Should -BeOfType System.IO.FileInfo
            $file.FullName | Should -Be (Join-Path $TestDrive here.html)
        }
        finally {
            Pop-Location
        }
    }

    It 'writes nothing with -WhatIf, and nothing for a stream that is not there' {
        Export-QmtlCoverageReport $provider -Path $path -WhatIf
        Export-QmtlCoverageReport $provider -NodeId NONE -Path $path -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].CategoryInfo.Category | Should -Be ObjectNotFound
        Test-Path $path | Should -BeFalse
    }

    It 'refuses <What>' -ForEach @(
        @{ What = 'a folder that is not there'; Arguments = @{ Path = 'no/such/report.html' }; Message = '*There is no folder*' }
        @{ What = 'too few candles'; Arguments = @{ CandleCount = 3 }; Message = '*10 to 5000 candles*0 for none*' }
        @{ What = 'an end before the start'; Arguments = @{ Start = 600; End = 60 }; Message = '*after its end*' }
    ) {
        $given = @{ Path = 'report.html' } + @{}
        foreach ($name in $Arguments.Keys) { $given[$name] = $Arguments[$name] }
        $given.Path = Join-Path $TestDrive $given.Path
        { Export-QmtlCoverageReport $provider @given -ErrorAction Stop } | Should -Throw $Message
        Test-Path $given.Path | Should -BeFalse
    }

    It 'refuses streams of two providers' {
        { $provider, (New-TestProvider -Bars 2) | Export-QmtlCoverageReport -Path $path -ErrorAction Stop } | Should -Throw '*is of one provider*'
    }
}
