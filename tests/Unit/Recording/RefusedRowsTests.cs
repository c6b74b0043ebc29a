using System.Text.Json;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Payloads;
using Qmtl.Recording;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Recording;

/// <summary>Rows that were set aside. That a shell delivers them is for New-QmtlRecorder.Tests.ps1.</summary>
public sealed class RefusedRowsTests : RecordingTest
{
    [Fact]
    public async Task Rows_that_were_refused_are_lines_of_JSON_with_all_that_they_were()
    {
        BarFrame everything = new(Minute, new long[] { 60, 120 },
        [
            new BarColumn<double>("close", new[] { 1.0, 0 }, new[] { false, true }),
            Columns.Doubles("odd", double.NaN, double.NegativeInfinity),
            new BarColumn<long>("id", new[] { long.MaxValue, 0 }, new[] { false, true }),
            new BarColumn<bool>("open_now", new[] { true, false }, new[] { false, true }),
            Columns.Texts("note", "a\"\n\ud83d\ude00", null),
        ]);
        string file = await RefuseAsync(service =>
        {
            service.Record(Stream, everything);
            service.Record(new StreamKey("OTHER", BarInterval.FromSeconds(3600)), 3600, Payload.From("text"));
        });

        JsonElement[] lines = [.. File.ReadLines(file).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(
            [
                """{"node_id":"SIGNAL","interval":"1m","ts":60,"payload":{"close":1.0,"odd":null,"id":9223372036854775807,"open_now":true,"note":"a\u0022\n\uD83D\uDE00"}}""",
                """{"node_id":"SIGNAL","interval":"1m","ts":120,"payload":{"close":null,"odd":-1e999,"id":null,"open_now":null,"note":null}}""",
                """{"node_id":"OTHER","interval":"1h","ts":3600,"payload":{"value":"text"}}""",
            ],
            lines.Select(line => line.GetRawText()));
        Assert.Equal(double.NegativeInfinity, lines[1].GetProperty("payload").GetProperty("odd").GetDouble());
        string[] why = File.ReadAllLines(file + ".txt");
        Assert.Equal(2, why.Length);
        Assert.EndsWith(" scripted refuses 2 rows of SIGNAL 1m: No permission.", why[0], StringComparison.Ordinal);
        Assert.Equal(0, await AdoptAsync());
    }

    private async Task<string> RefuseAsync(Action<EventRecorderService> record)
    {
        Events.Clear();
        await using EventRecorderService service = Open(new ScriptedRecorder { BeforePersist = (_, _, _) => throw new StoreException("No permission.") });
        record(service);
        await service.FlushAsync();
        string file = Events.OfType<RecorderRowsRefused>().First().File;
        Events.Clear();
        return file;
    }
}
