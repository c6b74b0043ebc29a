BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'an offline run' {
    It 'warms up, replays in the order of time, then of streams, and emits results' {
        $provider = New-TestProvider
        $streams = 'A', 'B' | New-QmtlStreamInput -Interval 1h -Period 4 -HistoryProvider $provider
        $a = New-QmtlNode a { $_['A'].GetValue('close') } -InputObject $streams[0]
        $b = New-QmtlNode b { $_['B'].GetValue('close') } -InputObject $streams[1]
        $results = @(Invoke-QmtlStrategy (New-QmtlStrategy two $a, $b) -Offline)
        $results.Node | Should -Be 'a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'
        $results[0].Time | Should -BeOfType ([DateTimeOffset])
        $results[0].NodeId | Should -Be $a.NodeId
        $results[-1].Time | Should -Be (Get-QmtlCacheSlice $streams[1] -Last 1).Timestamp
        $results.ForEach({ $_.Value * 60 }) | Should -Be $results.ForEach({ $_.Time.ToUnixTimeSeconds() })
    }

    It 'is what runs where no mode is given' {
        $node = New-QmtlNode n { 1 } -InputObject (New-TestStream -Bars 3)
        Invoke-QmtlStrategy (New-QmtlStrategy s $node) -Start 60 -End 180 | Should -HaveCount 3
    }

    It 'refuses -End without -Start, <Name>' -ForEach @(
        @{ Name = 'offline'; With = @{ Offline = $true } }
        @{ Name = 'without a mode'; With = @{} }
    ) {
        # In a shell that cannot be asked, a prompt would be an error too, but another.
        $strategy = New-QmtlStrategy s (New-QmtlNode n { 1 } -InputObject (New-TestStream -Bars 3))
        { Invoke-QmtlStrategy $strategy @With -End 180 } | Should -Throw '-End needs -Start*' -ErrorId 'InvalidValue,*'
    }

    It 'warns of a node that needs more bars than its stream is given, except where a range is replayed' {
        $stream = New-QmtlStreamInput A -Interval 1h -Period 2 -HistoryProvider (New-TestProvider)
        $node = New-QmtlNode long { 1 } -Period 3 -InputObject $stream
        Invoke-QmtlStrategy (New-QmtlStrategy s $node) -Offline -WarningVariable warned -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        $warned | Should -HaveCount 1
        "$warned" | Should -BeLike "*'long' needs 3 bars of A 1h, whose period is 2*at least 3*"

        $node = New-QmtlNode long { 1 } -Period 3 -InputObject (New-TestStream -Bars 5 -Period 2)
        Invoke-QmtlStrategy (New-QmtlStrategy s $node) -Offline -Start 60 -End 300 -WarningVariable warned | Should -HaveCount 3
        $warned | Should -BeNullOrEmpty
    }

    It 'warns of a replay that gave nothing, and only of that' {
        $strategy = New-QmtlStrategy s (New-QmtlNode n { 1 } -InputObject (New-TestStream -Bars 3))
        Invoke-QmtlStrategy $strategy -Start 1999-01-01 -End 1999-01-02 -WarningVariable warned -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        "$warned" | Should -BeLike '*1999-01-01*gave no result*Get-QmtlCoverage*'
        Invoke-QmtlStrategy $strategy -Start 60 -End 180 -WarningVariable warned | Should -HaveCount 3
        $warned | Should -BeNullOrEmpty
    }

    It 'warns of nothing where streams alone are replayed, except where they hold nothing' {
        $stream = New-TestStream -Bars 3
        Invoke-QmtlStrategy (New-QmtlStrategy s $stream) -Start 60 -End 180 -WarningVariable warned | Should -BeNullOrEmpty
        $warned | Should -BeNullOrEmpty
        Invoke-QmtlStrategy (New-QmtlStrategy s $stream) -Start 1999-01-01 -End 1999-01-02 -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -BeLike '*1999-01-01*Get-QmtlCoverage*'
    }

    It 'makes one strategy of nodes: <What>' -ForEach @(
        @{ What = 'one'; Run = { param($a, $b) Invoke-QmtlStrategy $a -Start 60 -End 120 }; Expected = 'a=1', 'a=2' }
        @{ What = 'several'; Run = { param($a, $b) Invoke-QmtlStrategy $a, $b -Start 60 -End 120 }; Expected = 'a=1', 'b=-1', 'a=2', 'b=-2' }
        @{ What = 'several that are piped'; Run = { param($a, $b) $a, $b | Invoke-QmtlStrategy -Start 60 -End 120 }; Expected = 'a=1', 'b=-1', 'a=2', 'b=-2' }
    ) {
        $stream = New-TestStream -Bars 3
        $a = New-QmtlNode a { $_['X'].GetValue('close') } -InputObject $stream
        $b = New-QmtlNode b { -$_['X'].GetValue('close') } -InputObject $stream
        & $Run $a $b | ForEach-Object { "$($_.Node)=$($_.Value)" } | Should -Be $Expected
    }

    It 'emits each result before the next bar is computed' {
        $script:order = [System.Collections.Generic.List[string]]::new()
        $node = New-QmtlNode n { $script:order.Add("computed $($_['X'].GetValue('close'))"); $_['X'].GetValue('close') } -InputObject (New-TestStream -Bars 3)
        Invoke-TestStrategy $node 3 | ForEach-Object { $script:order.Add("taken $_") }
        $script:order | Should -Be 'computed 1', 'taken n@1=1', 'computed 2', 'taken n@2=2', 'computed 3', 'taken n@3=3'
    }

    It 'stops computing when a command further down has enough' {
        $script:computed = 0
        $node = New-QmtlNode n { $script:computed++; 1 } -InputObject (New-TestStream -Bars 1000)
        Invoke-TestStrategy $node 1000 | Select-Object -First 3 | Should -HaveCount 3
        $script:computed | Should -Be 3

        # The strategy is free again.
        Invoke-TestStrategy $node 5 | Should -HaveCount 5
    }

    It 'ends with the error of a command further down' {
        $node = New-QmtlNode n { 1 } -InputObject (New-TestStream -Bars 10)
        { Invoke-TestStrategy $node 10 | ForEach-Object { throw 'enough' } } | Should -Throw 'enough'
    }

    It 'can have Qmtl commands further down and in its nodes' {
        $provider = New-TestProvider -Bars 9
        $node = New-QmtlNode n { @(Get-QmtlHistory $provider X 1m -End 180).Count } -InputObject (New-TestStream -Bars 2)
        Invoke-TestStrategy $node 2 | ForEach-Object { "$_ $((Get-QmtlCoverage $provider).Bars)" } | Should -Be 'n@1=3 9', 'n@2=3 9'
    }

    It 'leaves out the steps at a hole, or with -OnMissing Fail ends there' {
        $node = New-QmtlNode n { $_['X'].GetValue('close') } -Period 2 -InputObject (New-TestStream -Bars 6 -Without 4)
        Invoke-TestStrategy $node 6 | Should -Be 'n@2=2', 'n@3=3', 'n@6=6'
        { Invoke-TestStrategy $node 6 @{ OnMissing = 'Fail' } } | Should -Throw "*'n' failed at the bar of 1970-01-01T00:05:00Z*X 1m lacks*00:04:00Z*" -ErrorId 'NodeFailed,*'
    }

    It 'orders bars of different intervals by their <Order>s' -ForEach @(
        @{ Order = 'Open'; Expected = 'five@0', 'one@0', 'one@1', 'one@2', 'one@3', 'one@4' }
        @{ Order = 'Close'; Expected = 'one@0', 'one@1', 'one@2', 'one@3', 'five@0', 'one@4' }
    ) {
        $provider = New-TestProvider
        $null = Invoke-QmtlBackfill $provider X 1m, 5m 0 240
        $five = New-QmtlNode five { 1 } -InputObject (New-QmtlStreamInput X -Interval 5m -HistoryProvider $provider)
        $one = New-QmtlNode one { 1 } -InputObject (New-QmtlStreamInput X -Interval 1m -HistoryProvider $provider)
        Invoke-QmtlStrategy (New-QmtlStrategy s $five, $one) -Start 0 -End 240 -Order $Order |
            ForEach-Object { "$($_.Node)@$($_.Time.ToUnixTimeSeconds() / 60)" } | Should -Be $Expected
    }

    It 'tries again as often as -MaxRetries says' {
        $script:asked = 0
        $source = New-QmtlFetcher -ScriptBlock { $script:asked++; throw [System.TimeoutException]::new('slow') }
        $stream = New-QmtlStreamInput A -Interval 1h -Period 4 -HistoryProvider (New-TestProvider -Fetcher $source)
        { Invoke-QmtlStrategy (New-QmtlNode n { 1 } -InputObject $stream) -MaxRetries 1 } | Should -Throw '*slow*' -ErrorId 'WarmupFailed,*'
        $script:asked | Should -Be 2
    }

    It 'records each bar once, however often it is replayed' {
        $path = Join-Path $TestDrive 'replayed.db'
        $recorder = New-QmtlRecorder -Path $path
        $node = New-QmtlNode n { 1 } -InputObject (New-TestStream -Bars 50 -Recorder $recorder)
        1..2 | ForEach-Object { $null = Invoke-TestStrategy $node 50 }

        # The run ends when everything is delivered, so nothing has to be waited for.
        Get-StoredMinute (New-QmtlHistoryProvider $path) | Should -Be (1..50)
        $recorder.GetReport().Delivered | Should -Be 100
        $recorder.Dispose()
    }

    It 'says what is wrong with a stream, and replays nothing' {
        $good = New-QmtlStreamInput A -Interval 1h -Period 4 -HistoryProvider (New-TestProvider)
        $bad = New-QmtlStreamInput B -Interval 1h -Period 4 -HistoryProvider (New-TestProvider -Fetcher { throw 'no luck' })
        $script:computed = 0
        $node = New-QmtlNode n { $script:computed++ } -InputObject $good, $bad
        { Invoke-QmtlStrategy (New-QmtlStrategy s $node) -Offline -WarningAction SilentlyContinue } |
            Should -Throw '*warm-up of B 1h failed*no luck*' -ErrorId 'WarmupFailed,*'
        $script:computed | Should -Be 0
    }

    It 'warns of a stream without a provider' {
        $node = New-QmtlNode n { 1 } -InputObject (New-QmtlStreamInput A -Interval 1h -Period 4)
        Invoke-QmtlStrategy (New-QmtlStrategy s $node) -Offline -WarningVariable warned -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        "$warned" | Should -BeLike '*A 1h has no history provider*'
    }

    It 'of a range needs providers' {
        $node = New-QmtlNode n { 1 } -InputObject (New-QmtlStreamInput A -Interval 1h -Period 4)
        { Invoke-QmtlStrategy (New-QmtlStrategy s $node) -Offline -Start 0 } | Should -Throw '*A 1h has no history provider*'
    }

    It 'needs -Offline or a world' {
        $strategy = New-QmtlStrategy s (New-QmtlNode n { 1 } -InputObject (New-TestStream))
        { Invoke-QmtlStrategy $strategy -Offline -World w -GatewayUri http://127.0.0.1:1 } | Should -Throw '*Parameter set*'
        { Invoke-QmtlStrategy $strategy -Offline -Start 120 -End 60 } | Should -Throw '*Swap*'
    }
}

Describe '-Parallel' {
    It 'gives the same results in the same order, with script nodes among native ones' {
        Add-Type -ReferencedAssemblies ([Qmtl.Strategies.Strategy], [Qmtl.Time.BarInterval]).Assembly.Location -TypeDefinition @'
using Qmtl.Streams;
public static class Native
{
    public static Node Mean(string name, Node input, int period) =>
        new ComputeNode(name, new[] { input }, view => view[input.Key].Mean(input is StreamInput ? "close" : "value", period), period);
}
'@
        $stream = New-TestStream -Bars 5000 -Without 77, 78, 2500
        $fast = [Native]::Mean('fast', $stream, 3)
        $slow = [Native]::Mean('slow', $stream, 7)
        $script:threads = [System.Collections.Generic.HashSet[int]]::new()
        $nodes = @(
            $spread = New-QmtlNode spread -InputObject $fast, $slow -NodeId spread {
                $null = $script:threads.Add([System.Environment]::CurrentManagedThreadId)
                $_[$fast.NodeId].GetValue('value') - $_[$slow.NodeId].GetValue('value')
            }
            $spread
            [Native]::Mean('smooth', $spread, 4)
            New-QmtlNode above -InputObject $spread { $_['spread'].GetValue('value') -gt 1 }
        )
        $one = Invoke-TestStrategy $nodes 5000
        $all = Invoke-TestStrategy $nodes 5000 @{ Parallel = $true }
        $one.Count | Should -BeGreaterThan 20000
        [string]::Join("`n", $all) | Should -BeExactly ([string]::Join("`n", $one))
        $script:threads | Should -Be ([System.Environment]::CurrentManagedThreadId) -Because 'script has one thread'
    }

    It 'computes nodes that are script in the guise of .NET where script runs: <What>' -ForEach @(
        @{ What = 'a class'; Nodes = @'
class Threads : Qmtl.Streams.Node {
    Threads([Qmtl.Streams.NodeOptions] $options) : base($options) { }
    [Qmtl.Payloads.Payload] Compute([Qmtl.Caching.CacheView] $view) { return [Qmtl.Payloads.Payload]::FromNumber([System.Environment]::CurrentManagedThreadId) }
}
foreach ($name in 'a', 'b', 'c', 'd') { [Threads]::new([Qmtl.Streams.NodeOptions]@{ Name = $name; Inputs = [Qmtl.Streams.Node[]]$args[0] }) }
'@
        }
        @{ What = 'a script block as a function'; Nodes = @'
foreach ($name in 'a', 'b', 'c', 'd') {
    [Qmtl.Streams.ComputeNode]::new($name, [Qmtl.Streams.Node[]]$args[0], [Func[Qmtl.Caching.CacheView, object]]{ param($view) [System.Environment]::CurrentManagedThreadId })
}
'@
        }
        @{ What = 'a method of a class as a function'; Nodes = @'
class Functions {
    [object] Thread([Qmtl.Caching.CacheView] $view) { return [System.Environment]::CurrentManagedThreadId }
}
$functions = [Functions]::new()
foreach ($name in 'a', 'b', 'c', 'd') { [Qmtl.Streams.ComputeNode]::new($name, [Qmtl.Streams.Node[]]$args[0], [Func[Qmtl.Caching.CacheView, object]]$functions.Thread) }
'@
        }
    ) {
        # A script is read as a whole, so a class whose base the module brings is in a file of its own.
        $script = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).ps1"
        Set-Content $script $Nodes
        $results = @(Invoke-QmtlStrategy (New-QmtlStrategy s (& $script (New-TestStream -Bars 2000))) -Parallel -Start 60 -End 120000)
        $results | Should -HaveCount 8000
        $results.Value | Sort-Object -Unique | Should -Be ([System.Environment]::CurrentManagedThreadId)
    }

    It 'names the first bar that a node fails at, after the results before it' {
        $stream = New-TestStream -Bars 600
        $nodes = @(
            New-QmtlNode good { $_['X'].GetValue('close') } -InputObject $stream
            New-QmtlNode bad { if ($_['X'].GetValue('close') -eq 500) { throw 'no luck' } } -InputObject $stream
        )
        { Invoke-QmtlStrategy (New-QmtlStrategy s $nodes) -Offline -Parallel -Start 60 -End 36000 -OutVariable script:results } |
            Should -Throw "*'bad' failed at the bar of 1970-01-01T08:20:00Z*no luck*"
        $results.ForEach({ $_.Value }) | Should -Be (1..500)
    }
}

