namespace Qmtl.Recording.Spooling;

/// <summary>A batch that reads each record alone first, and passes over those that cannot be understood.</summary>
internal sealed class CarefulRowBatch(int mostRows) : RowBatch(mostRows)
{
    protected override int ReadChunk(Segment segment, int start, int end)
    {
        try
        {
            return base.ReadChunk(segment, start, end);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // Where the next record begins is not known either.
            PassOver(segment, RowsLeft, error);
            return end - start;
        }
    }

    protected override void Add(Segment segment, ReadOnlySpan<byte> body)
    {
        try
        {
            var alone = new CarefulRowBatch(int.MaxValue);
            alone.AddRecord(segment, body);
            alone.Build();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            PassOver(segment, RowShape.IsDefinition(body) ? 0 : RecordBuffer.RowsIn(body), error);
            return;
        }

        AddRecord(segment, body);
    }

    private void AddRecord(Segment segment, ReadOnlySpan<byte> body) => base.Add(segment, body);

    private void PassOver(Segment segment, long rows, Exception error)
    {
        segment.NoteDamage();
        Damages.Add((segment, rows, error));
        Rows += rows;
    }
}
