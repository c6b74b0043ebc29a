BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
    $null = Invoke-QmtlBackfill (New-TestProvider) EXPORTED 1m 60 600
}

Describe 'Export-QmtlMetric' {
    BeforeEach {
        $folder = New-Item -ItemType Directory -Path (Join-Path $TestDrive ([guid]::NewGuid().ToString('n')))
        $path = Join-Path $folder 'qmtl.prom'
    }

    It 'replaces a file and leaves nothing beside it' {
        Set-Content $path old
        Export-QmtlMetric -Path $path | Should -BeNullOrEmpty
        Get-Content -Raw $path | Should -Match '(?m)^backfill_bars_written_total\{node_id="EXPORTED",interval="60"\} 10$'
        (Get-ChildItem $folder -Force).Name | Should -Be 'qmtl.prom'
    }

    It 'takes a path relative to the location' {
        Push-Location $folder
        try {
            (Export-QmtlMetric here.prom -PassThru).FullName | Should -Be (Join-Path $folder 'here.prom')
        }
        finally {
            Pop-Location
        }
    }

    It 'gives every series the labels asked for' {
        Export-QmtlMetric $path -Label @{ task = 'nightly'; desk = 7 }
        Get-Content $path | Where-Object { $_ -notlike '#*' -and $_ -notmatch '\{desk="7",task="nightly"[,}]' } | Should -BeNullOrEmpty
    }

    It 'refuses <What>' -ForEach @(
        @{ What = 'a name that node_exporter would not read'; Name = 'x.txt'; Label = @{}; Message = "*does not end in '.prom'*" }
        @{ What = 'a folder that is not there'; Name = 'no/such/x.prom'; Label = @{}; Message = '*There is no folder*' }
        @{ What = 'a label of the metrics own'; Name = 'x.prom'; Label = @{ node_id = 'x' }; Message = "*'node_id' is one of the metrics' own*" }
    ) {
        { Export-QmtlMetric (Join-Path $folder $Name) -Label $Label } | Should -Throw $Message -ErrorId 'InvalidValue,*'
        Get-ChildItem $folder | Should -BeNullOrEmpty
    }

    It 'only says what it would do with -WhatIf' {
        Export-QmtlMetric $path -WhatIf
        $path | Should -Not -Exist
    }
}
