BeforeDiscovery {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
    $commands = Get-Command -Module Qmtl
    $examples = foreach ($command in $commands) {
        foreach ($example in (Get-Help -Name $command.Name -Full).examples.example) {
            # Those with a cluster run in Cluster.Tests.ps1, which has one.
            if ($example.code -notmatch ' -Cluster ') {
                @{ Command = $command.Name; Title = $example.title.Trim(); Code = $example.code }
            }
        }
    }
}

BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'the help file' {
    It 'is what docs/cmdlets makes' {
        $fresh = Join-Path $TestDrive 'Help.xml'
        & ([System.IO.Path]::Combine($QmtlRoot, 'docs', 'cmdlets', 'Export-Help.ps1')) -Destination $fresh
        $committed = [System.IO.Path]::Combine($QmtlRoot, 'module', 'en-US', 'Qmtl.PowerShell.dll-Help.xml')
        Get-Content -Raw $committed | Should -BeExactly (Get-Content -Raw $fresh) -Because "'./build.ps1 -Task Help' makes it anew"
    }

    It 'has a topic about the module' {
        Get-Help about_Qmtl | Should -Match 'Keeps time-series history complete'
        Get-Help about_Qmtl_Scheduling | Should -Match 'Update-History'
        Get-Help about_Qmtl_Sources | Should -Match 'Get-QmtlExchange'
    }
}

Describe '<_.Name>' -ForEach $commands {
    BeforeAll {
        $help = Get-Help -Name $_.Name -Full
    }

    It 'has a synopsis, a description and examples' {
        $help.Synopsis | Should -Not -Match $_.Name
        $help.description.Text | Should -Not -BeNullOrEmpty
        @($help.examples.example).Count | Should -BeGreaterOrEqual 3
        Get-Help -Name $_.Name -Examples | Out-String | Should -Match 'Example 1'
    }

    It 'describes every parameter' {
        $own = @($_.Parameters.Keys).Where({ $_ -notin [System.Management.Automation.Cmdlet]::CommonParameters })
        $help.parameters.parameter.name | Sort-Object | Should -Be ($own | Sort-Object)
        @($help.parameters.parameter).Where({ -not $_.description.Text }) | Should -BeNullOrEmpty
    }
}

Describe 'the examples run' {
    BeforeAll {
        $exchange = Start-TestExchange
    }

    AfterAll {
        $exchange.DisposeAsync().AsTask().Wait()
    }

    It '<Command>: <Title>' -ForEach $examples {
        $folder = New-Item -ItemType Directory -Path (Join-Path $TestDrive ([guid]::NewGuid().ToString('n')))

        # The example is run as it stands, except that its Binance is on loopback.
        $script = [scriptblock]::Create($Code.Replace('-Binance', "-Binance -BaseUri $($exchange.BaseUri)").Replace(
                "kind = 'binance'", "kind = 'binance'; baseUri = '$($exchange.BaseUri)'"))
        Push-Location $folder
        try {
            $output = & $script 6>&1
        }
        finally {
            Pop-Location
        }

        @($output).Where({ $_.psobject.Properties['Error'] -and $_.Error }) | Should -BeNullOrEmpty
    }
}
