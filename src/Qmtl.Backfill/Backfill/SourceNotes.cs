using System.Runtime.InteropServices;
using Qmtl.Data;

namespace Qmtl.Backfill;

/// <summary>
/// Tells what is to be known of a source's answers: every page of a run may say the same, and thousands of values may be unreadable.
/// </summary>
/// <param name="tell">Told of each note that is new.</param>
internal sealed class SourceNotes(Action<SourceNote> tell)
{
    private const int MostOfEach = 5;

    private readonly Dictionary<SourceNoteKind, int> _told = [];
    private readonly Lock _gate = new();

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
            int times = CollectionsMarshal.GetValueRefOrAddDefault(_told, note.Kind, out bool _)++;
            return MoreOf(note.Kind) is not { } more ? (times == 0 ? note : null)
                : times < MostOfEach ? note
                : times == MostOfEach ? note with { Text = more }
                : null;
        }
    }

    // Of most kinds one says all.
    private static string? MoreOf(SourceNoteKind kind) => kind switch
    {
        SourceNoteKind.Value => "more values cannot be read; they are not shown",
        SourceNoteKind.BulkFile => "more of its files cannot be used; they are not shown",
        _ => null,
    };
}
