BeforeAll {
    . ([System.IO.Path]::Combine($PSScriptRoot, 'common.ps1'))
    $null = Invoke-QmtlBackfill (New-TestProvider) MEASURED 1m 60 600
}

Describe 'Get-QmtlMetric' {
    It 'tells what was measured, with labels by name' {
        $metric = Get-QmtlMetric backfill_bars_written_total | Where-Object { $_.Labels.node_id -eq 'MEASURED' }
        $metric.Value | Should -Be 10
        "$($metric.Type)" | Should -Be Counter
        $metric.Labels.interval | Should -Be '60'
        $metric.Help | Should -Not -BeNullOrEmpty
        "$metric" | Should -Be 'backfill_bars_written_total{node_id="MEASURED",interval="60"} 10'
    }

    It 'gives everything without a name' {
        (Get-QmtlMetric).Name | Should -Contain backfill_jobs_in_progress
    }

    It 'takes wildcards, several names, and names from the pipeline' {
        (Get-QmtlMetric backfill_*retry*, qmtl_build_info).Name | Sort-Object -Unique | Should -Be 'backfill_retry_total', 'qmtl_build_info'
        ('QMTL_BUILD_INFO' | Get-QmtlMetric).Value | Should -Be 1
    }

    It 'gives count and sum of what took time' {
        (Get-QmtlMetric backfill_request_duration_seconds).Name | Sort-Object -Unique | Should -Be 'backfill_request_duration_seconds_count', 'backfill_request_duration_seconds_sum'
        $sum = Get-QmtlMetric backfill_request_duration_seconds_sum | Select-Object -First 1
        $sum.Unit | Should -Be seconds
        $sum.Value | Should -BeGreaterThan 0
    }

    It 'gives nothing for a metric without a measurement' {
        Get-QmtlMetric qmtl_cache_size_bytes | Should -BeNullOrEmpty
    }

    It 'says that there is no metric of a name, and goes on' {
        $found = Get-QmtlMetric nosuch, qmtl_build_info -ErrorAction SilentlyContinue -ErrorVariable missing
        $found.Name | Should -Be qmtl_build_info
        $missing[0].FullyQualifiedErrorId | Should -BeLike 'MetricNotFound,*'
        "$($missing[0])" | Should -Match "'nosuch'"
    }

    It 'completes names' {
        (TabExpansion2 'Get-QmtlMetric backfill_last').CompletionMatches.CompletionText | Should -Be backfill_last_timestamp
    }

    It 'is shown as a table whose values can be read' {
        Get-QmtlMetric qmtl_metrics_series_limit | Out-String -Width 80 | Should -Match 'qmtl_metrics_series_limit +10000'
    }
}
