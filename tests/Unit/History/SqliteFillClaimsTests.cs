using Qmtl.History;
using Qmtl.History.Relational.Sqlite;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.History;

/// <summary>Runs that claim the same streams at the same time, again and again: what one has, no other gets.</summary>
public sealed class SqliteFillClaimsTests : IDisposable
{
    private const int Runs = 6;
    private const int Turns = 300;

    private static readonly uint[] Keys = [1, 2, 3];

    private readonly TemporaryFolder _folder = new();
    private readonly int[] _holders = new int[Keys.Length + 1];
    private int _most;
    private int _claimed;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task No_two_have_a_claim_at_once_however_often_its_file_comes_and_goes()
    {
        Task[] runs =
        [
            .. Enumerable.Range(0, Runs).Select(run => Task.Factory.StartNew(
                () => ClaimAgainAndAgainAsync(run % 2 == 0), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()),
        ];
        await Task.WhenAll(runs);

        Assert.Equal(1, _most);
        Assert.InRange(_claimed, Runs, int.MaxValue);
        Assert.Empty(Directory.GetFiles(_folder.FullPath));
    }

    private async Task ClaimAgainAndAgainAsync(bool isOfMany)
    {
        var claims = new SqliteFillClaims(_folder.File("bars.db"));
        for (int turn = 0; turn < Turns; turn++)
        {
            if (isOfMany)
            {
                (IReadOnlySet<uint> refused, StreamClaim claim) = claims.Many(Keys.ToHashSet(), CancellationToken.None);
                await using (claim)
                {
                    Hold([.. Keys.Where(key => !refused.Contains(key))]);
                }
            }
            else if (claims.TryOne(Keys[turn % Keys.Length], CancellationToken.None) is { } one)
            {
                await using (one)
                {
                    Hold([Keys[turn % Keys.Length]]);
                }
            }
        }
    }

    private void Hold(uint[] keys)
    {
        foreach (uint key in keys)
        {
            int holders = Interlocked.Increment(ref _holders[key]);
            Interlocked.Increment(ref _claimed);
            for (int most = _most; holders > most; most = _most)
            {
                Interlocked.CompareExchange(ref _most, holders, most);
            }
        }

        Thread.Yield();
        foreach (uint key in keys)
        {
            Interlocked.Decrement(ref _holders[key]);
        }
    }
}
