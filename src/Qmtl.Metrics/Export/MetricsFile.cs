using Prometheus;
using Qmtl.Metrics.Collection;

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

        if (Directory.Exists(path))
        {
            throw new ArgumentException($"'{path}' is a folder. Name a file in it, for example qmtl{Extension}.");
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
        {
            throw new ArgumentException($"There is no folder '{folder}'. Create it first, or name a file in another.");
        }
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
        string full = Path.GetFullPath(path);

        // In the same folder, because only there a rename replaces the file at one stroke; and with another extension.
        string temporary = $"{full}.{Guid.NewGuid():n}.tmp";
        try
        {
            // The text is as long as the limit of series lets it be. No reader of the folder may see a file that its own rights keep from
            // it.
            using var text = new MemoryStream();
            await collector.WriteAsync(text, ExpositionFormat.PrometheusText, cancellationToken);
            await using (FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                KeepRights(full, file);
                (constantLabels ?? ConstantLabels.None).AddTo(text.GetBuffer().AsSpan(0, (int)text.Length), file);
            }

            Replace(temporary, full);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Discard(temporary);
            throw CannotWrite(exception, full, temporary);
        }
        catch
        {
            Discard(temporary);
            throw;
        }
    }

    // Who may read the file that is there may read the new one, and nobody else.
    private static void KeepRights(string path, FileStream file)
    {
        if (!OperatingSystem.IsWindows() && File.Exists(path))
        {
            File.SetUnixFileMode(file.SafeFileHandle, File.GetUnixFileMode(path));
        }
    }

    // On Windows a file that replaces another takes over its rights; one that is moved there does not.
    private static void Replace(string temporary, string path)
    {
        if (OperatingSystem.IsWindows() && File.Exists(path))
        {
            File.Replace(temporary, path, null);
        }
        else
        {
            File.Move(temporary, path, overwrite: true);
        }
    }

    // A name that cannot be made cannot be deleted either.
    private static void Discard(string temporary)
    {
        if (File.Exists(temporary))
        {
            File.Delete(temporary);
        }
    }

    // The operator knows nothing of the temporary file, which the system's messages name.
    private static Exception CannotWrite(Exception exception, string path, string temporary)
    {
        const string Failed = "Metrics could not be written to";
        string folder = Path.GetDirectoryName(path)!;
        return exception switch
        {
            UnauthorizedAccessException =>
                new UnauthorizedAccessException(
                    $"{Failed} '{path}': this user may not replace it, or make files in '{folder}'. Change the permissions, or name a file "
                        + $"in another folder.",
                    exception),
            FileNotFoundException or DirectoryNotFoundException =>
                new IOException($"{Failed} '{path}': no file can be made in '{folder}'. Name a file in another folder.", exception),
            _ =>
                new IOException(
                    $"{Failed} '{path}': {exception.Message.Replace(temporary, path, StringComparison.Ordinal).TrimEnd('.')}.", exception),
        };
    }
}
