namespace Qmtl.History.Relational.Sqlite;

/// <summary>
/// The tables as they were last looked up. SQLite counts every change of a file's schema, so one number tells whether
/// what is remembered still holds; looking three tables up again would cost more than writing a small page.
/// </summary>
internal sealed class SqliteSchemaCache
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, FoundTable?> _tables = new(StringComparer.Ordinal);
    private long _version = -1;

    /// <summary>
    /// Whether the table was looked up at that version of the schema; <paramref name="found"/> is null where there was none.
    /// </summary>
    public bool TryGet(string table, long version, out FoundTable? found)
    {
        lock (_lock)
        {
            found = null;
            return _version == version && _tables.TryGetValue(table, out found);
        }
    }

    /// <summary>Remembers what a table was at that version of the schema, and forgets what was known of another version.</summary>
    public void Set(string table, long version, FoundTable? found)
    {
        lock (_lock)
        {
            if (_version != version)
            {
                _tables.Clear();
                _version = version;
            }

            _tables[table] = found;
        }
    }

    /// <summary>Forgets everything: the file is another one.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _tables.Clear();
            _version = -1;
        }
    }
}
