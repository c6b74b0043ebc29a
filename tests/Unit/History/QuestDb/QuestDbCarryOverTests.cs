using Qmtl.Data;
using Qmtl.History.QuestDb;
using Qmtl.Time;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.History.QuestDb;

public sealed class QuestDbCarryOverTests
{
    [Fact]
    public void Stored_values_stand_beside_the_bars_that_have_their_opens()
    {
        var minute = BarInterval.FromSeconds(60);
        BarFrame[] stored =
        [
            new(minute, new long[] { 60, 120 }, [Doubles("close", 1.5, double.NaN), Texts("note", "a", null), Flags("flag", true, false)]),
            new(minute, new long[] { 240 }, [Doubles("close", 4.5), Texts("note", "d"), new BarColumn<bool>("flag", new bool[1], new[] { true })]),
        ];

        BarColumn[] columns = QuestDbCarryOver.Align(stored, [0, 60, 120, 180, 240, 300]);
        Assert.Equal(["close", "note", "flag"], columns.Select(column => column.Name));
        Assert.Equal([null, 1.5, double.NaN, null, 4.5, null], Enumerable.Range(0, 6).Select(columns[0].GetValue));
        Assert.Equal([null, "a", null, null, "d", null], Enumerable.Range(0, 6).Select(columns[1].GetValue));
        Assert.Equal([null, true, false, null, null, null], Enumerable.Range(0, 6).Select(columns[2].GetValue));
    }
}
