# Finds the built assemblies and loads the small loader into PowerShell's own load context; that one loads the module and
# all of its dependencies into a context of their own.

$packed = [System.IO.Path]::Combine($PSScriptRoot, 'bin')
$folder = if ([System.IO.File]::Exists([System.IO.Path]::Combine($packed, 'Qmtl.PowerShell.dll'))) {
    $packed
}
else {
    # A clone: whatever was built last. No command of Microsoft.PowerShell.Utility is called by its name in this file: that would import the
    # whole of it, which takes longer than all the rest.
    $built = [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '..', 'src', 'Qmtl.PowerShell', 'bin'))
    $newest = $null
    foreach ($configuration in 'Debug', 'Release') {
        $file = [System.IO.FileInfo][System.IO.Path]::Combine($built, $configuration, 'net10.0', 'Qmtl.PowerShell.dll')
        if ($file.Exists -and (-not $newest -or $file.LastWriteTimeUtc -gt $newest.LastWriteTimeUtc)) {
            $newest = $file
        }
    }

    if ($newest) {
        $newest.DirectoryName
    }
}

if (-not $folder) {
    throw [System.IO.FileNotFoundException]::new(
        "The Qmtl module is not built: there is no Qmtl.PowerShell.dll in '$packed' or below '$built'. Run 'dotnet build' or './build.ps1' in the repository, then import again.")
}

if (-not ('Qmtl.PowerShell.Loader.ModuleLoadContext' -as [type])) {
    $null = [System.Reflection.Assembly]::LoadFrom([System.IO.Path]::Combine($folder, 'Qmtl.PowerShell.Loader.dll'))
}

$assembly = [Qmtl.PowerShell.Loader.ModuleLoadContext]::Load([System.IO.Path]::Combine($folder, 'Qmtl.PowerShell.dll'))
$inner = Import-Module -Assembly $assembly -PassThru

$lifetime = $assembly.GetType('Qmtl.PowerShell.ModuleLifetime')
foreach ($warning in $lifetime::Begin($ExecutionContext.SessionState.Module, $inner, [System.IO.Path]::Combine($folder, 'en-US'))) {
    Write-Warning $warning
}

# A bar's stream, which binds by name, and times that are text in ISO 8601.
$types = $lifetime::CreateTypeData()
$update = [System.Management.Automation.CmdletInfo]::new('Update-TypeData', [type]::GetType('Microsoft.PowerShell.Commands.UpdateTypeDataCommand, Microsoft.PowerShell.Commands.Utility', $true))
& $update -TypeData $types -Force

$ExecutionContext.SessionState.Module.OnRemove = {
    $lifetime::End()
    $types | Remove-TypeData
}.GetNewClosure()
