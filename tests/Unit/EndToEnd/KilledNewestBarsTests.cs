using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Recording;

namespace Qmtl.Unit.EndToEnd;

/// <summary>
/// Kills a process that completes the newest bars of many streams, with SIGKILL and wherever it happens to be: what it had told of is
/// there, of what it was at work with each stream has its bar whole or not at all, and the next goes on without anybody's help.
/// </summary>
[Collection(PostgreSqlCollection.Name)]
public sealed class KilledNewestBarsTests(PostgreSqlServer server) : IDisposable
{
    private const int Kills = 8;
    private const int Streams = 300;

    private static readonly BarInterval Minute = BarInterval.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task In_sqlite_no_bar_is_lost_and_no_claim_stays()
    {
        await SurviveAsync(_folder.File("bars.db"), seed: 1);
        Assert.DoesNotContain(Directory.GetFiles(_folder.FullPath), file => file.Contains("-filling-", StringComparison.Ordinal));
    }

    [PostgreSqlFact]
    public async Task In_postgresql_no_bar_is_lost() => await SurviveAsync(server.UriOf(await server.CreateDatabaseAsync()), seed: 2);

    public void Dispose() => _folder.Dispose();

    private static async Task SurviveAsync(string storeName, int seed)
    {
        var random = new Random(seed);
        long told = 0;
        StreamKey[] streams = [.. Enumerable.Range(0, Streams).Select(number => new StreamKey($"N{number}", Minute))];
        for (int kill = 0; kill < Kills; kill++)
        {
            using var process = RecorderProcess.Start("newest", storeName, $"{Streams}", told, 1_000_000);
            await process.UntilAcceptedAsync(told + 1);

            // Somewhere in the next rounds, never at the same place.
            await Task.Delay(random.Next(0, 150));
            await process.KillAsync();
            told = process.Accepted;
            await AssertWholeAsync(storeName, streams, told);
        }

        using var last = RecorderProcess.Start("newest", storeName, $"{Streams}", told, 2);
        await last.UntilAcceptedAsync(told + 2);
        await AssertWholeAsync(storeName, streams, told + 2);
    }

    // From the first bar without a hole to the last that was told of, or at most two further: one that was written and not yet told, and
    // one that was being written.
    private static async Task AssertWholeAsync(string storeName, StreamKey[] streams, long told)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(storeName);
        IReadOnlyList<StoredRange> all = await store.ReadManyAsync(
            [.. streams.Select(stream => new StreamRange(stream, new TimeRange(0, (told + 100) * 60), null))]);
        foreach (StoredRange stored in all)
        {
            long[] opens = [.. stored.Frames.SelectMany(frame => frame.Timestamps.ToArray())];
            Assert.InRange(opens.Length, told, told + 2);
            Assert.Equal(Enumerable.Range(0, opens.Length).Select(bar => bar * 60L), opens);
            Assert.Equal(
                opens.Select(open => (object?)(open / 60.0)),
                stored.Frames.SelectMany(frame => Enumerable.Range(0, frame.Count).Select(row => frame.Columns[0].GetValue(row))));
        }
    }
}
