using System.Globalization;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching.Files;

/// <summary>
/// What one look at a table's times found: where which are, so that an answer is read from the groups of rows that can hold its rows.
/// The two groups that were read last are kept.
/// </summary>
internal sealed class TableIndex : IFileIndex
{
    // 64-bit values of a group that is read as a whole: half a gigabyte.
    public const long MostCells = 64L << 20;
    private const int MostMisfits = 10;
    private const int GroupsKept = 2;

    private readonly FileContent _content;
    private readonly ITable _table;
    private readonly TableTimes _times;
    private readonly int _node;
    private readonly int[] _payload;
    private readonly ColumnEvidence[] _evidence;
    private readonly int _interval;
    private readonly List<Group> _groups = [];
    private readonly Lock _loading = new();
    private readonly Loaded?[] _loaded = new Loaded?[GroupsKept];
    private int _oldest;
    private long _unreadableAtBeginning;

    private TableIndex(FileContent content, ITable table, CancellationToken cancellationToken)
    {
        (_content, _table) = (content, table);
        string[] names = [.. table.Columns.Select(column => column.Name)];
        int sample = table.Groups.ToList().FindIndex(rows => rows > 0);
        if (sample < 0)
        {
            throw new SourceException($"{content.Path} has columns and no bars.");
        }

        try
        {
            int time = FileColumns.FindTime(
                names, index => table.Columns[index].IsInstant ? null : table.Read(sample, [index])[0].GetValue(0));
            FileColumns.RequireRead(names, names[time], table.Unread);
            _times = new TableTimes(table, time);
            _node = FileColumns.FindNode(names);
            _interval = FileColumns.FindInterval(names);
            Streams = new FileStreams(_node >= 0, _interval >= 0);
            _payload = [.. Enumerable.Range(0, names.Length)
                .Where(index => index != time && index != _node && FileColumns.IsPayload(names[index]))];
            _evidence = [.. _payload.Select(index => EvidenceOf(table.Columns[index], names))];
            FileColumns.RequireUsable(_evidence.Select(column => column.Name));
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            throw new SourceException($"{content.Path}: {error.Message}", error);
        }

        if (table.Groups.Any(rows => rows > MostCells / (_payload.Length + 2)))
        {
            throw new SourceException(string.Create(
                CultureInfo.InvariantCulture,
                $"{content.Path} has a group of {table.Groups.Max()} rows and {_payload.Length} columns, too much to be read at once. "
                    + $"Write it in groups of at most a million rows (row_group_size)."));
        }

        _times.LookAtNumbers(content.Path, cancellationToken);
        LookAtGroups(cancellationToken);
    }

    /// <summary>Looks at a table's times, and at the values of columns whose types do not tell what they hold.</summary>
    /// <exception cref="SourceException">It has no rows, no time, or a group of too many rows.</exception>
    public static TableIndex Of(FileContent content, ITable table, CancellationToken cancellationToken)
    {
        var index = new TableIndex(content, table, cancellationToken);
        return !index.Streams.IsEmpty ? index : throw new SourceException(
            $"{content.Path}: no row can be read. Row {index._times.Problems[0].Line}: {index._times.Problems[0].Message}.");
    }

    /// <inheritdoc/>
    public SourceReading Reading => new(_times.Format, _times.Problems)
    {
        Place = "row",
    };

    /// <inheritdoc/>
    public FileStreams Streams { get; }

    /// <inheritdoc/>
    public UnplacedRows Unplaced { get; } = new();

