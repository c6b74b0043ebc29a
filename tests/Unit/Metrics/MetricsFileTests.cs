using System.Diagnostics.Metrics;
using Qmtl.Metrics.Export;
using Qmtl.Unit.Cli;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Telemetry;

namespace Qmtl.Unit.Metrics;

public sealed class MetricsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MeasuredMeter _meter = new(limit: 5000);
    private double _value;

    public MetricsFileTests() => _meter.Instruments.Meter.CreateObservableGauge("zeta", () => _value, null, "Value.");

    public void Dispose()
    {
        _meter.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_file_is_written_whole_and_nothing_else_is_left()
    {
        string path = _folder.File("qmtl.prom");
        await WriteAsync(path, 1);
        await WriteAsync(path, 2);

        Assert.EndsWith("# HELP zeta Value.\n# TYPE zeta gauge\nzeta 2\n", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
        Assert.Equal([path], Directory.EnumerateFileSystemEntries(_folder.FullPath));
    }

    [Fact]
    public async Task Labels_for_all_series_are_in_the_file()
    {
        string path = _folder.File("qmtl.prom");
        await MetricsFile.WriteAsync(path, _meter.Collector, ConstantLabels.Create([KeyValuePair.Create("task", "nightly")]));

        string[] lines = await File.ReadAllLinesAsync(path);
        Assert.Contains("zeta{task=\"nightly\"} 0", lines);
        Assert.Contains("qmtl_build_info{task=\"nightly\",version=\"1.2.3\"} 1", lines);
    }

    [UnixTheory]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)]
    public async Task The_rights_of_a_file_that_exists_are_kept(UnixFileMode rights)
    {
        string path = _folder.File("qmtl.prom");
        await WriteAsync(path, 1);
        File.SetUnixFileMode(path, rights);
        await WriteAsync(path, 2);

        Assert.Equal(rights, File.GetUnixFileMode(path));
        Assert.EndsWith("zeta 2\n", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_never_sees_half_a_file()
    {
        string path = _folder.File("qmtl.prom");
        _meter.Instruments.Meter.CreateObservableGauge("zz", () => Enumerable.Range(0, 2000).Select(i => new Measurement<long>(i, new KeyValuePair<string, object?>("i", i))));
        await WriteAsync(path, 1);
        Task writing = Task.Run(async () =>
        {
            for (int i = 0; i < 50; i++)
            {
                await WriteAsync(path, 1);
            }
        });

        while (!writing.IsCompleted)
        {
            Assert.EndsWith("zz{i=\"1999\"} 1999\n", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
        }

        await writing;
    }

    [Fact]
    public async Task A_file_that_could_not_be_finished_leaves_the_old_one()
    {
        string path = _folder.File("qmtl.prom");
        await WriteAsync(path, 1);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => MetricsFile.WriteAsync(path, _meter.Collector, cancellationToken: new CancellationToken(canceled: true)));

        Assert.EndsWith("zeta 1\n", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
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

        IOException error = await Assert.ThrowsAnyAsync<IOException>(() => WriteAsync(path, 1));

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

    private Task WriteAsync(string path, double value)
    {
        _value = value;
        return MetricsFile.WriteAsync(path, _meter.Collector);
    }
}
