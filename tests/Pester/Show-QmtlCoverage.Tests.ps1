BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
}

Describe 'Show-QmtlCoverage' {
    BeforeAll {
        $provider = New-TestProvider -Bars 10 -Without 4, 7
    }

    It 'draws a strip a stream, and says what the signs mean' {
        $lines = @(Show-QmtlCoverage $provider | ForEach-Object { $_ })
        $lines[0] | Should -BeExactly ' X 1m 1970-01-01 ###.##.### 1970-01-01'
        $lines[1] | Should -BeExactly ' # stored  + stored, holes known to be empty  - known to be empty  ~ some missing  . all missing'
    }

    It 'draws what another source is known not to have, and a time that is asked for' {
        @(Show-QmtlCoverage $provider.DisplayName | ForEach-Object { $_ })[0] | Should -BeExactly ' X 1m 1970-01-01 ###-##-### 1970-01-01'
        @(Show-QmtlCoverage $provider -Start 0 -End 300 | ForEach-Object { $_ })[0] | Should -BeExactly ' X 1m 1970-01-01 .###.# 1970-01-01'
        { Show-QmtlCoverage $provider -Start 2024-01-02 -End 2024-01-01 } | Should -Throw '*after its end*'
    }

    It 'has colours only where <Rendering> and <Variable> say so' -ForEach @(
        @{ Rendering = 'Ansi'; Variable = ''; Colours = $true }
        @{ Rendering = 'Ansi'; Variable = '1'; Colours = $false }
        @{ Rendering = 'Host'; Variable = ''; Colours = $false }
        @{ Rendering = 'PlainText'; Variable = ''; Colours = $false }
    ) {
        $was = $PSStyle.OutputRendering, $env:NO_COLOR
        try {
            $PSStyle.OutputRendering, $env:NO_COLOR = $Rendering, $Variable
            $text = Show-QmtlCoverage $provider | ForEach-Object { $_ }
        }
        finally {
            $PSStyle.OutputRendering, $env:NO_COLOR = $was
        }

        ($text[0] -match [regex]::Escape("$($PSStyle.Foreground.Green)###$([char]27)[0m")) | Should -Be $Colours
    }

    It 'writes ASCII without colours where output is redirected' {
        $shell = Invoke-Shell @"
            `$PSStyle.OutputRendering = 'Host'
            Import-Module '$QmtlRoot/Qmtl.psd1'
            Show-QmtlCoverage '$($provider.DisplayName)'
"@
        $shell.Output | Should -Match ' X 1m 1970-01-01 ###-##-### 1970-01-01'
        $shell.Output | Should -Not -Match '\e'
    }

    It 'shows a long or wicked name plainly, and nothing for nothing' {
        $other = New-TestProvider
        $null = Invoke-QmtlBackfill $other "a`e[31m$('b' * 40)" 1m 60 120
        @(Show-QmtlCoverage $other | ForEach-Object { $_ })[0] | Should -BeExactly ' a\u001b[31mbbbbbbbbbb... 1970-01-01 ## 1970-01-01'
        Show-QmtlCoverage (New-TestProvider) -WarningAction SilentlyContinue | Should -BeNullOrEmpty
    }
}
