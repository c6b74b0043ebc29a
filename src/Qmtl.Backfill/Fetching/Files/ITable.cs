using Qmtl.Data;

namespace Qmtl.Fetching.Files;

/// <summary>A column of a table.</summary>
/// <param name="Name">Its name; empty where it is not kept.</param>
/// <param name="IsInstant">Whether its values, which are longs, are instants: 100 ns since the Unix epoch, UTC.</param>
/// <param name="IsUtc">Whether the file says that its instants are in UTC.</param>
/// <param name="IsWhole">Whether its type declares whole numbers of 64 bits.</param>
/// <param name="Declared">The type that its values have, where this library wrote them; null where they have to tell.</param>
internal sealed record TableColumn(
    string Name, bool IsInstant = false, bool IsUtc = false, bool IsWhole = false, BarColumnType? Declared = null);

/// <summary>A file of typed columns, in groups of rows of which each can be read by itself.</summary>
internal interface ITable
{
    /// <summary>All columns that can be read.</summary>
    IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>The names of the columns whose types cannot be read.</summary>
    IReadOnlyList<string> Unread { get; }

    /// <summary>How many rows each group has.</summary>
    IReadOnlyList<long> Groups { get; }

    /// <summary>Reads columns of a group: doubles without NaN, longs, bools or texts.</summary>
    IReadOnlyList<BarColumn> Read(int group, IReadOnlyList<int> columns);
}
