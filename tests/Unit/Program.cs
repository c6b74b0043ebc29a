using System.Globalization;
using Qmtl.Unit.EndToEnd;

namespace Qmtl.Unit;

/// <summary>
/// <c>dotnet Qmtl.Unit.dll proof [streams [bars [kept]]]</c>: the proof of a cluster in the size that is wanted, as root of Linux. The tests run
/// a small one.
/// </summary>
internal static class Program
{
    private static readonly CultureInfo Numbers = CultureInfo.InvariantCulture;

    private static async Task<int> Main(string[] arguments)
    {
        int[] sizes = [.. arguments.SkipWhile(static argument => !char.IsDigit(argument[0])).Select(static size => int.Parse(size, Numbers))];
        (int streams, int bars, int kept) = (SizeOr(0, 300), SizeOr(1, 43_200), SizeOr(2, 60));
        switch (arguments.FirstOrDefault())
        {
            case "proof":
                return await ClusterProof.RunInNetworksAsync(streams, bars, kept, Console.Out);
            case ClusterProof.Inside:
                await new ClusterProof(new NetworkNamespaces(arguments[1]), streams, bars, kept, Console.Out).RunAsync();
                return 0;
            default:
                await Console.Error.WriteLineAsync("Usage: Qmtl.Unit proof [streams [bars [kept]]]. The tests themselves run with dotnet test.");
                return 2;
        }

        int SizeOr(int index, int usual) => sizes.Length > index ? sizes[index] : usual;
    }
}
