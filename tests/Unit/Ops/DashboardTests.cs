using System.Text.Json;

namespace Qmtl.Unit.Ops;

public sealed class DashboardTests
{
    [Fact]
    public void Every_panel_has_an_id_of_its_own_a_description_and_the_chosen_data_source()
    {
        IReadOnlyList<JsonElement> panels = OpsFiles.Panels();

        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.All(panels.Where(panel => panel.GetProperty("type").GetString() != "row"), panel =>
        {
            Assert.NotEmpty(panel.GetProperty("description").GetString()!);
            Assert.Equal("${datasource}", panel.GetProperty("datasource").GetProperty("uid").GetString());
            Assert.NotEmpty(panel.GetProperty("targets").EnumerateArray());
        });
    }

    [Fact]
    public void No_panel_lies_on_another_or_beyond_the_edge()
    {
        (int Left, int Top, int Right, int Bottom)[] boxes = [.. OpsFiles.Panels().Select(panel => panel.GetProperty("gridPos")).Select(Box)];

        Assert.All(boxes, box => Assert.InRange(box.Right, 1, 24));
        Assert.All(boxes, (box, index) => Assert.DoesNotContain(
            boxes.Skip(index + 1), other => box.Left < other.Right && other.Left < box.Right && box.Top < other.Bottom && other.Top < box.Bottom));
    }

    private static (int Left, int Top, int Right, int Bottom) Box(JsonElement grid)
    {
        int left = grid.GetProperty("x").GetInt32();
        int top = grid.GetProperty("y").GetInt32();
        return (left, top, left + grid.GetProperty("w").GetInt32(), top + grid.GetProperty("h").GetInt32());
    }
}