Describe 'a run in a world' {
    BeforeAll {
        function Invoke-InWorld($Gateway) {
            $stream = New-QmtlStreamInput A -Interval 1h -Period 3 -HistoryProvider (New-TestProvider)
            $node = New-QmtlNode n { $_['A'].Count } -InputObject $stream
            Invoke-QmtlStrategy (New-QmtlStrategy s $node) -World w -GatewayUri $Gateway.BaseUri @args
        }
    }

    BeforeEach {
        $gateway = $null
    }

    AfterEach {
        if ($gateway) {
            $gateway.DisposeAsync().AsTask().Wait()
        }
    }

    It 'submits the strategy, and emits what is computed here' {
        $gateway = Start-TestGateway
        (Invoke-InWorld $gateway -WarningAction SilentlyContinue).Value | Should -Be 1, 1, 1
        $gateway.Strategies | Should -HaveCount 1

        # The gateway sees the end of a connection a moment after the run.
        [System.Threading.SpinWait]::SpinUntil({ $gateway.ConnectionCount -eq 0 }, [timespan]::FromSeconds(10)) | Should -BeTrue -Because 'the run has ended'
    }

    It 'submits, fills and computes nothing with -WhatIf' {
        $gateway = Start-TestGateway @{ DowngradeReason = 'no quota' }
        $told = @(Invoke-InWorld $gateway -WhatIf 3>&1 6>&1)
        "$told" | Should -BeLike "*downgraded*no quota*The gateway would take the strategy 's' in the world 'w', and compute 0 of its nodes elsewhere."
        $gateway.Strategies | Should -HaveCount 0
        $gateway.GetRequests('Strategies') | Should -HaveCount 0
        $provider = New-TestProvider
        $node = New-QmtlNode n { throw 'computed' } -InputObject (New-QmtlStreamInput A -Interval 1h -Period 2 -HistoryProvider $provider)
        Invoke-QmtlStrategy (New-QmtlStrategy s $node) -WhatIf | Should -BeNullOrEmpty
        Get-QmtlCoverage $provider | Should -BeNullOrEmpty
    }

    It 'tells with -Verbose how it went, and warns of nothing where all is well' {
        $gateway = Start-TestGateway
        $told = @(Invoke-InWorld $gateway -Verbose 3>&1 4>&1)
        $story = $told.Where({ $_ -is [System.Management.Automation.VerboseRecord] }).Message
        $story.Where({ $_ -like '*: warm-up of * complete, 3 bars loaded, 3 of them filled, 0 do not exist.' }) | Should -HaveCount 1
        $story.Where({ $_ -like 'Long closed: the gateway is not watched any more.' }) | Should -HaveCount 1
        $story.Where({ $_ -like "The strategy '*' gave 3 results." }) | Should -HaveCount 1
        $told.Where({ $_ -is [System.Management.Automation.WarningRecord] }) | Should -BeNullOrEmpty
    }

    It 'tells what the gateway allows without being asked' {
        $gateway = Start-TestGateway
        $gateway.SetActivation('w', [Qmtl.Simulation.Gateway.SimulatedActivation]::new('long', $true))
        $told = @(Invoke-InWorld $gateway 6>&1).Where({ $_ -is [System.Management.Automation.InformationRecord] -and "$_" -like 'The gateway*' })
        "$told" | Should -BeLike "The gateway says of 's': Long allowed at 1; Short closed: *. The run has ended*"
        $told.Tags | Should -Contain 'PSHOST' -Because 'then the host shows it'
    }

    It 'tells a failure of a stream or a node once, as an error' {
        $stream = New-QmtlStreamInput A -Interval 1h -Period 2 -HistoryProvider (New-TestProvider -Fetcher { throw 'no luck' })
        { Invoke-QmtlStrategy (New-QmtlStrategy s $stream) -WarningVariable script:warned } | Should -Throw '*no luck*' -ErrorId 'WarmupFailed,*'
        $script:warned | Should -BeNullOrEmpty
        $node = New-QmtlNode n { throw 'moon' } -InputObject (New-QmtlStreamInput A -Interval 1h -Period 2 -HistoryProvider (New-TestProvider))
        { Invoke-QmtlStrategy (New-QmtlStrategy s $node) -WarningVariable script:warned } | Should -Throw '*moon*' -ErrorId 'NodeFailed,*'
        $script:warned | Should -BeNullOrEmpty
    }

    It 'is taken by a gateway of <Version>, and goes on there the second time' -ForEach @(
        @{ Version = 'August2025' }
        @{ Version = 'September2025' }
        @{ Version = 'April2026' }
    ) {
        $gateway = Start-TestGateway @{ Version = $Version }
        $story = 1..2 | ForEach-Object { (Invoke-InWorld $gateway -Verbose 4>&1 3>$null).Where({ $_ -is [System.Management.Automation.VerboseRecord] }).Message }
        $gateway.Strategies | Should -HaveCount 1
        @($story) -like "The gateway had the strategy 's' already; this run went on with its 'strategy-1'." | Should -HaveCount 1
    }

    It 'says with -WhatIf that an early gateway has no dry run' {
        $gateway = Start-TestGateway @{ Version = 'August2025' }
        "$(Invoke-InWorld $gateway -WhatIf 6>&1)" | Should -BeLike '*no dry run*'
    }

    It 'warns where it is downgraded and in safe mode' {
        $gateway = Start-TestGateway @{ DowngradeReason = 'no quota'; SafeMode = $true }
        $warned = Invoke-InWorld $gateway 3>&1
        $warned.Where({ $_ -like '*downgraded*no quota*' }) | Should -HaveCount 1
        $warned.Where({ $_ -like '*safe mode*' }) | Should -HaveCount 1
    }

    It 'that the gateway answers with <Status> is a <Id>' -ForEach @(
        @{ Status = 409; Id = 'GatewayDuplicateStrategy'; Category = 'ResourceExists' }
        @{ Status = 503; Id = 'GatewayRefused'; Category = 'InvalidOperation' }
        @{ Status = 422; Id = 'GatewayInvalidPayload'; Category = 'InvalidData' }
        @{ Status = 401; Id = 'GatewayUnauthorized'; Category = 'AuthenticationError' }
        @{ Status = 500; Id = 'GatewayRefused'; Category = 'InvalidOperation' }
        @{ Status = 'a web page'; Id = 'GatewayBadAnswer'; Category = 'InvalidResult' }
    ) {
        $gateway = Start-TestGateway
        $fault = $Status -is [int] ? [Qmtl.Simulation.Gateway.GatewayFault]::Status($Status) : [Qmtl.Simulation.Gateway.GatewayFault]::Html(202)
        $gateway.Faults[[Qmtl.Simulation.Gateway.GatewayRoute]::Strategies].Enqueue($fault)
        $failure = { Invoke-InWorld $gateway } | Should -Throw -ErrorId "$Id,*" -PassThru
        $failure.CategoryInfo.Category | Should -Be $Category
        $failure.Exception.Message | Should -BeLike "*$($gateway.BaseUri.Authority)*"
    }

    It 'without a gateway says that there is none' {
        $failure = { Invoke-InWorld ([pscustomobject]@{ BaseUri = 'http://127.0.0.1:1' }) } | Should -Throw '*127.0.0.1:1*' -ErrorId 'GatewayUnreachable,*' -PassThru
        $failure.CategoryInfo.Category | Should -Be ConnectionError
    }

    It 'does not ask a gateway again that could not be reached three times' {
        $dead = [pscustomobject]@{ BaseUri = "http://127.0.0.1:1/$([guid]::NewGuid())" }
        1..3 | ForEach-Object { { Invoke-InWorld $dead } | Should -Throw -ErrorId 'GatewayUnreachable,*' }
        { Invoke-InWorld $dead } | Should -Throw '*tried again in * s*' -ErrorId 'GatewayCircuitOpen,*'
    }

    It 'never shows a password in the address' {
        $failure = { Invoke-InWorld ([pscustomobject]@{ BaseUri = 'http://me:secret@127.0.0.1:1' }) } | Should -Throw -PassThru
        $failure | Out-String | Should -Not -Match 'secret'
        "$($failure.TargetObject)" | Should -Not -Match 'secret'
    }
}
