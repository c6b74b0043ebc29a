using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Shell;

/// <summary>Runs the Pester suite, which tests the built module in a real shell, one case a file.</summary>
public sealed class PesterSuite
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    private static string Folder => Path.Combine(Repository.Root, "tests", "Pester");

    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Folder, "*.Tests.ps1").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Every_test_of_the_file_passes(string file)
    {
        string path = Path.Combine(Folder, file).Replace("'", "''", StringComparison.Ordinal);
        (int exitCode, string output) = await PowerShellProcess.RunAsync(
            $$"""
            $PSStyle.OutputRendering = 'PlainText'
            Import-Module '{{PowerShellProcess.PesterModule}}'
            $run = Invoke-Pester -Path '{{path}}' -Output Normal -PassThru
            exit [int]($run.Result -ne 'Passed' -or $run.PassedCount + $run.SkippedCount -eq 0)
            """,
            Patience);

        Assert.True(exitCode == 0, $"{file}:{Environment.NewLine}{output}");
    }
}
