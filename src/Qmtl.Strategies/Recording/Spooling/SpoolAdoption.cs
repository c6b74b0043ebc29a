namespace Qmtl.Recording.Spooling;

/// <summary>What a spool takes over at its start: segments of processes that are no more and, where it is asked to, rows that were set aside.</summary>
internal sealed class SpoolAdoption
{
    private readonly List<AdoptedSegment> _segments = [];
    private readonly List<string> _damaged = [];
    private readonly List<(string File, Exception Error)> _notRetried = [];

    private SpoolAdoption()
    {
    }

    /// <summary>The segments, in the order in which their rows were recorded.</summary>
    public IReadOnlyList<AdoptedSegment> Segments => _segments;

    /// <summary>The files that cannot be read, or only in part, by the names that they keep.</summary>
    public IReadOnlyList<string> Damaged => _damaged;

    /// <summary>The files of refused rows that were to be retried and cannot be, and why. They stay as they are.</summary>
    public IReadOnlyList<(string File, Exception Error)> NotRetried => _notRetried;

    /// <summary>The rows.</summary>
    public long Rows => _segments.Sum(segment => segment.Rows);

    /// <summary>Takes over what is in the folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="retryRefused">Whether rows that were set aside are taken, too. They were recorded before all others.</param>
    public static SpoolAdoption Of(SpoolFolder folder, bool retryRefused)
    {
        var adoption = new SpoolAdoption();
        List<string> left = [.. folder.Segments()];
        if (retryRefused)
        {
            adoption.Retry(folder);
        }

        left.ForEach(adoption.Open);
        adoption._damaged.AddRange(adoption._segments.Where(segment => segment.IsDamaged).Select(segment => segment.FilePath + SpoolFolder.DamagedExtension));
        return adoption;
    }

    private void Retry(SpoolFolder folder)
    {
        foreach (string file in folder.RefusedFiles())
        {
            try
            {
                RefusedSegments.Make(file, folder).ForEach(Open);
            }
            catch (Exception error)
            {
                // Whatever is wrong with one file, the others are retried; this one stays.
                _notRetried.Add((file, error));
            }
        }
    }

    private void Open(string path)
    {
        try
        {
            if (AdoptedSegment.TryOpen(path) is { } segment)
            {
                _segments.Add(segment);
            }
        }
        catch (Exception)
        {
            // Whatever is wrong with one file, the others are taken over; this one stays for the next process to try.
            _damaged.Add(path);
        }
    }
}
