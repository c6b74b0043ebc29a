using FsCheck.Xunit;
using Qmtl.Fetching.Pacing;
using Qmtl.Unit.Fixtures;
using Request = (System.TimeSpan Start, System.TimeSpan Arrival, int Weight, Qmtl.Fetching.Pacing.RequestCost Cost);

namespace Qmtl.Unit.Fetching.Pacing;

/// <summary>What holds of any limits, weights and number of requests at once, played on a clock of the test's own.</summary>
public sealed class RateLimitProperties
{
    private static readonly double[] Lengths = [0.1, 1, 2, 5, 10, 30, 60, 600];
    private static int _hosts;

    private readonly EventClock _clock = new(DateTimeOffset.UnixEpoch);

    [Property(MaxTest = 300)]
    public void No_window_wherever_it_begins_holds_more_than_any_limit(int seed)
    {
        var random = new Random(seed);
        RateLimit[] limits = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => AnyLimit(random))];

        List<Request> requests = Play(random, _ => limits);

        foreach (RateLimit limit in limits)
        {
            // Each is the last of a window that has both its ends.
            Request[] arrived = [.. requests.OrderBy(request => request.Arrival)];
            foreach (Request last in arrived)
            {
                Request[] inside =
                    [.. arrived.Where(request => request.Arrival <= last.Arrival && request.Arrival >= last.Arrival - limit.Per)];
                Assert.True(
                    inside.Length == 1 || inside.Sum(request => CostIn(limit, request)) <= limit.Weight,
                    $"{inside.Sum(request => CostIn(limit, request))} until {last.Arrival}, where {limit} holds.");
            }
        }
    }

    [Property(MaxTest = 200)]
    public void Each_request_keeps_to_the_limits_of_its_own_profile_and_counts_those_of_all(int seed)
    {
        var random = new Random(seed);
        RateLimit[][] profiles =
        [
            .. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, random.Next(1, 3)).Select(_ => AnyLimit(random)).ToArray()),
        ];

        List<Request> requests = Play(random, worker => profiles[worker % profiles.Length]);

        for (int i = 0; i < requests.Count; i++)
        {
            Request request = requests[i];
            foreach (RateLimit limit in request.Cost.Limits)
            {
                Request[] before =
                    [.. requests.Take(i).Where(other => other.Arrival >= request.Start - limit.Per && CountsIn(limit, other))];
                int sum = before.Sum(other => CostIn(limit, other));
                Assert.True(
                    before.Length == 0 || sum + CostIn(limit, request) <= limit.Weight,
                    $"{sum} and {request.Cost.Weight} until {request.Start}, where {limit} holds.");
            }
        }
    }

    // Latencies and the parts in which a window is counted cost a little, the twentieth for others, and what does not fit at a
    // window's end.
    [Property(MaxTest = 200)]
    public void All_get_through_in_about_the_time_that_the_limit_takes(int seed)
    {
        var random = new Random(seed);
        RateLimit limit = new() { Weight = random.Next(1, 200), Per = TimeSpan.FromSeconds(Lengths[random.Next(Lengths.Length)]) };
        int heaviest = Math.Max(1, limit.Weight / 10);
        TimeSpan latency = limit.Per * 0.05;

        List<Request> requests = Play(random, _ => [limit], heaviest, latency);

        TimeSpan taken = requests.Max(request => request.Start);
        double windows = requests.Sum(request => request.Weight) / (double)limit.Weight;
        TimeSpan serial = latency * requests.Count;
        Assert.True(
            taken <= (limit.Per * ((windows * 1.35) + 1)) + serial, $"{requests.Count} took {taken}, {windows:0.0} windows of {limit}.");
    }

    [Property(MaxTest = 100)]
    public void After_the_first_half_no_pause_is_long(int seed)
    {
        var random = new Random(seed);
        RateLimit limit = new() { Weight = random.Next(10, 200), Per = TimeSpan.FromSeconds(Lengths[random.Next(Lengths.Length)]) };

        List<Request> requests = Play(random, _ => [limit], heaviest: 1, latency: TimeSpan.Zero);

        TimeSpan[] starts = [.. requests.Select(request => request.Start).Order()];
        TimeSpan longest = starts.Zip(starts.Skip(1), (a, b) => b - a).Append(TimeSpan.Zero).Max();
        Assert.True(longest <= (limit.Per * 4 / limit.Weight) + TimeSpan.FromMilliseconds(5), $"A pause of {longest} with {limit}.");
    }

    private static RateLimit AnyLimit(Random random) => new()
    {
        Weight = random.Next(3) == 0 ? random.Next(1, 4) : random.Next(1, 80),
        Per = TimeSpan.FromSeconds(Lengths[random.Next(Lengths.Length - 1)]),
        CountsRequests = random.Next(4) == 0,
        Scope = random.Next(3) == 0 ? "/path" : null,
    };

    private static bool CountsIn(RateLimit limit, Request request) =>
        limit.Scope is null || request.Cost.Limits.Any(other => other.Scope == limit.Scope);

    private static int CostIn(RateLimit limit, Request request) =>
        !CountsIn(limit, request) ? 0 : limit.CountsRequests ? 1 : request.Weight;

    // Several workers, each with a request at a time, which arrives at some instant before its answer comes. Some never have one.
    private List<Request> Play(Random random, Func<int, IReadOnlyList<RateLimit>> limitsOf, int heaviest = 7, TimeSpan? latency = null)
    {
        HostPacer pacer = HostPacer.For(new Uri($"http://played-{Interlocked.Increment(ref _hosts)}.example"), _clock);
        TimeSpan began = _clock.Elapsed;
        var requests = new List<Request>();
        int workers = random.Next(1, 9);
        int each = random.Next(1, 400 / workers);
        _clock.Play(() => Enumerable.Range(0, workers).Select(WorkAsync));
        Assert.Equal(workers * each, requests.Count);
        return requests;

        async Task WorkAsync(int worker)
        {
            for (int i = 0; i < each; i++)
            {
                var cost = new RequestCost(random.Next(1, heaviest + 1), limitsOf(worker));
                using HostPacer.Turn turn = await pacer.WaitAsync(cost, TimeSpan.Zero, null, CancellationToken.None);
                TimeSpan start = _clock.Elapsed - began;
                double longest = (latency ?? cost.Limits[0].Per * 0.5).TotalMilliseconds;
                TimeSpan takes = TimeSpan.FromMilliseconds(Math.Floor(longest * random.NextDouble()));
                requests.Add((start, start + (takes * random.NextDouble()), cost.Weight, cost));
                await Task.Delay(takes, _clock);
                if (random.Next(20) > 0)
                {
                    using var answer = new HttpResponseMessage();
                    turn.Answered(answer);
                    await Task.Delay(takes * random.Next(3), _clock);
                }
            }
        }
    }
}
