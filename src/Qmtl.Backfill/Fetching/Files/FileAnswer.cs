using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching.Files;

/// <summary>The rows of a file that answer a request, as they are found.</summary>
internal sealed class FileAnswer
{
    private const int MostMisfits = 10;

    private readonly StreamKey _stream;
    private readonly List<long> _timestamps = [];
    private readonly SubSeconds _subSeconds = new();
    private readonly List<SourceNote> _notes;
    private readonly int _mostNotes;
    private long _unreadable;

    /// <summary>An answer without a row.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="asked">The bars that are asked for.</param>
    /// <param name="columns">What is known of the payload's columns.</param>
    /// <param name="notes">What an operator should know of the file.</param>
    public FileAnswer(StreamKey stream, TimeRange asked, IEnumerable<ColumnEvidence> columns, IEnumerable<SourceNote> notes)
    {
        // Also a row between two opens belongs to the answer: it has to be counted as off the grid.
        (_stream, Window) = (stream, stream.Interval.TimeOf(asked));
        Columns = [.. columns.Select(column => ColumnBuilder.Create(column.Name, column.Type))];
        _notes = [.. notes];
        _mostNotes = _notes.Count + MostMisfits;
    }

    /// <summary>The time that the asked bars take.</summary>
    public TimeRange Window { get; }

    /// <summary>The payload's columns, to each of which a row adds a value.</summary>
    public ColumnBuilder[] Columns { get; }

    /// <summary>Whether there is room for one more note of a value that is none.</summary>
    public bool TakesMisfits => _notes.Count < _mostNotes;

    /// <summary>Adds a row's time.</summary>
    public void Add(long timestamp, int nanoseconds)
    {
        _subSeconds.Set(_timestamps.Count, nanoseconds);
        _timestamps.Add(timestamp);
    }

    /// <summary>
    /// Counts rows without a time. They belong where their neighbour is, so that they are counted in one answer and not in all.
    /// </summary>
    /// <param name="neighbour">The neighbour's time.</param>
    /// <param name="rows">How many they are.</param>
    public void AddUnreadable(long neighbour, long rows = 1) => _unreadable += Window.Contains(neighbour) ? rows : 0;

    /// <summary>Notes a value that is none, where there is room.</summary>
    public void AddMisfit(string text)
    {
        if (TakesMisfits)
        {
            _notes.Add(new SourceNote(SourceNoteKind.Value, text));
        }
    }

    /// <summary>The answer.</summary>
    /// <param name="file">What is known of the file as a whole.</param>
    public RawBars Build(IFileIndex file) => new(_timestamps.ToArray(), [.. Columns.Select(column => column.Build())])
    {
        Nanoseconds = _subSeconds.Build(_timestamps.Count),
        Unreadable = RejectedRows.None.Plus(RejectionReason.Unreadable, _unreadable),
        Notes = _notes,
        HasUnplaced = file.Unplaced.MayBeIn(Window),
        About = file.Streams.ExtentOf(_stream),
    };
}
