@{
    RootModule           = 'module/Qmtl.psm1'
    ModuleVersion        = '0.1.0'
    GUID                 = '5b1c2f6e-6d0c-4c58-9f5a-3f3e8a7c1d42'
    Author               = 'Qmtl'
    CompanyName          = 'Qmtl'
    Copyright            = 'Copyright (c) Qmtl. MIT License.'
    Description          = 'Keeps time-series history complete: finds missing bars, fetches only those from an exchange, a file or a script, and stores each exactly once in SQLite, PostgreSQL or QuestDB. Primes strategies with it, records what they compute, and shows its progress to Prometheus.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @('module/Qmtl.Format.ps1xml')
    CmdletsToExport      = @(
        'Add-QmtlRecord'
        'Clear-QmtlEmptyRange'
        'Compare-QmtlHistory'
        'Export-QmtlCoverageReport'
        'Export-QmtlHistory'
        'Export-QmtlMetric'
        'Get-QmtlCacheSlice'
        'Get-QmtlClusterMember'
        'Get-QmtlCoverage'
        'Get-QmtlExchange'
        'Get-QmtlGap'
        'Get-QmtlHistory'
        'Get-QmtlHistorySummary'
        'Get-QmtlMetric'
        'Get-QmtlRevision'
        'Get-QmtlStatus'
        'Import-QmtlHistory'
        'Initialize-QmtlHistory'
        'Invoke-QmtlBackfill'
        'Invoke-QmtlStrategy'
        'New-QmtlFetcher'
        'New-QmtlHistoryProvider'
        'New-QmtlNode'
        'New-QmtlRecorder'
        'New-QmtlStrategy'
        'New-QmtlStreamInput'
        'Remove-QmtlHistory'
        'Set-QmtlDefault'
        'Show-QmtlCoverage'
        'Start-QmtlMetricsServer'
        'Stop-QmtlMetricsServer'
        'Test-QmtlHistory'
        'Watch-QmtlHistory'
    )
    FunctionsToExport    = @()
    AliasesToExport      = @()
    VariablesToExport    = @()
    PrivateData          = @{
        PSData = @{
            Tags         = @('timeseries', 'candles', 'ohlcv', 'backfill', 'exchange', 'binance', 'sqlite', 'postgresql', 'questdb', 'prometheus', 'PSEdition_Core', 'Windows', 'Linux', 'MacOS')
            LicenseUri   = 'https://opensource.org/license/mit'
            ReleaseNotes = 'CHANGELOG.md, in the module''s folder.'
        }
    }
}
