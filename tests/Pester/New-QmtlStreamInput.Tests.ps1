BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'New-QmtlStreamInput' {
    It 'makes a stream of each piped id' {
        $provider = New-TestProvider
        $streams = 'A', 'B' | New-QmtlStreamInput -Interval 5m -Period 30 -HistoryProvider $provider
        $streams.NodeId | Should -Be 'A', 'B'
        $streams[1].Interval.Seconds, $streams[1].Period | Should -Be 300, 30
        $streams[1].HistoryProvider | Should -Be $provider
    }

    It 'derives an id of what makes the stream different, where none is given' {
        $plain = New-QmtlStreamInput -Interval 1m -Period 3
        (New-QmtlStreamInput -Interval 1m -Period 9).NodeId | Should -Be $plain.NodeId -Because 'the period makes no other stream'
        $others = @(
            New-QmtlStreamInput -Interval 5m -Period 3
            New-QmtlStreamInput -Interval 1m -Period 3 -Tag spot
            New-QmtlStreamInput -Interval 1m -Period 3 -Configuration @{ depth = 5 }
            New-QmtlStreamInput -Interval 1m -Period 3 -Configuration @{ depth = 5.5 }
        )
        @($plain.NodeId) + $others.NodeId | Sort-Object -Unique | Should -HaveCount 5
        $others[3].Configuration['depth'] | Should -Be '5.5'
    }

    It 'says that provider and recorder cannot be exchanged' {
        $stream = New-QmtlStreamInput A -Interval 1m -Period 3 -HistoryProvider (New-TestProvider)
        { $stream.HistoryProvider = New-TestProvider } | Should -Throw '*HistoryProvider*ReadOnly*'
        { $stream.EventService = $null } | Should -Throw '*EventService*ReadOnly*'
    }

    It 'takes any object with the methods of a provider' {
        $own = [pscustomobject]@{ Name = 'own' }
        $own | Add-Member ScriptMethod Fetch { }
        $own | Add-Member ScriptMethod Coverage { }
        (New-QmtlStreamInput A -Interval 1m -Period 3 -HistoryProvider $own).HistoryProvider.DisplayName | Should -Be own
    }

    It 'gives two streams of one recording object one service' {
        $own = [pscustomobject]@{ Name = 'own' }
        $own | Add-Member ScriptMethod Persist { }
        $streams = 'A', 'B' | New-QmtlStreamInput -Interval 1m -Period 3 -Recorder $own
        $streams[0].EventService | Should -Not -BeNullOrEmpty
        [object]::ReferenceEquals($streams[0].EventService, $streams[1].EventService) | Should -BeTrue
    }

    It 'completes the ids that the provider holds' {
        $provider = New-TestProvider -Bars 2
        $text = 'New-QmtlStreamInput -HistoryProvider $provider -NodeId '
        [System.Management.Automation.CommandCompletion]::CompleteInput($text, $text.Length, $null).CompletionMatches.ListItemText | Should -Be X
    }

    It 'refuses <What>' -ForEach @(
        @{ What = 'a provider that is no store'; With = @{ HistoryProvider = 'candles' }; Message = "*'candles' is no store*" }
        @{ What = 'a recorder that is a text'; With = @{ Recorder = 'rows.db' }; Message = "*New-QmtlRecorder -Path 'rows.db'*" }
        @{ What = 'a recorder without Persist'; With = @{ Recorder = [pscustomobject]@{} }; Message = '*no Persist(nodeId, interval, timestamp, payload) method*' }
        @{ What = 'a period of no bar'; With = @{ Period = 0 }; Message = '*Period*' }
        @{ What = 'an interval of no month'; With = @{ Interval = '0M' }; Message = '*0M*' }
        @{ What = 'a setting without a value'; With = @{ Configuration = @{ depth = $null } }; Message = "*'depth'*" }
    ) {
        $arguments = @{ NodeId = 'A'; Interval = '1m'; Period = 3 } + @{}
        $With.Keys.ForEach({ $arguments[$_] = $With[$_] })
        { New-QmtlStreamInput @arguments } | Should -Throw $Message
    }
}
