using Qmtl.Data;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.Data;

public sealed class ColumnBuilderTests
{
    public static TheoryData<BarColumnType, object, object> Values => new()
    {
        { BarColumnType.Double, 1.5, -0.25 },
        { BarColumnType.Long, 7L, long.MinValue },
        { BarColumnType.Boolean, true, false },
        { BarColumnType.String, "x", "é" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void Values_and_nulls_come_out_in_the_order_in_which_they_went_in(BarColumnType type, object first, object second)
    {
        ColumnBuilder builder = ColumnBuilder.Create("x", type, capacity: 1);
        object?[] expected = [.. Enumerable.Range(0, 100).Select(row => row % 7 == 3 ? null : row % 2 == 0 ? first : second)];
        foreach (object? value in expected)
        {
            if (value is null)
            {
                builder.AddNull();
            }
            else
            {
                Assert.True(builder.TryAdd(value));
            }
        }

        BarColumn column = builder.Build();
        Assert.Equal((type, "x", 100), (column.Type, column.Name, column.Length));
        Assert.Equal(expected, Enumerable.Range(0, 100).Select(column.GetValue));
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void Rows_of_another_column_are_taken_with_their_nulls(BarColumnType type, object first, object second)
    {
        ColumnBuilder source = ColumnBuilder.Create("x", type);
        Assert.True(source.TryAdd(first));
        source.AddNull();
        Assert.True(source.TryAdd(second));
        BarColumn from = source.Build();

        ColumnBuilder builder = ColumnBuilder.Create("y", type);
        builder.Add(from, 2);
        builder.Add(from, 1);
        builder.Add(from, 0);
        BarColumn column = builder.Build();
        Assert.Equal([second, null, first], Enumerable.Range(0, 3).Select(column.GetValue));
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void A_value_as_text_is_read_back_as_itself(BarColumnType type, object first, object second)
    {
        ColumnBuilder builder = ColumnBuilder.Create("x", type);
        Assert.True(builder.TryAdd(first));
        Assert.True(builder.TryAdd(second));
        BarColumn column = builder.Build();

        ColumnBuilder again = ColumnBuilder.Create("x", type);
        Assert.True(again.TryAddText(column.GetText(0)!));
        Assert.True(again.TryAddText(column.GetText(1)!));
        Assert.Equal([first, second], Enumerable.Range(0, 2).Select(again.Build().GetValue));
    }

    [Fact]
    public void What_is_no_value_of_the_type_is_not_added()
    {
        var numbers = new ColumnBuilder<double>("x");
        Assert.False(numbers.TryAdd("abc"));
        Assert.False(numbers.TryAdd(true));
        Assert.False(numbers.TryAddText("1,5"));
        Assert.True(numbers.TryAdd("2.5"));
        Assert.True(numbers.TryAdd(3L));
        Assert.True(new ColumnEvidence("close").AddMisfit(numbers, "abc"));
        Assert.True(new ColumnEvidence("note").AddMisfit(numbers, "abc"));
        Assert.False(new ColumnEvidence("close").AddMisfit(numbers, "n/a"));
        Assert.Equal([2.5, 3.0, double.NaN, null, null], Enumerable.Range(0, 5).Select(numbers.Build().GetValue));

        var flags = new ColumnBuilder<bool>("y");
        Assert.False(flags.TryAdd(1L));
        Assert.True(new ColumnEvidence("close").AddMisfit(flags, 1L));
        Assert.True(flags.Build().IsNull(0));
    }

    [Fact]
    public void Many_values_are_added_at_once_with_or_without_marks()
    {
        var wholes = new ColumnBuilder<long>("x");
        wholes.AddRange([1, 2]);
        wholes.AddRange([3, 0, 5], [false, true, false]);
        wholes.AddRange(Enumerable.Repeat(9L, 40).ToArray());
        BarColumn<long> column = wholes.Build();
        Assert.Equal([1L, 2L, 3L, null, 5L, 9L], Enumerable.Range(0, 6).Select(column.GetValue));
        Assert.Equal(45, column.Length);
        Assert.Equal(1, Enumerable.Range(0, 45).Count(column.IsNull));
    }

    [Fact]
    public void A_type_that_no_column_has_is_refused()
    {
        Assert.Contains("not System.Single", Assert.Throws<ArgumentException>(() => new BarColumn<float>("x", new float[1])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => BarColumn.OfNulls("x", (BarColumnType)77, 1));
        Assert.All(Enum.GetValues<BarColumnType>(), type => Assert.True(BarColumn.OfNulls("x", type, 2).IsNull(1)));
        Assert.False(Doubles("x", 1.0).HasNulls);
    }
}
