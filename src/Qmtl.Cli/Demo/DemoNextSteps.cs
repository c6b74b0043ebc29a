using Qmtl.Cli.Hosting;
using Qmtl.Time;

namespace Qmtl.Cli.Demo;

/// <summary>The commands to go on with. The exchange is gone by then, so they only read.</summary>
internal static class DemoNextSteps
{
    /// <summary>
    /// Writes them in the form that can be pasted where the demo was started: through the SDK in a clone, otherwise as <c>qmtl</c>.
    /// </summary>
    public static void Write(CliHost host, string file)
    {
        string qmtl = Directory.Exists(Path.Combine("src", "Qmtl.Cli")) ? "dotnet run --project src/Qmtl.Cli -c Release --" : "qmtl";
        string store = file.Contains(' ', StringComparison.Ordinal) ? $"\"{file}\"" : file;
        string stream = $"--store {store} --node XRPETH --interval {DemoScenario.Interval}";
        string week = $"--start {UnixTime.Format(DemoScenario.Week.Start)} --end {UnixTime.Format(DemoScenario.Week.End)}";
        TextWriter output = host.Console.Profile.Out.Writer;
        output.WriteLine();
        output.WriteLine("Go on with:");
        output.WriteLine($"  {qmtl} coverage --store {store}");
        output.WriteLine($"  {qmtl} gaps {stream} {week} --include-empty");
        output.WriteLine($"  {qmtl} history {stream}");
        output.WriteLine();
    }
}
