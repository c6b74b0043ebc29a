using System.Net;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Keeping;

/// <summary>
/// What is kept complete: streams, each with its source and its store, and how it is done. docs/keep.md tells it as a file.
/// </summary>
public sealed record KeepDeclaration
{
    // The year 9000: from then on a bar, or the one after it, may open when no calendar can tell it.
    private const long EndOfTime = 221_845_392_000;

    /// <summary>The streams; each once a store.</summary>
    public required IReadOnlyList<KeptStream> Streams { get; init; }

    /// <summary>How sources are asked and bars taken. The throttle limit counts for each source and store by itself.</summary>
    public BackfillOptions Options { get; init; } = new();

    /// <summary>
    /// How long after its close a bar is first asked for; sources publish late. One that is not there yet is asked for again, with growing
    /// delays, until it has settled (<see cref="BackfillOptions.SettleTime"/>) and the source's "none" is believed.
    /// </summary>
    /// <value>2 seconds by default.</value>
    public TimeSpan AskAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The port on which metrics and health are served; null, the default, for none, and 0 for any that is free.</summary>
    public int? MetricsPort { get; init; }

    /// <summary>The address of that port; null, the default, for this machine alone.</summary>
    public IPAddress? MetricsAddress { get; init; }

    /// <summary>Reads a declaration from a file of JSON. Relative paths in it start at the file's folder.</summary>
    /// <param name="path">The file.</param>
    /// <param name="clock">The clock that a start such as <c>-30d</c> counts from; null for the system's.</param>
    /// <exception cref="ArgumentException">Something of it is wrong. The message names file, key, rule and way out.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static KeepDeclaration Read(string path, TimeProvider? clock = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        string whole = Path.GetFullPath(path);
        if (!File.Exists(whole))
        {
            throw new FileNotFoundException(
                $"There is no declaration {PlainText.OneLine(path)}. Name the file that says what is kept; docs/keep.md shows one.", whole);
        }

        return Parse(File.ReadAllBytes(whole), path, Path.GetDirectoryName(whole)!, clock);
    }

    /// <summary>Reads a declaration from the text of a file.</summary>
    /// <param name="text">JSON in UTF-8; comments and trailing commas are allowed.</param>
    /// <param name="file">The file, as an operator knows it.</param>
    /// <param name="folder">Where relative paths in it start.</param>
    /// <param name="clock">The clock that a start such as <c>-30d</c> counts from; null for the system's.</param>
    /// <exception cref="ArgumentException">Something of it is wrong. The message names file, key, rule and way out.</exception>
    public static KeepDeclaration Parse(ReadOnlyMemory<byte> text, string file, string folder, TimeProvider? clock = null) =>
        new KeepDeclarationReader(folder, (clock ?? TimeProvider.System).GetUtcNow()).Read(text, file);

    /// <summary>Checks what no single stream can know.</summary>
    /// <exception cref="ArgumentException">A stream is there twice for a store; the message names it.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its limits.</exception>
    public void Validate()
    {
        Options.Validate();
        OptionLimits.RequireBetween(AskAfter, TimeSpan.Zero, TimeSpan.FromDays(1), nameof(AskAfter));
        var known = new Dictionary<(StreamKey, object), KeptStore>();
        Dictionary<KeptStore, object> identities =
            Streams.Select(kept => kept.Store).Distinct().ToDictionary(store => store, static store => store.Identity);
        foreach (KeptStream kept in Streams)
        {
            if (kept.Start >= EndOfTime)
            {
                throw new ArgumentException(
                    $"{PlainText.OneLine(kept.Stream.ToString())} is to be kept from {UnixTime.Format(kept.Start)} on, and the bars "
                        + "after that have no date. Write a start before the year 9000.");
            }

            if (!known.TryAdd((kept.Stream, identities[kept.Store]), kept.Store))
            {
                KeptStore first = known[(kept.Stream, identities[kept.Store])];
                string twice = first.Name == kept.Store.Name
                    ? $"twice for the store {PlainText.OneLine(first.Name)}"
                    : $"for the stores {PlainText.OneLine(first.Name)} and {PlainText.OneLine(kept.Store.Name)}, which are one";
                throw new ArgumentException(
                    $"{PlainText.OneLine(kept.Stream.ToString())} is declared {twice}. A stream has one source there; leave one of the two "
                        + "out.");
            }
        }
    }
}
