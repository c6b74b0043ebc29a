namespace Qmtl.History.Relational.PostgreSql;

/// <summary>
/// Tables as the catalogue described them when it was last asked. It takes a server longer to describe a table than to read a few bars of
/// it, so a look at many streams begins with what is known of theirs. Where that is no longer so, the look says so itself: a column that is
/// gone is refused, and one of another type is not read as what it was. A write always asks.
/// </summary>
internal sealed class SeenTables
{
    // More are not kept; each takes about a kilobyte.
    private const int Most = 20_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, FoundTable> _tables = new(StringComparer.Ordinal);
    private string? _schema;

    /// <summary>
    /// Takes note of a table that the catalogue has just described; where nothing has changed, it is the one that is known.
    /// </summary>
    public FoundTable Note(string? schema, FoundTable table)
    {
        lock (_gate)
        {
            if (schema != _schema || _tables.Count >= Most)
            {
                _tables.Clear();
                _schema = schema;
            }

            if (_tables.TryGetValue(table.Name, out FoundTable? known)
                && known.HasKey == table.HasKey
                && known.Columns.SequenceEqual(table.Columns))
            {
                return known;
            }

            return _tables[table.Name] = table;
        }
    }

    /// <summary>Those of the tables that are known in the schema.</summary>
    public IReadOnlyList<FoundTable> Recall(string? schema, IReadOnlyList<string> tables)
    {
        lock (_gate)
        {
            return schema == _schema ? [.. tables.Select(table => _tables.GetValueOrDefault(table)).OfType<FoundTable>()] : [];
        }
    }

    /// <summary>Whether the table is known, in whatever schema.</summary>
    public bool IsKnown(string table)
    {
        lock (_gate)
        {
            return _tables.ContainsKey(table);
        }
    }

    /// <summary>Forgets tables; false where none of them was known.</summary>
    public bool Forget(IEnumerable<string> tables)
    {
        lock (_gate)
        {
            bool isAny = false;
            foreach (string table in tables)
            {
                isAny |= _tables.Remove(table);
            }

            return isAny;
        }
    }
}
