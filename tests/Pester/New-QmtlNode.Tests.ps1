BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'a script node' {
    It 'has the view in $_, in $args and in its parameter' {
        $stream = New-TestStream -Bars 4
        $nodes = @(
            New-QmtlNode under { $_['X'].Sum('close', 2) } -Period 2 -InputObject $stream
            New-QmtlNode args { $args[0]['X'].Sum('close', 2) } -Period 2 -InputObject $stream
            New-QmtlNode param { param($view) $view['X'].Sum('close', 2) } -Period 2 -InputObject $stream
        )
        Invoke-TestStrategy $nodes 3 | Should -Be 'under@2=3', 'args@2=3', 'param@2=3', 'under@3=5', 'args@3=5', 'param@3=5'
    }

    It 'computes from what it holds: <Script>' -ForEach @(
        @{ Script = { $_['X'].Mean('close', 3) }; Value = 4 }
        @{ Script = { $_['X'].Min('close', 5) }; Value = 1 }
        @{ Script = { $_['X'].Max('close', 5) }; Value = 5 }
        @{ Script = { $_['X'].GetValue('close') }; Value = 5 }
        @{ Script = { $_['X'].GetValue('close', 0) }; Value = 1 }
        @{ Script = { $_['X'].ToArray('close', 2) -join '+' }; Value = '4+5' }
        @{ Script = { $_['X'].GetTimestamps()[-1] }; Value = 300 }
        @{ Script = { $_.GetSeries('X', '1m').Count }; Value = 5 }
    ) {
        Invoke-TestStrategy (New-QmtlNode n $Script -Period 5 -InputObject (New-TestStream -Bars 5)) 5 | Should -Be "n@5=$Value"
    }

    It 'computes for each of its inputs, or with -Trigger AllInputs once for all: <Trigger>' -ForEach @(
        @{ Trigger = 'EachInput'; Expected = 'n@1=2', 'n@2=3', 'n@2=4' }
        @{ Trigger = 'AllInputs'; Expected = 'n@1=2', 'n@2=4' }
    ) {
        $provider = New-TestProvider -Bars 3
        $null = Invoke-QmtlBackfill $provider Y 1m 60 180
        $streams = 'X', 'Y' | New-QmtlStreamInput -Interval 1m -HistoryProvider $provider
        $node = New-QmtlNode n { $_['X'].GetValue('close') + $_['Y'].GetValue('close') } -InputObject $streams -Trigger $Trigger
        Invoke-TestStrategy $node 2 | Should -Be $Expected
        $node.Trigger | Should -Be $Trigger
    }

    It 'gives a number, an object, a hashtable, or nothing' {
        $node = New-QmtlNode n -InputObject (New-TestStream -Bars 5) {
            switch ($_['X'].GetValue('close')) {
                1 { 1.5 }
                2 { [pscustomobject]@{ a = 2 } }
                3 { @{ b = 3 } }
                4 { }
                5 { $null }
            }
        }
        $results = Invoke-QmtlStrategy (New-QmtlStrategy s $node) -Offline -Start 60 -End 300
        $results | Should -HaveCount 3
        $results[0].Value | Should -Be 1.5
        $results[1].Value.a | Should -Be 2
        $results[2].Value.b | Should -Be 3
    }

    It 'sees what another node gave, in the column value' {
        $stream = New-TestStream -Bars 4
        $double = New-QmtlNode double -NodeId double { 2 * $_['X'].GetValue('close') } -InputObject $stream
        $both = $double, $stream | New-QmtlNode both { $_['double'].GetValue('value') - $_['X'].GetValue('close') }
        Invoke-TestStrategy $both 2 | Should -Be 'double@1=2', 'both@1=1', 'double@2=4', 'both@2=2'
    }

    It 'computes with numbers of type <_> that another node gave' -ForEach 'decimal', 'long', 'byte', 'uint64', 'bigint' {
        $type = [type]$_
        $gave = New-QmtlNode gave { [System.Management.Automation.LanguagePrimitives]::ConvertTo($_['X'].GetValue('close'), $type) } -InputObject (New-TestStream -Bars 3)
        $mean = New-QmtlNode mean { $_['gave'].Mean('value', 2) } -Period 2 -InputObject $gave
        Invoke-TestStrategy $mean 3 | Where-Object { $_ -like 'mean*' } | Should -Be 'mean@2=1.5', 'mean@3=2.5'
    }

    It 'finds an input by its name too, where only one has it, and by its id first' {
        $stream = New-TestStream -Bars 3
        $fast = New-QmtlNode fast { 2 * $_['X'].GetValue('close') } -InputObject $stream
        Invoke-TestStrategy (New-QmtlNode n { $_['fast'].GetValue('value') } -InputObject $fast) 3 | Select-Object -Last 1 | Should -Be 'n@3=6'

        $named = New-QmtlNode other -NodeId fast { 7 } -InputObject $stream
        Invoke-TestStrategy (New-QmtlNode n { $_['fast'].GetValue('value') } -InputObject $fast, $named) 3 | Select-Object -Last 1 | Should -Be 'n@3=7'
    }

    It 'keeps variables of the script scope between bars, and none of its own' {
        $script:seen = 0
        $node = New-QmtlNode n -InputObject (New-TestStream -Bars 3) { $script:seen++; "$script:seen $(Test-Path variable:own)"; $own = 1 }
        Invoke-TestStrategy $node 3 | Should -Be 'n@1=1 False', 'n@2=2 False', 'n@3=3 False'
    }

    It 'has an id that follows from what makes it different' {
        $stream = New-TestStream
        $one = New-QmtlNode n { 1 } -InputObject $stream
        (New-QmtlNode n { 1 } -InputObject $stream).NodeId | Should -Be $one.NodeId
        (New-QmtlNode n { 2 } -InputObject $stream).NodeId | Should -Not -Be $one.NodeId
        (New-QmtlNode n { 1 } -InputObject $stream -Period 5).NodeId | Should -Not -Be $one.NodeId
        (New-QmtlNode m { 1 } -InputObject $stream).NodeId | Should -Not -Be $one.NodeId
        (New-QmtlNode n { 1 } -InputObject $stream -Tag x).NodeId | Should -Not -Be $one.NodeId
        (New-QmtlNode n { 1 } -InputObject $stream -Configuration @{ x = 1 }).NodeId | Should -Not -Be $one.NodeId
        (New-QmtlNode n { 1 } -InputObject $stream -NodeId mine).NodeId | Should -Be mine
    }
}

