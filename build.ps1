#!/usr/bin/env pwsh
#Requires -Version 7.4
<#
.SYNOPSIS
    Builds, tests and packs Qmtl. Needs PowerShell ('dotnet tool restore', then 'dotnet pwsh') and the .NET SDK, nothing else.
.DESCRIPTION
    Build  Builds everything. 'Import-Module ./Qmtl.psd1' then works.
    Test   Runs every test: engine, stores, command line and shell.
    Bench  Runs the benchmarks; what follows is passed on to them.
    Pack   Makes artifacts/Qmtl/<version>, a module folder for every platform that can be imported, copied or published to a gallery, and
           artifacts/Qmtl.<version>.nupkg of it. With -Runtime, such as linux-x64 or win-x64, both are for that one platform, below
           artifacts/<runtime>; the code is then compiled beforehand, and starts faster.
    Demo   Backfills a week of minutes from a simulated exchange, without a network.
    Help   Makes the commands' help of docs/cmdlets.
    Api    Writes the lists of the libraries' public types and members anew (PublicAPI.Unshipped.txt).
.EXAMPLE
    ./build.ps1
    Import-Module ./Qmtl.psd1
.EXAMPLE
    ./build.ps1 -Task Pack
    Publish-PSResource -NupkgPath (Get-Item ./artifacts/Qmtl.*.nupkg)[-1] -Repository mine
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

    # The one platform to pack for; all by default.
    [Parameter()]
    [ValidatePattern('^(win|linux|linux-musl|osx)-(x64|x86|arm64|arm)$')]
    [string]
    $Runtime,

    # Where the project is at home, for the packed manifest.
    [Parameter()]
    [uri]
    $ProjectUri,

    # Where to pack to.
    [Parameter()]
    [string]
    $Destination = [System.IO.Path]::Combine($PSScriptRoot, 'artifacts'),

    # Packs what is built.
    [Parameter()]
    [switch]
    $NoBuild,

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
    $artifacts = if ($Runtime) { Join-Path $Destination $Runtime } else { $Destination }
    $target = [System.IO.Path]::Combine($artifacts, 'Qmtl', $manifest.ModuleVersion)
    $package = Join-Path $artifacts "Qmtl.$($manifest.ModuleVersion).nupkg"
    $target, $package | Where-Object { Test-Path -LiteralPath $_ } | Remove-Item -Recurse -Force

    $bin = [System.IO.Path]::Combine($target, 'module', 'bin')
    $publish = @('publish', (Join-Root 'src', 'Qmtl.PowerShell'), '--configuration', $Configuration, '--output', $bin) + @('--no-build').Where({ $NoBuild })
    if ($Runtime) {
        $publish += '--runtime', $Runtime, '--self-contained', 'false', '-p:PublishReadyToRun=true'
    }

    Invoke-DotNet @publish

    # Debug symbols and API documentation are no use to a shell, and PowerShell runs on these platforms only.
    Get-ChildItem -LiteralPath $bin -File | Where-Object { $_.Extension -eq '.pdb' -or $_.Name -like 'Qmtl.*.xml' } | Remove-Item
    Get-ChildItem -Path (Join-Path $bin 'runtimes*' '*') -Directory |
        Where-Object Name -NotMatch '^(win-(x64|x86|arm64)|linux-(x64|arm64|arm)|linux-musl-(x64|arm64)|osx-(x64|arm64))$' |
        Remove-Item -Recurse

    'Qmtl.psd1', 'LICENSE', 'THIRD-PARTY-NOTICES.txt', 'README.md', 'CHANGELOG.md' |
        ForEach-Object { Join-Root $_ } |
        Where-Object { Test-Path -LiteralPath $_ } |
        Copy-Item -Destination $target
    Copy-Item -LiteralPath (Join-Root 'module', 'Qmtl.psm1'), (Join-Root 'module', 'Qmtl.Format.ps1xml') -Destination (Join-Path $target 'module')
    if ($ProjectUri) {
        $packed = Join-Path $target 'Qmtl.psd1'
        (Get-Content -LiteralPath $packed -Raw) -replace '( +)LicenseUri ', "`$1ProjectUri   = '$ProjectUri'`n`$0" | Set-Content -LiteralPath $packed -NoNewline
    }

    # What cannot be imported is not packed.
    if (-not $Runtime -or $Runtime -eq [System.Runtime.InteropServices.RuntimeInformation]::RuntimeIdentifier) {
        $check = "`$m = Import-Module '$($target -replace "'", "''")/Qmtl.psd1' -PassThru; if (`$m.ExportedCmdlets.Count -ne $($manifest.CmdletsToExport.Count)) { throw 'commands are missing' }"
        & (Join-Path $PSHOME 'pwsh') -NoProfile -NonInteractive -Command $check
        if ($LASTEXITCODE -ne 0) {
            throw "The module in '$target' cannot be imported."
        }
    }

    Compress-PSResource -Path $target -DestinationPath $artifacts
    Get-Item -LiteralPath $target, $package
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
