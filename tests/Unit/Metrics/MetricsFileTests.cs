using Qmtl.Metrics.Collection;
using Qmtl.Metrics.Export;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Metrics;

public sealed class MetricsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_file_is_written_whole_and_nothing_else_is_left()
    {
        string path = _folder.File("qmtl.prom");
        await MetricsFile.WriteAsync(path, Jobs(1));
        await MetricsFile.WriteAsync(path, Jobs(2));

        Assert.Equal("# HELP jobs Jobs.\n# TYPE jobs gauge\njobs 2\n", await File.ReadAllTextAsync(path));
        Assert.Equal([path], Directory.EnumerateFileSystemEntries(_folder.FullPath));
    }

    [Fact]
    public async Task A_reader_never_sees_half_a_file()
    {
        string path = _folder.File("qmtl.prom");
        MetricPoint[] points = [.. Enumerable.Range(0, 2000).Select(i => new MetricPoint(new LabelSet([KeyValuePair.Create("node_id", $"{i}")]), i))];
        MetricFamily[] families = [new MetricFamily("x", MetricType.Gauge, "", "X.", points)];
        await MetricsFile.WriteAsync(path, families);
        Task writing = Task.Run(async () =>
        {
            for (int i = 0; i < 50; i++)
            {
                await MetricsFile.WriteAsync(path, families);
            }
        });

        while (!writing.IsCompleted)
        {
            Assert.EndsWith("x{node_id=\"1999\"} 1999\n", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
        }

        await writing;
    }

    [Fact]
    public async Task A_file_that_could_not_be_finished_leaves_the_old_one()
    {
        string path = _folder.File("qmtl.prom");
        await MetricsFile.WriteAsync(path, Jobs(1));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => MetricsFile.WriteAsync(path, Jobs(2), cancellationToken: new CancellationToken(canceled: true)));

        Assert.EndsWith("jobs 1\n", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
        Assert.Equal([path], Directory.EnumerateFileSystemEntries(_folder.FullPath));
    }

    [Theory]
    [InlineData("qmtl.txt", "does not end in '.prom'")]
    [InlineData("qmtl.PROM", "does not end in '.prom'")]
    [InlineData(".prom", "has no name before '.prom'")]
    [InlineData("no/such/qmtl.prom", "There is no folder")]
    public void A_path_that_node_exporter_would_not_read_is_refused(string name, string expected)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => MetricsFile.Validate(_folder.File(name)));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_is_told_without_the_temporary_one()
    {
        // No system takes a name that long with the temporary file's ending.
        string path = _folder.File(new string('x', 240) + ".prom");

        IOException error = await Assert.ThrowsAnyAsync<IOException>(() => MetricsFile.WriteAsync(path, Jobs(1)));

        Assert.StartsWith($"Metrics could not be written to '{path}': ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(".tmp", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_no_file()
    {
        Directory.CreateDirectory(_folder.File("a.prom"));
        ArgumentException error = Assert.Throws<ArgumentException>(() => MetricsFile.Validate(_folder.File("a.prom")));

        Assert.Contains("is a folder", error.Message, StringComparison.Ordinal);
    }

    private static MetricFamily[] Jobs(double value) => [new MetricFamily("jobs", MetricType.Gauge, "", "Jobs.", [new MetricPoint(LabelSet.Empty, value)])];
}
