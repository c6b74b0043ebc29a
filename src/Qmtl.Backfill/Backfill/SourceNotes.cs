using Qmtl.Data;

namespace Qmtl.Backfill;

/// <summary>
/// Tells what is to be known of a source's answers: every page of a run may say the same, and thousands of values may be unreadable.
/// </summary>
/// <param name="tell">Told of each note that is new.</param>
internal sealed class SourceNotes(Action<SourceNote> tell)
{
    private const int MostValues = 5;

    private readonly HashSet<SourceNoteKind> _told = [];
    private readonly Lock _gate = new();
    private int _values;

    /// <summary>Tells those of the notes that are to be told. From any thread.</summary>
    public void Tell(IEnumerable<SourceNote> notes)
    {
        foreach (SourceNote note in notes)
        {
            if (Take(note) is { } news)
            {
                tell(news);
            }
        }
    }

    private SourceNote? Take(SourceNote note)
    {
        lock (_gate)
        {
            if (note.Kind != SourceNoteKind.Value)
            {
                return _told.Add(note.Kind) ? note : null;
            }

            return ++_values switch
            {
                <= MostValues => note,
                MostValues + 1 => note with { Text = "more values cannot be read; they are not shown" },
                _ => null,
            };
        }
    }
}