Describe 'a script node that fails' {
    It 'says that <What> is not there, which PowerShell takes for $null' -ForEach @(
        @{ What = 'an input'; Script = { if ($_['fast'].Count -gt 3) { 1 } else { 0 } }; Message = "*'n' failed at*asks for what is not there*'fast'*It holds X 1m.*" }
        @{ What = 'an input among two of the name'; Script = { $null -eq $_['same'] }; Message = "*asks for what is not there*'same'*" }
        @{ What = 'a column'; Script = { $null -eq $_['X']['clsoe'] }; Message = "*asks for what is not there*X 1m has no column 'clsoe'*open*" }
    ) {
        $stream = New-TestStream -Bars 3
        $same = 'a', 'b' | ForEach-Object { New-QmtlNode same -NodeId $_ { 1 } -InputObject $stream }
        $node = New-QmtlNode n $Script -InputObject ($What -like '*two*' ? $same : $stream)
        { Invoke-TestStrategy $node 3 } | Should -Throw $Message -ErrorId 'NodeFailed,*'
    }

    It 'may ask for what is not there in a method' {
        $node = New-QmtlNode n { try { $_.GetSeries('fast').Count } catch { -1 } } -InputObject (New-TestStream -Bars 1)
        Invoke-TestStrategy $node 1 | Should -Be 'n@1=-1'
    }

    It 'on the 500th bar names itself and the bar, after the results before it' {
        $node = New-QmtlNode unlucky -InputObject (New-TestStream -Bars 600) {
            $close = $_['X'].GetValue('close')
            if ($close -eq 500) { throw 'no luck' }
            $close
        }
        { Invoke-QmtlStrategy (New-QmtlStrategy s $node) -Offline -Start 60 -End 36000 -OutVariable script:results } |
            Should -Throw "The node 'unlucky' failed at the bar of 1970-01-01T08:20:00Z (X 1m): its script failed at *: no luck." -ErrorId 'NodeFailed,*'
        $results | Should -HaveCount 499
        $results[-1].Value | Should -Be 499
    }

    It 'loses no recorded bar before it' {
        $path = Join-Path $TestDrive 'failed.db'
        $recorder = New-QmtlRecorder -Path $path
        $node = New-QmtlNode unlucky -InputObject (New-TestStream -Bars 600 -Recorder $recorder) { if ($_['X'].GetValue('close') -eq 500) { throw 'no luck' } }
        { Invoke-QmtlStrategy (New-QmtlStrategy s $node) -Offline -Start 60 -End 36000 } | Should -Throw '*no luck*'
        $recorder.Dispose()
        Get-StoredMinute (New-QmtlHistoryProvider $path) | Should -Be (1..500)
    }

    It 'through <How> ends the run' -ForEach @(
        @{ How = 'an error that it only writes'; Script = { Write-Error 'written'; 1 }; Message = '*written*' }
        @{ How = 'a command that does not exist'; Script = { Get-NothingOfTheKind; 1 }; Message = '*Get-NothingOfTheKind*' }
        @{ How = 'a method that throws'; Script = { $_.GetSeries('Q') }; Message = "*New-QmtlNode.Tests.ps1:*: The cache holds nothing of 'Q'. It holds X 1m." }
        @{ How = 'a column that is not there'; Script = { $_['X'].Mean('clsoe', 1) }; Message = "*New-QmtlNode.Tests.ps1:*: X 1m has no column 'clsoe'*close*" }
        @{ How = 'more bars than it holds'; Script = { $_['X'].Mean('close', 50) }; Message = "*New-QmtlNode.Tests.ps1:*: Of X 1m, 1 bars are held*period is 1." }
        @{ How = 'two results for one bar'; Script = { 1; 2 }; Message = '*wrote 2 objects for one bar*' }
        @{ How = 'break'; Script = { break }; Message = '*break, continue or exit*' }
        @{ How = 'a program that fails'; Script = { & (Join-Path $PSHOME pwsh) -NoProfile -Command 'exit 3'; 1 }; Message = '*failed at the bar of*' }
    ) {
        $node = New-QmtlNode unlucky $Script -InputObject (New-TestStream -Bars 3)
        { Invoke-TestStrategy $node 3 } | Should -Throw $Message -ErrorId 'NodeFailed,*'
    }

    It 'leaves the strategy as it was: it runs again' {
        $script:broken = $true
        $node = New-QmtlNode n { if ($script:broken) { throw 'no luck' } else { 1 } } -InputObject (New-TestStream -Bars 2)
        { Invoke-TestStrategy $node 2 } | Should -Throw '*no luck*'
        $script:broken = $false
        Invoke-TestStrategy $node 2 | Should -Be 'n@1=1', 'n@2=1'
    }
}

Describe 'New-QmtlNode' {
    It 'refuses <What>' -ForEach @(
        @{ What = 'an input that is no node'; Make = { New-QmtlNode n { 1 } -InputObject 'BTCUSDT' }; Message = '*BTCUSDT*Qmtl.Streams.Node*' }
        @{ What = 'a period of no bar'; Make = { New-QmtlNode n { 1 } -Period 0 -InputObject (New-TestStream) }; Message = '*Period*' }
        @{ What = 'nothing piped in'; Make = { @() | New-QmtlNode n { 1 } }; Message = '*no input*-InputObject*' }
    ) {
        $Make | Should -Throw $Message
    }
}
