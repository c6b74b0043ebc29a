using System.Security.Cryptography;
using System.Text;

namespace Qmtl.History.Relational;

/// <summary>
/// Which table a stream is in. A node id is its table's name wherever the database allows that; where not (too long, or a
/// name that the database or this library keeps for itself), the name is the id's beginning, <c>~</c> and a hash of the id.
/// </summary>
/// <remarks>
/// Two ids may share a table (SQLite does not tell <c>btc</c> from <c>BTC</c>): the node id is part of every row's key,
/// so the table's name never says which stream a row is of, and a mapped name need not be turned back.
/// </remarks>
internal class TableNaming
{
    /// <summary>Table names with this beginning are the library's own.</summary>
    public const string ReservedPrefix = "qmtl_";

    private const int HashLength = 16;

    private readonly string? _table;
    private readonly int _maximumBytes;
    private readonly string[] _reservedPrefixes;
    private readonly StringComparer _comparer;

    /// <summary>The rule of one database.</summary>
    /// <param name="table">The table of all streams; null for a table a node.</param>
    /// <param name="maximumBytes">The longest name, in bytes of UTF-8.</param>
    /// <param name="comparer">How the database compares table names.</param>
    /// <param name="reservedPrefixes">How names must not begin, besides <see cref="ReservedPrefix"/>; case does not count.</param>
    /// <exception cref="ArgumentException">The table's name is blank, too long, reserved or holds a NUL character.</exception>
    public TableNaming(string? table, int maximumBytes, StringComparer comparer, params string[] reservedPrefixes)
    {
        _maximumBytes = maximumBytes;
        _comparer = comparer;
        _reservedPrefixes = [ReservedPrefix, .. reservedPrefixes];
        _table = table;
        if (table is not null)
        {
            RequireUsable(table);
        }
    }

    /// <summary>The longest name that the database keeps, in bytes of UTF-8.</summary>
    public int MaximumBytes => _maximumBytes;

    /// <summary>The table of all streams; null for a table a node.</summary>
    public string? SharedTable => _table;

    /// <summary>The name of the table that the node's bars are in, not quoted.</summary>
    public string TableOf(string nodeId) => _table ?? (IsUsable(nodeId) ? nodeId : Mapped(nodeId));

    /// <summary>Whether the bars of the node are looked for in <paramref name="table"/>.</summary>
    public bool IsIn(string nodeId, string table) => _comparer.Equals(TableOf(nodeId), table);

    /// <summary>Whether the database and this library allow the name as it is.</summary>
    protected virtual bool IsUsable(string name) => Encoding.UTF8.GetByteCount(name) <= _maximumBytes && !IsReserved(name);

    /// <summary>Whether the name begins like those that the database or this library keeps for itself.</summary>
    protected bool IsReserved(string name) =>
        _reservedPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    /// <summary>The table of a node whose id is not usable as a name.</summary>
    protected virtual string Mapped(string nodeId)
    {
        string hash = HashOf(nodeId);

        // The library's own names begin with the reserved word itself, so a mapped name must not; nor may it begin with the database's.
        string readable = IsReserved(nodeId) ? "_" + nodeId : nodeId;
        int room = _maximumBytes - HashLength - 1;
        var prefix = new StringBuilder();
        foreach (Rune rune in readable.EnumerateRunes())
        {
            room -= rune.Utf8SequenceLength;
            if (room < 0)
            {
                break;
            }

            prefix.Append(rune.ToString());
        }

        return $"{prefix}~{hash}";
    }

    /// <summary>Hexadecimal digits that stand for a node id where it is too long for a name.</summary>
    protected static string HashOf(string nodeId) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(nodeId)))[..HashLength];

    /// <summary>What is wrong with a table's name that is not usable, and what to do; the name itself stands before it.</summary>
    protected virtual string DescribeProblem(string table) =>
        $"is longer than the {_maximumBytes} bytes that the database keeps of a name. Choose a shorter one";

    private void RequireUsable(string table)
    {
        if (string.IsNullOrWhiteSpace(table) || table.Contains('\0'))
        {
            throw new ArgumentException(
                "The table's name is blank or holds a NUL character. Name a table, or leave it out for a table a node.", nameof(table));
        }

        if (IsReserved(table))
        {
            throw new ArgumentException(
                $"'{table}' cannot be a table of bars: names that begin with {string.Join(" or ", _reservedPrefixes)} are reserved. Choose "
                    + $"another name.",
                nameof(table));
        }

        if (!IsUsable(table))
        {
            throw new ArgumentException($"The table name '{table}' {DescribeProblem(table)}.", nameof(table));
        }
    }
}
