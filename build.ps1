#!/usr/bin/env pwsh
#Requires -Version 7.4
<#
.SYNOPSIS
    Builds, tests and packs Qmtl. Needs PowerShell ('dotnet tool restore', then 'dotnet pwsh') and the .NET SDK, nothing else.
.DESCRIPTION
    Build  Builds everything. 'Import-Module ./Qmtl.psd1' then works.
    Test   Runs every test: engine, stores, command line and shell.
    Bench  Runs the benchmarks; what follows is passed on to them.
    Pack   Makes artifacts/Qmtl/<version>, a module folder that can be imported, copied or published to a gallery.
    Demo   Backfills a week of minutes from a simulated exchange, without a network.
    Help   Makes the commands' help of docs/cmdlets.
    Api    Writes the lists of the libraries' public types and members anew (PublicAPI.Unshipped.txt).
.EXAMPLE
    ./build.ps1
    Import-Module ./Qmtl.psd1
.EXAMPLE
    ./build.ps1 -Task Pack
    Publish-PSResource -Path (Get-ChildItem ./artifacts/Qmtl)[-1]
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Bench', 'Pack', 'Demo', 'Help', 'Api')]
    [string]
    $Task = 'Build',

    [Parameter()]
    [ValidateSet('Debug', 'Release')]
    [string]
    $Configuration = 'Release',

    # Passed on to the benchmarks; script-nodes is the one that runs in PowerShell.
    [Parameter(ValueFromRemainingArguments)]
    [string[]]
    $Arguments = @()
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
$root = $PSScriptRoot

# The shell of a .NET tool runs in 'dotnet'; the shells that it starts are programs of their own, which must find the same .NET.
if (-not $env:DOTNET_ROOT -and [System.IO.Path]::GetFileNameWithoutExtension([System.Environment]::ProcessPath) -eq 'dotnet') {
    $env:DOTNET_ROOT = Split-Path -Path ([System.Environment]::ProcessPath)
}

function Invoke-DotNet {
    & dotnet @args
    if ($LASTEXITCODE -ne 0) {
        throw "'dotnet $args' failed with exit code $LASTEXITCODE."
    }
}

function Join-Root([string[]] $Path) {
    [System.IO.Path]::Combine([string[]](@($root) + $Path))
}

function Invoke-Build {
    Invoke-DotNet build (Join-Root 'Qmtl.sln') --configuration $Configuration
}

function Invoke-Bench {
    $named = @($Arguments) -ne 'script-nodes'
    if ($named -or -not $Arguments) {
        Invoke-DotNet run --project (Join-Root 'bench') --configuration Release -- @named
    }

    # What needs PowerShell cannot run in the process of the other benchmarks.
    if (-not $Arguments -or $Arguments -contains 'script-nodes') {
        Invoke-DotNet build (Join-Root 'src', 'Qmtl.PowerShell') --configuration Release --verbosity quiet
        & (Join-Path $PSHOME 'pwsh') -NoProfile -NonInteractive -File (Join-Root 'bench', 'ScriptNodes.ps1')
        if ($LASTEXITCODE -ne 0) {
            throw 'The benchmark of script nodes failed.'
        }
    }
}

function Export-Help {
    # In a shell of its own: the assemblies that it loads would stay in this one.
    & (Join-Path $PSHOME 'pwsh') -NoProfile -NonInteractive -File (Join-Root 'docs', 'cmdlets', 'Export-Help.ps1')
    if ($LASTEXITCODE -ne 0) {
        throw 'The help could not be made.'
    }
}

function Export-PublicApi {
    # Anew, so that what is gone leaves them as well. One project after the other: of several at once, only the first list is written.
    foreach ($list in Get-ChildItem -Path (Join-Root 'src', '*', 'PublicAPI.Unshipped.txt')) {
        Set-Content -LiteralPath $list.FullName -Value '#nullable enable'
        $project = Join-Path $list.DirectoryName "$($list.Directory.Name).csproj"
        Invoke-DotNet format analyzers $project --diagnostics RS0016 --severity warn
    }
}

function Invoke-Pack {
    $manifest = Import-PowerShellDataFile (Join-Root 'Qmtl.psd1')
    $target = Join-Root 'artifacts', 'Qmtl', $manifest.ModuleVersion
    if (Test-Path -LiteralPath $target) {
        Remove-Item -LiteralPath $target -Recurse -Force
    }

    $bin = [System.IO.Path]::Combine($target, 'module', 'bin')
    Invoke-DotNet publish (Join-Root 'src', 'Qmtl.PowerShell') --configuration Release --output $bin

    # Debug symbols and API documentation are no use to a shell, and no PowerShell runs in a browser or on a phone.
    Get-ChildItem -LiteralPath $bin -File | Where-Object { $_.Extension -eq '.pdb' -or $_.Name -like 'Qmtl.*.xml' } | Remove-Item
    Get-ChildItem -LiteralPath (Join-Path $bin 'runtimes') -Directory |
        Where-Object Name -NotMatch '^(win|linux|osx)-' |
        Remove-Item -Recurse

    'Qmtl.psd1', 'LICENSE', 'THIRD-PARTY-NOTICES.txt', 'README.md', 'CHANGELOG.md' |
        ForEach-Object { Join-Root $_ } |
        Where-Object { Test-Path -LiteralPath $_ } |
        Copy-Item -Destination $target
    Copy-Item -LiteralPath (Join-Root 'module', 'Qmtl.psm1'), (Join-Root 'module', 'Qmtl.Format.ps1xml') -Destination (Join-Path $target 'module')

    # What cannot be imported is not packed.
    $check = "`$m = Import-Module '$($target -replace "'", "''")/Qmtl.psd1' -PassThru; if (`$m.ExportedCmdlets.Count -ne $($manifest.CmdletsToExport.Count)) { throw 'commands are missing' }"
    & (Join-Path $PSHOME 'pwsh') -NoProfile -NonInteractive -Command $check
    if ($LASTEXITCODE -ne 0) {
        throw "The module in '$target' cannot be imported."
    }

    Get-Item -LiteralPath $target
}

switch ($Task) {
    Build { Invoke-Build }
    Test { Invoke-DotNet test (Join-Root 'Qmtl.sln') --configuration $Configuration }
    Bench { Invoke-Bench }
    Pack { Invoke-Pack }
    Demo { Invoke-DotNet run --project (Join-Root 'src', 'Qmtl.Cli') --configuration Release -- demo }
    Help {
        Invoke-Build
        Export-Help
    }
    Api { Export-PublicApi }
}
