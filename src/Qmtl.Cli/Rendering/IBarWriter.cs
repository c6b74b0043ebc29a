using Qmtl.Data;

namespace Qmtl.Cli.Rendering;

/// <summary>A form in which <c>qmtl history</c> prints bars, a frame at a time, so that memory stays bounded.</summary>
internal interface IBarWriter
{
    /// <summary>The most bars the form shows; the reader stops there. No limit by default.</summary>
    long Limit => long.MaxValue;

    /// <summary>Writes the bars of one frame, which follow those of the frame before.</summary>
    Task WriteAsync(BarFrame frame, CancellationToken cancellationToken);

    /// <summary>Called once after the last frame.</summary>
    Task CompleteAsync(CancellationToken cancellationToken);
}
