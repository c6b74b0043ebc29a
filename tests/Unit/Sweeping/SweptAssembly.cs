using System.Text;
using Qmtl.Sweeping;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Sweeping;

/// <summary>The assembly of tests/RecorderChild as a library with strategies, in a folder of its own, with copies of Qmtl beside it.</summary>
internal static class SweptAssembly
{
    public const string FileName = "Qmtl.RecorderChild.dll";

    /// <summary>Puts it into a folder.</summary>
    public static string CopyTo(TemporaryFolder folder)
    {
        string path = folder.File(FileName);
        File.Copy(Path.Combine(AppContext.BaseDirectory, FileName), path, overwrite: true);
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Qmtl.Strategies.dll"), folder.File("Qmtl.Strategies.dll"), overwrite: true);
        return path;
    }

    /// <summary>Writes a newer build over it, whose node <c>version</c> gives another text.</summary>
    public static void Rebuild(string path)
    {
        byte[] content = File.ReadAllBytes(path);
        int at = content.AsSpan().IndexOf(Encoding.Unicode.GetBytes("the first build"));
        Encoding.Unicode.GetBytes("the other build").CopyTo(content, at);
        File.WriteAllBytes(path, content);
    }

    /// <summary>Nothing differs, to the bit.</summary>
    public static void AssertSame(SweepResult expected, SweepResult actual)
    {
        Assert.Equal((expected.Order, expected.Run, expected.Status, expected.Build), (actual.Order, actual.Run, actual.Status, actual.Build));
        Assert.Equal((expected.Bars, expected.Results), (actual.Bars, actual.Results));
        Assert.Equal(expected.Warnings, actual.Warnings);
        Assert.Equal(expected.Error?.Message, actual.Error?.Message);
        Assert.Equal(expected.Values.Select(Bits), actual.Values.Select(Bits));
        Assert.Equal(expected.Last.Select(Bits), actual.Last.Select(Bits));
    }

    private static (SweepNode Node, long Timestamp, object Value) Bits(SweepValue result) =>
        (result.Node, result.Timestamp, result.Value is double number ? BitConverter.DoubleToInt64Bits(number) : result.Value);
}
