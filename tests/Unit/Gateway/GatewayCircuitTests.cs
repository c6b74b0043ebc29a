using Qmtl.Gateway;
using Qmtl.Gateway.Activation;
using Qmtl.Simulation.Gateway;

namespace Qmtl.Unit.Gateway;

public sealed class GatewayCircuitTests : GatewayTestBase
{
    // Half a body, because an HTTP client asks again by itself where a connection that served before is closed without a word.
    [Fact]
    public async Task Three_network_errors_in_a_row_open_the_circuit()
    {
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.HalfBody, times: 2);
        Gateway.Faults[GatewayRoute.Subscribe].Enqueue(GatewayFault.HalfBody);
        await FailAsync(GatewayErrorKind.Unreachable, 3, subscribeAt: 2);
        int asked = Asked;

        GatewayException error = await FailAsync(GetAsync);

        Assert.Equal((GatewayErrorKind.CircuitOpen, null, true, TimeSpan.FromSeconds(30)), (error.Kind, error.Status, error.IsTransient, error.RetryAfter));
        Assert.Contains("was not asked: it could not be reached 3 times in a row. It is tried again in 30 s", error.Message, StringComparison.Ordinal);
        Assert.Equal(asked, Asked);
    }

    [Fact]
    public async Task After_the_break_one_request_tries_and_success_closes_the_circuit()
    {
        await OpenAsync();
        Clock.Advance(TimeSpan.FromSeconds(30) - TimeSpan.FromTicks(1));
        await FailAsync(GatewayErrorKind.CircuitOpen, 1);
        Clock.Advance(TimeSpan.FromTicks(1));

        await GetAsync();
        await GetAsync();
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.HalfBody, times: 2);
        await FailAsync(GatewayErrorKind.Unreachable, 2);
        await GetAsync();
    }

    [Fact]
    public async Task After_the_break_one_more_failure_opens_the_circuit_again()
    {
        await OpenAsync();
        Clock.Advance(TimeSpan.FromSeconds(30));
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.HalfBody);

        await FailAsync(GatewayErrorKind.Unreachable, 1);
        await FailAsync(GatewayErrorKind.CircuitOpen, 1);
    }

    [Fact]
    public async Task Time_outs_count()
    {
        for (int i = 1; i <= 3; i++)
        {
            Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.Stall);
            Task ask = GetAsync();
            await Gateway.WaitForRequestsAsync(GatewayRoute.Activation, i);
            Clock.Advance(TimeSpan.FromSeconds(10));
            Assert.Equal(GatewayErrorKind.Unreachable, (await FailAsync(() => ask)).Kind);
        }

        await FailAsync(GatewayErrorKind.CircuitOpen, 1);
    }

    [Fact]
    public async Task Failures_far_apart_still_count_as_long_as_nothing_succeeds()
    {
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.HalfBody, times: 3);
        for (int i = 0; i < 3; i++)
        {
            await FailAsync(GatewayErrorKind.Unreachable, 1);
            Clock.Advance(TimeSpan.FromHours(5));
        }

        // The break began with the third failure and is over; the next failure opens the circuit at once.
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.HalfBody);
        await FailAsync(GatewayErrorKind.Unreachable, 1);
        await FailAsync(GatewayErrorKind.CircuitOpen, 1);
    }

    [Fact]
    public async Task What_succeeded_before_the_row_does_not_count()
    {
        for (int i = 0; i < 20; i++)
        {
            await GetAsync();
        }

        await OpenAsync();

        await FailAsync(GatewayErrorKind.CircuitOpen, 1);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(500)]
    [InlineData(409)]
    public async Task Any_answer_in_between_starts_the_row_anew(int status)
    {
        for (int i = 0; i < 4; i++)
        {
            Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.HalfBody, times: 2);
            await FailAsync(GatewayErrorKind.Unreachable, 2);
            Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.Status(status, "{\"active\":true}"));
            await Record.ExceptionAsync(GetAsync);
        }

        await GetAsync();
    }

    [Fact]
    public async Task Error_statuses_and_bad_answers_never_open_it()
    {
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.Status(503), times: 5);
        await FailAsync(GatewayErrorKind.Refused, 5);
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.Html(), times: 5);
        await FailAsync(GatewayErrorKind.BadAnswer, 5);

        await GetAsync();
    }

    [Fact]
    public async Task Cancelled_requests_do_not_count()
    {
        for (int i = 1; i <= 4; i++)
        {
            using var cancellation = new CancellationTokenSource();
            Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.Stall);
            Task ask = Client.GetActivationAsync(World, "s", ActivationSide.Long, cancellation.Token);
            await Gateway.WaitForRequestsAsync(GatewayRoute.Activation, i);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ask);
        }

        await GetAsync();
    }

    private int Asked => Gateway.GetRequests(GatewayRoute.Activation).Count + Gateway.GetRequests(GatewayRoute.Subscribe).Count;

    private Task GetAsync() => Client.GetActivationAsync(World, "s", ActivationSide.Long);

    private async Task OpenAsync()
    {
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.HalfBody, times: 3);
        await FailAsync(GatewayErrorKind.Unreachable, 3);
    }

    private async Task FailAsync(GatewayErrorKind kind, int times, int subscribeAt = -1)
    {
        for (int i = 0; i < times; i++)
        {
            GatewayException error = await FailAsync(() => i == subscribeAt ? Client.SubscribeAsync(World, "s") : GetAsync());
            Assert.Equal(kind, error.Kind);
        }
    }
}
