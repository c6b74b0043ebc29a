namespace Qmtl.Caching;

/// <summary>What a <see cref="BarBuffer"/> held at one moment, in its own arrays.</summary>
/// <param name="Timestamps">The opens, ascending.</param>
/// <param name="Live">Which bars are live.</param>
/// <param name="Columns">The values.</param>
/// <param name="NewestDropped">The newest bar that was dropped because of the period.</param>
internal sealed record HeldBars(ReadOnlyMemory<long> Timestamps, ReadOnlyMemory<bool> Live, ColumnSource[] Columns, long? NewestDropped);
