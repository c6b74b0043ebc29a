<#
.SYNOPSIS
    Makes the commands' help file of the Markdown files in this folder.
.DESCRIPTION
    Texts and examples come from the Markdown; syntax, types and parameter sets come from the built commands themselves. A
    parameter that is not described, or described and not there, is an error. The result is committed, and a test checks
    that it is up to date.

    A file is '# Command', a synopsis, then the sections Description, Parameters (a '### -Name' each), Inputs, Outputs,
    Examples (a '### title' each, first a fenced block of code, then remarks) and Notes.
.PARAMETER Destination
    The help file to write.
#>
#Requires -Version 7.6
[CmdletBinding()]
param(
    [string]
    $Destination = [System.IO.Path]::Combine($PSScriptRoot, '..', '..', 'module', 'en-US', 'Qmtl.PowerShell.dll-Help.xml')
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

$maml = 'http://schemas.microsoft.com/maml/2004/10'
$command = 'http://schemas.microsoft.com/maml/dev/command/2004/10'
$dev = 'http://schemas.microsoft.com/maml/dev/2004/10'

# What PowerShell adds to every command, and describes itself.
$common = [System.Management.Automation.Cmdlet]::CommonParameters

function Read-CommandDoc([string] $Path) {
    $doc = @{ Name = ''; Sections = [ordered]@{} }
    $section = 'Synopsis'
    $item = ''
    $fenced = $false
    foreach ($line in [System.IO.File]::ReadAllLines($Path)) {
        if ($line.StartsWith('```')) {
            $fenced = -not $fenced
        }
        elseif (-not $fenced -and $line -match '^(#+) (.+)$') {
            switch ($Matches[1]) {
                '#' { $doc.Name = $Matches[2] }
                '##' { $section, $item = $Matches[2], '' }
                '###' { $item = $Matches[2].TrimStart('-') }
            }

            continue
        }

        if (-not $doc.Sections.Contains($section)) {
            $doc.Sections[$section] = [ordered]@{}
        }

        $doc.Sections[$section][$item] = @($doc.Sections[$section][$item]) + $line
    }

    $doc
}

# Paragraphs of Markdown as plain text: lines joined, emphasis and code marks taken off, list items a line each.
function Get-Paragraph([object[]] $Lines) {
    $text = ($Lines | ForEach-Object { "$_".TrimEnd() }) -join "`n"
    foreach ($paragraph in ($text -split '\n\s*\n')) {
        $plain = ($paragraph.Trim() -replace '\n(?!- )\s*', ' ') -replace '`([^`]+)`', '$1' -replace '\*\*([^*]+)\*\*', '$1' -replace '\[([^\]]+)\]\([^)]+\)', '$1'
        if ($plain) {
            $plain
        }
    }
}

function Write-Element([string] $Prefix, [string] $Name, [string] $Namespace, [string] $Text) {
    $xml.WriteElementString($Prefix, $Name, $Namespace, $Text)
}

function Write-Text([string] $Prefix, [string] $Name, [string] $Namespace, [object[]] $Lines) {
    $xml.WriteStartElement($Prefix, $Name, $Namespace)
    foreach ($paragraph in Get-Paragraph $Lines) {
        Write-Element maml para $maml $paragraph
    }

    $xml.WriteEndElement()
}

function Get-TypeName([type] $Type) {
    $plain = [System.Nullable]::GetUnderlyingType($Type) ?? $Type
    $plain -eq [switch] ? 'SwitchParameter' : $plain.Name
}

function Write-Parameter($Parameter, [object[]] $Description, [bool] $InSyntax) {
    $input = @(
        if ($Parameter.ValueFromPipeline) { 'ByValue' }
        if ($Parameter.ValueFromPipelineByPropertyName) { 'ByPropertyName' }
    )
    $xml.WriteStartElement('command', 'parameter', $command)
    $xml.WriteAttributeString('required', "$($Parameter.IsMandatory)".ToLowerInvariant())
    $xml.WriteAttributeString('globbing', 'false')
    $xml.WriteAttributeString('pipelineInput', ($input ? "True ($($input -join ', '))" : 'False'))
    $xml.WriteAttributeString('position', ($Parameter.Position -ge 0 ? "$($Parameter.Position)" : 'named'))
    Write-Element maml name $maml $Parameter.Name
    Write-Text maml description $maml $Description
    if (-not $InSyntax -or $Parameter.ParameterType -ne [switch]) {
        $xml.WriteStartElement('command', 'parameterValue', $command)
        $xml.WriteAttributeString('required', "$($Parameter.ParameterType -ne [switch])".ToLowerInvariant())
        $xml.WriteString((Get-TypeName $Parameter.ParameterType))
        $xml.WriteEndElement()
    }

    $xml.WriteEndElement()
}

function Write-Syntax($Info, $Described) {
    $xml.WriteStartElement('command', 'syntax', $command)
    foreach ($set in $Info.ParameterSets) {
        $xml.WriteStartElement('command', 'syntaxItem', $command)
        Write-Element maml name $maml $Info.Name
        foreach ($parameter in $set.Parameters | Where-Object Name -NotIn $common | Sort-Object { $_.Position -lt 0 }, Position) {
            Write-Parameter $parameter $Described[$parameter.Name] $true
        }

        $xml.WriteEndElement()
    }

    $xml.WriteEndElement()
}

function Write-Typed([string] $Outer, [string] $Inner, $Sections, [string] $Section) {
    $xml.WriteStartElement('command', $Outer, $command)
    $xml.WriteStartElement('command', $Inner, $command)
    $xml.WriteStartElement('dev', 'type', $dev)
    $first, $rest = @(Get-Paragraph $Sections[$Section][''])
    Write-Element maml name $maml $first
    $xml.WriteEndElement()
    Write-Text maml description $maml $rest
    $xml.WriteEndElement()
    $xml.WriteEndElement()
}

function Write-Example($Examples) {
    $xml.WriteStartElement('command', 'examples', $command)
    $number = 0
    foreach ($title in @($Examples.Keys).Where({ $_ })) {
        $number++
        $lines = $Examples[$title]
        $fences = @(0..($lines.Count - 1)).Where({ "$($lines[$_])".StartsWith('```') })
        $xml.WriteStartElement('command', 'example', $command)
        Write-Element maml title $maml "Example ${number}: $title"
        Write-Element dev code $dev ($lines[($fences[0] + 1)..($fences[1] - 1)] -join "`n")
        Write-Text dev remarks $dev $lines[($fences[1] + 1)..($lines.Count - 1)]
        $xml.WriteEndElement()
    }

    $xml.WriteEndElement()
}

function Write-Command($Info, $Doc) {
    $sections = $Doc.Sections
    $described = $sections['Parameters']
    $own = @($Info.Parameters.Keys).Where({ $_ -notin $common })
    $undescribed = $own.Where({ -not $described.Contains($_) })
    $unknown = @($described.Keys).Where({ $_ -and $_ -notin $own })
    if ($undescribed -or $unknown) {
        throw "docs/cmdlets/$($Info.Name).md: parameters not described: '$undescribed'; described, but not there: '$unknown'."
    }

    $verb, $noun = $Info.Name -split '-'
    $xml.WriteStartElement('command', 'command', $command)
    $xml.WriteAttributeString('xmlns', 'maml', $null, $maml)
    $xml.WriteAttributeString('xmlns', 'dev', $null, $dev)
    $xml.WriteStartElement('command', 'details', $command)
    Write-Element command name $command $Info.Name
    Write-Element command verb $command $verb
    Write-Element command noun $command $noun
    Write-Text maml description $maml $sections['Synopsis']['']
    $xml.WriteEndElement()
    Write-Text maml description $maml $sections['Description']['']
    Write-Syntax $Info $described
    $xml.WriteStartElement('command', 'parameters', $command)
    foreach ($name in $own | Sort-Object) {
        $parameter = @($Info.ParameterSets.Parameters).Where({ $_.Name -eq $name })[0]
        Write-Parameter $parameter $described[$name] $false
    }

    $xml.WriteEndElement()
    Write-Typed inputTypes inputType $sections 'Inputs'
    Write-Typed returnValues returnValue $sections 'Outputs'
    $xml.WriteStartElement('maml', 'alertSet', $maml)
    Write-Text maml alert $maml $sections['Notes']['']
    $xml.WriteEndElement()
    Write-Example $sections['Examples']
    $xml.WriteEndElement()
}

Import-Module ([System.IO.Path]::Combine($PSScriptRoot, '..', '..', 'Qmtl.psd1'))
$settings = [System.Xml.XmlWriterSettings]@{ Indent = $true; NewLineChars = "`n"; Encoding = [System.Text.UTF8Encoding]::new($false) }
$xml = [System.Xml.XmlWriter]::Create($Destination, $settings)
try {
    $xml.WriteStartElement('helpItems', 'http://msh')
    $xml.WriteAttributeString('schema', 'maml')
    $xml.WriteComment(" Made of docs/cmdlets by './build.ps1 -Task Help'; change the Markdown there, not this. ")
    foreach ($info in Get-Command -Module Qmtl | Sort-Object Name) {
        Write-Command $info (Read-CommandDoc ([System.IO.Path]::Combine($PSScriptRoot, "$($info.Name).md")))
    }

    $xml.WriteEndElement()
}
finally {
    $xml.Dispose()
}
