using Qmtl.Data;

namespace Qmtl.Recording.Spooling;

/// <summary>Makes segments of a file of refused rows, so that they are delivered as whatever else waits.</summary>
internal static class RefusedSegments
{
    /// <summary>Makes the segments and removes the file. The process may be killed at any instant: rows may come twice then, and none is lost.</summary>
    /// <remarks>
    /// The segments bear the name of this service. It delivers them before all others; where it dies before that, the next process delivers
    /// them in the order of names, behind all that was recorded before they were made. A refused row then replaces what is newer of its bar.
    /// </remarks>
    /// <param name="path">The file.</param>
    /// <param name="folder">Where the segments go.</param>
    /// <returns>The segments' paths, in order.</returns>
    /// <exception cref="InvalidDataException">A line of the file cannot be understood; it stays as it is, and no segment is made.</exception>
    /// <exception cref="IOException">The file is in use or cannot be read, or the disk is full; the same.</exception>
    public static List<string> Make(string path, SpoolFolder folder)
    {
        // Nobody adds to it meanwhile. Windows removes an open file only where that is shared; elsewhere only sharing nothing locks.
        FileShare share = OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None;
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, share);
        var made = new List<string>();
        try
        {
            foreach ((StreamKey stream, BarFrame rows) in RefusedRowsReader.Read(new StreamReader(file)))
            {
                Write(folder.NextSegment(), stream, rows, made);
            }

            File.Delete(path);
            return made;
        }
        catch
        {
            made.ForEach(SpoolFolder.TryRemove);
            throw;
        }
    }

    private static void Write(string path, StreamKey stream, BarFrame frame, List<string> made)
    {
        var rows = new RecordedRows(stream, frame);
        var shape = new RowShape(0, stream, [.. frame.Columns.Select(ShapeColumn.Of)]);
        var definition = new RecordBuffer();
        var record = new RecordBuffer();
        shape.Encode(definition);
        rows.Encode(shape, frame.Count, record);
        using MappedSegment segment = MappedSegment.Create(path, Segment.HeaderBytes + definition.Written.Length + record.Written.Length);
        made.Add(path);
        segment.Append(definition.Written);
        segment.Append(record.Written);
    }
}
