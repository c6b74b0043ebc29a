using Qmtl.Data;

namespace Qmtl.Caching;

/// <summary>How often something of a series was read through a view.</summary>
/// <param name="Stream">The series.</param>
/// <param name="Column">The column; <c>ts</c> for the opens of its bars, null for whole bars.</param>
/// <param name="Reads">How many times it was asked for, however many values each time.</param>
public sealed record CacheAccess(StreamKey Stream, string? Column, long Reads);
