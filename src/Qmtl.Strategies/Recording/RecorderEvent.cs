using System.Globalization;
using Qmtl.Data;
using Qmtl.Messages;

namespace Qmtl.Recording;

/// <summary>Something that happened to recorded rows, for logs and operators. Events come from any thread.</summary>
/// <param name="Destination">The recorder's display name.</param>
public abstract record RecorderEvent(string Destination)
{
    /// <summary>What happened and what is to be done, in sentences for an operator.</summary>
    public abstract string Text { get; }

    /// <summary>What an error says, to stand inside a sentence.</summary>
    private protected static string Said(Exception error) => PlainMessage.Of(error).TrimEnd('.');
}

/// <summary>A batch is delivered: its rows can be read from the recorder's store.</summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Rows">Rows in the batch, with those set aside.</param>
/// <param name="Duration">How long it took, waits for the recorder included.</param>
public sealed record RecorderFlushed(string Destination, long Rows, TimeSpan Duration) : RecorderEvent(Destination)
{
    /// <inheritdoc/>
    public override string Text =>
        string.Create(CultureInfo.InvariantCulture, $"{Destination}: {Rows} rows delivered in {Duration.TotalSeconds:0.000} s.");
}

/// <summary>The recorder cannot take rows now. They are kept, and delivered when it is back. Raised once for each absence.</summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Error">Why.</param>
public sealed record RecorderAway(string Destination, Exception Error) : RecorderEvent(Destination)
{
    /// <inheritdoc/>
    public override string Text => Describe(Destination, Said(Error));

    /// <summary>The sentence of an absence, whenever it began.</summary>
    internal static string Describe(string destination, string? error) =>
        $"{destination} cannot take rows now ({error?.TrimEnd('.')}). They are kept, and delivered when it is back.";
}

/// <summary>Rows were taken, and yet something is to be known of the recorder's store. Each is raised once.</summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Stream">The rows' stream.</param>
/// <param name="Warning">What it is and what to do, in sentences.</param>
public sealed record RecorderWarned(string Destination, StreamKey Stream, string Warning) : RecorderEvent(Destination)
{
    /// <inheritdoc/>
    public override string Text => Warning;
}

/// <summary>The recorder takes rows again.</summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Duration">How long it was away.</param>
public sealed record RecorderBack(string Destination, TimeSpan Duration) : RecorderEvent(Destination)
{
    /// <inheritdoc/>
    public override string Text =>
        string.Create(CultureInfo.InvariantCulture, $"{Destination} takes rows again, after {Duration.TotalSeconds:0.0} s.");
}

/// <summary>
/// The spool has reached its limit: whoever records now waits until rows are delivered. Raised once until there is room again.
/// </summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Bytes">What the spool takes on disk.</param>
public sealed record RecorderSpoolFull(string Destination, long Bytes) : RecorderEvent(Destination)
{
    /// <inheritdoc/>
    public override string Text => string.Create(
        CultureInfo.InvariantCulture, $"{Destination}: the spool is full ({Bytes} bytes), so recording waits until rows are delivered.");
}

/// <summary>
/// The spool cannot be written: whoever records now waits until it can, or until rows are delivered. Raised once until there is room again.
/// </summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Folder">The spool's folder.</param>
/// <param name="Error">Why, for example a full disk.</param>
public sealed record RecorderSpoolUnavailable(string Destination, string Folder, Exception Error) : RecorderEvent(Destination)
{
    /// <inheritdoc/>
    public override string Text =>
        $"{Destination}: the spool in {Folder} cannot be written ({Said(Error)}), so recording waits until it can.";
}

/// <summary>
/// A file of the spool is damaged. What could be read of it is delivered; the file stays, under a name that ends in <c>.damaged</c>, or
/// under its own where it cannot be read at all.
/// </summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="File">The file; the spool's folder where that cannot be read.</param>
public sealed record RecorderSpoolDamaged(string Destination, string File) : RecorderEvent(Destination)
{
    /// <inheritdoc/>
    public override string Text => $"{Destination}: a file of the spool is damaged. What could be read of it is delivered; {File} is kept.";
}

/// <summary>
/// The recorder refuses rows for good, for example because a column of its table is of another type. They are set aside as lines of JSON.
/// </summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Rows">How many rows.</param>
/// <param name="File">The file that they are in.</param>
/// <param name="Error">Why.</param>
public sealed record RecorderRowsRefused(
    string Destination, StreamKey Stream, long Rows, string File, Exception Error) : RecorderEvent(Destination)
{
    /// <inheritdoc/>
    public override string Text => string.Create(
        CultureInfo.InvariantCulture,
        $"{Destination} refuses {Rows} rows of {Stream} ({Said(Error)}). They are in {File}. When the cause is removed, "
            + $"Get-Content -LiteralPath '{File.Replace("'", "''", StringComparison.Ordinal)}' | "
            + $"ConvertFrom-Json -DateKind String | Add-QmtlRecord delivers them.");
}

/// <summary>The service was disposed. What it could not deliver stays in the spool for the next process that records there.</summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Report">What became of the rows.</param>
public sealed record RecorderClosed(string Destination, RecorderReport Report) : RecorderEvent(Destination)
{
    /// <inheritdoc/>
    public override string Text => string.Create(
        CultureInfo.InvariantCulture,
        $"{Destination}: the recorder is closed. {Report.Delivered} rows are delivered, {Report.Refused} refused, {Report.Dropped} "
            + $"lost.{Left}");

    private string Left => Report.Queued == 0 ? string.Empty : string.Create(
        CultureInfo.InvariantCulture,
        $" {Report.Queued} rows are not delivered{(Report.LastError is { } error ? $" ({error.TrimEnd('.')})" : string.Empty)}. "
            + $"They are kept in {Report.SpoolFolder}; the next recorder to the same place delivers them.");
}
