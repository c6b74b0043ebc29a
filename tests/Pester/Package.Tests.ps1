BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))

    # Packs what this suite was built with, puts it into a gallery of its own, and installs it as a user would, in a folder whose name is hard.
    $configuration = Split-Path -Leaf (Split-Path (Split-Path ([Qmtl.Time.BarInterval].Assembly.Location)))
    $gallery = (New-Item -ItemType Directory -Path (Join-Path $TestDrive 'gallery')).FullName
    $modules = (New-Item -ItemType Directory -Path (Join-Path $TestDrive 'My Mödules')).FullName
    $packed = Invoke-Shell "& '$([System.IO.Path]::Combine($QmtlRoot, 'build.ps1'))' -Task Pack -NoBuild -Configuration $configuration -Destination '$gallery'"
    $repository = "qmtl-$([guid]::NewGuid().ToString('n'))"
    $installed = Invoke-Shell @"
Register-PSResourceRepository -Name $repository -Uri '$gallery' -Trusted
try {
    Find-PSResource -Name Qmtl -Repository $repository | ForEach-Object { "found `$(`$_.Version)" }
    Save-PSResource -Name Qmtl -Repository $repository -Path '$modules' -TrustRepository
}
finally {
    Unregister-PSResourceRepository -Name $repository
}
"@
    $manifest = @(Get-ChildItem -Path (Join-Path $modules 'Qmtl' '*' 'Qmtl.psd1')).FullName

    # Test files, in a shell of their own, with the module that was installed.
    function Invoke-InstalledSuite([string[]] $File) {
        $paths = $File.ForEach({ "'$([System.IO.Path]::Combine($PSScriptRoot, $_))'" }) -join ', '
        Invoke-Shell @"
`$env:QMTL_TEST_MODULE = '$manifest'
Import-Module '$((Get-Module Pester).Path -replace 'psm1$', 'psd1')'
`$run = Invoke-Pester -Path $paths -Output Normal -PassThru
"`$(`$run.Result), `$(`$run.PassedCount -gt 0)"
[System.Runtime.Loader.AssemblyLoadContext]::All.Where({ `$_.Name -eq 'Qmtl' }).Assemblies.Where({ `$_.GetName().Name -eq 'Qmtl.Backfill' }).Location
"@
    }
}

Describe 'the package' {
    It 'is found in a gallery and installed from it' {
        $packed.ExitCode | Should -Be 0 -Because $packed.Output
        $installed.Output.Trim() | Should -Be "found $((Import-PowerShellDataFile (Join-Path $QmtlRoot 'Qmtl.psd1')).ModuleVersion)"
        Test-ModuleManifest -Path $manifest -ErrorAction Stop | Should -Not -BeNullOrEmpty
    }

    It 'is small' {
        (Get-Item (Join-Path $gallery 'Qmtl.*.nupkg')).Length | Should -BeLessThan 34MB
        (Get-ChildItem -LiteralPath (Split-Path $manifest) -File -Recurse | Measure-Object Length -Sum).Sum | Should -BeLessThan 34MB
    }

    It 'passes the module''s own tests' {
        $run = Invoke-InstalledSuite 'Pipeline.Tests.ps1', 'Times.Tests.ps1', 'Get-QmtlExchange.Tests.ps1', 'New-QmtlRecorder.Tests.ps1'
        $run.Output | Should -BeLike '*Passed, True*' -Because $run.Output
        $run.Output.Trim() | Should -BeLike "*$([System.IO.Path]::Combine((Split-Path $manifest), 'module', 'bin', 'Qmtl.Backfill.dll'))"
    }
}
