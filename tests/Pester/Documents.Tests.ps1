# Runs every command of every document, in the order in which a reader comes to it: one folder and one shell a document. A block that cannot be
# run has a line before it that says why, '<!-- not run: … -->'; its commands, parameters and options are checked all the same. What a reader has
# already, and no document need say, is made by PowerShell in '<!-- first: … -->'. The pages in docs/cmdlets are the help, which Help.Tests.ps1 runs.
BeforeDiscovery {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
    $files = @(
        [System.IO.Path]::Combine($QmtlRoot, 'README.md')
        [System.IO.Path]::Combine($QmtlRoot, 'ops', 'README.md')
        Get-ChildItem ([System.IO.Path]::Combine($QmtlRoot, 'docs')) -Filter *.md -Recurse | Where-Object Directory -NotLike '*cmdlets' | ForEach-Object FullName
    )
    $marks = '(?ms)(?:^<!-- first:(?<first>.*?)-->\s*)?(?:^<!-- not run: (?<reason>[^\n]*) -->\s*)?^(?<indent> *)```(?<language>\w*)\n(?<code>.*?)^ *```$'
    $documents = foreach ($file in $files) {
        $text = (Get-Content -Raw -LiteralPath $file) -replace "`r"
        $blocks = foreach ($block in [regex]::Matches($text, $marks)) {
            @{
                Line     = $text.Substring(0, $block.Groups['code'].Index).Split("`n").Count
                Language = $block.Groups['language'].Value
                Code     = $block.Groups['code'].Value
                Reason   = $block.Groups['reason'].Value
                First    = $block.Groups['first'].Value
            }
        }
        @{
            Name   = [System.IO.Path]::GetRelativePath($QmtlRoot, $file)
            Path   = $file
            Text   = $text
            Blocks = @($blocks)
            Runs   = @($blocks).Where({ $_.Language -in 'powershell', 'sh' -and -not $_.Reason })
            Reads  = @($blocks).Where({ $_.Language -in 'powershell', 'sh', '' -and ($_.Reason -or -not $_.Language) -and $_.Code -match 'qmtl' })
        }
    }

    # The topics of Get-Help have no marks: commands are what is indented further, and what they need beforehand stands here.
    $before = @{
        'Get-QmtlGap ./bars.db' = '$null = Invoke-QmtlBackfill (New-QmtlHistoryProvider bars.db -Fetcher (New-QmtlFetcher -Binance)) BTCUSDT 1h -Last 10'
        'New-QmtlFetcher -Path' = "'ts,close', '60,1', '120,1' | Set-Content ETHBTC-5m.feather; 'ts;close', '60;1,5', '120;1,5' | Set-Content export.csv"
    }
    $after = @{ 'pwsh -NoProfile' = 'Scheduling.Tests.ps1 runs this script'; 'exit ' = 'it ends the shell of the tests' }
    $documents += foreach ($file in Get-ChildItem ([System.IO.Path]::Combine($QmtlRoot, 'module', 'en-US')) -Filter about_*.txt) {
        $text = (Get-Content -Raw -LiteralPath $file) -replace "`r"
        $blocks = foreach ($block in [regex]::Matches($text, '(?m)(?:^ {8,}\S.*\n)+')) {
            @{
                Line     = $text.Substring(0, $block.Index).Split("`n").Count
                Language = 'powershell'
                Code     = $block.Value
                First    = @($before.Keys.Where({ $block.Value.Contains($_) }).ForEach({ $before[$_] }))[0]
                Reason   = @($after.Keys.Where({ $block.Value.TrimStart().StartsWith($_) }).ForEach({ $after[$_] }))[0]
            }
        }
        @{ Name = $file.Name; Path = $file.FullName; Text = ''; Blocks = @(); Runs = @($blocks).Where({ -not $_.Reason }); Reads = @($blocks).Where({ $_.Reason }) }
    }
    $noShell = -not (Get-Command bash -ErrorAction Ignore)
}

BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
    $qmtl = 'Debug', 'Release' |
        ForEach-Object { [System.IO.FileInfo][System.IO.Path]::Combine($QmtlRoot, 'tests', 'Unit', 'bin', $_, 'net10.0', 'qmtl.dll') } |
        Where-Object Exists | Sort-Object LastWriteTimeUtc -Descending | Select-Object -First 1

    # The commands of qmtl in a text, each with its options.
    function Find-QmtlLine([string] $Code) {
        foreach ($line in ($Code -replace '\\\n' -split "`n")) {
            foreach ($found in [regex]::Matches($line, '(?<![\w/.-])qmtl (?<command>[a-z]+)(?<rest>[^|>;&]*)')) {
                @{
                    Command = $found.Groups['command'].Value
                    Options = [regex]::Matches(($found.Groups['rest'].Value -replace "'[^']*'"), '(?<= )--[a-z-]+').Value
                }
            }
        }
    }

    $known = @{}
    function Get-QmtlOption([string] $Command) {
        if (-not $known.ContainsKey($Command)) {
            $help = & dotnet exec $qmtl.FullName $Command --help
            $known[$Command] = $LASTEXITCODE ? $null : [regex]::Matches("$help", '--[a-z-]+').Value
        }

        $known[$Command]
    }
}

Describe 'the marks of <Name>' -ForEach $documents {
    It 'are of blocks that are not run, and say why' {
        $wrong = $Blocks.Where({ $_.Language -notin 'powershell', 'sh', 'json', 'yaml', 'sql', 'csharp', 'text', '' })
        $wrong | Should -BeNullOrEmpty -Because 'commands are in blocks of powershell or sh'
        @($Blocks.Where({ $_.Reason }).Reason | Where-Object { ($_ -split ' ').Count -lt 4 }) | Should -BeNullOrEmpty -Because 'a reason is a sentence'
        [regex]::Matches($Text, '(?m)^<!-- (not run|first):').Count | Should -Be (
            $Blocks.Where({ $_.Reason }).Count + $Blocks.Where({ $_.First }).Count) -Because 'a mark stands right before its block'
    }

    It 'stand among links that lead somewhere' {
        foreach ($link in [regex]::Matches(($Text -replace '(?ms)^```.*?^```' -replace '`[^`\n]*`'), '\]\((?<file>[^)#: ]*)(?:#(?<part>[^)]*))?\)')) {
            $target = $link.Groups['file'].Value ? (Join-Path (Split-Path $Path) $link.Groups['file'].Value) : $Path
            Test-Path -LiteralPath $target | Should -BeTrue -Because "$Name links to $($link.Groups['file'].Value)"
            if ($part = $link.Groups['part'].Value) {
                $heads = [regex]::Matches((Get-Content -Raw -LiteralPath $target), '(?m)^#+ (.*?)\r?$').ForEach({
                        $_.Groups[1].Value.ToLowerInvariant() -replace '[^\w\- ]' -replace ' ', '-' })
                $part | Should -BeIn $heads -Because "$Name links to that part of $($link.Groups['file'].Value)"
            }
        }
    }

    It 'hide no command or option that there is not (line <Line>)' -AllowNullOrEmptyForEach -ForEach $Reads {
        if ($Language -eq 'powershell') {
            $errors = $null
            $tree = [System.Management.Automation.Language.Parser]::ParseInput($Code, [ref] $null, [ref] $errors)
            $errors | Should -BeNullOrEmpty
            foreach ($use in $tree.FindAll({ $args[0] -is [System.Management.Automation.Language.CommandAst] }, $true)) {
                if ($use.GetCommandName() -match '-Qmtl') {
                    $parameters = (Get-Command $use.GetCommandName()).Parameters
                    $use.CommandElements.Where({ $_ -is [System.Management.Automation.Language.CommandParameterAst] }).ForEach({
                            $_.ParameterName | Should -BeIn $parameters.Keys
                        })
                }
            }
        }

        foreach ($use in Find-QmtlLine $Code) {
            $options = Get-QmtlOption $use.Command
            $options | Should -Not -BeNullOrEmpty -Because "qmtl $($use.Command) is a command"
            $use.Options | Where-Object { $_ -notin $options } | Should -BeNullOrEmpty -Because "qmtl $($use.Command) has these options"
        }
    }
}

