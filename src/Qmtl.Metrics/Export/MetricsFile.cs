using Prometheus;
using Qmtl.Metrics.Collection;
using Qmtl.Output;

namespace Qmtl.Metrics.Export;

/// <summary>
/// A file for the textfile collector of Prometheus's node_exporter: for jobs that are gone before a scrape comes. It is replaced
/// whole, so that no reader ever sees half of it.
/// </summary>
public static class MetricsFile
{
    /// <summary>The extension that node_exporter looks for; it reads no other file.</summary>
    public const string Extension = ".prom";

    /// <summary>Checks a path before any work is done for it.</summary>
    /// <exception cref="ArgumentException">It does not end in <c>.prom</c>, is a folder, or lies in none that exists.</exception>
    public static void Validate(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Path.GetFileName(path) == Extension)
        {
            throw new ArgumentException($"'{path}' has no name before '{Extension}'. Name it, for example, qmtl{Extension}.");
        }

        if (!path.EndsWith(Extension, StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"'{path}' does not end in '{Extension}', so node_exporter's textfile collector would not read it. Name it, for example, "
                    + $"qmtl{Extension}.");
        }

        ReplacedFile.Validate(path, $"qmtl{Extension}");
    }

    /// <summary>
    /// Writes the metrics as they are now, in the Prometheus text format and without timestamps, which the textfile collector refuses.
    /// </summary>
    /// <param name="path">Where to; a file that is there is replaced, and its rights are kept.</param>
    /// <param name="collector">Reads them.</param>
    /// <param name="constantLabels">Labels that every series gets besides its own. Two files that one node_exporter reads must differ in
    /// them.</param>
    /// <param name="cancellationToken">Ends it; the old file then stays.</param>
    /// <exception cref="ArgumentException">As <see cref="Validate"/> says.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written.</exception>
    public static async Task WriteAsync(
        string path, MetricsCollector collector, ConstantLabels? constantLabels = null, CancellationToken cancellationToken = default)
    {
        Validate(path);

        // The text is as long as the limit of series lets it be. No reader of the folder may see a file that its own rights keep from it.
        using var text = new MemoryStream();
        await collector.WriteAsync(text, ExpositionFormat.PrometheusText, cancellationToken);
        await ReplacedFile.WriteAsync(path, "Metrics", file =>
        {
            (constantLabels ?? ConstantLabels.None).AddTo(text.GetBuffer().AsSpan(0, (int)text.Length), file);
            return Task.CompletedTask;
        });
    }
}