    /// <inheritdoc/>
    public RawBars Read(StreamKey stream, TimeRange asked, CancellationToken cancellationToken)
    {
        var answer = new FileAnswer(stream, asked, _evidence, _times.Notes);
        answer.AddUnreadable(_groups[0].Before, _unreadableAtBeginning);
        foreach (Group group in _groups.Where(group => group.Times.Overlaps(answer.Window)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            Loaded rows = Load(group);
            long place = group.Before;
            for (int row = 0; row < rows.Times.Seconds.Length; row++)
            {
                if (!rows.Times.AreRead[row])
                {
                    answer.AddUnreadable(place);
                    continue;
                }

                place = rows.Times.Seconds[row];
                if (!answer.Window.Contains(place) || !Streams.IsOf(stream, TextOf(rows.Nodes, row), TextOf(rows.Intervals, row)))
                {
                    continue;
                }

                answer.Add(place, rows.Times.Nanoseconds.IsEmpty ? 0 : rows.Times.Nanoseconds.Span[row]);
                for (int i = 0; i < answer.Columns.Length; i++)
                {
                    answer.Columns[i].Add(rows.Payload[i], row);
                }

                if (rows.Misfits.TryGetValue(row, out string? misfit))
                {
                    answer.AddMisfit(misfit);
                }
            }
        }

        return answer.Build(this);
    }

    private static string TextOf(BarColumn? column, int row) => column?.GetText(row) ?? string.Empty;

    private static ColumnEvidence EvidenceOf(TableColumn column, string[] names)
    {
        if (column.Declared is not { } type)
        {
            return new ColumnEvidence(FileColumns.NameOf(column.Name, names));
        }

        var evidence = new ColumnEvidence(column.Name);
        evidence.Declare(type);
        return evidence;
    }

    // The columns that say whose a row is, where there are any.
    private int[] Keys => [.. new[] { _node, _interval }.Where(static column => column >= 0)];

    private BarColumn? NodesIn(IReadOnlyList<BarColumn> columns) => _node < 0 ? null : columns[^Keys.Length];

    private BarColumn? IntervalsIn(IReadOnlyList<BarColumn> columns) => _interval < 0 ? null : columns[^1];

    private void LookAtGroups(CancellationToken cancellationToken)
    {
        long first = 1;
        long? last = null;
        int[] texts = LookAtTypes();
        for (int group = 0; group < _table.Groups.Count; first += _table.Groups[group++])
        {
            cancellationToken.ThrowIfCancellationRequested();
            IReadOnlyList<BarColumn> columns = _table.Read(
                group, [_times.Column, .. texts.Select(i => _payload[i]), .. Keys]);
            for (int i = 0; i < texts.Length; i++)
            {
                for (int row = 0; row < columns[i + 1].Length; row++)
                {
                    _evidence[texts[i]].LookAtField(((BarColumn<string?>)columns[i + 1]).Values.Span[row] ?? string.Empty);
                }
            }

            TableTimes.GroupTimes times = _times.Read(columns[0], first);
            (BarColumn? nodes, BarColumn? intervals) = (NodesIn(columns), IntervalsIn(columns));
            (long? before, TimeRange? range) = (last, last is { } known ? new TimeRange(known, known) : null);
            for (int row = 0; row < times.Seconds.Length; row++)
            {
                if (!times.AreRead[row])
                {
                    Unplaced.AddUnreadable();
                }
                else
                {
                    long time = times.Seconds[row];
                    Unplaced.Add(time);
                    (last, before) = (time, before ?? time);
                    range = TimeRange.Including(range, time);
                    Streams.Add(TextOf(nodes, row), TextOf(intervals, row), time);
                }
            }

            if (range is { } all)
            {
                _groups.Add(new Group(group, first, before!.Value, all));
            }
            else
            {
                // They are counted where the first row is that can be read.
                _unreadableAtBeginning += times.Seconds.Length;
            }
        }
    }

    // The payload columns whose texts have to be looked at to know what they hold.
    private int[] LookAtTypes()
    {
        int sample = _table.Groups.ToList().FindIndex(rows => rows > 0);
        IReadOnlyList<BarColumn> columns = _table.Read(sample, _payload);
        List<int> texts = [];
        for (int i = 0; i < _payload.Length; i++)
        {
            TableColumn column = _table.Columns[_payload[i]];
            if (column.IsWhole)
            {
                _evidence[i].DeclareWhole();
            }

            if (column.IsInstant)
            {
                // It becomes text.
                _evidence[i].LookAt("an instant");
            }
            else if (!_evidence[i].TryLookAt(columns[i].Type) && !_evidence[i].IsKnown)
            {
                texts.Add(i);
            }
        }

        return [.. texts];
    }

    private Loaded Load(Group group)
    {
        lock (_loading)
        {
            if (Array.Find(_loaded, loaded => loaded?.Group == group) is { } known)
            {
                return known;
            }

            _loaded[_oldest] = null;
            IReadOnlyList<BarColumn> columns = _table.Read(group.Number, [_times.Column, .. _payload, .. Keys]);
            SortedDictionary<int, string> misfits = [];
            var loaded = new Loaded(
                group,
                _times.Read(columns[0], group.FirstRow),
                NodesIn(columns),
                IntervalsIn(columns),
                [.. _payload.Select((_, i) => Convert(columns[i + 1], i, group.FirstRow, misfits))],
                misfits);
            _loaded[_oldest] = loaded;
            _oldest = (_oldest + 1) % GroupsKept;
            return loaded;
        }
    }

    private BarColumn Convert(BarColumn column, int index, long firstRow, SortedDictionary<int, string> misfits)
    {
        ColumnEvidence evidence = _evidence[index];
        bool isInstant = _table.Columns[_payload[index]].IsInstant;
        if (column.Type == evidence.Type && !isInstant)
        {
            return column;
        }

        ColumnBuilder builder = ColumnBuilder.Create(evidence.Name, evidence.Type, column.Length);
        for (int row = 0; row < column.Length; row++)
        {
            object? value = column.GetValue(row);
            if (value is null)
            {
                builder.AddNull();
                continue;
            }

            if (isInstant && !TableTimes.IsOfCalendar((long)value))
            {
                builder.AddNull();
                AddMisfit(row, $"A time in {evidence.Name} {Place(row)} is not in the years 1 to 9999, and is taken as null");
                continue;
            }

            value = isInstant ? DateTime.UnixEpoch.AddTicks((long)value).ToString("o", CultureInfo.InvariantCulture) : value;
            bool isAdded = value is string text ? builder.TryAddText(text) : builder.TryAdd(value);
            if (!isAdded && evidence.AddMisfit(builder, value))
            {
                AddMisfit(row, SourceNote.Misfit(ValueText.Of(value)!, evidence.Name, Place(row)));
            }
        }

        return builder.Build();

        string Place(int row) => string.Create(CultureInfo.InvariantCulture, $"of row {firstRow + row}");

        void AddMisfit(int row, string text)
        {
            if (misfits.Count < MostMisfits)
            {
                misfits.TryAdd(row, text);
            }
        }
    }

    /// <summary>A group with a row that has a time.</summary>
    /// <param name="Number">Its number in the table.</param>
    /// <param name="FirstRow">The number of its first row in the file, from 1.</param>
    /// <param name="Before">The time of the last readable row before it; at the file's beginning that of the first.</param>
    /// <param name="Times">From the earliest to the latest time in it, and <paramref name="Before"/>.</param>
    private sealed record Group(int Number, long FirstRow, long Before, TimeRange Times);

    private sealed record Loaded(
        Group Group,
        TableTimes.GroupTimes Times,
        BarColumn? Nodes,
        BarColumn? Intervals,
        BarColumn[] Payload,
        SortedDictionary<int, string> Misfits);
}