Describe 'the commands of <Name> run' -ForEach $documents.Where({ $_.Runs }) {
    BeforeAll {
        $exchange = Start-TestExchange
        $folder = (New-Item -ItemType Directory -Path (Join-Path $TestDrive ([guid]::NewGuid().ToString('n')))).FullName

        # What the document sets stays for what follows in it. Where it is asked, a reader says yes.
        $reader = New-Module -ArgumentList $QmtlRoot {
            param($QmtlRoot)
            $ErrorActionPreference = 'Stop'
            $ConfirmPreference = 'None'
        }
        Set-Item "Env:QMTL_TEST_EXCHANGE" $exchange.BaseUri
        $bin = (New-Item -ItemType Directory -Path (Join-Path $folder '.bin')).FullName
        Set-Content -LiteralPath (Join-Path $bin qmtl) -NoNewline -Value @"
#!/bin/sh
# The built command line, whose exchange is on loopback.
case " `$* " in
    *" --file "* | *" --with-store "* | *" --base-uri "*) ;;
    " backfill "* | " compare "*) set -- "`$@" --base-uri "`$QMTL_TEST_EXCHANGE" ;;
esac
exec dotnet exec '$($qmtl.FullName)' "`$@"
"@
        if (-not $IsWindows) {
            & chmod +x (Join-Path $bin qmtl)
        }

        $ports = @{}
        $holders = [System.Collections.Generic.List[System.Net.Sockets.Socket]]::new()
        function Get-FreePort([string] $Instead) {
            if (-not $ports[$Instead]) {
                $holder = [System.Net.Sockets.Socket]::new('InterNetwork', 'Stream', 'Tcp')
                $holder.Bind([System.Net.IPEndPoint]::new([ipaddress]::Loopback, 0))
                $ports[$Instead] = $holder.LocalEndPoint.Port

                # On Linux the document's server may listen where this one is bound, and nobody else is given the port.
                if ($IsLinux) { $holders.Add($holder) } else { $holder.Dispose() }
            }

            $ports[$Instead]
        }

        # The document as it stands, but for its exchange and its ports.
        function ConvertTo-Tried([string] $Code) {
            $Code = $Code -replace '(New-QmtlFetcher -(?:Binance|Exchange binance)\b)(?! -BaseUri)', "`$1 -BaseUri $($exchange.BaseUri)"
            $Code = $Code -replace '"kind": "binance"(?!, "baseUri")', "`"kind`": `"binance`", `"baseUri`": `"$($exchange.BaseUri)`""
            $Code -replace '\b80\d\d\b', { Get-FreePort $_.Value }
        }

        function Invoke-Read([string] $Code) {
            $script = $reader.NewBoundScriptBlock([scriptblock]::Create($Code))
            Push-Location -LiteralPath $folder
            try {
                . $script
            }
            finally {
                Pop-Location
            }
        }
    }

    AfterAll {
        Remove-Item Env:QMTL_TEST_EXCHANGE
        $exchange.DisposeAsync().AsTask().Wait()
    }

    It 'line <Line>, <Language>' -ForEach $Runs {
        if ($First) {
            $null = Invoke-Read (ConvertTo-Tried $First)
        }

        if ($Language -eq 'powershell') {
            $output = Invoke-Read (ConvertTo-Tried $Code) 6>&1
            @($output).Where({ $_ -isnot [string] -and $_.psobject.Properties['Error'] -and $_.Error }) | Should -BeNullOrEmpty
        }
        elseif (-not $noShell) {
            $file = Join-Path $folder '.commands'
            Set-Content -LiteralPath $file -Value "trap 'kill `$(jobs -p) 2>/dev/null || true' EXIT`nexport PATH='$bin':`"`$PATH`"`ncd '$folder'`n$(ConvertTo-Tried $Code)"
            $output = & bash -euo pipefail $file 2>&1
            $LASTEXITCODE | Should -Be 0 -Because ($output | Out-String)
        }
    }
}
