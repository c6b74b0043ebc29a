BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # The open of the minute so many before the newest that has closed.
    function Get-Minute([int] $Before) {
        $now = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
        $now - $now % 60 - 60 - 60 * $Before
    }
}

Describe 'Watch-QmtlHistory' {
    It 'completes once what is named, and finds nothing to do the next time' {
        $provider = New-TestProvider
        $start = Get-Minute 20
        $outcome = @(Watch-QmtlHistory $provider X 1m $start -Once)
        $outcome.Count | Should -Be 1
        $outcome[0].NodeId, "$($outcome[0].Interval)", $outcome[0].Status | Should -Be X, 1m, Completed
        $outcome[0].BarsWritten | Should -BeIn 20, 21, 22
        @(Get-StoredMinute $provider).Count | Should -BeIn 20, 21, 22
        (Watch-QmtlHistory $provider -Once | Measure-Object BarsWritten -Sum).Sum | Should -BeIn $null, 0, 1, 2
    }

    It 'runs until whoever takes the outcomes has enough' {
        $provider = New-TestProvider
        $outcomes = @(Watch-QmtlHistory $provider X, Y 1m (Get-Minute 3000) | Select-Object -First 3)
        $outcomes.Count | Should -Be 3
        $outcomes.NodeId | Should -BeIn X, Y
        $newest = $outcomes | Sort-Object { $_.End } -Descending | Select-Object -First 1
        $newest.End.ToUnixTimeSeconds() | Should -BeGreaterOrEqual (Get-Minute 2) -Because 'the newest bars come first'
    }

    It 'stops at once when its pipeline is stopped' {
        $provider = New-TestProvider
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$QmtlModule'; Watch-QmtlHistory -Path '$TestDrive/stop.json'")
        $source = Join-Path $TestDrive 'stop.csv'
        Set-Content $source "ts,close`n$(Get-Minute 5),1"
        @{
            schema = 1; stores = @{ main = @{ path = 'stop.db' } }; sources = @{ file = @{ path = 'stop.csv' } }
            streams = @(@{ nodes = @('X'); intervals = '1m'; source = 'file'; start = (Get-Minute 5) })
        } | ConvertTo-Json -Depth 5 | Set-Content (Join-Path $TestDrive 'stop.json')
        $output = [System.Management.Automation.PSDataCollection[psobject]]::new()
        $running = $shell.BeginInvoke($output, $output)
        $first = $output.GetEnumerator()
        $first.MoveNext() | Should -BeTrue
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        $shell.Stop()
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 5
        $running.IsCompleted | Should -BeTrue
        $shell.Dispose()
    }

    It 'keeps what a file declares' {
        $folder = New-Item -ItemType Directory (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-Content (Join-Path $folder 'bars.csv') @('ts,open,high,low,close,volume'; foreach ($before in 10..0) { "$(Get-Minute $before),1,2,1,2,5" })
        @{
            schema = 1; stores = @{ main = @{ path = 'bars.db' } }; sources = @{ file = @{ path = 'bars.csv' } }
            streams = @(@{ nodes = @('X'); intervals = '1m'; source = 'file'; start = (Get-Minute 10); compare = 0 })
        } | ConvertTo-Json -Depth 5 | Set-Content (Join-Path $folder 'keep.json')
        Push-Location $folder
        try {
            $outcome = @(Watch-QmtlHistory -Config keep.json -Once)
        }
        finally {
            Pop-Location
        }
        ($outcome | Measure-Object BarsWritten -Sum).Sum | Should -BeIn 10, 11
        $outcome[0].Provider.DisplayName | Should -Be "sqlite:$(Join-Path $folder 'bars.db')"
    }

    It 'takes streams that are piped in' {
        $provider = New-TestProvider
        $streams = New-QmtlStreamInput -NodeId X -Interval 1m -Period 5 -HistoryProvider $provider
        $outcome = @($streams | Watch-QmtlHistory -Once)
        $outcome[0].BarsWritten | Should -BeIn 4, 5, 6
        @([pscustomobject]@{ NodeId = 'Y'; Interval = '1m'; Provider = $provider } | Watch-QmtlHistory -Start (Get-Minute 3) -Once)[0].NodeId | Should -Be Y
    }

    It 'writes what fails as an error, and goes on with the others' {
        $provider = New-TestProvider -Fetcher {
            param($start, $end, $nodeId, $interval)
            if ($nodeId -eq 'BAD') { throw 'no such symbol' }
            & $EveryBar $start $end $nodeId $interval
        }
        $outcome = @(Watch-QmtlHistory $provider X, BAD 1m (Get-Minute 5) -Once -ErrorAction SilentlyContinue -ErrorVariable problems)
        ($outcome | Where-Object NodeId -eq X).Status | Should -Be Completed
        ($outcome | Where-Object NodeId -eq BAD).Status | Should -Be Failed
        "$problems" | Should -BeLike '*no such symbol*'
    }

    It 'refuses a declaration that is wrong with file, key and way out' {
        $file = Join-Path $TestDrive 'wrong.json'
        Set-Content $file '{ "schema": 1, "stores": { "main": { "path": "x.db" } }, "streems": [] }'
        { Watch-QmtlHistory -Path $file -Once } | Should -Throw "*'streems' is no key that a declaration has there. Did you mean streams*"
        { Watch-QmtlHistory -Path (Join-Path $TestDrive 'no.json') } | Should -Throw '*There is no declaration*'
    }

    It 'refuses a provider that it cannot fill' {
        $store = New-QmtlHistoryProvider -Path (Join-Path $TestDrive 'none.db')
        { Watch-QmtlHistory $store X 1m (Get-Minute 1) -Once } | Should -Throw '*cannot be kept complete*'
    }
}
