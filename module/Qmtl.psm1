# Finds the built assemblies and loads the small loader into PowerShell's own load context; that one loads the module and
# all of its dependencies into a context of their own.

$packed = [System.IO.Path]::Combine($PSScriptRoot, 'bin')
$folder = if ([System.IO.File]::Exists([System.IO.Path]::Combine($packed, 'Qmtl.PowerShell.dll'))) {
    $packed
}
else {
    # A clone: whatever was built last.
    $built = [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '..', 'src', 'Qmtl.PowerShell', 'bin'))
    'Debug', 'Release' |
        ForEach-Object { [System.IO.FileInfo][System.IO.Path]::Combine($built, $_, 'net10.0', 'Qmtl.PowerShell.dll') } |
        Where-Object Exists |
        Sort-Object -Property LastWriteTimeUtc -Descending |
        Select-Object -First 1 -ExpandProperty DirectoryName
}

if (-not $folder) {
    throw [System.IO.FileNotFoundException]::new(
        "The Qmtl module is not built: there is no Qmtl.PowerShell.dll in '$packed' or below '$built'. Run 'dotnet build' or './build.ps1' in the repository, then import again.")
}

if (-not ('Qmtl.PowerShell.Loader.ModuleLoadContext' -as [type])) {
    Add-Type -Path ([System.IO.Path]::Combine($folder, 'Qmtl.PowerShell.Loader.dll'))
}

$assembly = [Qmtl.PowerShell.Loader.ModuleLoadContext]::Load([System.IO.Path]::Combine($folder, 'Qmtl.PowerShell.dll'))
$inner = Import-Module -Assembly $assembly -PassThru

$lifetime = $assembly.GetType('Qmtl.PowerShell.Monitoring.ModuleLifetime')
$lifetime::Begin()

# Imported again with -Force, PowerShell takes the assembly's module from its cache and forgets to hand its cmdlets to this
# one (https://github.com/PowerShell/PowerShell/issues/20710), and then does not find their help. Both are done by hand.
$instance = [System.Reflection.BindingFlags]'Instance, Public, NonPublic'
$addExportedCmdlet = [System.Management.Automation.PSModuleInfo].GetMethod('AddExportedCmdlet', $instance)
$helpFile = [System.Management.Automation.CmdletInfo].GetProperty('HelpFile', $instance)
foreach ($cmdlet in $inner.ExportedCmdlets.Values) {
    $helpFile.SetValue($cmdlet, [System.IO.Path]::Combine($folder, 'en-US', 'Qmtl.PowerShell.dll-Help.xml'))
    $null = $addExportedCmdlet.Invoke($ExecutionContext.SessionState.Module, @(, $cmdlet))
}

# The types that scripts name, such as a class that derives from Qmtl.Strategies.Strategy, live in the module's own load context,
# where PowerShell does not look for types. As accelerators it finds them under their full names.
$accelerators = [psobject].Assembly.GetType('System.Management.Automation.TypeAccelerators')
$context = [System.Runtime.Loader.AssemblyLoadContext]::GetLoadContext($assembly)
$engine = 'Qmtl.Backfill', 'Qmtl.Strategies', 'Qmtl.PowerShell' | ForEach-Object { $context.LoadFromAssemblyName($_) }
$named = @(
    'Qmtl.Strategies.Strategy', 'Qmtl.Streams.Node', 'Qmtl.Streams.NodeOptions', 'Qmtl.Streams.ComputeNode', 'Qmtl.Streams.StreamInput'
    'Qmtl.Streams.StreamInputOptions', 'Qmtl.Caching.CacheView', 'Qmtl.Payloads.Payload', 'Qmtl.History.IHistoryProvider', 'Qmtl.Time.BarInterval'
    # For the module's own tables.
    'Qmtl.Messages.PlainText', 'Qmtl.PowerShell.Output.ShownValue'
)
foreach ($name in $named) {
    $accelerators::Add($name, $engine.ForEach({ $_.GetType($name) }).Where({ $_ })[0])
}

# The loader gives the module's copy to every assembly that asks for Qmtl, unless another was there first.
foreach ($other in [System.Runtime.Loader.AssemblyLoadContext]::Default.Assemblies.Where({ $_.GetName().Name -in $engine.ForEach({ $_.GetName().Name }) })) {
    Write-Warning "This shell has loaded '$($other.Location)' before the module was imported. Strategies and nodes that were built on it cannot be run. In a new shell import Qmtl first, then load your own assembly alone."
}

# A bar's stream, which binds by name, and times that are text in ISO 8601.
$types = @('BarObject', 'ShellProperties', 'UtcTime').ForEach({ $assembly.GetType("Qmtl.PowerShell.Output.$_")::CreateTypeData() })
Update-TypeData -TypeData $types -Force

$ExecutionContext.SessionState.Module.OnRemove = {
    $lifetime::End()
    $types | Remove-TypeData
    foreach ($name in $named) {
        $null = $accelerators::Remove($name)
    }
}.GetNewClosure()
